"""The model card of a checkpoint or head as HTML: classes, scores, how it was made, statistics."""

from html import escape

from ..engine.modules import catalog, sensors
from ..i18n.texts import sensor_title, tr
from .head_words import fitted_on, meant_for, score_line, short_score
from .model_files import INCLUDED, NAMED, OWN, ModelEntry, backbone_of, heads_on

KINDS = {"head": tr("Head"), "checkpoint": tr("Checkpoint")}
TASKS = {"segment": tr("one class per pixel"), "classify": tr("one class per tile")}
PLACES = {OWN: tr("your own"), INCLUDED: tr("comes with the plugin"), NAMED: tr("folder in OFANET_MODELS")}
_MOST_BANDS = 13
_FACTS = {
    "recipe": tr("Recipe"),
    "simulated_scenes": tr("Simulated scenes"),
    "real_scenes": tr("Real scenes"),
    "steps": tr("Steps"),
    "epochs": tr("Epochs"),
    "batch": tr("Tiles per step"),
    "images": tr("Images seen"),
    "seconds": tr("Seconds"),
    "sources": tr("Sources"),
    "config": tr("Configuration"),
    "checkpoint": tr("Saved as"),
    "nonfinite_steps": tr("Steps without a finite loss"),
    "peak_lr": tr("Peak learning rate"),
    "minutes": tr("Minutes"),
    "seed": tr("Random seed"),
    "kind": tr("Kind"),
    "samples": tr("Samples"),
    "groups": tr("Places"),
    "labelled": tr("Labelled"),
    "strength": tr("Regularisation"),
    "temperature": tr("Temperature"),
    "bands": tr("Bands"),
    "rasters": tr("Rasters"),
    "labels": tr("Labels"),
    "tried": tr("Tried (mean IoU)"),
    "backbone": tr("Fitted for"),
    "teacher": tr("Teacher"),
    "attribution": tr("Attribution"),
}
_SCORES = ("validation", "agreement", "held_out")
_SCORE_TITLES = {
    "validation": tr("Cross-validated on its own labels"),
    "agreement": tr("Agreement with its teacher"),
    "held_out": tr("On places that it has not seen"),
}
# of training: not repeated under "How it was made"
_SAID_ABOVE = (*_SCORES, "fitted_on", "simulated", "before", "fit_again")
AMBER, ON_AMBER = "#ffd98a", "#4a3300"  # readable in light and dark themes


def sensor_name(sensor: str) -> str:
    known = catalog.installed_table().sensors
    return sensor_title(known[sensor]) if sensor in known else sensor


def score(entry: ModelEntry) -> tuple[str, str]:
    """The score of a head for a list, and how it was measured."""
    training = entry.header.get("training") or {}
    return short_score(training), score_line(training, entry.header.get("task"))


def page(entry: ModelEntry) -> str:
    header = entry.header
    parts = [f"<h3>{escape(entry.title)}</h3>"]
    if entry.problem:
        return parts[0] + f"<p>{escape(entry.problem)}</p>" + _rows([(tr("File"), str(entry.path))])
    if header["file"] == "head":
        parts += _head(entry)
    else:
        parts += _checkpoint(entry)
    parts += _origin(header.get("source"))
    parts += _made(header.get("training") or {})
    parts.append(_heading(tr("File")))
    facts = [
        (tr("Path"), str(entry.path)),
        (tr("Size"), _size(entry.path.stat().st_size)),
        (tr("Place"), PLACES[entry.place]),
    ]
    return "".join([*parts, _rows(facts)])


def _head(entry: ModelEntry) -> list[str]:
    header, backbone = entry.header, backbone_of(entry)
    task, bands = str(header.get("task")), header.get("bands") or []
    facts = [
        (tr("Sensor"), sensor_name(header.get("sensor", ""))),
        (tr("Task"), TASKS.get(task, task)),
        (tr("Kind"), header.get("kind")),
        (tr("Tile"), tr("{px} pixels").format(px=header.get("tile_px"))),
        (tr("Bands"), _few(bands)),
        (tr("Unit"), _unit(header)),
        (tr("Meant for"), meant_for(catalog.ModelFile(entry.path, header)) or tr("pixels of any size")),
        (tr("Needs checkpoint"), backbone.name if backbone else tr("not found: import the one it was fitted on")),
        (tr("Checkpoint's fingerprint"), header.get("backbone")),
    ]
    training = header.get("training") or {}
    classes = _classes(header.get("classes") or [], training)
    return [*_in_words(training, task), _rows(facts), _heading(tr("Classes")), classes]


def _in_words(training: dict, task: str) -> list[str]:
    """What it was fitted on, in amber where that was not the real world, and how it did elsewhere."""
    style = f' style="background-color:{AMBER}; color:{ON_AMBER}"' if training.get("simulated") else ""
    about = fitted_on(training)
    first = [f"<p><span{style}>{escape(about)}</span></p>"] if about else []
    return [*first, f"<p>{escape(score_line(training, task))}</p>"]


