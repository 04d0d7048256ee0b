"""What a sensor sees of a random landscape."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.sensors import Sensor, get_sensor
from training.simulation.landscape import Landscape, random_landscape
from training.simulation.materials import BACKSCATTER_DB, MATERIALS, spectra

# 8-bit imagery is stretched for the eye: 255 * (reflectance / white) ** gamma, haze included. By wavelength, um.
_WHITE_UM, _WHITE, _GAMMA = (0.48, 0.56, 0.66, 0.83), (0.345, 0.36, 0.41, 0.70), 0.62


def simulate(
    sensor_id: str,
    size_px: int,
    seed: int,
    gsd_m: float | None = None,
    um: Sequence[float | None] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A random scene, square.

    The same arguments give the same scene (another version of numpy may not). A label is the class that fills most of
    the pixel; fallow fields are bare soil; gardens and their trees count as grassland and forest in pixels below 8 m,
    as built-up above.

    Args:
        sensor_id: as in `SENSORS`.
        size_px: side of the scene in pixels, 8 at least.
        seed: of the scene, 0 or more.
        gsd_m: size of a pixel in metres; None: the sensor's usual one.
        um: wavelengths in micrometres, for a product with other bands than the embedder's; None: the sensor's own.

    Returns:
        Bands (C, H, W) float32 in the sensor's canonical unit: dB about -35 to 15, reflectance 0.0001 to 1, or 8-bit
        scale 0 to 255 (not rounded); EnMAP's water-vapour bands hold small noise. Labels (H, W) uint8 with the values
        of `land_cover.CLASSES`.

    Raises:
        SensorError: the sensor is unknown.
        ValueError: size_px, seed or gsd_m is out of range.
    """
    sensor = get_sensor(sensor_id)
    gsd_m = sensor.usual_gsd_m if gsd_m is None else gsd_m
    if size_px < 8 or seed < 0 or gsd_m <= 0:
        raise ValueError(f"expected size_px >= 8, seed >= 0, gsd_m > 0, found {size_px}, {seed}, {gsd_m}")
    rng = np.random.default_rng([*sensor.id.encode(), size_px, seed])
    dryness = float(rng.beta(2.2, 1.0) if sensor.id == "enmap" else rng.beta(1, 3))
    landscape = random_landscape(rng, size_px, gsd_m, dryness)
    return _observed(rng, sensor, landscape, dryness, um), landscape.labels


def simulate_together(
    sensor_ids: Sequence[str], size_px: int, seed: int, gsd_m: float
) -> dict[str, NDArray[np.float32]]:
    """One landscape as several sensors see it, on one grid. The land cover is the same; materials, haze and noise are
    each sensor's own, as on another day.

    Args:
        sensor_ids: as in `SENSORS`.
        size_px: side of the scene in pixels.
        seed: of the scene, 0 or more.
        gsd_m: size of a pixel in metres, of all sensors.

    Returns:
        Bands (C, H, W) by sensor id, as of `simulate`.
    """
    rng = np.random.default_rng([*b"together", size_px, seed])
    dryness = float(rng.beta(1, 2))
    landscape = random_landscape(rng, size_px, gsd_m, dryness)
    return {key: _observed(rng, get_sensor(key), landscape, dryness) for key in sensor_ids}


def blur(a: NDArray, side: float) -> NDArray:
    """(..., H, W): each pixel with `side` of each of its neighbours in both directions, a sensor's point spread."""
    for axis in (-2, -1):
        padded = np.concatenate((a.take([0], axis), a, a.take([-1], axis)), axis)
        n = a.shape[axis]
        left, right = padded.take(range(n), axis), padded.take(range(2, n + 2), axis)
        a = (1 - 2 * side) * a + side * (left + right)
    return a


def _observed(
    rng: np.random.Generator,
    sensor: Sensor,
    landscape: Landscape,
    dryness: float,
    um: Sequence[float | None] | None = None,
) -> NDArray[np.float32]:
    """(C, H, W) of a landscape in the sensor's canonical unit; `um` as in `simulate`."""
    if sensor.unit == "db":
        return _radar(rng, landscape.echoes)
    wavelengths = np.array([band.wavelength_um for band in sensor.bands] if um is None else um, np.float64)
    bands = _reflectance(rng, sensor, landscape.lit, wavelengths, dryness)
    if sensor.unit == "8-bit":
        bands = _stretched(rng, bands, wavelengths)
    return bands.astype(np.float32)


def _radar(rng: np.random.Generator, echoes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(M, H, W) echoes of materials to VV and VH in dB (2, H, W), with speckle of about five looks."""
    offset_db = rng.normal(0, 0.5, (2, 1)) + rng.normal(0, 1)  # of the scene: moisture, incidence angle
    power = 10 ** ((np.array(list(BACKSCATTER_DB.values())).T + offset_db) / 10)
    mean = np.tensordot(power.astype(np.float32), echoes, 1)
    speckle = rng.standard_exponential(mean.shape, np.float32)  # one look; the blur makes about five
    signal = blur(mean * speckle, 0.2) + 10 ** np.float32(-3.1)  # noise floor
    return 10 * np.log10(signal)


def _reflectance(
    rng: np.random.Generator, sensor: Sensor, lit: NDArray[np.float32], um: NDArray[np.float64], dryness: float
) -> NDArray:
    """(M, H, W) lit materials to reflectance (C, H, W) with haze, point spread and noise."""
    materials = spectra(um, dryness, float(rng.beta(2, 2 + 3 * dryness)), float(rng.beta(1, 2.5)))
    materials *= np.exp(rng.normal(0, 0.11, (len(MATERIALS), 1))).astype(np.float32)
    haze = (rng.uniform(0, 0.006) * (um / 0.5) ** -2).astype(np.float32)
    gain = rng.uniform(0.85, 1.15)
    bands = np.tensordot(materials.T * np.float32(gain), blur(lit, 0.12), 1) + haze[:, None, None]
    if sensor.id == "sentinel-2":  # bands of 20 m, in pixels of 10 m
        coarse = (um > 0.7) & (abs(um - 0.842) > 0.005) | (um < 0.46)
        bands[coarse] = blur(blur(bands[coarse], 0.25), 0.15)
    noise_level = np.where(um > 1, 0.002, 0.001 + 0.001 * (um < 0.46))
    if sensor.id != "enmap":
        noise_level = np.full(len(um), 0.0012 if sensor.unit == "reflectance" else 0.0025)
    noise = rng.standard_normal(bands.shape, np.float32)
    bands += noise * noise_level[:, None, None].astype(np.float32)
    never = np.array(sorted(sensor.never), int) - 1
    bands[never] = 0.002 * np.abs(noise[never])
    return np.clip(bands, 1e-4, 1)


def _stretched(rng: np.random.Generator, reflectance: NDArray, um: NDArray[np.float64]) -> NDArray:
    """Reflectance to the 8-bit scale, as imagery is stretched for the eye."""
    white = np.interp(um, _WHITE_UM, _WHITE)[:, None, None] * rng.uniform(0.8, 1.2)
    haze = np.interp(um, (0.48, 0.83), (0.022, 0.004))[:, None, None]
    return np.clip(255 * ((reflectance + haze) / white) ** (_GAMMA * rng.uniform(0.85, 1.15)), 0, 255)
