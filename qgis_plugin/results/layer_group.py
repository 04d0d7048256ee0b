"""What a run leaves in the project: one group of layers right above the raster that was mapped, and with each layer its
metadata, its notes and its style, in the project and beside the file."""

import html
from datetime import datetime
from pathlib import Path

import qgis.utils
from qgis.core import (
    QgsLayerMetadata,
    QgsLayerNotesUtils,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QPushButton

from ..engine.modules import errors
from ..engine.raster_facts import source_path
from ..i18n.texts import tr

KINDS = ("classes", "polygons", "confidence")  # from the top of a group to its bottom
_MARK = "ofanet"  # starts our custom properties and is our vocabulary of keywords, so it stands in all that is saved
_KIND, _RUN = f"{_MARK}/kind", f"{_MARK}/run"
_OUTPUTS = ("output", "polygons", "confidence", "report")
# where the user wants all results in one group
_RESULTS_GROUP = "Processing/Configuration/RESULTS_GROUP_NAME"  # pragma: allowlist secret


def keep(layer, kind: str, result: dict, project: QgsProject):
    """All but the look of a run's layer. `result` is the engine's answer, with the run's `title` and an id, `run`."""
    layer.setCustomProperty(_KIND, kind)
    _describe(layer, kind, result)
    if kind != "confidence":
        QgsLayerNotesUtils.setLayerNotes(layer, notes(result))
    _save(layer, result)
    _place(layer, kind, result, project)


def found_classes(result: dict) -> list[tuple[dict, float]]:
    """The classes that occur with their shares of the map, the largest first: shares of the area where it is known,
    else of the pixels or tiles."""
    classes = result.get("classes") or []
    by_area = all(entry.get("area_ha") is not None for entry in classes)
    sizes = [entry["area_ha"] if by_area else entry.get("pixels", entry.get("tiles", 0)) for entry in classes]
    total = sum(sizes) or 1.0
    found = [(entry, size / total) for entry, size in zip(classes, sizes, strict=True) if size]
    return sorted(found, key=lambda pair: -pair[1])


# --- words ------------------------------------------------------------------------------------------------------


def notes(result: dict) -> str:
    """HTML: the areas of the classes, and where the report is."""
    rows = []
    for entry, share in found_classes(result):
        swatch = f'<span style="color:{html.escape(entry["color"])}">&#9632;</span>'
        area = "-" if entry.get("area_ha") is None else f"{entry['area_ha']:,.2f}"
        cells = f'<td align="right">{area}</td><td align="right">{100 * share:.1f}</td>'
        rows.append(f"<tr><td>{swatch} {html.escape(entry['name'])}</td>{cells}</tr>")
    head = "".join(f"<th>{title}</th>" for title in (tr("Class"), "ha", "%"))
    text = f'<p><b>{html.escape(result["title"])}</b></p><table cellpadding="3"><tr>{head}</tr>{"".join(rows)}</table>'
    text += f"<p>{html.escape(tr('Counted on the map, not corrected for its errors.'))}</p>"
    if result.get("report"):
        address = html.escape(QUrl.fromLocalFile(result["report"]).toString())
        text += f'<p><a href="{address}">{html.escape(tr("Report"))}</a></p>'
    return text


def _describe(layer, kind: str, result: dict):
    made = result["provenance"]
    what = {
        "classes": tr("Classes of {source} by the head {head}"),
        "polygons": tr("Areas of one class of {source} by the head {head}"),
        "confidence": tr("Probability (0 to 1) of the winning class, of {source} by the head {head}"),
    }
    metadata = layer.metadata()
    metadata.setTitle(layer.name())
    metadata.setType("dataset")
    metadata.setCrs(layer.crs())
    metadata.setAbstract(what[kind].format(source=made.get("SOURCE", ""), head=made.get("HEAD", "")))
    words = [entry["name"] for entry, _ in found_classes(result)]
    metadata.setKeywords({_MARK: ["OFA-Net", made.get("SENSOR", ""), made.get("HEAD", "")], tr("Class"): words})
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    metadata.setHistory([*(f"{key}: {value}" for key, value in _parameters(made, result)), f"{tr('date')}: {when}"])
    rights = QgsLayerMetadata.Constraint(tr("Counted on the map, not corrected for its errors."), "use")
    metadata.setConstraints([rights])
    layer.setMetadata(metadata)


def _parameters(made: dict, result: dict) -> list[tuple[str, str]]:
    """What a run was made with; the engine's own names where there are no better ones."""
    titles = {
        "ENGINE": tr("engine"),
        "SOURCE": tr("source"),
        "SENSOR": tr("sensor"),
        "BANDS": tr("bands"),
        "UNITS": tr("unit of the values"),
        "CHECKPOINT": tr("checkpoint"),
        "BACKBONE": tr("fingerprint of the backbone"),
        "HEAD": tr("head"),
        "TILE_PX": tr("tile size, px"),
        "OVERLAP": tr("overlap of tiles"),
        "MIN_AREA_HA": tr("smallest area, ha"),
    }
    pairs = [(titles.get(key, key.lower()), str(value)) for key, value in made.items()]
    return [*pairs, (tr("device"), str(result.get("device", "")))]


# --- files ------------------------------------------------------------------------------------------------------


def _save(layer, result: dict):
    """Style, notes and metadata where QGIS finds them when the file is opened alone: beside it, and a GeoPackage's
    metadata inside. What cannot be written is left out; the project has it all the same."""
    path = Path(layer.source().split("|")[0])
    in_database = isinstance(layer, QgsVectorLayer)
    if _may_write(path, ".qml", result, others=("report",) if in_database else _OUTPUTS):
        layer.saveDefaultStyle(QgsMapLayer.StyleCategory.AllStyleCategories)
    elif in_database:  # a file's second choice: QGIS asks which of its tables is meant when it is dragged in
        layer.saveStyleToDatabase("OFA-Net", result["title"], True, "")
    if in_database:
        named = QgsVectorLayer(f"{path}|layername={path.stem}", layer.name())  # only so can they be saved
        named.setMetadata(layer.metadata())
        named.saveDefaultMetadata()
    elif _may_write(path, ".qmd", result, others=_OUTPUTS):
        layer.saveDefaultMetadata()


def _may_write(path: Path, ending: str, result: dict, others: tuple[str, ...]) -> bool:
    """Not over a file of the user's, and not where QGIS would take it for that of another file of the same name, but
    for these outputs of the run."""
    side = path.with_suffix(ending)
    own = {path, *(Path(result[key]) for key in others if result.get(key))}
    try:
        if side.exists():
            if _MARK.encode() not in side.read_bytes():
                return False
        named = [other for other in path.parent.iterdir() if other.stem == path.stem and other not in own]
    except OSError:  # of a folder where one may write and not read
        return False
    return all(other.suffix in (".qml", ".qmd") for other in named)


# --- the layer panel --------------------------------------------------------------------------------------------


def _place(layer, kind: str, result: dict, project: QgsProject):
    """Into the run's group, in the order of `KINDS`; nowhere where the project does not have the layer."""
    root = project.layerTreeRoot()
    node = root.findLayer(layer)
    if node is None and project.mapLayer(layer.id()) is None:
        return
    group = _group(root, node, result)
    above = KINDS[: KINDS.index(kind)]
    index = sum(1 for other in group.findLayers() if other.layer().customProperty(_KIND) in above)
    if node is None:
        placed = group.insertLayer(index, layer)
    else:
        window = qgis.utils.iface
        active = window.activeLayer() if window is not None else None
        placed = node.clone()
        group.insertChildNode(index, placed)
        node.parent().removeChildNode(node)
        if active is not None and active.id() == layer.id():
            window.setActiveLayer(layer)  # it was that of the node that has gone
    placed.setExpanded(kind == "classes")


def _group(root, node, result: dict) -> QgsLayerTreeGroup:
    """The run's group; a new one comes right above the raster that was mapped, where the project has that, and above
    its earlier maps, which would hide it."""
    for group in root.findGroups(True):
        if group.customProperty(_RUN) == result["run"]:
            return group
    anchor = next((other for other in root.findLayers() if _shows(other.layer(), result["input"])), node)
    if node is not None and QgsSettings().value(_RESULTS_GROUP):
        anchor = node
    while anchor is not None and anchor.parent().customProperty(_RUN):
        anchor = anchor.parent()  # QGIS puts a new layer beside the active one, which may be another run's
    parent = root if anchor is None else anchor.parent()
    others = parent.children()
    index = 0 if anchor is None else others.index(anchor)
    while index and others[index - 1].customProperty(_RUN):
        index -= 1
    group = parent.insertGroup(index, result["title"])
    group.setCustomProperty(_RUN, result["run"])
    return group


def _shows(layer, path: str) -> bool:
    try:
        return isinstance(layer, QgsRasterLayer) and source_path(layer) == path
    except errors.OfaError:
        return False


def add_results(context, feedback) -> list[QgsMapLayer]:
    """What Processing's own window does at the end of an algorithm: its layers in the project, named and styled; those
    of a run in its group. Returns them from top to bottom."""
    project, added = context.project() or QgsProject.instance(), []
    for source, details in context.layersToLoadOnCompletion().items():
        layer = QgsProcessingUtils.mapLayerFromString(source, context)
        if layer is None:
            continue
        layer = context.takeResultLayer(layer.id()) or layer
        details.setOutputLayerName(layer)
        project.addMapLayer(layer, False)
        if details.postProcessor():
            details.postProcessor().postProcessLayer(layer, context, feedback)
        if project.layerTreeRoot().findLayer(layer) is None:
            bridge = project.layerTreeRegistryBridge()
            if hasattr(bridge, "layerInsertionPoint"):
                point = bridge.layerInsertionPoint()
                point.group.insertLayer(point.position, layer)
            else:  # in QGIS 3.34
                project.layerTreeRoot().insertLayer(0, layer)
        added.append(layer)
    order = [node.layerId() for node in project.layerTreeRoot().findLayers()]
    return sorted(added, key=lambda layer: order.index(layer.id()))


def names(layers: list[QgsMapLayer]) -> list[str]:
    """What to call them: by their group where they have one of a run, else by their own names."""
    found = []
    for layer in layers:
        node = QgsProject.instance().layerTreeRoot().findLayer(layer)
        parent = node.parent() if node is not None else None
        grouped = parent is not None and parent.customProperty(_RUN)
        found.append(parent.name() if grouped else layer.name())
    return list(dict.fromkeys(found))


def offer_report(bar, path: str | None):
    """A button that opens the report, in the message that the bar shows."""
    item = bar.currentItem()
    if path and item is not None:
        button = QPushButton(tr("Open report"))
        button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(path)))
        item.layout().addWidget(button)
