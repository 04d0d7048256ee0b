"""The folder of scenes, the example models, and the commands that docs/processing.md shows: run for real."""

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from algorithm_runs import Feedback, run
from conftest import ROOT, sample, wait_for
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

from qgis_plugin.engine.client import ENGINE, EngineError, engine_python

MODELS = ROOT / "resources" / "models3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two scenes of NAIP, one below, and one that is none."""
    scenes = tmp_path_factory.mktemp("folder") / "scenes"
    (scenes / "more").mkdir(parents=True)
    source = gdal.Open(sample("naip"))
    for name, window in {"left": (0, 0, 128, 128), "more/right": (128, 0, 128, 128)}.items():
        gdal.Translate(str(scenes / f"{name}.tif"), source, srcWin=window)
    (scenes / "broken.tif").write_bytes(b"no raster")
    (scenes / "map.jpg").write_bytes(b"of something else")
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


@pytest.fixture(scope="module")
def done(plugin, folder) -> tuple[dict, Feedback, dict]:
    """The folder's first run: results, what was said, and the layers to load."""
    context, feedback = QgsProcessingContext(), Feedback()
    context.setProject(QgsProject.instance())
    given = {"INPUT": str(folder), "OUTPUT": str(folder.parent / "out"), "PATTERN": "[lrb]*.tif", "MIN_AREA": 0.005}
    found = run("segmentfolder", given, context, feedback)
    yield found, feedback, loaded(context)
    context.temporaryLayerStore().removeAllMapLayers()


def test_a_folder_is_segmented_and_what_failed_is_told(done, folder):
    found, feedback, layers = done
    assert (found["DONE"], found["FAILED"], found["OUTPUT"]) == (2, 1, str(folder.parent / "out"))
    said = "\n".join(feedback.lines)
    assert re.search(r"^left: done with RGB", said, re.M) and re.search(r"^right: done", said, re.M)
    assert "3 of 3 scenes" in said and "2 of 3 scenes are done, 3 of them now; 1 failed" in said
    assert re.search(r"^broken: expected a raster that GDAL can read", said, re.M) and feedback.percents[-1] == 100
    out = folder.parent / "out"
    assert gdal.Open(str(out / "left.tif")).GetMetadata("OFANET")["MIN_AREA_HA"] == "0.005"
    assert "left," in Path(found["AREAS"]).read_text(encoding="utf-8")
    mosaic = layers[found["MOSAIC"]]
    assert (mosaic.width(), mosaic.height()) == (256, 128) and mosaic.name().startswith("scenes ")
    values = set(np.unique(gdal.Open(found["MOSAIC"]).ReadAsArray()).tolist()) - {255}
    labels = {int(entry.value): entry.label for entry in mosaic.renderer().classes()}
    assert set(labels) == values and not any(label.isdigit() for label in labels.values())


def test_the_same_folder_again_does_only_what_is_missing(done, folder):
    feedback = Feedback()
    given = {"INPUT": str(folder), "OUTPUT": str(folder.parent / "out"), "MIN_AREA": 0.005}
    assert run("segmentfolder", {**given, "PATTERN": "r*"}, feedback=feedback)["DONE"] == 1
    assert any("0 of them now" in line for line in feedback.lines)
    assert not any("done with" in line for line in feedback.lines)


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
    # the processes end after the answer
    wait_for(lambda: sorted(path.name for path in out.iterdir()) == ["batch.csv", "batch.json"], 20)


def test_an_engine_without_dask_says_what_to_install(plugin, tmp_path, folder, monkeypatch):
    from ofa_engine.batch import dask_workers as cluster

    with pytest.raises(cluster.InputError) as lacking:  # this Python has none either
        cluster.import_distributed()

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


