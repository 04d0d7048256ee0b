"""What a run leaves in the project and next to its files, with the real engine."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import qgis.utils
from conftest import sample
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsLayerNotesUtils,
    QgsLayerTreeGroup,
    QgsProcessingContext,
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from qgis_plugin.engine.modules import MappedClass, MapResult
from qgis_plugin.results.layer_group import add_results, names, place
from qgis_plugin.results.map_run import MapRun
from qgis_plugin.results.sidecars import notes
from qgis_plugin.runs.feedback import RunFeedback
from qgis_plugin.runs.run_messages import offer_report

FILES = {"OUTPUT": "o.tif", "OUTPUT_POLYGONS": "p.gpkg", "OUTPUT_CONFIDENCE": "c.tif"}


class Run:
    """An algorithm run as Processing runs it, all outputs to be loaded, and what became of it."""

    def __init__(self, name: str, source, folder: Path, files: dict, load=add_results):
        self.paths = {key: str(folder / file) for key, file in files.items()}
        self.report = str(folder / "areas.html")
        project = QgsProject.instance()
        layers = {key: QgsProcessingOutputLayerDefinition(path, project) for key, path in self.paths.items()}
        self.parameters = {"INPUT": source, "OUTPUT_REPORT": self.report, **layers}
        self.context, self.feedback = QgsProcessingContext(), RunFeedback()
        self.context.setProject(project)
        self.algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"ofanet:{name}")
        outputs, ok = self.algorithm.run(self.parameters, self.context, self.feedback)
        assert ok, self.feedback.textLog()
        self.layers = load(self.context, self.feedback) if load else []
        self.context.temporaryLayerStore().removeAllMapLayers()


@pytest.fixture(autouse=True)
def empty_project(qgis_app):
    yield
    QgsProject.instance().clear()


@pytest.fixture
def segmented(plugin, layer, tmp_path):
    """Two layers, and the lower one of them mapped."""
    scene = layer(sample("sentinel-2"), "fields & <hills>")
    layer(sample("naip"), "above")
    return Run("segment", scene, tmp_path, FILES)


def tree(parent=None) -> list:
    """Names of the layer panel, groups as (name, [...])."""
    nodes = (parent or QgsProject.instance().layerTreeRoot()).children()
    return [(n.name(), tree(n)) if isinstance(n, QgsLayerTreeGroup) else n.name() for n in nodes]


def looks(layer) -> dict[int, tuple[str, str]]:
    """Value -> name and colour."""
    if isinstance(layer, QgsRasterLayer):
        return {int(c.value): (c.label, c.color.name()) for c in layer.renderer().classes()}
    return {c.value(): (c.label(), c.symbol().color().name()) for c in layer.renderer().categories()}


RAMP = (0.0, 1.0, "#440154", "#fde725")  # viridis


def ramp(layer) -> tuple[float, float, str, str]:
    """Of a layer of one value: from, to, and the colours there."""
    renderer = layer.renderer()
    assert renderer.type() == "singlebandpseudocolor"
    shade = renderer.shader().rasterShaderFunction().shade
    colors = ["#{:02x}{:02x}{:02x}".format(*shade(value)[1:4]) for value in (0.0, 1.0)]
    return (renderer.classificationMin(), renderer.classificationMax(), *colors)


def counted(path: str) -> dict[int, int]:
    values, counts = np.unique(gdal.Open(path).ReadAsArray(), return_counts=True)
    return {int(v): int(n) for v, n in zip(values, counts, strict=True) if v != 255}


TITLE = "fields & <hills> land cover"
GROUP = (TITLE, [TITLE, f"Polygons: {TITLE}", f"Confidence: {TITLE}"])


def check_words(classes, polygons, confidence, run):
    for made, kind in ((classes, "Classes of"), (polygons, "Areas of"), (confidence, "Probability")):
        about = made.metadata()
        assert about.title() == made.name() and about.abstract().startswith(kind)
        history = " ".join(about.history())
        for part in ("ofanet 0.", "sentinel-2.tif", "Sentinel-2: land cover", "overlap of tiles: 0.25"):
            assert part in history, part
        assert "sentinel-2" in about.keywords()["ofanet"]
    for made in (classes, polygons):
        text = QgsLayerNotesUtils.layerNotes(made)
        assert "&lt;hills&gt;" in text and "<hills>" not in text and Path(run.report).as_uri() in text
        for name, color in looks(classes).values():
            assert f"{name}</td>" in text and color in text


def test_one_group_right_above_the_raster(segmented):
    assert tree() == ["above", GROUP, "fields & <hills>"]
    assert [made.name() for made in segmented.layers] == GROUP[1]
    classes, polygons, confidence = segmented.layers
    assert looks(classes) == looks(polygons) and set(looks(classes)) == set(counted(segmented.paths["OUTPUT"]))
    assert ramp(confidence) == RAMP
    check_words(*segmented.layers, segmented)


def test_the_same_from_the_toolbox(plugin, layer, tmp_path, monkeypatch):
    from processing.gui import Postprocessing

    monkeypatch.setattr(Postprocessing, "iface", None)
    scene = layer(sample("sentinel-2"), "fields & <hills>")
    layer(sample("naip"), "above")
    for _ in range(2):  # a second run is another group
        run = Run("segment", scene, tmp_path, FILES, load=None)
        assert Postprocessing.handleAlgorithmResults(run.algorithm, run.context, run.feedback, run.parameters)
        tmp_path = tmp_path / "again"
        tmp_path.mkdir()
    assert tree() == ["above", GROUP, GROUP, "fields & <hills>"]
    made = QgsProject.instance().layerTreeRoot().findGroup(TITLE).findLayers()
    check_words(*(node.layer() for node in made), run)


def test_a_project_opened_again_has_it_all(segmented, tmp_path):
    project, styles = QgsProject.instance(), [looks(made) for made in segmented.layers[:2]]
    ids = [made.id() for made in segmented.layers]
    assert project.write(str(tmp_path / "p.qgz"))
    project.clear()
    assert project.read(str(tmp_path / "p.qgz"))
    assert tree() == ["above", GROUP, "fields & <hills>"]
    again = [project.mapLayer(one) for one in ids]
    assert [looks(made) for made in again[:2]] == styles
    assert ramp(again[2]) == RAMP
    check_words(*again, segmented)


@pytest.mark.parametrize("name", ["p", "o"])  # a name of its own, or that of the raster of classes
def test_a_file_opened_alone_is_styled(plugin, layer, tmp_path, name):
    scene = layer(sample("sentinel-2"), "fields & <hills>")
    run = Run("segment", scene, tmp_path, {**FILES, "OUTPUT_POLYGONS": f"{name}.gpkg"})
    styles = [looks(made) for made in run.layers[:2]]
    QgsProject.instance().clear()
    classes, confidence = (QgsRasterLayer(run.paths[key]) for key in ("OUTPUT", "OUTPUT_CONFIDENCE"))
    path = run.paths["OUTPUT_POLYGONS"]
    database = gdal.OpenEx(path)
    tables = [database.GetLayer(i).GetName() for i in range(database.GetLayerCount())]
    assert tables == (["p"] if name == "p" else ["o", "layer_styles"])
    for source in (path, f"{path}|layername={name}"):
        polygons = QgsVectorLayer(source)
        assert [looks(classes), looks(polygons)] == styles
        assert ramp(confidence) == RAMP
        for made in (classes, confidence):
            made.loadDefaultMetadata()  # as QGIS does when a file is dragged in
        for made, called in zip((classes, polygons, confidence), GROUP[1], strict=True):
            made.setName(called)
        check_words(classes, polygons, confidence, run)


def test_without_the_style_file_the_raster_itself_has_names_and_colours(segmented):
    styles = looks(segmented.layers[0])
    QgsProject.instance().clear()
    Path(segmented.paths["OUTPUT"]).with_suffix(".qml").unlink()
    bare = looks(QgsRasterLayer(segmented.paths["OUTPUT"]))
    assert bare.items() >= styles.items()  # the style leaves out classes without a pixel


def test_the_attribute_table_counts_as_the_raster_does(segmented):
    opened = QgsRasterLayer(segmented.paths["OUTPUT"])  # owns the table
    table = opened.attributeTable(1)
    assert table.isValid()[0] and table.hasColor()
    columns = [field.name for field in table.fields()]
    rows = [dict(zip(columns, row, strict=True)) for row in table.data()]
    assert {row["Value"]: row["Count"] for row in rows if row["Count"]} == counted(segmented.paths["OUTPUT"])
    assert {row["Value"]: row["Class"] for row in rows}.items() >= {
        value: name for value, (name, _) in looks(segmented.layers[0]).items()
    }.items()
    polygons = segmented.layers[1]
    for row in rows:
        areas = [f["area_ha"] for f in polygons.getFeatures() if f["class"] == row["Value"]]
        assert row["Area_ha"] == pytest.approx(sum(areas), rel=1e-3)
        if areas:
            assert f"{row['Area_ha']:,.2f}</td>" in QgsLayerNotesUtils.layerNotes(polygons)


def test_tiles(plugin, layer, tmp_path):
    scene = layer(sample("naip"), "town")
    run = Run("classify", scene, tmp_path, {"OUTPUT": "t.gpkg"})
    (tiles,) = run.layers
    assert tree() == [(tiles.name(), [tiles.name()]), "town"]
    assert looks(QgsVectorLayer(run.paths["OUTPUT"])) == looks(tiles)
    total = sum(feature["area_ha"] for feature in tiles.getFeatures())
    text = QgsLayerNotesUtils.layerNotes(tiles)
    shares = [float(part.split("<")[0]) for part in text.split('<td align="right">')[2::2]]
    areas = [float(part.split("<")[0]) for part in text.split('<td align="right">')[1::2]]
    assert sum(areas) == pytest.approx(total, rel=1e-3) and sum(shares) == pytest.approx(100, abs=0.3)


def test_styles_of_others_are_left_alone(plugin, layer, tmp_path):
    """A user's style file stays, and so does the look of another raster of that name."""
    scene = tmp_path / "scene.tiff"
    shutil.copyfile(sample("sentinel-2"), scene)
    mine = tmp_path / "c.qml"
    mine.write_text("<qgis/>")
    run = Run("segment", layer(scene), tmp_path, {**FILES, "OUTPUT": "scene.tif"})
    assert mine.read_text() == "<qgis/>"
    assert not (tmp_path / "scene.qml").exists() and not (tmp_path / "scene.qmd").exists()
    assert looks(QgsRasterLayer(run.paths["OUTPUT"])).items() >= looks(run.layers[0]).items()
    assert QgsRasterLayer(str(scene)).renderer().type() == "multibandcolor"


