"""The Processing algorithms on the sample scenes, with the real engine and the starter model."""

import json
import os
import re
import signal
from pathlib import Path

import numpy as np
import pytest
from algorithm_runs import Feedback, run
from conftest import SENSORS, sample
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsPalettedRasterRenderer,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingModelAlgorithm,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtSvg import QSvgRenderer
from qgis.PyQt.QtWidgets import QDialog

from qgis_plugin.engine.client import ENGINE, SETTING
from qgis_plugin.engine.modules import catalog, sensors

OPTIONAL = QgsProcessingParameterDefinition.Flag.FlagOptional
ALGORITHMS = ("classify", "detectsensor", "embed", "segment")
OTHERS = ("assessaccuracy", "samplepoints", "segmentfolder", "stack", "trainhead")  # see test_heads, test_stack, ...
# as scripts and models call them: id -> parameters, with a star where one is asked for
CONTRACT = {
    "assessaccuracy": "HEAD INPUT* LABELS FIELD RADIUS LABEL_RASTERS IGNORE SENSOR BANDS UNITS TILE_SIZE DEVICE "
    "OUTPUT_REPORT",
    "classify": "INPUT* HEAD MASK VALID_MASK MASK_VALUES SENSOR BANDS UNITS EXTENT TILE_SIZE DEVICE RESUME OUTPUT* "
    "OUTPUT_REPORT",
    "detectsensor": "INPUT* SENSOR BANDS UNITS",
    "embed": "INPUT* SENSOR BANDS UNITS EXTENT TILE_SIZE DEVICE RESUME OUTPUT* OUTPUT_PICTURE",
    "samplepoints": "INPUT* TARGET_ERROR LEAST SEED OUTPUT*",
    "segment": "INPUT* HEAD MASK VALID_MASK MASK_VALUES MIN_AREA SENSOR BANDS UNITS EXTENT TILE_SIZE OVERLAP DEVICE "
    "RESUME OUTPUT* OUTPUT_POLYGONS OUTPUT_CONFIDENCE OUTPUT_REPORT",
    "segmentfolder": "INPUT* PATTERN HEAD MIN_AREA SENSOR BANDS UNITS DEVICE OUTPUT*",
    "stack": "INPUT* OUTPUT*",
    "trainhead": "INPUT* LABELS FIELD RADIUS LABEL_RASTERS IGNORE TASK KIND SENSOR BANDS UNITS TILE_SIZE DEVICE "
    "OUTPUT_HEAD",
}


def own_algorithms() -> list:
    """The provider's algorithms, without the example models, which are put together from them."""
    found = QgsApplication.processingRegistry().providerById("ofanet").algorithms()
    return [algorithm for algorithm in found if not isinstance(algorithm, QgsProcessingModelAlgorithm)]


def test_provider_and_algorithms_are_registered(plugin):
    assert sorted(a.name() for a in own_algorithms()) == sorted(ALGORITHMS + OTHERS) == sorted(CONTRACT)
    for algorithm in own_algorithms():
        found = []
        for definition in algorithm.parameterDefinitions():
            asked = definition.defaultValue() is None and not definition.flags() & OPTIONAL
            found.append(definition.name() + "*" * asked)
        assert found == CONTRACT[algorithm.name()].split()


def test_novices_are_told_what_everything_is(plugin):
    pictures, titles = set(), set()
    for algorithm in own_algorithms():
        page = algorithm.shortHelpString()
        for definition in algorithm.parameterDefinitions():
            assert definition.help().endswith(".") and definition.help() in page, definition.name()
        for definition in algorithm.outputDefinitions():
            assert f"<h3>{definition.description()}</h3>" in page, definition.name()
        picture = re.search(r'<img src="file://([^"]+)"', page)[1]
        assert Path(picture).is_file() and picture == algorithm.svgIconPath() and QSvgRenderer(picture).isValid()
        assert not algorithm.icon().pixmap(16, 16).isNull()
        assert algorithm.tags() and algorithm.group() and algorithm.shortDescription().endswith(".")
        assert algorithm.helpUrl() == ""
        pictures.add(picture)
        titles.add(algorithm.displayName())
    assert len(pictures) == len(titles) == len(CONTRACT)


def test_no_library_of_the_engine_is_imported_into_qgis(plugin):
    import sys

    assert not {"torch", "timm", "rasterio", "shapely", "pyogrio", "training"} & set(sys.modules)


