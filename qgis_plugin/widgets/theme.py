"""Colours of the panels' texts, in light and dark themes."""

from qgis.PyQt.QtGui import QPalette

_LIGHT_DARK = {"good": ("#1c7443", "#5fd08f"), "fair": ("#855a00", "#f0b83d"), "bad": ("#b93222", "#ff8a7a")}


def state_color(widget, state: str) -> str:
    """The colour of a text that says something is good, fair or bad; readable on that widget in any theme."""
    dark = widget.palette().color(QPalette.ColorRole.Window).lightness() < 128
    return _LIGHT_DARK[state][dark]
