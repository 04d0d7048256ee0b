"""A foundation model of the catalogue in the user's words, as HTML: what it is good at, what it costs, whose it is."""

from html import escape
from urllib.parse import urlsplit

from ..engine.modules import foundation_models, options
from ..i18n.texts import duration, tr
from .foundation_files import Offer

RASTER_PX = 2000  # side of the raster whose time is shown
_MUTED = "#7d8a99"  # readable in light and dark themes


def card(offer: Offer, gflops: float | None) -> str:
    """The page of an entry; `gflops` is how fast this computer is, None where that is not known."""
    model = offer.model
    return "".join(
        [
            f"<h2>{escape(model.title)}</h2><p>{escape(tr(model.good_at))}</p>",
            _heading(tr("Sensors")),
            f"<p>{escape(', '.join(tr(sensor) for sensor in model.sensors))}</p>",
            _heading(tr("Published results")),
            _figures(model.figures),
            _heading(tr("On this computer")),
            _rows(_costs(offer, gflops)),
            _heading(tr("Origin")),
            _rows(_origin(model)),
        ]
    )


def _figures(figures: foundation_models.Figures) -> str:
    names = "".join(f'<td style="color:{_MUTED}">{escape(name)}&nbsp;&nbsp;</td>' for name in figures.values)
    values = "".join(f"<td><b>{escape(value)}</b>&nbsp;&nbsp;</td>" for value in figures.values.values())
    about = f"{escape(tr(figures.measure))}; {_link(figures.address, figures.source)}"
    return f'<p style="color:{_MUTED}">{about}</p><table cellpadding="2"><tr>{names}</tr><tr>{values}</tr></table>'


def _costs(offer: Offer, gflops: float | None) -> list[tuple[str, str]]:
    model = offer.model
    rows = [
        (tr("Download"), size(model.size_bytes, model.size_is_rounded)),
        (tr("Memory"), tr("about {gb:.1f} GB while it maps").format(gb=model.memory_mb / 1000)),
        (tr("Time"), _time(model, gflops) if gflops else tr("not measured yet")),
    ]
    if offer.checkpoint is not None:
        rows.append((tr("Checkpoint"), str(offer.checkpoint)))
    return [(escape(title), escape(text)) for title, text in rows]


def _time(model: foundation_models.FoundationModel, gflops: float) -> str:
    text = tr("about {tile_s:.2g} s for a tile, {time} for a raster of {px} x {px} pixels")
    return text.format(tile_s=model.gflop / gflops, time=duration(raster_seconds(model, gflops)), px=RASTER_PX)


def raster_seconds(model: foundation_models.FoundationModel, gflops: float) -> float:
    """For a raster of RASTER_PX squared, in tiles of the model's input size."""
    step_px = (1 - options.DEFAULT_OVERLAP) * model.architecture["input_px"]
    return (RASTER_PX / step_px) ** 2 * model.gflop / gflops


def _origin(model: foundation_models.FoundationModel) -> list[tuple[str, str]]:
    return [
        (tr("Licence"), _link(model.licence_url, model.licence)),
        (tr("Authors"), escape(model.attribution)),
        (tr("Paper"), escape(model.citation)),
        (tr("Published at"), _link(model.page, urlsplit(model.page).netloc + urlsplit(model.page).path)),
        (tr("File"), f"{escape(model.file_name)}<br><small>SHA-256 {escape(model.sha256)}</small>"),
    ]


def size(count: int, is_rounded: bool = False) -> str:
    text = f"{count / 1e9:,.2f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
    return tr("about {size}").format(size=text) if is_rounded else text


def _heading(text: str) -> str:
    return f'<h4 style="margin-bottom:2px">{escape(text)}</h4>'


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>'


def _rows(facts) -> str:
    cell = f'<tr><td style="color:{_MUTED}; white-space:nowrap">{{}}&nbsp;&nbsp;</td><td>{{}}</td></tr>'
    return f'<table cellpadding="2">{"".join(cell.format(*row) for row in facts)}</table>'