@pytest.mark.parametrize("sensor", SENSORS)
def test_detectsensor(plugin, sensor):
    found = run("detectsensor", {"INPUT": sample(sensor)})
    assert found["SENSOR"] == sensor and found["CONFIDENCE"] in ("certain", "likely")
    assert found["REASON"] and found["UNITS"] and found["BANDS"] and sensor in found["CANDIDATES"].split(",")
    product = sensors.PRODUCTS[found["PRODUCT"]]
    assert product.sensor == sensor and found["PRODUCT_TITLE"].startswith(product.title)


def test_scale_and_offset_are_a_unit(plugin):
    """Typed into the list of units, as for numbers that are in none of them."""
    from processing.gui.wrappers import WidgetWrapperFactory

    found = run("detectsensor", {"INPUT": sample("gaofen"), "UNITS": "0.0014,0"})
    assert found["UNITS"] == "0.0014,0"
    with pytest.raises(QgsProcessingException, match='"Unit of the values".*one of db,.*SCALE,OFFSET.*found .5 km'):
        run("detectsensor", {"INPUT": sample("gaofen"), "UNITS": "5 km"})
    for algorithm in own_algorithms():
        definition = algorithm.parameterDefinition("UNITS")
        if definition is not None:
            wrapper = WidgetWrapperFactory.create_wrapper(definition, QDialog())
            box = wrapper.widget
            assert wrapper.value() == "auto" and box.findText("landsat-c2") > 0 and box.isEditable()
            wrapper.setWidgetValue("0.0014,0", QgsProcessingContext())
            assert wrapper.widgetValue() == "0.0014,0" and "landsat-c2" in definition.help()


@pytest.mark.parametrize("sensor", SENSORS)
def test_segment_writes_the_inputs_grid(plugin, tmp_path, sensor):
    names = {"OUTPUT": "o.tif", "OUTPUT_POLYGONS": "p.gpkg", "OUTPUT_CONFIDENCE": "c.tif"}
    paths = {key: tmp_path / name for key, name in names.items()}
    feedback = Feedback()
    given = {"INPUT": sample(sensor), "OVERLAP": 0, **{k: str(p) for k, p in paths.items()}}
    assert run("segment", given, feedback=feedback) == {k: str(p) for k, p in paths.items()}
    scene, classes = QgsRasterLayer(sample(sensor)), QgsRasterLayer(str(paths["OUTPUT"]))
    for layer in (classes, QgsRasterLayer(str(paths["OUTPUT_CONFIDENCE"]))):
        assert layer.extent() == scene.extent() and layer.crs() == scene.crs()
        assert (layer.width(), layer.height()) == (scene.width(), scene.height())
    polygons = QgsVectorLayer(str(paths["OUTPUT_POLYGONS"]))
    assert polygons.featureCount() > 0 and polygons.crs() == scene.crs()
    assert feedback.percents[-1] == 100 and any(sensor in line for line in feedback.lines)
    # a stranger's QGIS sees names and colours too, without the plugin
    assert isinstance(classes.renderer(), QgsPalettedRasterRenderer)
    assert classes.attributeTable(1) is not None


@pytest.mark.parametrize("sensor", SENSORS)
def test_embed(plugin, tmp_path, sensor):
    out, picture = str(tmp_path / "e.tif"), str(tmp_path / "p.tif")
    run("embed", {"INPUT": sample(sensor), "OUTPUT": out, "OUTPUT_PICTURE": picture})
    assert QgsRasterLayer(out).bandCount() >= 64 and QgsRasterLayer(picture).bandCount() == 3


def tile_head(sensor: str, folder: Path) -> str:
    """A head to classify: the starter's for NAIP, for others one of random weights."""
    if sensor == "naip":
        return "naip_tiles"
    header = catalog.find_head(None, sensor, "segment").header | {"task": "classify", "kind": "linear"}
    width = catalog.find_checkpoint(header["backbone"], sensor).header["architecture"]["width"]
    rng, classes = np.random.default_rng(0), len(header["classes"])
    tensors = {"weight": rng.normal(size=(classes, width)), "bias": np.zeros(classes)}
    parts, kept = b"", {"__metadata__": {"ofanet": json.dumps(header)}}
    for name, values in tensors.items():
        data = values.astype("<f4").tobytes()
        kept[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(parts), len(parts) + len(data)]}
        parts += data
    text = json.dumps(kept).encode()
    text += b" " * (-len(text) % 8)
    path = folder / "tiles.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + parts)
    return str(path)