def test_the_users_own_groups(plugin, layer, tmp_path):
    scene = layer(sample("sentinel-2"), "scene")
    root = QgsProject.instance().layerTreeRoot()
    mine = root.insertGroup(0, "mine")
    node = root.findLayer(scene)
    mine.insertChildNode(0, node.clone())
    root.removeChildNode(node)
    Run("segment", scene, tmp_path, {"OUTPUT": "o.tif"})
    name = "scene land cover"
    assert tree() == [("mine", [(name, [name]), "scene"])]


def test_the_group_of_all_results(plugin, layer, tmp_path, monkeypatch):
    from processing.gui import Postprocessing

    config = Postprocessing.ProcessingConfig
    settings = {config.RESULTS_GROUP_NAME: "results"}
    monkeypatch.setattr(Postprocessing, "iface", None)
    monkeypatch.setattr(config, "getSetting", staticmethod(settings.get))
    key = "Processing/Configuration/RESULTS_GROUP_NAME"
    QgsSettings().setValue(key, "results")
    try:
        run = Run("segment", layer(sample("sentinel-2"), "scene"), tmp_path, FILES, load=None)
        assert Postprocessing.handleAlgorithmResults(run.algorithm, run.context, run.feedback, run.parameters)
    finally:
        QgsSettings().remove(key)
    name = "scene land cover"
    assert tree() == [("results", [(name, [name, f"Polygons: {name}", f"Confidence: {name}"])]), "scene"]


