"""The folder of scenes, the example models, and the commands that docs/processing.md shows: run for real."""

import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, sample
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingModelAlgorithm,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from test_algorithms import Feedback, run

from qgis_plugin.engine import ENGINE, EngineError, engine_python

MODELS = ROOT / "resources" / "models3"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two scenes of NAIP, one below, and one that is cut off."""
    scenes = tmp_path / "scenes"
    (scenes / "more").mkdir(parents=True)
    source = gdal.Open(sample("naip"))
    for name, window in {"left": (0, 0, 128, 128), "more/right": (128, 0, 128, 128)}.items():
        gdal.Translate(str(scenes / f"{name}.tif"), source, srcWin=window)
    (scenes / "broken.tif").write_bytes((scenes / "left.tif").read_bytes()[:3000])
    return scenes


def loaded(context) -> dict[str, object]:
    """What Processing would add to the project, by the path it comes from."""
    found = {}
    for path, details in context.layersToLoadOnCompletion().items():
        layer = QgsProcessingUtils.mapLayerFromString(path, context)
        details.setOutputLayerName(layer)
        if details.postProcessor():
            details.postProcessor().postProcessLayer(layer, context, Feedback())
        found[path] = layer
    return found


@pytest.fixture
def context():
    made = QgsProcessingContext()
    made.setProject(QgsProject.instance())
    yield made
    made.temporaryLayerStore().removeAllMapLayers()


# --- a folder ----------------------------------------------------------------------------------------------------


def test_a_folder_is_segmented_and_gone_on_with(plugin, tmp_path, folder, context):
    given = {"INPUT": str(folder), "OUTPUT": str(tmp_path / "out"), "MIN_AREA": 0.005}
    found = run("segmentfolder", {**given, "PATTERN": "r*.tif"})  # also below
    assert (found["DONE"], found["FAILED"]) == (1, 0)
    assert [path.name for path in (tmp_path / "out").glob("*.tif")] == ["right.tif"]
    feedback = Feedback()
    found = run("segmentfolder", given, context, feedback)
    assert (found["DONE"], found["FAILED"], found["OUTPUT"]) == (2, 1, str(tmp_path / "out"))
    said = "\n".join(feedback.lines)
    assert re.search(r"^left: done with NAIP", said, re.M) and "right: done" not in said and "3 of 3 scenes" in said
    assert "2 of 3 scenes are done, 2 of them now; 1 failed" in said  # the other one of the two is the broken one
    assert re.search(r"^broken: .*broken\.tif cannot be read", said, re.M)
    assert gdal.Open(str(tmp_path / "out" / "left.tif")).GetMetadata("OFANET")["MIN_AREA_HA"] == "0.005"
    mosaic = loaded(context)[found["MOSAIC"]]
    assert (mosaic.width(), mosaic.height()) == (256, 128) and mosaic.name().startswith("scenes ")
    values = set(np.unique(gdal.Open(found["MOSAIC"]).ReadAsArray()).tolist()) - {255}
    labels = {int(entry.value): entry.label for entry in mosaic.renderer().classes()}
    assert set(labels) == values and not any(label.isdigit() for label in labels.values())
    assert "left," in Path(found["AREAS"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"INPUT": "/nowhere"}, "/nowhere"),
        ({"PATTERN": "*.jp2"}, "jp2"),
        ({"HEAD": "naip_tiles"}, 'for "segment", found one for "classify"'),
        ({"OUTPUT": "/dev/null/out"}, "expected a folder for the results"),
    ],
)
def test_bad_folders_are_met_in_plain_words(plugin, tmp_path, folder, change, match):
    with pytest.raises(QgsProcessingException, match=match) as caught:
        run("segmentfolder", {"INPUT": str(folder), "OUTPUT": str(tmp_path / "out"), **change})
    assert "Traceback" not in str(caught.value)


def test_cancel_leaves_no_half_file(plugin, tmp_path):
    scenes, out, feedback = tmp_path / "scenes", tmp_path / "out", Feedback()
    scenes.mkdir()
    for name in ("a", "b"):
        gdal.Translate(str(scenes / f"{name}.vrt"), sample("naip"), width=9000, height=9000, format="VRT")
    asked = []

    def cancel(percent):
        if percent > 0 and not asked:
            asked.append(time.monotonic())
            feedback.cancel()

    feedback.progressChanged.connect(cancel)
    with pytest.raises(QgsProcessingException, match=r"[Cc]ancelled"):
        run("segmentfolder", {"INPUT": str(scenes), "OUTPUT": str(out)}, feedback=feedback)
    assert time.monotonic() - asked[0] < 5
    time.sleep(0.5)  # processes that had to be ended
    assert sorted(path.name for path in out.iterdir()) == ["batch.csv", "batch.json"]


def test_an_engine_without_dask_says_what_to_install(plugin, tmp_path, folder, monkeypatch):
    from ofa_engine import cluster

    with pytest.raises(cluster.InputError) as lacking:  # this Python has none either
        cluster.dask()

    def run_engine(*_):
        raise EngineError(str(lacking.value), 2)

    monkeypatch.setattr(ENGINE, "run", run_engine)
    with pytest.raises(QgsProcessingException, match=f'"{engine_python()}" -m pip install distributed cryptography'):
        run("segmentfolder", {"INPUT": str(folder), "OUTPUT": str(tmp_path / "out")})


# --- the example models ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(plugin):
    """The steps of the models are also QGIS's own algorithms."""
    from qgis.analysis import QgsNativeAlgorithms

    registry = QgsApplication.processingRegistry()
    native = None if registry.providerById("native") else QgsNativeAlgorithms()
    if native is not None:
        assert registry.addProvider(native)
    yield {name: registry.createAlgorithmById(f"ofanet:{name}") for name in ("detectsegmentclip", "headoverfolder")}
    if native is not None:
        registry.removeProvider(native)