@pytest.mark.parametrize("sensor", SENSORS)
def test_classify(plugin, tmp_path, sensor):
    out = str(tmp_path / "tiles.gpkg")
    run("classify", {"INPUT": sample(sensor), "OUTPUT": out, "HEAD": tile_head(sensor, tmp_path), "TILE_SIZE": 64})
    tiles, scene = QgsVectorLayer(out), QgsRasterLayer(sample(sensor))
    assert tiles.crs() == scene.crs() and tiles.extent() == scene.extent()
    assert tiles.featureCount() == -(-scene.width() // 64) * -(-scene.height() // 64)
    assert {"class", "name", "confidence"} <= {field.name() for field in tiles.fields()}


@pytest.mark.parametrize("sensor", [s for s in SENSORS if s != "naip"])
def test_classify_says_where_no_head_is(plugin, tmp_path, sensor):
    with pytest.raises(QgsProcessingException, match=f'head to classify {sensor}.*"Head"'):
        run("classify", {"INPUT": sample(sensor), "OUTPUT": str(tmp_path / "o.gpkg")})


def test_extent_sensor_and_tile_size_reach_the_engine(plugin, tmp_path):
    scene = QgsRasterLayer(sample("gaofen"))
    box = scene.extent()
    quarter = f"{box.xMinimum()},{box.center().x()},{box.yMinimum()},{box.center().y()} [{scene.crs().authid()}]"
    out = str(tmp_path / "o.tif")
    given = {
        "INPUT": sample("gaofen"),
        "OUTPUT": out,
        "EXTENT": quarter,
        "TILE_SIZE": 100,
        "SENSOR": "naip",
        "BANDS": "1,2,3",
        "UNITS": "8-bit",
        "DEVICE": "cpu",
    }
    run("segment", given)
    assert QgsRasterLayer(out).width() == scene.width() // 2
    tags = gdal.Open(out).GetMetadata("OFANET")
    assert (tags["SENSOR"], tags["TILE_PX"], tags["BANDS"]) == ("naip", "100", "1,2,3")


def test_results_are_named_and_styled_when_loaded(plugin, layer, tmp_path):
    scene = layer(sample("naip"), "my scene")
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    outputs = {}
    for name in ("OUTPUT", "OUTPUT_POLYGONS", "OUTPUT_CONFIDENCE"):
        outputs[name] = QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())
    results = run("segment", {"INPUT": scene.id(), "OVERLAP": 0, **outputs}, context)
    loaded = {}
    for path, details in context.layersToLoadOnCompletion().items():
        made = QgsProcessingUtils.mapLayerFromString(path, context)
        details.setOutputLayerName(made)
        details.postProcessor().postProcessLayer(made, context, Feedback())
        loaded[path] = made
    classes, polygons, confidence = (loaded[results[name]] for name in outputs)
    assert classes.name().startswith("my scene") and len(classes.name()) > len("my scene")
    labels = {c.value: c.label for c in classes.renderer().classes()}
    assert labels and all(name and not name.isdigit() for name in labels.values())
    assert {int(c.value()): c.label() for c in polygons.renderer().categories()} == labels
    assert confidence.renderer().type() == "singlebandpseudocolor"


def test_an_empty_cell_of_the_batch_panel_is_no_output(plugin, tmp_path):
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    given = {"INPUT": sample("naip"), "OVERLAP": 0, "OUTPUT": str(tmp_path / "o.tif"), "OUTPUT_REPORT": ""}
    for name in ("OUTPUT_POLYGONS", "OUTPUT_CONFIDENCE"):
        given[name] = QgsProcessingOutputLayerDefinition("", QgsProject.instance())
    given["OUTPUT"] = QgsProcessingOutputLayerDefinition(given["OUTPUT"], QgsProject.instance())
    assert run("segment", given, context) == {"OUTPUT": str(tmp_path / "o.tif")}
    assert list(context.layersToLoadOnCompletion()) == [str(tmp_path / "o.tif")]


# --- masks, smallest area, report --------------------------------------------------------------------------------


