"""The parts that all result pages share. A page is one HTML file without scripts and without anything from the network.

Functions return HTML; their arguments are plain text unless they say otherwise. Standard library only.
"""

import html
from collections.abc import Iterable, Sequence

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; overflow-wrap: anywhere } h2 { font-size: 1.2rem; margin-top: 2rem } .wide { overflow-x: auto }
table { border-collapse: collapse } td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } tr { border-bottom: 1px solid #8884 }
code, td { overflow-wrap: anywhere } td.n, th.n { white-space: nowrap }
svg text { font: 13px system-ui, sans-serif; fill: currentColor }
svg text.s { font-size: 11px } li { margin: .3rem 0 } .swatch { display: inline-block; width: .8em; height: .8em;
border: 1px solid #8888; print-color-adjust: exact; -webkit-print-color-adjust: exact }
.map { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start } .map img { max-width: 100%; image-rendering:
pixelated; border: 1px solid #8884 } .map ul { list-style: none; margin: 0; padding: 0 }
"""


def document(title: str, parts: Iterable[str], style: str = "") -> str:
    """A whole page; `parts` are HTML, `style` is CSS in addition to what all pages share."""
    head = f'<head><meta charset="utf-8"><title>{text(title)}</title><style>{_STYLE}{style}</style></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def swatch(color: str, name: str) -> str:
    """A class's name after a square of its colour."""
    return f'<span class="swatch" style="background:{text(color)}"></span> {text(name)}'


def hectares_text(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def count_text(value: float) -> str:
    return f"{value:,.0f}"


def text(value: object) -> str:
    """A value, escaped; the items of a list are separated by commas."""
    return html.escape(", ".join(map(str, value)) if isinstance(value, list) else str(value))


def listing(pairs: Iterable[tuple[str, object]]) -> str:
    """A table of names and values; values that are None, False or an empty list are skipped."""
    rows = (
        f"<tr><th>{text(k.replace('_', ' '))}</th><td><code>{text(v)}</code></td></tr>"
        for k, v in pairs
        if v not in (None, [], False)
    )
    return f"<table>{''.join(rows)}</table>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], first_is_html: bool = False) -> str:
    """A table whose first column is text, or HTML, and whose other columns are numbers, aligned right."""

    def line(values: Sequence[str], tag: str, is_html: bool) -> str:
        shown = [v if is_html and not i else text(v) for i, v in enumerate(values)]
        cells = (f"<{tag}{' class=n' * (i > 0)}>{v}</{tag}>" for i, v in enumerate(shown))
        return f"<tr>{''.join(cells)}</tr>"

    body = "".join(line(row, "td", first_is_html) for row in rows)
    return f'<div class="wide"><table>{line(head, "th", False)}{body}</table></div>'


def short(name: str) -> str:
    """A name for a figure: at most 28 characters."""
    return name if len(name) <= 28 else name[:27] + "…"
