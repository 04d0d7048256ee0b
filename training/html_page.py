"""The pages of this package: one HTML file without scripts and without anything from the network; it can be mailed."""

import html
from collections.abc import Iterable, Sequence

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .15rem 1rem .15rem 0; text-align: left; vertical-align: top }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } tr { border-bottom: 1px solid #8884 }
img, svg { max-width: 100%; height: auto } img { image-rendering: auto } code { overflow-wrap: anywhere }
svg text { font: 12px system-ui, sans-serif; fill: currentColor }
"""


def html_page(title: str, parts: Iterable[str], style: str = "") -> str:
    """The frame of every page; `style` is added to the common style sheet. `title` is text, `parts` are HTML."""
    head = f'<head><meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}{style}</style></head>'
    return f'<!doctype html>\n<html lang="en">{head}\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def escape(value: object) -> str:
    return html.escape(str(value))


def facts_table(rows: Iterable[tuple[object, object]]) -> str:
    """One line per (name, value); "" where there are none."""
    lines = "".join(f"<tr><th>{escape(k)}</th><td><code>{escape(v)}</code></td></tr>" for k, v in rows)
    return lines and f"<table>{lines}</table>"


def html_table(head: Sequence[object], rows: Sequence[Sequence[object]], text_columns: int = 1) -> str:
    """The first `text_columns` columns are text, aligned left; the others are numbers, aligned right."""

    def line(values: Sequence[object], tag: str) -> str:
        cells = (f"<{tag}{' class=n' * (i >= text_columns)}>{escape(v)}</{tag}>" for i, v in enumerate(values))
        return f"<tr>{''.join(cells)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"
