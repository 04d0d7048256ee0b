"""The accuracy report as a page.

The confusion matrix is coloured by each cell's share of its row, in one blue from light to dark: it needs no colour
vision to read.
"""

import numpy as np

from ..core.html import count_text, document, hectares_text, listing, short, swatch, table, text
from .stratified import Z_95


def accuracy_page(answer: dict) -> str:
    """The page for what `evaluate` returns."""
    name, source = text(answer["head_name"]), answer["provenance"]
    parts = [f"<h1>Accuracy of {name}</h1>", _summary(answer)]
    if answer["notes"]:
        notes = "".join(f"<li>{text(note)}</li>" for note in answer["notes"])
        parts.append(f"<h2>Notes</h2><ul>{notes}</ul>")
    caption = "in per cent of the reference class, and "
    caption += "as the number of points, not weighted" if answer["sample"] else f"in {answer['unit']}"
    parts += [
        "<h2>Confusion matrix</h2>",
        _matrix(answer),
        f"<p>Rows are the reference, columns the map: {caption}. Framed: where both agree.</p>",
        "<h2>Classes</h2>",
        _class_table(answer),
        "<h2>Areas</h2>",
        _area_table(answer),
        "<h2>Provenance</h2>",
        listing(source.items()),
        "<h2>How to read it</h2>",
        _reading(answer),
    ]
    return document(f"Accuracy of {answer['head_name']}", parts)


def _summary(answer: dict) -> str:
    own, interval = answer["validation"] or {}, interval_text(answer["accuracy_se"])
    names = (("accuracy", "overall accuracy"), ("kappa", "kappa"), ("miou", "mean IoU"), ("macro_f1", "mean F1"))
    head = ["", "here", *(["cross-validated, when fitted"] if own else [])]
    lines = [
        [
            title,
            score_text(answer[key]) + (interval if key == "accuracy" else ""),
            *([score_text(own.get(key))] if own else []),
        ]
        for key, title in names
    ]
    total = sum(entry["labelled"] for entry in answer["classes"])
    what = f"{count_text(total)} labelled {answer['unit']}"
    if answer["sample"]:
        maps = f" {', '.join(answer['sample']['maps'])}" if answer["sample"]["maps"] else ""
        points = answer["sample"]["points"]
        what += f" out of {points} drawn at random within each class, weighted to represent the map{maps}"
    return f"<p>{text(what)}.</p>" + table(head, lines)


def _class_table(answer: dict) -> str:
    own = {entry["value"]: entry for entry in (answer["validation"] or {}).get("classes", [])}
    points = answer["sample"] is not None
    head = [
        "class",
        f"labelled {answer['unit']}",
        "user's accuracy",
        "producer's accuracy",
        "F1",
        "IoU",
        *(["IoU when fitted"] if own else []),
    ]
    lines = []
    for entry in answer["classes"]:
        line = [
            _class_label(entry, answer),
            count_text(entry["labelled"]),
            *(score_text(entry[key]) + interval_text(entry.get(f"{key}_se")) for key in ("users", "producers")),
            score_text(entry["f1"]),
            score_text(entry["iou"]),
        ]
        lines.append([*line, *([score_text(own.get(entry["value"], {}).get("iou"))] if own else [])])
    return table(head, lines, first_is_html=True) + ("<p>± is half of a 95 % interval.</p>" if points else "")


def _class_label(entry: dict, answer: dict) -> str:
    value = "" if entry["value"] is None else f"{entry['value']} "
    missing = "not in the map" if answer["sample"] else "unknown to the head"
    return swatch(entry["color"], value + entry["name"]) + ("" if entry["mapped"] else f" <em>({missing})</em>")


def _area_table(answer: dict) -> str:
    classes = answer["classes"]
    if not answer["sample"]:
        lines = [[_class_label(e, answer), hectares_text(e["mapped_ha"])] for e in classes if e["mapped"]]
        return (
            table(["class", "mapped, ha"], lines, first_is_html=True)
            + f"<p>In the part of the rasters around the labels. {text(answer['areas'])}</p>"
        )
    head = ["class", "mapped, ha", "error-adjusted, ha", "± (95 %)", "share of the map", "± (95 %)"]
    lines = [
        [
            _class_label(e, answer),
            *(hectares_text(e[key]) for key in ("mapped_ha", "area_ha", "area_ci95_ha")),
            f"{e['share']:.2%}",
            "-" if e["share_se"] is None else f"{Z_95 * e['share_se']:.2%}",
        ]
        for e in classes
    ]
    return table(head, lines, first_is_html=True) + (
        "<p>Error-adjusted: the area mapped, corrected for the map's errors as the points show them "
        "(Olofsson et al. 2014, Remote Sensing of Environment 148, 42-57).</p>"
    )


