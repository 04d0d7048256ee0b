"""demo_project.py FOLDER: a QGIS project of the demo's layers, and overview.png with each scene beside its result."""

import sys
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsApplication,
    QgsBookmark,
    QgsContrastEnhancement,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsMultiBandColorRenderer,
    QgsProject,
    QgsRasterLayer,
    QgsRasterMinMaxOrigin,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from qgis_plugin.engine.modules import MappedClass, catalog, sensors  # noqa: E402
from qgis_plugin.engine.raster_facts import facts_of  # noqa: E402
from qgis_plugin.results.map_run import map_title  # noqa: E402
from qgis_plugin.results.styling import style_classes  # noqa: E402

# which of the sensor's bands are shown as red, green and blue
SHOWN = {
    "sentinel-1": (0, 1, 0, "VV, VH, VV"),
    "sentinel-2": (0, 1, 2, "red, green, blue"),
    "gaofen": (3, 0, 1, "near infrared, red, green"),
    "naip": (0, 1, 2, "red, green, blue"),
    "enmap": (80, 47, 26, "near infrared, red, green"),
}
ORDER = ("sentinel-2", "sentinel-1", "gaofen", "enmap", "naip")  # the project opens on the first


def scene_layer(sensor: str) -> QgsRasterLayer:
    """The sample scene in colours in which land cover can be told apart by eye."""
    layer = QgsRasterLayer(str(ROOT / "resources" / "samples" / f"{sensor}.tif"), f"{sensor} scene")
    order = sensors.detect(facts_of(layer)).bands
    red, green, blue = (order[i] for i in SHOWN[sensor][:3])
    layer.setRenderer(QgsMultiBandColorRenderer(layer.dataProvider(), red, green, blue))
    layer.setContrastEnhancement(
        QgsContrastEnhancement.ContrastEnhancementAlgorithm.StretchToMinimumMaximum,
        QgsRasterMinMaxOrigin.Limits.CumulativeCut,
    )
    return layer


def result_layer(path: Path, sensor: str, task: str):
    """A result, styled, with the classes that occur in it."""
    head = catalog.find_head(None, sensor, task)
    name = map_title(sensor, head.header["name"])
    layer = QgsRasterLayer(str(path), name) if task == "segment" else QgsVectorLayer(str(path), name)
    if task == "segment":
        block = layer.dataProvider().block(1, layer.extent(), layer.width(), layer.height())
        found = set(bytes(block.data()))
    else:
        found = {feature["class"] for feature in layer.getFeatures()}
        layer.setOpacity(0.6)
    classes = [entry for entry in head.header["classes"] if entry["value"] in found]
    style_classes(layer, [MappedClass.from_json(entry) for entry in classes])
    return layer, classes


def build_project(out: Path):
    """Groups by sensor, a bookmark for each scene; opens on the first result."""
    project = QgsProject.instance()
    project.setTitle("OFA-Net demo")
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    cards, tree, operations = [], project.layerTreeRoot(), project.transformContext()
    for sensor in ORDER:
        title = sensors.get_sensor(sensor).title
        group = tree.addGroup(title)
        scene = scene_layer(sensor)
        results = [("segment", *result_layer(out / f"{sensor}.tif", sensor, "segment"))]
        if sensor == "naip":
            results.append(("classify", *result_layer(out / "naip_tiles.gpkg", sensor, "classify")))
        for task, layer, classes in results:
            cards.append((title, sensor, task, scene, layer, classes))
        for layer in [layer for _, layer, _ in reversed(results)] + [scene]:
            project.addMapLayer(layer, False)
            group.addLayer(layer)
        group.setExpanded(sensor == ORDER[0])
        if sensor == "naip":  # tiles would hide the pixels below them
            group.findLayer(results[1][1]).setItemVisibilityChecked(False)
        mercator = QgsCoordinateTransform(scene.crs(), project.crs(), project)
        # written down, so that QGIS does not ask which operation to use when the project opens
        operation = mercator.instantiatedCoordinateOperationDetails().proj
        operations.addCoordinateOperation(scene.crs(), project.crs(), operation)
        view = QgsReferencedRectangle(mercator.transformBoundingBox(scene.extent()), project.crs())
        bookmark = QgsBookmark()
        bookmark.setName(title)
        bookmark.setExtent(view)
        project.bookmarkManager().addBookmark(bookmark)
        if sensor == ORDER[0]:
            project.viewSettings().setDefaultViewExtent(view)
    project.setTransformContext(operations)
    if not project.write(str(out / "ofanet_demo.qgz")):
        raise RuntimeError(project.error())
    return cards


