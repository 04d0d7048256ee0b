"""Simulated scenes as GeoTIFFs in the form of the sensors' real products."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.sensors import Sensor, get_sensor
from training.simulation.land_cover import CLASSES
from training.simulation.scene import simulate

_S2_PRODUCT = {
    "B1": 0.443,
    "B2": 0.490,
    "B3": 0.560,
    "B4": 0.665,
    "B5": 0.705,
    "B6": 0.740,
    "B7": 0.783,
    "B8": 0.842,
    "B8A": 0.865,
    "B9": 0.945,
    "B11": 1.610,
    "B12": 2.190,
}
_CORNER = {
    "sentinel-1": (32632, 448000, 5921000),
    "sentinel-2": (32633, 390000, 5790000),
    "gaofen": (32650, 512000, 3372000),
    "naip": (26917, 604000, 4121000),
    "enmap": (32633, 354000, 5820000),
}  # EPSG code, easting and northing of the upper left corner
SAMPLES = {
    "sentinel-1": (384, 14),
    "sentinel-2": (288, 1),
    "gaofen": (512, 7),
    "naip": (512, 7),
    "enmap": (96, 3),
}  # size in pixels and seed: scenes in which every class is found


def write_scene(
    sensor_id: str, size_px: int, seed: int, path: str | Path, labels_path: str | Path | None = None
) -> None:
    """Writes a simulated scene as a GeoTIFF like the sensor's real products.

    Sentinel-1: float32 dB in steps of 1/32. Sentinel-2: the 12 bands of a level-2A product, uint16 reflectance x
    10000. Gaofen, NAIP: uint8. EnMAP: int16 reflectance x 10000, nodata -32768, wavelengths as band metadata, six
    water-vapour bands nodata everywhere.

    Args:
        sensor_id, size_px, seed: of the scene, as for `simulate`.
        path: of the GeoTIFF.
        labels_path: of a GeoTIFF of the land cover, uint8 with nodata 0 and a colour table; None: not written.

    Raises:
        SensorError, ValueError: as `simulate` does.
        rasterio.errors.RasterioIOError: a file cannot be written.
    """
    import rasterio

    sensor = get_sensor(sensor_id)
    names, um = _product_bands(sensor)
    values, labels = simulate(sensor_id, size_px, seed, um=um)
    bands, options = _stored(sensor, values)
    grid = _grid(sensor, size_px)
    interleave = "band" if len(bands) > 4 else "pixel"
    predictor = 3 if sensor.unit == "db" else 2
    with rasterio.open(
        path, "w", count=len(bands), dtype=bands.dtype, interleave=interleave, predictor=predictor, **grid, **options
    ) as file:
        file.write(bands)
        file.update_tags(TIFFTAG_IMAGEDESCRIPTION=f"Simulated {sensor.title} scene, not a measurement")
        for index, name in enumerate(names, 1):
            if sensor_id != "naip":
                file.set_band_description(index, name)
            if sensor_id == "enmap":
                file.update_tags(index, wavelength=f"{1000 * (um[index - 1] or 0):g}", wavelength_units="Nanometers")
    if labels_path is not None:
        _write_labels(Path(labels_path), labels, grid)


def _product_bands(sensor: Sensor) -> tuple[list[str], list[float | None]]:
    """Names and wavelengths in micrometres of the bands of the sensor's usual product."""
    names = list(sensor.band_names)
    um = [band.wavelength_um for band in sensor.bands]
    if sensor.id == "sentinel-2":
        return list(_S2_PRODUCT), list(_S2_PRODUCT.values())
    if sensor.id == "gaofen":
        names = ["Red", "Green", "Blue", "NIR"]
    elif sensor.id == "enmap":
        names = [f"{name} ({1000 * (w or 0):g} Nanometers)" for name, w in zip(names, um, strict=True)]
    return names, um


def _stored(sensor: Sensor, bands: NDArray[np.float32]) -> tuple[NDArray, dict[str, Any]]:
    """Values as the product stores them, and rasterio's options for them."""
    options: dict[str, Any] = {}
    if sensor.unit == "db":
        bands, options["nodata"] = np.round(bands * 32) / np.float32(32), float("nan")
    elif sensor.unit == "8-bit":
        bands, options["photometric"] = np.round(bands).astype(np.uint8), "RGB"
    elif sensor.id == "enmap":
        bands, options["nodata"] = np.round(bands * 10000).astype(np.int16), -32768
        bands[129:135] = -32768
    else:
        bands = np.round(bands * 10000).astype(np.uint16)
    if len(bands) == 4:
        options["alpha"] = "NO"
    return bands, options


def _grid(sensor: Sensor, size_px: int) -> dict[str, Any]:
    """rasterio's options for place, size and compression."""
    from rasterio import Affine

    epsg, east, north = _CORNER.get(sensor.id, _CORNER["sentinel-2"])
    gsd_m = sensor.usual_gsd_m
    block_px = min(128, -(-size_px // 16) * 16)
    return {
        "crs": f"EPSG:{epsg}",
        "transform": Affine(gsd_m, 0, east, 0, -gsd_m, north),
        "driver": "GTiff",
        "width": size_px,
        "height": size_px,
        "compress": "deflate",
        "zlevel": 9,
        "tiled": True,
        "blockxsize": block_px,
        "blockysize": block_px,
    }


def _write_labels(path: Path, labels: NDArray[np.uint8], grid: dict[str, Any]) -> None:
    import rasterio

    from ofa_engine.raster.class_names import write_class_names

    with rasterio.open(path, "w", count=1, dtype="uint8", nodata=0, **grid) as file:
        file.write(labels, 1)
        file.write_colormap(1, {c.value: tuple(bytes.fromhex(c.color[1:])) for c in CLASSES})
    classes = [c._asdict() for c in CLASSES]
    write_class_names(path, classes, [int((labels == c.value).sum()) for c in CLASSES])