def test_models_are_in_the_toolbox_with_ids_that_stay(models):
    for name, model in models.items():
        assert isinstance(model, QgsProcessingModelAlgorithm) and model.name() == name
        assert (
            model.displayName()
            and model.group() == "Example models"
            and model.sourceFilePath() in (model.shortHelpString())
        )


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.model3")), ids=lambda path: path.stem)
def test_model_files_are_whole_laid_out_and_of_this_plugin(models, path):
    model = QgsProcessingModelAlgorithm()
    assert model.fromFile(str(path)) and model.validate() == (True, [])
    steps = list(model.childAlgorithms().values())
    assert any(step.algorithmId().startswith("ofanet:") for step in steps)
    assert all(step.algorithm() is not None and step.description() for step in steps)
    assert all(step.comment().description() for step in steps)
    parts = [*steps, *model.parameterComponents().values()]
    parts += [output for step in steps for output in step.modelOutputs().values()]
    places = [(part.position().x(), part.position().y()) for part in parts]
    assert len(set(places)) == len(places) and all(x > 0 and y > 0 for x, y in places)
    helped = model.helpContent()
    named = {d.name() for d in model.parameterDefinitions()} | {"ALG_DESC"}
    assert named - {d.name() for d in model.destinationParameterDefinitions()} <= set(helped)
    assert str(ROOT) not in path.read_text(encoding="utf-8")
    again = QgsProcessingModelAlgorithm()
    assert again.loadVariant(model.toVariant()) and again.validate()[0]


def area_of(path: Path) -> str:
    """A triangle on the scene of naip, as a file."""
    x, y = QgsRasterLayer(sample("naip")).extent().center()
    ring = [[x - 60.3, y - 40.2], [x + 70.1, y - 50.7], [x + 10.4, y + 55.5], [x - 60.3, y - 40.2]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::26917"}}
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}), encoding="utf-8")
    return str(path)


def test_detect_segment_clip(models, tmp_path, context):
    given = {"raster": sample("naip"), "area": area_of(tmp_path / "area.geojson"), "min_area": 0.002}
    for name in ("classes", "polygons"):
        given[name] = QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())
    found = run("detectsegmentclip", given, context)
    layers = loaded(context)
    classes, polygons = layers[found["classes"]], layers[found["polygons"]]
    area = next(QgsVectorLayer(given["area"]).getFeatures()).geometry()
    parts = list(polygons.getFeatures())
    assert parts and {part["sensor"] for part in parts} == {"naip"}
    union = QgsGeometry.unaryUnion([part.geometry() for part in parts])
    assert union.area() <= area.area() * 1.000001 and union.area() > 0.95 * area.area()
    assert not union.difference(area.buffer(0.01, 5)).area()
    # UTM's scale makes planar areas of this place 0.06 % too large at most
    assert sum(part["area_ha"] for part in parts) == pytest.approx(union.area() / 10_000, rel=1e-3)
    names = {entry.value(): entry.label() for entry in polygons.renderer().categories()}
    assert names.items() >= {part["class"]: part["name"] for part in parts}.items()
    colors = {int(entry.value): entry.color.name() for entry in classes.renderer().classes()}
    for entry in polygons.renderer().categories():
        assert entry.symbol().color().name() == colors[entry.value()]


def test_head_over_folder(models, tmp_path, folder, context):
    (folder / "broken.tif").unlink()
    given = {"folder": str(folder), "results": str(tmp_path / "out"), "areas_by_class": str(tmp_path / "areas.gpkg")}
    run("headoverfolder", given, context)
    rows = list(QgsVectorLayer(given["areas_by_class"]).getFeatures())
    assert sum(row["area_ha"] for row in rows) == pytest.approx(256 * 128 / 10_000, rel=1e-3)
    assert max(row["scenes"] for row in rows) == 2
    mosaic = loaded(context)[str(tmp_path / "out" / "mosaic.vrt")]
    assert mosaic.renderer().type() == "paletted" and mosaic.name().startswith("scenes ")