# --- the picture --------------------------------------------------------------------------------------------------

SIDE, GAP, PAD, HEAD, FOOT, COLUMNS = 430, 12, 22, 72, 38, 2
CARD_W, CARD_H = 2 * SIDE + GAP + 2 * PAD, HEAD + SIDE + FOOT + PAD
INK, PALE, PAPER, LINE = QColor("#1d3557"), QColor("#66758a"), QColor("#f4f6f9"), QColor("#d9e0e8")


def render(layers, extent, crs) -> QImage:
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(crs)
    settings.setExtent(extent)
    settings.setOutputSize(QSize(SIDE, SIDE))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def text(painter, x, y, words, size, color, bold=False) -> float:
    """Returns the width of the words."""
    font = QFont("Open Sans")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setPixelSize(size)
    font.setBold(bold)
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(QRectF(x, y, 10000, size * 1.5), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
    return QFontMetricsF(font).horizontalAdvance(words)


def legend(painter, x, y, classes):
    for entry in classes:
        painter.fillRect(QRectF(x, y + 4, 15, 15), QColor(entry["color"]))
        x += 22 + text(painter, x + 22, y, entry["name"], 15, INK) + 24


def card(painter, x, y, title, sensor, task, scene, layer, classes):
    painter.setPen(QPen(LINE, 1))
    painter.setBrush(QColor("white"))
    painter.drawRoundedRect(QRectF(x, y, CARD_W, CARD_H), 10, 10)
    what = "one class per pixel" if task == "segment" else "one class per tile"
    text(painter, x + PAD, y + 10, title, 22, INK, bold=True)
    gsd = scene.rasterUnitsPerPixelX()
    facts = f"{scene.bandCount()} bands, {gsd:g} m, shown: {SHOWN[sensor][3]}"
    text(painter, x + PAD, y + 42, facts, 15, PALE)
    text(painter, x + PAD + SIDE + GAP, y + 42, f"{layer.name().split(' ', 1)[1]}: {what}", 15, PALE)
    below = [layer] if task == "segment" else [layer, scene]
    for column, layers in enumerate(([scene], below)):
        place = QRectF(x + PAD + column * (SIDE + GAP), y + HEAD, SIDE, SIDE)
        painter.drawImage(place, render(layers, scene.extent(), scene.crs()))
    legend(painter, x + PAD, y + HEAD + SIDE + 12, classes)


def draw_overview(path: Path, cards):
    rows = -(-len(cards) // COLUMNS)
    top, margin = 96, 28
    width = COLUMNS * CARD_W + (COLUMNS + 1) * margin
    height = top + rows * (CARD_H + margin)
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(PAPER)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    text(painter, margin, 20, "OFA-Net: one model, five sensors", 32, INK, bold=True)
    words = "Simulated sample scenes and what the starter model makes of them, run through qgis_process."
    text(painter, margin, 62, words, 17, PALE)
    for number, content in enumerate(cards):
        x = margin + number % COLUMNS * (CARD_W + margin)
        card(painter, x, top + number // COLUMNS * (CARD_H + margin), *content)
    painter.end()
    if not image.save(str(path)):
        raise RuntimeError(f"cannot write {path}")


def main(out: Path):
    app = QgsApplication([], True)
    app.initQgis()
    draw_overview(out / "overview.png", build_project(out))
    QgsProject.instance().clear()
    app.exitQgis()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