def _bands(path: Path, count: int) -> str:
    target = gdal.GetDriverByName("GTiff").Create(str(path), 64, 64, count, gdal.GDT_Byte)
    for i in range(1, count + 1):
        values = np.random.default_rng(i).integers(20, 200, (64, 64)).astype(np.uint8)
        target.GetRasterBand(i).WriteArray(values)
    return str(path)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize(
    ("count", "match"), [(5, "found 5"), (6, 'Landsat.*"Sensor" sentinel-2, "Band order" 3,2,1,-,-,-,4,5,6')]
)
def test_unknown_rasters_are_refused_with_what_to_do(plugin, tmp_path, name, count, match):
    out = tmp_path / "out"
    out.mkdir()
    given = {"INPUT": _bands(tmp_path / "x.tif", count)}
    if name != "detectsensor":
        given["OUTPUT"] = str(out / ("o.gpkg" if name == "classify" else "o.tif"))
    with pytest.raises(QgsProcessingException, match=match):
        run(name, given)
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"INPUT": "/nowhere/scene.tif"}, "scene.tif"),
        ({"OUTPUT": "/nowhere/o.tif"}, "expected a folder to write to"),
        ({"OUTPUT": "o.shp"}, "shp"),
        ({"BANDS": "one,two"}, "expected band numbers"),
        ({"BANDS": "1,2,9", "SENSOR": "naip"}, "found band 9"),
        ({"HEAD": "/nowhere/head.safetensors"}, "head.safetensors"),
        ({"HEAD": sample("naip")}, "expected an OFA-Net checkpoint or head"),
        ({"HEAD": "sentinel-1_landcover"}, "sentinel-1"),
        ({"HEAD": "naip_tiles"}, 'for "segment", found one for "classify"'),
        ({"OUTPUT": sample("naip")}, "must not be an input"),
        ({"SENSOR": "landsat"}, "SENSOR"),
    ],
)
def test_bad_parameters_are_met_in_plain_words(plugin, tmp_path, change, match):
    with pytest.raises(QgsProcessingException, match=match) as caught:
        run("segment", {"INPUT": sample("naip"), "OUTPUT": str(tmp_path / "o.tif"), **change})
    assert "Traceback" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_missing_engine_is_explained_and_qgis_goes_on(plugin, settings, tmp_path):
    settings.setValue(SETTING, str(tmp_path / "none" / "python"))
    with pytest.raises(QgsProcessingException, match="Set up engine"):
        run("detectsensor", {"INPUT": sample("naip")})
    settings.remove(SETTING)
    assert run("detectsensor", {"INPUT": sample("naip")})["SENSOR"] == "naip"


# --- cancel and crash --------------------------------------------------------------------------------------------


@pytest.fixture
def large(tmp_path) -> str:
    """A raster that keeps the engine busy for a while, of little size on the disk."""
    path = tmp_path / "in" / "large.vrt"
    path.parent.mkdir()
    gdal.Translate(str(path), sample("naip"), width=9000, height=9000, format="VRT")
    return str(path)


def test_cancel_leaves_no_output_and_a_working_engine(plugin, tmp_path, large):
    out = tmp_path / "out"
    out.mkdir()
    feedback = Feedback()

    def cancel(percent):
        if percent > 0:
            feedback.cancel()

    feedback.progressChanged.connect(cancel)
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        run("segment", {"INPUT": large, "OUTPUT": str(out / "o.tif"), "OVERLAP": 0.5}, feedback=feedback)
    assert not list(out.iterdir())
    assert run("detectsensor", {"INPUT": sample("naip")})["SENSOR"] == "naip"


def test_killed_engine_is_reported_and_started_anew(plugin, tmp_path, large):
    out = tmp_path / "out"
    out.mkdir()
    feedback, killed = Feedback(), []

    def kill(percent):
        if percent > 0 and not killed:
            killed.append(ENGINE.pid)
            os.kill(ENGINE.pid, signal.SIGKILL)

    feedback.progressChanged.connect(kill)
    with pytest.raises(QgsProcessingException, match="stopped in the middle"):
        run("segment", {"INPUT": large, "OUTPUT": str(out / "o.tif")}, feedback=feedback)
    assert killed and not list(out.iterdir())
    assert run("detectsensor", {"INPUT": sample("naip")})["SENSOR"] == "naip"
    assert ENGINE.pid not in (None, killed[0])