def _reading(answer: dict) -> str:
    return (
        "<p>User's accuracy: of what the map assigns to a class, the share that belongs to it. Producer's accuracy: of "
        "what belongs to a class, the share that the map assigns to it. F1 is their harmonic mean. IoU: the "
        "intersection of map and reference over their union. Kappa: agreement beyond what is expected by chance. Means "
        "are over all classes that occur in the reference, or in the map where there is a reference.</p>"
        f"<p>Reference {answer['unit']} where the map is nodata are counted but not scored. Cross-validated scores are "
        "those of the head's own training labels; each label was scored by a model that was not fitted on its polygon "
        "or block.</p>"
    )


def interval_text(error: float | None) -> str:
    """The half-width of the 95 % interval for a standard error."""
    return "" if error is None else f" ± {Z_95 * error:.3f}"


def score_text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


# --- the matrix as a picture -------------------------------------------------------------------------------------

_CELL_W, _CELL_H, _LETTER = 64, 42, 7.2
_LIGHT, _DARK = (247, 251, 255), (8, 48, 107)


def _matrix(answer: dict) -> str:
    """The confusion matrix as SVG: rows are the reference, columns the map."""
    classes, counts = answer["classes"], np.array(answer["confusion"], np.float64)
    columns = counts.shape[1]
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1e-12)
    longest = max(_LETTER * len(short(entry["name"])) for entry in classes)
    left, top = 40 + longest, 40 + longest * 0.7  # column names are rotated by 45 degrees
    width, height = left + columns * _CELL_W + longest * 0.7 + 10, top + len(classes) * _CELL_H + 10
    parts = [
        f'<div class="wide"><svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        'role="img"><title>Confusion matrix: rows are the reference, columns the map</title>'
    ]
    for j, entry in enumerate(classes[:columns]):
        x, y = left + (j + 0.5) * _CELL_W, top - 8
        parts.append(f'<text transform="translate({x:.1f} {y:.1f}) rotate(-45)">{text(short(entry["name"]))}</text>')
    for i, entry in enumerate(classes):
        y = top + i * _CELL_H
        parts.append(
            f'<text x="{left - 8:.1f}" y="{y + _CELL_H / 2 + 4:.1f}" text-anchor="end">'
            f"{text(short(entry['name']))}</text>"
        )
        for j in range(columns):
            tooltip = f"{entry['name']} mapped as {classes[j]['name']}: {count_text(counts[i, j])} {answer['unit']}"
            parts.append(matrix_cell(left + j * _CELL_W, y, counts[i, j], shares[i, j], tooltip, i == j))
    parts.append(f'<text x="4" y="{top - 8:.1f}" class="s">reference ↓ map →</text></svg></div>')
    return "\n".join(parts)


def matrix_cell(x: float, y: float, count: float, share: float, tooltip: str, correct: bool) -> str:
    """One cell; `share` 0..1 sets its colour."""
    color = "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_LIGHT, _DARK, strict=True))
    ink = "#ffffff" if share > 0.65 else "#000000"  # whichever has more contrast: at least 4.5 to 1
    frame = ' stroke="#d55e00" stroke-width="3"' if correct else ""
    middle = x + _CELL_W / 2
    return (
        f'<g><title>{text(tooltip)}</title><rect x="{x + 2:.1f}" y="{y + 2:.1f}" width="{_CELL_W - 4}" '
        f'height="{_CELL_H - 4}" fill="{color}"{frame}/>'
        f'<text x="{middle:.1f}" y="{y + 18:.1f}" text-anchor="middle" style="fill:{ink}">{share:.0%}</text>'
        f'<text x="{middle:.1f}" y="{y + 33:.1f}" text-anchor="middle" class="s" style="fill:{ink}">'
        f"{_compact(count)}</text></g>"
    )


def _compact(value: float) -> str:
    """At most five characters: 1234, 12k, 1.2M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:.1f}{letter}" if value < 10 * unit else f"{value / unit:.0f}{letter}"
    return f"{value:.0f}"