def test_head_over_folder(models, done, folder, tmp_path, context):
    out, areas = str(folder.parent / "out"), str(tmp_path / "areas.gpkg")
    run("headoverfolder", {"folder": str(folder), "results": out, "min_area": 0.005, "areas_by_class": areas}, context)
    rows = list(QgsVectorLayer(areas).getFeatures())
    assert sum(row["area_ha"] for row in rows) == pytest.approx(256 * 128 / 10_000, rel=1e-3)
    assert max(row["scenes"] for row in rows) == 2
    mosaic = loaded(context)[str(folder.parent / "out" / "mosaic.vrt")]
    assert mosaic.renderer().type() == "paletted" and mosaic.name().startswith("scenes ")


# --- what the guide says -----------------------------------------------------------------------------------------

GUIDE = ROOT / "docs" / "processing.md"


def commands() -> list[str]:
    return re.findall(r"^```sh\n(.*?)\n```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)


def test_the_guide_names_every_parameter_and_output(models):
    sections = dict(re.findall(r"^### (ofanet:\w+)$(.*?)(?=^##|\Z)", GUIDE.read_text(encoding="utf-8"), re.M | re.S))
    algorithms = QgsApplication.processingRegistry().providerById("ofanet").algorithms()
    assert set(sections) == {algorithm.id() for algorithm in algorithms}
    for algorithm in algorithms:
        told, _, example = sections[algorithm.id()].partition("```sh")
        names = [d.name() for d in (*algorithm.parameterDefinitions(), *algorithm.outputDefinitions())]
        assert not [name for name in names if not re.search(rf"\b{name}\b", told)], algorithm.id()
        assert f"qgis_process run {algorithm.id()} -- " in example


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder that looks like the repository's root, with corners of two of the scenes; the engine starts there."""
    (tmp_path / "results").mkdir()
    (tmp_path / "resources" / "samples").mkdir(parents=True)
    for sensor in ("naip", "sentinel-2"):
        corner = tmp_path / "resources" / "samples" / f"{sensor}.tif"
        gdal.Translate(str(corner), sample(sensor), srcWin=(0, 0, 200, 200))
    monkeypatch.chdir(tmp_path)
    ENGINE.stop()
    yield tmp_path
    ENGINE.stop()


def test_the_guides_commands_do_what_they_say(models, workplace):
    """Those of a line run here, with the parameters as the command line hands them on: the engine stays warm."""
    for command in commands():
        words = shlex.split(command)
        if words[:2] != ["qgis_process", "run"] or "\n" in command:
            continue
        assert words[3] == "--"
        given = dict(word.split("=", 1) for word in words[4:])
        for name, path in run(words[2].removeprefix("ofanet:"), given).items():
            if name in given:
                assert Path(path).exists() and workplace / path == workplace / given[name], command


def test_the_guides_other_commands_run_in_a_shell(plugin, workplace, environment):
    script = [block for block in commands() if "\n" in block or not block.startswith("qgis_process run")]
    assert len(script) == 4
    script = "\n".join(script).replace("enable ofanet", "enable qgis_plugin")
    script += (
        "\nqgis_process help ofanet:segment --json >results/help.json\nqgis_process help ofanet:segment >results/help"
    )
    environment |= {"QGIS_CUSTOM_CONFIG_PATH": str(workplace / "profile"), "QT_QPA_PLATFORM": "offscreen"}
    ended = subprocess.run(["bash", "-ec", script], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout[ended.stdout.index("{") :])
    assert answer["results"] == {"OUTPUT": str(workplace / "results" / "sentinel-2.tif")}
    assert QgsRasterLayer(answer["results"]["OUTPUT"]).isValid()
    described = json.loads((workplace / "results" / "help.json").read_text(encoding="utf-8"))
    assert described["parameters"]["MASK"]["help"] and described["algorithm_details"]["short_description"]
    help_text = (workplace / "results" / "help").read_text(encoding="utf-8")
    assert "MASK: Only inside these polygons" in help_text and "<p>" not in help_text  # a terminal
    for sensor in ("naip", "sentinel-2"):
        told = json.loads((workplace / "results" / f"{sensor}.json").read_text(encoding="utf-8"))
        assert told["results"]["SENSOR"] == sensor
