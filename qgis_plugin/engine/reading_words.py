"""A detection in words: "Landsat 8/9 surface reflectance, read as Sentinel-2 without its red-edge bands"."""

from ..i18n.texts import sensor_title, tr
from .engine_messages import with_field_titles
from .modules import sensors

_GROUPS_UM = (  # from, to, and what a sensor's bands between them are called
    (0.69, 0.79, tr("its red-edge bands")),
    (0.79, 1.3, tr("its near-infrared bands")),
    (1.3, 2.6, tr("its shortwave-infrared bands")),
)
_MOST_NAMED = 4


def reading_title(product_id: str | None, sensor_id: str, bands, table: sensors.Table = sensors.TABLE) -> str:
    """The product, the sensor that it is read as where that is another, and what it lacks of the sensor's bands.

    Args:
        product_id: None where nothing is known of the file but what the user has set.
        sensor_id: whose embedder reads it.
        bands: per band of the sensor the raster's band, None where it is missing.
        table: the sensors and products that it was recognised with.
    """
    sensor, product = table.sensor(sensor_id), table.products.get(product_id or "")
    title = sensor_title(sensor) if product is None else tr(product.title)
    if product is not None and not product.title.startswith((sensor.title, sensor.short)):
        title = tr("{product}, read as {sensor}").format(product=title, sensor=sensor_title(sensor))
    missing = _missing(sensor, bands)
    return tr("{reading} without {bands}").format(reading=title, bands=missing) if missing else title


def _missing(sensor: sensors.Sensor, bands) -> str:
    """As groups where nothing of these is there, else by name, else counted."""
    read = enumerate(zip(sensor.bands, bands, strict=True), 1)
    missing = [band for number, (band, source) in read if source is None and number not in sensor.never]
    left, named = list(missing), []
    for low, high, name in _GROUPS_UM:
        group = [band for band in sensor.bands if band.wavelength_um and low <= band.wavelength_um < high]
        if len(group) > 1 and all(band in missing for band in group):
            named.append(name)
            left = [band for band in left if band not in group]
    if len(left) > _MOST_NAMED:
        return tr("{count} of its bands").format(count=len(missing))
    return ", ".join([*(band.name for band in left), *named])


def reading_reason(found: sensors.Detection) -> str:
    """How it was recognised, without what the title says already."""
    reason = found.marked_reason
    if found.product and reason.startswith(f"{found.product_title}, read as "):
        reason = reason.partition("; ")[2]
    return with_field_titles(reason)