def _classes(classes: list[dict], training: dict) -> str:
    """Each class with its colour, and its IoU in each of the assessments in the file."""
    assessed = [key for key in _SCORES if isinstance(training.get(key), dict)]
    titles = "".join(f"<td><i>{escape(_SCORE_TITLES[key])}</i></td>" for key in assessed)
    rows = [f"<tr><td></td><td></td>{titles}</tr>"]
    for number, entry in enumerate(classes):
        cells = [
            f'<td bgcolor="{escape(str(entry.get("color", "#ffffff")))}">&nbsp;&nbsp;&nbsp;&nbsp;</td>',
            f"<td>{escape(str(entry.get('name')))} ({entry.get('value')})</td>",
        ]
        cells += [f"<td>{_share(_iou(training[key], number, entry))}</td>" for key in assessed]
        rows.append("<tr>" + "".join(cells) + "</tr>")
    totals = {tr("mean IoU"): "miou", tr("accuracy"): "accuracy", tr("folds"): "folds", tr("places"): "places"}
    for name, key in totals.items():
        if any(key in training[source] for source in assessed):
            values = "".join(f"<td><b>{_share(training[source].get(key))}</b></td>" for source in assessed)
            rows.append(f"<tr><td></td><td><b>{name}</b></td>{values}</tr>")
    return f'<table cellpadding="3">{"".join(rows)}</table>'


def _iou(scores: dict, number: int, entry: dict):
    """The IoU of a class: the scores have a list in the order of the classes, or a dict by class value."""
    found = scores.get("iou")
    if entry.get("name") in (scores.get("not_scored") or ()):
        return None
    if isinstance(found, dict):
        return found.get(str(entry.get("value")))
    return found[number] if isinstance(found, list) and number < len(found) else None


def _checkpoint(entry: ModelEntry) -> list[str]:
    header = entry.header
    size = header.get("architecture") or {}
    no_heads = tr('none yet: "Fit land-cover heads for it..." makes some')
    facts = [
        (
            tr("Shared ViT"),
            tr("width {width}, {depth} blocks, {heads} attention heads, {input_px} px input").format(
                **{key: size.get(key, "?") for key in ("width", "depth", "heads", "input_px")}
            ),
        ),
        (tr("Heads that need it"), ", ".join(head.title for head in heads_on(entry)) or no_heads),
    ]
    parts = [_rows(facts)]
    for sensor, about in (header.get("sensors") or {}).items():
        parts.append(_heading(sensor_name(sensor)))
        bands, mean, std = about.get("bands") or [], about.get("mean") or [], about.get("std") or []
        statistics = [f"{b}: {m:.4g} ± {s:.4g}" for b, m, s in zip(bands, mean, std, strict=False)]
        unit = _unit(about)
        parts.append(
            _rows(
                [
                    (tr("Tile"), tr("{px} pixels").format(px=about.get("tile_px") or size.get("input_px"))),
                    (tr("Mean ± std"), f"{_few(statistics)} ({unit})"),
                    (tr("Fingerprint"), (header.get("fingerprints") or {}).get(sensor)),
                ]
            )
        )
    return parts


def _made(training: dict) -> list[str]:
    facts = []
    for key, value in training.items():
        if key in _SAID_ABOVE or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{name} {_number(number)}" for name, number in value.items())
        elif isinstance(value, list):
            value = _few(value)
        facts.append((_FACTS.get(key, key.replace("_", " ").capitalize()), _number(value)))
    return [_heading(tr("How it was made")), _rows(facts)] if facts else []


def _origin(source) -> list[str]:
    """Whose weights a checkpoint was made of."""
    if not isinstance(source, dict):
        return []
    texts = {key: str(value) for key, value in source.items() if value}
    facts = [
        (tr("Name"), escape(texts.get("name", ""))),
        (tr("File"), escape(texts.get("file", ""))),
        (tr("Licence"), _link(texts.get("licence_url", ""), texts.get("licence", ""))),
        (tr("Authors"), escape(texts.get("attribution", ""))),
        (tr("Paper"), escape(texts.get("citation", ""))),
        (tr("Published at"), _link(texts.get("address", ""), texts.get("address", ""))),
        (tr("SHA-256"), escape(texts.get("sha256", ""))),
    ]
    return [_heading(tr("Origin")), _table((title, text) for title, text in facts if text)]


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>' if address.startswith("https://") else escape(text)


def _few(words: list) -> str:
    words = [str(word) for word in words]
    if len(words) > _MOST_BANDS:
        words = [*words[:3], "...", words[-1], tr("({count} in all)").format(count=len(words))]
    return ", ".join(words)


def _number(value) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _share(value) -> str:
    return f"{value:.3f}" if isinstance(value, float) else _number(value)


def _unit(header: dict) -> str:
    unit = str(header.get("unit"))
    return tr(sensors.UNITS.get(unit, unit))


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count > 1e6 else f"{count / 1e3:,.1f} kB"


def _heading(text: str) -> str:
    return f"<h4>{escape(text)}</h4>"


def _rows(facts) -> str:
    return _table((title, escape(str(value))) for title, value in facts)


def _table(facts) -> str:
    """`facts` are titles, and HTML."""
    cell = '<tr><td style="color:#66758a">{}&nbsp;</td><td>{}</td></tr>'
    return f'<table cellpadding="2">{"".join(cell.format(escape(title), html) for title, html in facts)}</table>'
