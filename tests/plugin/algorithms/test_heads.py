"""Train a head on labels, map with it, sample the map, assess it: with the real engine, layers as users have them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from algorithm_runs import Feedback, run
from conftest import LEFT, ROOT, SIZE, TOP, sample, scene_of_fields
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRectangle,
    QgsVectorFileWriter,
    QgsVectorLayer,
)

from qgis_plugin.engine.client import ENGINE
from qgis_plugin.engine.modules import catalog
from qgis_plugin.models import user_models as models

SCENE_CRS = QgsCoordinateReferenceSystem("EPSG:32633")
# class, first and last column and row: in several places of their halves
POLYGONS = [
    ("grass", 10, 50, 10, 50),
    ("grass", 70, 110, 90, 140),
    ("grass", 20, 60, 180, 230),
    ("roof", 140, 180, 20, 60),
    ("roof", 200, 240, 100, 150),
    ("roof", 150, 200, 190, 240),
]


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> str:
    """The left half green, the right half red."""
    return scene_of_fields(tmp_path_factory.mktemp("scene"), [(60, 130, 50), (170, 80, 70)])


def polygon(first, last, top, bottom, crs="EPSG:4326") -> QgsGeometry:
    shape = QgsGeometry.fromRect(QgsRectangle(LEFT + first, TOP - bottom, LEFT + last, TOP - top))
    context = QgsProject.instance().transformContext()
    shape.transform(QgsCoordinateTransform(SCENE_CRS, QgsCoordinateReferenceSystem(crs), context))
    return shape


def labels(polygons=POLYGONS, name="my labels") -> QgsVectorLayer:
    """A layer in memory, in degrees, half of it an edit that was not saved; with a misleading `fid`."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:4326&field=fid:integer&field=class:string", name, "memory")
    assert layer.startEditing()
    for number, (name, *place) in enumerate(polygons):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([1, name])
        feature.setGeometry(polygon(*place))
        assert layer.addFeature(feature)
        if number == len(polygons) // 2:
            assert layer.commitChanges() and layer.startEditing()
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture(autouse=True)
def empty_project(qgis_app):
    yield
    for layer in QgsProject.instance().mapLayers().values():
        if isinstance(layer, QgsVectorLayer) and layer.isEditable():
            layer.rollBack()
    QgsProject.instance().removeAllMapLayers()


def project_context() -> QgsProcessingContext:
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    return context


def run_here(name, parameters, feedback=None):
    """In the project, whose layers are given by id; empty again afterwards."""
    context = project_context()
    try:
        return run(name, parameters, context, feedback)
    finally:
        context.temporaryLayerStore().removeAllMapLayers()


def train(scene, layer, output, feedback=None, **more):
    given = {"INPUT": [scene], "LABELS": layer.id(), "TILE_SIZE": 64, "OUTPUT_HEAD": str(output)}
    return run_here("trainhead", {**given, **more}, feedback)


