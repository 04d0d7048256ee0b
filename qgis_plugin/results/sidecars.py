"""What goes with a layer of a map: its metadata and notes, in the project and in files where QGIS looks for them (.qml
and .qmd next to the layer's file, the layer_styles table of a GeoPackage)."""

import html
from datetime import datetime
from pathlib import Path

from qgis.core import QgsLayerMetadata, QgsLayerNotesUtils, QgsMapLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QUrl

from ..engine.modules import MapResult
from ..i18n.texts import tr
from .map_run import CLASSES, CONFIDENCE, KIND_PROPERTY, POLYGONS, MapRun

# The vocabulary of our keywords, and how our custom properties begin: every sidecar that we write contains it, which
# tells ours from the user's own.
_MARK = "ofanet"


def describe(layer, kind: str, run: MapRun):
    """Sets kind, metadata and notes of a layer, then saves them and its style to files."""
    layer.setCustomProperty(KIND_PROPERTY, kind)
    layer.setMetadata(_metadata(layer, kind, run.result))
    if kind != CONFIDENCE:
        QgsLayerNotesUtils.setLayerNotes(layer, notes(run))
    _save(layer, run)


def notes(run: MapRun) -> str:
    """HTML: the areas of the classes, and where the report is."""
    rows = []
    for entry, share in run.result.shares():
        swatch = f'<span style="color:{html.escape(entry.color)}">&#9632;</span>'
        area = "-" if entry.area_ha is None else f"{entry.area_ha:,.2f}"
        cells = f'<td align="right">{area}</td><td align="right">{100 * share:.1f}</td>'
        rows.append(f"<tr><td>{swatch} {html.escape(entry.name)}</td>{cells}</tr>")
    head = "".join(f"<th>{title}</th>" for title in (tr("Class"), "ha", "%"))
    text = f'<p><b>{html.escape(run.title)}</b></p><table cellpadding="3"><tr>{head}</tr>{"".join(rows)}</table>'
    text += f"<p>{html.escape(tr('Counted on the map, not corrected for its errors.'))}</p>"
    if run.result.report:
        address = html.escape(QUrl.fromLocalFile(run.result.report).toString())
        text += f'<p><a href="{address}">{html.escape(tr("Report"))}</a></p>'
    return text


def _metadata(layer, kind: str, result: MapResult) -> QgsLayerMetadata:
    provenance = result.provenance
    abstracts = {
        CLASSES: tr("Classes of {source} by the head {head}"),
        POLYGONS: tr("Areas of one class of {source} by the head {head}"),
        CONFIDENCE: tr("Probability (0 to 1) of the winning class, of {source} by the head {head}"),
    }
    source, head = provenance.get("SOURCE", ""), provenance.get("HEAD", "")
    metadata = layer.metadata()
    metadata.setTitle(layer.name())
    metadata.setType("dataset")
    metadata.setCrs(layer.crs())
    metadata.setAbstract(abstracts[kind].format(source=source, head=head))
    names = [entry.name for entry, _ in result.shares()]
    metadata.setKeywords({_MARK: ["OFA-Net", provenance.get("SENSOR", ""), head], tr("Class"): names})
    when = datetime.now().astimezone().isoformat(timespec="seconds")
    metadata.setHistory([*(f"{key}: {value}" for key, value in _history(result)), f"{tr('date')}: {when}"])
    caveat = QgsLayerMetadata.Constraint(tr("Counted on the map, not corrected for its errors."), "use")
    metadata.setConstraints([caveat])
    return metadata


def _history(result: MapResult) -> list[tuple[str, str]]:
    """What the map was made with; the engine's own names where there are no better ones."""
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
    pairs = [(titles.get(key, key.lower()), str(value)) for key, value in result.provenance.items()]
    return [*pairs, (tr("device"), result.device)]


# --- files ------------------------------------------------------------------------------------------------------


def _save(layer, run: MapRun):
    """What cannot be written is left out; the project has it all the same."""
    path, result = Path(layer.source().split("|")[0]), run.result
    written = (result.output, result.polygons, result.confidence, result.report)
    in_database = isinstance(layer, QgsVectorLayer)
    if _may_write(path.with_suffix(".qml"), path, (result.report,) if in_database else written):
        layer.saveDefaultStyle(QgsMapLayer.StyleCategory.AllStyleCategories)
    elif in_database:  # second choice: with a table of styles, QGIS asks which table is meant when the file is dropped
        layer.saveStyleToDatabase("OFA-Net", run.title, True, "")
    if in_database:
        named = QgsVectorLayer(f"{path}|layername={path.stem}", layer.name())  # QGIS saves metadata by this URI only
        named.setMetadata(layer.metadata())
        named.saveDefaultMetadata()
    elif _may_write(path.with_suffix(".qmd"), path, written):
        layer.saveDefaultMetadata()


def _may_write(sidecar: Path, path: Path, same_run: tuple[str | None, ...]) -> bool:
    """Whether the sidecar of the file at `path` can be written: it replaces no file of the user's, and QGIS would not
    apply it to another file of the same stem, other than those of the same run."""
    own = {path, *(Path(other) for other in same_run if other)}
    try:
        if sidecar.exists() and _MARK.encode() not in sidecar.read_bytes():
            return False
        namesakes = [other for other in path.parent.iterdir() if other.stem == path.stem and other not in own]
    except OSError:  # a folder that can be written to, but not read
        return False
    return all(other.suffix in (".qml", ".qmd") for other in namesakes)
