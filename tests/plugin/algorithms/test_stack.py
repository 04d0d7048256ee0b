"""Band files as one layer, with the real engine."""

import pytest
from algorithm_runs import Feedback, run
from conftest import sample
from osgeo import gdal
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProject, QgsRasterLayer

BANDS = {f"B{number:02}": number for number in (4, 3, 2, 5, 6, 7, 8, 11, 12)}  # of the sample


@pytest.fixture
def bands(tmp_path):
    """{band: its file}, of the Sentinel-2 sample."""
    paths = {name: str(tmp_path / f"T33UUP_20210601_{name}.tif") for name in BANDS}
    for name, path in paths.items():
        gdal.Translate(path, sample("sentinel-2"), bandList=[BANDS[name]], srcWin=(0, 0, 64, 64))
    return paths


def test_a_scene_of_band_files_is_one_layer(plugin, tmp_path, bands):
    context, feedback = QgsProcessingContext(), Feedback()
    context.setProject(QgsProject.instance())
    quality = str(tmp_path / "T33UUP_20210601_SCL.tif")
    gdal.Translate(quality, bands["B04"])
    target = str(tmp_path / "scene.vrt")
    found = run("stack", {"INPUT": [quality, *reversed(bands.values())], "OUTPUT": target}, context, feedback)
    assert found == {"OUTPUT": target, "RASTER": target}
    assert any("left out: T33UUP_20210601_SCL.tif" in line for line in feedback.lines)
    assert any(line.endswith(": B04, B03, B02, B05, B06, B07, B08, B11, B12") for line in feedback.lines), "its order"
    assert context.layerToLoadOnCompletionDetails(target).name == "T33UUP_20210601"
    layer = QgsRasterLayer(target)
    assert layer.isValid() and layer.bandCount() == 9
    pixels = gdal.Open(sample("sentinel-2")).ReadAsArray(0, 0, 64, 64)[[number - 1 for number in BANDS.values()]]
    assert (gdal.Open(target).ReadAsArray() == pixels).all()
    answer = run("detectsensor", {"INPUT": target})
    assert (answer["SENSOR"], answer["CONFIDENCE"]) == ("sentinel-2", "certain")
    context.temporaryLayerStore().removeAllMapLayers()


def test_files_that_are_no_scene_are_refused_in_one_line(plugin, tmp_path, bands):
    other = str(tmp_path / "ortho.tif")
    gdal.Translate(other, bands["B04"])
    twice = str(tmp_path / "again_B04.tif")
    gdal.Translate(twice, bands["B04"])
    for more, match in ((other, "found ortho.tif: rename it"), (twice, "one file per band, found 2 of B04")):
        with pytest.raises(QgsProcessingException, match=match):
            run("stack", {"INPUT": [*bands.values(), more], "OUTPUT": str(tmp_path / "x.vrt")})
    with pytest.raises(QgsProcessingException, match="ending in .vrt, found x.tif"):
        run("stack", {"INPUT": [*bands.values()], "OUTPUT": str(tmp_path / "x.tif")})
    assert not [*tmp_path.glob("*.vrt")]