@pytest.fixture(scope="module")
def head(plugin, scene, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("heads") / "grass.safetensors"
    train(scene, labels(), path, KIND="linear+pixels")
    return str(path)


@pytest.fixture(scope="module")
def class_map(head, scene) -> str:
    path = Path(head).with_name("map.tif")
    run("segment", {"INPUT": scene, "HEAD": head, "TILE_SIZE": 64, "OVERLAP": 0, "OUTPUT": str(path)})
    return str(path)


# --- train -------------------------------------------------------------------------------------------------------


def test_selected_features_only_are_learned_from(plugin, scene, tmp_path):
    layer = labels([*POLYGONS, ("trap", 60, 64, 10, 200)])
    layer.selectByExpression("class <> 'trap'")
    chosen = QgsProcessingFeatureSourceDefinition(layer.id(), selectedFeaturesOnly=True)
    output, feedback = tmp_path / "h.safetensors", Feedback()
    assert train(scene, layer, output, feedback, LABELS=chosen) == {"OUTPUT_HEAD": str(output)}
    header = catalog.read_header(output)
    assert [entry["name"] for entry in header["classes"]] == ["grass", "roof"]
    assert header["training"]["groups"] == {"grass": 3, "roof": 3} and header["tile_px"] == 64
    assert header["training"]["labels"] == ["my labels.gpkg"] and header["training"]["tried"].keys() == {
        "linear",
        "linear+pixels",
        "mlp+pixels",
    }
    assert "fit_again" not in header["training"], "no file holds a selection of a layer in memory"
    text = "\n".join(feedback.lines)
    assert "Cross-validated over" in text and "grass: IoU" in text and "found as grass" in text
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("of_layer", [True, False])
def test_filtered_labels(plugin, scene, tmp_path, of_layer):
    layer, path, words = labels(), tmp_path / "h.safetensors", "\"class\" <> 'roof'"
    chosen = layer.id()
    if of_layer:
        assert layer.commitChanges() and layer.setSubsetString(words)
    else:
        chosen = QgsProcessingFeatureSourceDefinition(layer.id(), filterExpression=words)
    with pytest.raises(QgsProcessingException, match="at least two classes, found grass alone"):
        train(scene, layer, path, LABELS=chosen)
    assert not path.exists()


def test_a_head_lands_in_the_profile_and_is_found_at_once(plugin, scene):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("ofanet:trainhead")
    default = Path(algorithm.parameterDefinition("OUTPUT_HEAD").defaultValue())
    assert default.parent == models.models_dir() and not default.exists()
    given = {"INPUT": [scene], "LABELS": labels().id(), "KIND": "linear", "TILE_SIZE": 64}
    try:
        assert run_here("trainhead", given) == {"OUTPUT_HEAD": str(default)}
        assert default.stem in [entry.name for entry in catalog.list_heads("naip", "segment")]
        assert models.new_head() != default
        out = str(default.with_name("o.tif"))
        run("segment", {"INPUT": scene, "HEAD": default.stem, "OVERLAP": 0, "TILE_SIZE": 64, "OUTPUT": out})
        assert gdal.Open(out).GetMetadata("OFANET")["HEAD"] == default.stem
    finally:
        for path in models.models_dir().iterdir():
            path.unlink()


def test_a_head_remembers_the_file_of_its_labels_not_their_export(plugin, scene, tmp_path):
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GeoJSON"
    file, output = str(tmp_path / "areas.geojson"), tmp_path / "h.safetensors"
    made = labels()
    made.commitChanges()
    QgsVectorFileWriter.writeAsVectorFormatV3(made, file, made.transformContext(), options)
    layer = QgsVectorLayer(file, "areas")
    QgsProject.instance().addMapLayer(layer)
    train(scene, layer, output, KIND="linear", FIELD="class")
    remembered = catalog.read_header(output)["training"]["fit_again"]
    assert remembered["labels"] == [file] and remembered["field"] == "class"
    assert remembered["inputs"] == [scene]
    layer.setSubsetString("class = 'grass' or class = 'roof'")
    train(scene, layer, output, KIND="linear", FIELD="class")
    assert "fit_again" not in catalog.read_header(output)["training"], (
        "the file holds more than the filter lets through"
    )


def test_the_users_own_folders_come_first(monkeypatch, qgis_app):
    monkeypatch.setenv("OFANET_MODELS", "/a")
    for _ in range(2):
        models.announce()
        assert catalog.models_dirs()[:2] == [Path("/a"), models.models_dir()]
    models.withdraw()
    assert os.environ["OFANET_MODELS"] == "/a"


def test_training_in_the_background_as_from_the_toolbox(plugin, scene, tmp_path, qtbot):
    layer, output = labels(), tmp_path / "h.safetensors"
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("ofanet:trainhead")
    given = {"INPUT": [scene], "LABELS": layer.id(), "KIND": "linear", "TILE_SIZE": 64, "OUTPUT_HEAD": str(output)}
    context, feedback = project_context(), Feedback()
    task = QgsProcessingAlgRunnerTask(algorithm, given, context, feedback)
    with qtbot.waitSignal(task.executed, timeout=60000) as ended:
        QgsApplication.taskManager().addTask(task)
    assert ended.args == [True, {"OUTPUT_HEAD": str(output)}] and layer.isEditable()
    assert catalog.read_header(output)["training"]["groups"] == {"grass": 3, "roof": 3}
    context.temporaryLayerStore().removeAllMapLayers()


def test_label_rasters_and_tiles(plugin, scene, tmp_path):
    path = tmp_path / "labels.tif"
    target = gdal.GetDriverByName("GTiff").CreateCopy(str(path), gdal.Translate("", scene, format="MEM", bandList=[1]))
    target.GetRasterBand(1).WriteArray(np.where(np.arange(SIZE) < SIZE // 2, 3, 7).repeat(SIZE).reshape(SIZE, SIZE).T)
    target = None
    given = {"INPUT": [scene], "LABEL_RASTERS": [str(path)], "TASK": "classify", "KIND": "linear", "TILE_SIZE": 32}
    output = tmp_path / "tiles.safetensors"
    run("trainhead", {**given, "OUTPUT_HEAD": str(output)})
    header = catalog.read_header(output)
    assert header["task"] == "classify" and [entry["value"] for entry in header["classes"]] == [3, 7]


def test_cancel_leaves_nothing_and_a_working_engine(plugin, scene, tmp_path):
    feedback = Feedback()
    feedback.progressChanged.connect(lambda percent: feedback.cancel())
    with pytest.raises(QgsProcessingException, match="Cancelled"):
        train(scene, labels(), tmp_path / "h.safetensors", feedback, TILE_SIZE=16)
    assert not list(tmp_path.iterdir())
    assert ENGINE.run("hello", {})["version"]


# --- sample and assess -------------------------------------------------------------------------------------------


def filled(path: str) -> QgsVectorLayer:
    """Points whose references were filled in by one who knows the scene; nothing is saved."""
    points = QgsVectorLayer(path, "points")
    QgsProject.instance().addMapLayer(points)
    assert points.startEditing()
    field = points.fields().lookupField("reference")
    for point in points.getFeatures():
        assert not point["reference"]
        truth = "grass" if point.geometry().asPoint().x() < LEFT + SIZE / 2 else "roof"
        assert points.changeAttributeValue(point.id(), field, truth)
    return points


def test_map_points_reference_and_assessment(plugin, scene, head, class_map, tmp_path):
    path, report = str(tmp_path / "points.gpkg"), tmp_path / "report.html"
    feedback = Feedback()
    sampled = run(
        "samplepoints", {"INPUT": class_map, "TARGET_ERROR": 0.1, "LEAST": 10, "OUTPUT": path}, feedback=feedback
    )
    assert sampled == {"OUTPUT": path} and any("standard error of about" in line for line in feedback.lines)
    points = filled(path)
    assert points.featureCount() >= 20 and points.crs() == SCENE_CRS
    feedback = Feedback()
    given = {"HEAD": head, "INPUT": [scene], "LABELS": points.id(), "TILE_SIZE": 64, "OUTPUT_REPORT": str(report)}
    found = run_here("assessaccuracy", given, feedback)
    assert found["OUTPUT_REPORT"] == str(report) and found["ACCURACY"] > 0.9 and found["MIOU"] > 0.8
    text = "\n".join(feedback.lines)
    assert "overall accuracy" in text and "grass: user's accuracy" in text and " ha ± " in text
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert {entry.name.split("-")[0] for entry in tmp_path.iterdir()} == {"points.gpkg", "report.html"}


def test_polygons_assess_the_first_head_of_the_sensor(plugin, scene):
    known = catalog.find_head(None, "naip", None).header["classes"][0]["name"]
    found = run_here("assessaccuracy", {"INPUT": [scene], "LABELS": labels([(known, 0, 60, 0, 60)]).id()})
    assert Path(found["OUTPUT_REPORT"]).read_text(encoding="utf-8") and 0 <= found["ACCURACY"] <= 1


def test_points_are_loaded_with_a_choice_of_classes_and_without_the_maps_word(plugin, class_map):
    context = project_context()
    output = QgsProcessingOutputLayerDefinition(QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance())
    given = {"INPUT": class_map, "TARGET_ERROR": 0.2, "LEAST": 5, "OUTPUT": output}
    path = run("samplepoints", given, context)["OUTPUT"]
    details = context.layersToLoadOnCompletion()[path]
    points = QgsProcessingUtils.mapLayerFromString(path, context)
    details.setOutputLayerName(points)
    details.postProcessor().postProcessLayer(points, context, Feedback())
    setup = {name: points.editorWidgetSetup(points.fields().lookupField(name)) for name in ("reference", "map_class")}
    assert setup["reference"].type() == "ValueMap" and setup["map_class"].type() == "Hidden"
    assert setup["reference"].config()["map"] == [{"grass": "grass"}, {"roof": "roof"}]
    shown = {column.name for column in points.attributeTableConfig().columns() if not column.hidden}
    assert "reference" in shown and not shown & {"map_class", "map_name"}
    assert points.name() == "map points" and points.startEditing() and points.rollBack()
    context.temporaryLayerStore().removeAllMapLayers()


def test_points_and_lines_train_a_head(plugin, scene, tmp_path):
    """Each point is a place; with a radius it labels the pixels around it."""
    labelled = {}
    for kind in ("Point", "LineString"):
        layer = QgsVectorLayer(f"{kind}?crs=EPSG:32633&field=class:string", kind, "memory")
        for i, name in enumerate(["grass", "roof"] * 4):
            x, y = LEFT + 10 + 20 * (i % 4), TOP - 20 - 40 * (i // 4)
            shape = f"Point ({x} {y})" if kind == "Point" else f"LineString ({x} {y}, {x + 8} {y - 3})"
            feature = QgsFeature(layer.fields())
            feature.setGeometry(QgsGeometry.fromWkt(shape))
            feature.setAttributes([name])
            assert layer.dataProvider().addFeatures([feature])[0]
        QgsProject.instance().addMapLayers([layer])
        for radius in (1, 3):
            path = tmp_path / f"{kind}_{radius}.safetensors"
            train(scene, layer, path, RADIUS=radius, KIND="linear")
            labelled[kind, radius] = sum(catalog.read_header(path)["training"]["labelled"].values())
    assert labelled["Point", 1] < labelled["Point", 3] < labelled["LineString", 3] > labelled["LineString", 1]


def test_settings_of_the_layer_count(plugin, scene, tmp_path):
    """A CRS that the user gave to a raster without one, and values that are no data in QGIS alone."""
    path = tmp_path / "plain.tif"
    source = gdal.Open(scene)
    copy = gdal.GetDriverByName("GTiff").CreateCopy(str(path), source)
    copy.SetProjection("")
    for band in (1, 2, 3):
        values = copy.GetRasterBand(band).ReadAsArray()
        values[:, :40] = 7
        copy.GetRasterBand(band).WriteArray(values)
    copy = source = None
    layer = QgsRasterLayer(str(path), "plain")
    layer.setCrs(SCENE_CRS)
    for band in (1, 2, 3):
        layer.dataProvider().setUserNoDataValue(band, [QgsRasterRange(7, 7)])
    QgsProject.instance().addMapLayer(layer)
    out, feedback = str(tmp_path / "map.tif"), Feedback()
    run_here("segment", {"INPUT": layer.id(), "OUTPUT": out}, feedback)
    mapped = gdal.Open(out)
    values = mapped.ReadAsArray()
    assert (values[:, :40] == 255).all() and (values[:, 40:] != 255).all()
    assert QgsRasterLayer(out).crs() == SCENE_CRS and "not used here" not in "\n".join(feedback.lines)
    mapped = None
    train(layer.id(), labels(), tmp_path / "h.safetensors", KIND="linear")  # in degrees
    for band in (1, 2):
        layer.dataProvider().setUserNoDataValue(band, [QgsRasterRange(7, 8)])
    feedback = Feedback()
    run_here("segment", {"INPUT": layer.id(), "OUTPUT": out}, feedback)
    assert "Set in QGIS, but not used here: additional no data values" in "\n".join(feedback.lines)


def test_a_no_data_value_of_the_file_that_qgis_does_not_use_is_mentioned(plugin, tmp_path):
    path = tmp_path / "declared.tif"
    gdal.Translate(str(path), sample("naip"), noData=77, bandList=[1, 2, 3], width=128, height=128)
    layer = QgsRasterLayer(str(path), "declared")
    for band in (1, 2, 3):
        layer.dataProvider().setUseSourceNoDataValue(band, False)
    QgsProject.instance().addMapLayer(layer)
    feedback = Feedback()
    run_here("segment", {"INPUT": layer.id(), "OUTPUT": str(tmp_path / "map.tif")}, feedback)
    assert "not used here: that the file's no data value is not used" in "\n".join(feedback.lines)


def test_settings_of_the_layer_count_for_every_algorithm(plugin, scene, tmp_path):
    """Of `detectsensor`, `embed` and `classify`: the CRS of the result, and pixels that hold nothing."""
    path = tmp_path / "plain.tif"
    copy = gdal.GetDriverByName("GTiff").CreateCopy(str(path), gdal.Open(scene))
    copy.SetProjection("")
    copy = None
    layer = QgsRasterLayer(str(path), "plain")
    QgsProject.instance().addMapLayer(layer)
    layer.setCrs(SCENE_CRS)
    values = gdal.Open(str(path)).ReadAsArray()
    for band in (1, 2, 3):  # no pixel has a value then
        every = [QgsRasterRange(value, value) for value in np.unique(values).tolist()]
        layer.dataProvider().setUserNoDataValue(band, every)
    for verb, out in {"detectsensor": "", "embed": "e.tif"}.items():
        parameters = {"INPUT": layer.id(), **({"OUTPUT": str(tmp_path / out)} if out else {})}
        with pytest.raises(QgsProcessingException, match="all is nodata"):
            run_here(verb, parameters)
    for band in (1, 2, 3):
        layer.dataProvider().setUserNoDataValue(band, [])
    for verb, out in {"embed": "e.tif", "classify": "c.tif"}.items():
        head = {"HEAD": "naip_tiles"} if verb == "classify" else {}
        run_here(verb, {"INPUT": layer.id(), "OUTPUT": str(tmp_path / out), **head})
        assert QgsRasterLayer(str(tmp_path / out)).crs() == SCENE_CRS


# --- bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"INPUT": ["/nowhere/scene.tif"]}, "scene.tif"),
        ({"INPUT": []}, "INPUT"),
        ({"LABELS": None}, "either a layer of labels or label rasters"),
        ({"LABELS": "/nowhere/labels.gpkg"}, "LABELS|labels"),
        ({"FIELD": "crop"}, r"class field of my labels \(fid, class\), found crop"),
        ({"BANDS": "one"}, "expected band numbers"),
        ({"TASK": "guess"}, "TASK"),
        ({"OUTPUT_HEAD": "/nowhere/h.safetensors"}, "expected a folder to write to"),
        ({"OUTPUT_HEAD": "h.txt"}, "ending in .safetensors"),
        ({"IGNORE": "grass, roof"}, "expected polygons with a class in my labels.gpkg, found none"),
    ],
)
def test_bad_parameters_of_training_are_met_in_plain_words(plugin, scene, tmp_path, change, match):
    with pytest.raises(QgsProcessingException, match=match) as caught:
        train(scene, labels(), tmp_path / "h.safetensors", **change)
    assert "Traceback" not in str(caught.value) and not list(tmp_path.iterdir())


def test_kinds_of_layers_that_are_no_labels(plugin, scene, head, tmp_path):
    lines = QgsVectorLayer("LineString?crs=EPSG:32633&field=class:string", "roads", "memory")
    points = QgsVectorLayer("Point?crs=EPSG:32633&field=class:string", "trees", "memory")
    QgsProject.instance().addMapLayers([lines, points])
    path = tmp_path / "h.safetensors"
    table = QgsVectorLayer("NoGeometry?field=class:string", "names", "memory")
    QgsProject.instance().addMapLayers([table])
    with pytest.raises(QgsProcessingException, match="LABELS|polygons, points or lines, found .* names"):
        train(scene, table, path)
    given = {"HEAD": head, "INPUT": [scene], "OUTPUT_REPORT": str(tmp_path / "r.html")}
    for layer in (lines, points):
        with pytest.raises(QgsProcessingException, match="found none: is nothing selected"):
            run_here("assessaccuracy", {**given, "LABELS": layer.id()})
    tree = QgsFeature(points.fields())
    tree.setGeometry(QgsGeometry.fromWkt(f"Point ({LEFT + 5} {TOP - 5})"))
    assert points.dataProvider().addFeatures([tree])[0]
    with pytest.raises(QgsProcessingException, match="expected points with a class|labels of the head's classes"):
        run_here("assessaccuracy", {**given, "LABELS": points.id()})
    assert not list(tmp_path.iterdir())


def test_labels_of_other_classes_are_named(plugin, scene, head, tmp_path):
    given = {"HEAD": head, "INPUT": [scene], "LABELS": labels([("snow", 10, 50, 10, 50)]).id()}
    with pytest.raises(QgsProcessingException, match='1 grass, 2 roof.*found snow.*"Class field"'):
        run_here("assessaccuracy", {**given, "OUTPUT_REPORT": str(tmp_path / "r.html")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"INPUT": sample("naip")}, "class layer of one band"),
        ({"TARGET_ERROR": 0.9}, "TARGET_ERROR"),
        ({"LEAST": 1}, "LEAST"),
        ({"OUTPUT": "points.shp"}, "shp"),
    ],
)
def test_bad_parameters_of_sampling(plugin, class_map, tmp_path, change, match):
    with pytest.raises(QgsProcessingException, match=match):
        run("samplepoints", {"INPUT": class_map, "OUTPUT": str(tmp_path / "p.gpkg"), **change})
    assert not list(tmp_path.iterdir())


# --- qgis_process ------------------------------------------------------------------------------------------------


def test_qgis_process_samples_points(qgis_process, class_map, tmp_path):
    assert qgis_process("plugins", "enable", "qgis_plugin", QGIS_PLUGINPATH=str(ROOT)).returncode == 0
    out = tmp_path / "points.gpkg"
    done = qgis_process("run", "ofanet:samplepoints", "--", f"INPUT={class_map}", f"OUTPUT={out}", "LEAST=7")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["results"]["OUTPUT"] == str(out)
    assert QgsVectorLayer(str(out)).featureCount() >= 14
