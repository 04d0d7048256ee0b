"""What the user reads goes through `tr`."""

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
# verb of the engine -> the algorithm's title, where a message names one
ALGORITHMS = {
    "fit": tr("Train a head from labels"),
    "sample": tr(SAMPLE_POINTS),
    "stack": tr("Stack band files"),
    "segment": tr("Segment (one class per pixel)"),
}

# option of the engine -> the title of its field, in algorithms, panels and messages
FIELDS = {
    "input": tr("Raster layer"),
    "inputs": tr("Raster layers"),
    "output": tr("Output"),
    "sensor": tr("Sensor"),
    "bands": tr("Band order"),
    "units": tr("Unit of the values"),
    "crs": tr("Coordinate system of the layer"),
    "nodata": tr("No data values of the layer"),
    "head": tr("Head"),
    "tile_px": tr("Tile size"),
    "overlap": tr("Overlap"),
    "device": tr("Device"),
    "bounds": tr("Extent"),
    "mask": tr("Only inside these polygons"),
    "valid_mask": tr("Mask raster"),
    "mask_values": tr("Values of the mask raster"),
    "min_area": tr("Smallest area"),
    "resume": tr("Continue a run that was stopped"),
    "labels": tr("Labels"),
    "field": tr("Class field"),
    "radius": tr("Radius of points and lines"),
    "ignore": tr("Labels that are not classes"),
    "task": tr("Task"),
    "kind": tr("Kind of head"),
    "target_error": tr("Standard error wanted of the overall accuracy"),
    "least": tr("Points per class"),
    "from_": tr("What heads learn from"),
    "own": tr("Also my own heads"),
    "public": tr("Public images and labels"),
    "seed": tr("Seed"),
    "report": tr("Report of areas"),
    "polygons": tr("Polygons"),
    "confidence": tr("Confidence"),
    "picture": tr("Picture of three components"),
}


def titled(title: str, hint: str) -> str:
    """A title with a hint in brackets."""
    return tr("{title} ({hint})").format(title=title, hint=hint)
