"""A tiny OFA-Net with heads for every sensor, and a writer of small rasters as sensors deliver them."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from ofa_engine.core.classes import class_table
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.checkpoint import save_checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import Architecture, OFANet

TINY = Architecture(width=32, depth=2, heads=2, input_px=64)
CLASSES = class_table([1, 2, 7], ["water", "forest", "bare & dry"], ["#0000ff", "#00ff00", "#aa5500"])
UTM = rasterio.Affine(10.0, 0, 500000, 0, -10.0, 5800000)


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """Folder with tiny.safetensors and, for each sensor, a segment and a classify head."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(1)
    model = OFANet(TINY)
    save_checkpoint(folder / "tiny.safetensors", model, "tiny", {"note": "untrained"}, half=True)
    for sensor in SENSORS:
        for task in ("segment", "classify"):
            head = LinearHead(TINY.width, 3, task)
            torch.nn.init.normal_(head.weight)
            save_head(
                folder / f"{sensor}_{task}.safetensors",
                head,
                f"{sensor} {task}",
                sensor=get_sensor(sensor),
                classes=CLASSES,
                tile_px=48,
                backbone=model.fingerprint(sensor),
                training={},
            )
    return folder


@pytest.fixture(autouse=True)
def use_tiny_models(models, monkeypatch):
    monkeypatch.setenv("OFANET_MODELS", str(models))


def pixels_of(sensor: str, height: int, width: int, seed: int = 0) -> np.ndarray:
    """(bands, H, W) as files of that sensor hold them."""
    rng = np.random.default_rng(seed)
    table = get_sensor(sensor)
    shape = (len(table.bands), height, width)
    mean, std = (np.array(v)[:, None, None] for v in (table.mean, table.std))
    values = mean + std * rng.standard_normal(shape)
    if table.unit == "db":
        return values.astype(np.float32)
    if table.unit == "8-bit":
        return values.clip(1, 254).astype(np.uint8)
    return (values.clip(0.001, 1) * 10000).astype(np.int16 if sensor == "enmap" else np.uint16)


def write_raster(path: Path, pixels: np.ndarray, *, crs="EPSG:32633", transform=UTM, nodata=None, names=(), **more):
    profile = (
        dict(
            driver="GTiff",
            count=len(pixels),
            height=pixels.shape[1],
            width=pixels.shape[2],
            dtype=pixels.dtype,
            crs=crs,
            transform=transform,
            nodata=nodata,
        )
        | more
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)  # some tests mean it
        target = rasterio.open(path, "w", **profile)
    with target:
        target.write(pixels)
        for i, name in enumerate(names, 1):
            target.set_band_description(i, name)
    return path


@pytest.fixture
def scene(tmp_path):
    """scene(sensor, height, width, ...) writes a raster of that sensor and returns its path."""

    def make(sensor: str, height: int = 100, width: int = 130, *, change=None, seed: int = 0, **more) -> Path:
        pixels = pixels_of(sensor, height, width, seed)
        if change is not None:
            pixels = change(pixels)
        gsd = sum(get_sensor(sensor).gsd_m) / 2
        transform = rasterio.Affine(gsd, 0, 500000, 0, -gsd, 5800000)
        names = get_sensor(sensor).band_names if sensor != "enmap" else ()
        more = {"transform": transform, "names": names} | more
        return write_raster(tmp_path / f"{sensor}.tif", pixels, **more)

    return make
