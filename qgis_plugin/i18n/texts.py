"""What the user reads goes through `tr`."""

import re

from . import translations

_MESSAGES = translations.messages(translations.locale())


def tr(text: str) -> str:
    return _MESSAGES.get(text, text)


def sensor_title(sensor) -> str:
    return tr(sensor.title)


def duration(seconds: float) -> str:
    """In the unit that says it best."""
    if seconds < 90:
        return tr("{seconds:.0f} s").format(seconds=max(seconds, 1))
    if seconds < 90 * 60:
        return tr("{minutes:.0f} min").format(minutes=seconds / 60)
    return tr("{hours:.1f} h").format(hours=seconds / 3600)


SAMPLE_POINTS = "Sample points for an accuracy assessment"
_OPTION = re.compile(
    r"--(sensor|bands|units|head|tile-px|overlap|bounds|labels|field|ignore|min-area|mask-values|valid-mask|mask|report|"
    r"resume)\b=?"
)


def in_window_words(text: str) -> str:
    """The engine's advice names options of its command line; here they are fields."""
    fields = {
        "sensor": tr("Sensor"),
        "bands": tr("Band order"),
        "units": tr("Unit of the values"),
        "head": tr("Head"),
        "tile-px": tr("Tile size"),
        "overlap": tr("Overlap"),
        "bounds": tr("Extent"),
        "labels": tr("Labels"),
        "field": tr("Class field"),
        "ignore": tr("Labels that are no classes"),
        "min-area": tr("Smallest area"),
        "mask": tr("Only inside these polygons"),
        "valid-mask": tr("Mask raster"),
        "mask-values": tr("Values of the mask raster"),
        "report": tr("Report of areas"),
        "resume": tr("Continue a run that was stopped"),
    }
    text = text.replace("`ofa sample`", f'"{tr(SAMPLE_POINTS)}"')
    text = re.sub(r"(--\w+ \S+) (?=--)", r"\1, ", text)  # several options with values make a list
    return _OPTION.sub(lambda match: f'"{fields[match[1]]}"' + (" " if match[0].endswith("=") else ""), text)