def test_the_active_layer_stays_active_when_it_moves(plugin, layer, window, tmp_path, monkeypatch):
    run = Run("segment", layer(sample("sentinel-2"), "scene"), tmp_path, FILES)
    made = run.layers[0]
    window.layer, active = made, []
    window.currentLayerChanged.connect(active.append)
    monkeypatch.setattr(qgis.utils, "iface", window)
    place(made, "classes", MapRun("another", MapResult.from_json(run.feedback.answer)), QgsProject.instance())
    window.currentLayerChanged.disconnect(active.append)
    window.layer = None
    assert active == [made] and [len(inner) for _, inner in tree()[:2]] == [1, 2]


def test_what_a_run_is_called(segmented, layer):
    loose = layer(sample("gaofen"), "loose")
    assert names([*segmented.layers, loose]) == [TITLE, "loose"]


def test_nothing_is_loaded_that_is_not_wanted(plugin, layer, tmp_path):
    scene = layer(sample("sentinel-2"), "scene")
    run = Run("segment", scene, tmp_path, FILES, load=None)
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    assert add_results(context, run.feedback) == [] and tree() == ["scene"]


def test_a_source_that_has_gone(plugin, layer, tmp_path):
    run = Run("segment", sample("sentinel-2"), tmp_path, {"OUTPUT": "o.tif"})
    assert tree() == [(run.layers[0].name(), [run.layers[0].name()])]


def test_nasty_names_stay_text():
    entry = MappedClass(1, "<img src=x>&", '#fff"><b', pixels=3)
    unused = ("", "", "", {}, "cpu", 64, 0.0, {}, "", "")
    text = notes(MapRun("<i>", MapResult(*unused, (entry,), tiles=1, report='/a "b"/<c>.html')))
    assert "<img" not in text and "<i>" not in text and '"><b' not in text and "&lt;img src=x&gt;&amp;" in text
    assert "%3Cc%3E" in text or "&lt;c&gt;" in text


def test_the_report_opens_from_the_message_bar(window, monkeypatch):
    bar, opened = window.messageBar(), []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    bar.clearWidgets()
    offer_report(bar, "/tmp/r.html")
    bar.pushMessage("OFA-Net", "done")
    offer_report(bar, None)
    assert not bar.currentItem().findChildren(QPushButton)
    offer_report(bar, "/tmp/r.html")
    bar.currentItem().findChild(QPushButton).click()
    assert opened == ["/tmp/r.html"]
    bar.clearWidgets()
