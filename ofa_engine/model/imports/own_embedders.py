"""Embedders of their own for products and sensors that DOFA was not pretrained on, from the wavelengths of their bands.

Products that the table reads through another sensor's embedder (Landsat, PlanetScope, WorldView, ...) become sensors of
the checkpoint with the product's id, its bands and statistics between those of the sensor that stood in for it.
"""

from collections.abc import Mapping

import numpy as np

from ...core.sensors import SENSORS, Product, Sensor
from ...core.sensors.entries import Band
from ...core.sensors.table import PRODUCTS
from ..dofa import Embedding, Generator, generate


def own_embedders(
    generator: Generator,
    readings: Mapping[str, Sensor],
    products: Mapping[str, Product] = PRODUCTS,
    sensors: Mapping[str, Sensor] = SENSORS,
) -> tuple[dict[str, Sensor], dict[str, Embedding], dict[str, tuple[float, ...]]]:
    """Sensors that the readings lack, with an embedder for each.

    Args:
        generator: DOFA's.
        readings: the sensors that have embedders, by id.
        products, sensors: of the table.

    Returns:
        sensors, embedders and the wavelengths in um that these were generated from, each by id. Radar, and products
        whose bands have no wavelengths, get none.
    """
    found = [sensor for key, sensor in sensors.items() if key not in readings and _wavelengths_um(sensor)]
    for product in products.values():
        base = readings.get(product.sensor)
        if base and product.id not in readings and _wavelengths_um(base) and _has_own_bands(product, sensors):
            found.append(_as_sensor(product, base))
    um = {sensor.id: _wavelengths_um(sensor) for sensor in found}
    made = {key: generate(generator, wavelengths) for key, wavelengths in um.items()}
    return {sensor.id: sensor for sensor in found}, made, um


def _wavelengths_um(sensor: Sensor) -> tuple[float, ...]:
    """Of all bands; empty where one has none."""
    found = [band.wavelength_um for band in sensor.bands]
    return tuple(um for um in found if um) if all(found) and not sensor.never else ()


def _has_own_bands(product: Product, sensors: Mapping[str, Sensor]) -> bool:
    """Whether another sensor stands in for it, and it is known where its bands lie and which is which."""
    stand_in = {band.name: band.wavelength_um for band in sensors[product.sensor].bands}
    measured = [band for band in product.bands if band.wavelength_um and band.wavelength_um != stand_in.get(band.reads)]
    return product.mapped and bool(measured) and any(rule.confidence != "ambiguous" for rule in product.rules)


def _as_sensor(product: Product, base: Sensor) -> Sensor:
    bands = [Band(band.name, band.wavelength_um) for band in product.bands if band.wavelength_um]
    um = [band.wavelength_um or 0.0 for band in bands]
    known = sorted((band.wavelength_um or 0.0, i) for i, band in enumerate(base.bands))
    at, order = [wavelength for wavelength, _ in known], [i for _, i in known]
    mean, std = (np.interp(um, at, [values[i] for i in order]) for values in (base.mean, base.std))
    return Sensor(
        id=product.id,
        title=product.title,
        short=product.title,
        bands=tuple(bands),
        gsd_m=base.gsd_m,
        unit=base.unit,
        units=base.units,
        mean=tuple(round(float(value), 6) for value in mean),
        std=tuple(round(float(value), 6) for value in std),
        tolerance_um=base.tolerance_um,
        values=product.values or base.values,
        usual_gsd_m=base.usual_gsd_m,
    )
