"""Synthetic inputs of `ofa bench`: a raster of any sensor, and a ViT of any size with random weights."""

from pathlib import Path

import numpy as np
import rasterio
import torch
from numpy.typing import NDArray
from rasterio.windows import Window

from ..core.catalog import find_checkpoint
from ..core.classes import class_table, colors_for
from ..core.sensors import get_sensor
from ..model.checkpoint import load_checkpoint, save_checkpoint, save_head
from ..model.heads import LinearHead
from ..model.ofanet import VIT_BASE, VIT_TINY, Architecture, OFANet

SIZES: dict[str, Architecture] = {"tiny": VIT_TINY, "base": VIT_BASE}
_STRIPE_PX = 256
# how files store a sensor's canonical unit: data type, factor, smallest and largest value
_FILES: dict[str, tuple[str, float, float, float]] = {
    "8-bit": ("uint8", 1, 1, 254),
    "reflectance": ("uint16", 10000, 1, 10000),
    "db": ("float32", 1, -60, 30),
}


def write_example(path: Path, width: int, height: int, sensor_id: str = "gaofen") -> Path:
    """A tiled, compressed raster of coarse patches with noise, which compresses about like imagery. Returns `path`."""
    sensor, rng = get_sensor(sensor_id), np.random.default_rng(0)
    dtype, factor, low, high = _FILES[sensor.unit]
    mean, std = (factor * np.array(v, np.float32)[:, None, None] for v in (sensor.mean, sensor.std))
    bands, gsd = len(mean), sum(sensor.gsd_m) / 2
    profile = dict(
        driver="GTiff",
        width=width,
        height=height,
        count=bands,
        dtype=dtype,
        crs="EPSG:32633",
        tiled=True,
        compress="deflate",
        zlevel=1,
        num_threads="all_cpus",
        photometric="MINISBLACK",
        interleave="pixel",
        transform=rasterio.Affine(gsd, 0, 5e5, 0, -gsd, 5.8e6),
        bigtiff="if_safer",
    )
    noise = rng.uniform(-0.25, 0.25, (bands, min(_STRIPE_PX, height), width)).astype(np.float32)
    with rasterio.open(path, "w", **profile) as target:
        for number, name in enumerate(sensor.band_names, 1):
            target.set_band_description(number, name)
        for row in range(0, height, _STRIPE_PX):
            rows = min(_STRIPE_PX, height - row)
            z = _coarse_patches(rng, bands, width)[:, :rows] + np.roll(noise, int(rng.integers(width)), 2)[:, :rows]
            values = (mean + std * z).clip(low, high).astype(dtype)
            target.write(values, window=Window(0, row, width, rows))
    return path


def _coarse_patches(rng: np.random.Generator, bands: int, width: int) -> NDArray[np.float32]:
    """(bands, 256, width) in standard deviations."""
    side = 64
    coarse = rng.uniform(-1.8, 1.8, (bands, _STRIPE_PX // side, width // side + 1)).astype(np.float32)
    return coarse.repeat(side, 1).repeat(side, 2)[:, :, :width]


def random_model(folder: Path, model: str, sensor_id: str, classes: int) -> tuple[Path, Path]:
    """Writes a checkpoint ("tiny" or "base") and a head with random weights into `folder`. With "starter" the
    checkpoint is the one that comes with the engine. The head is of kind `linear+pixels`. Returns both paths."""
    torch.manual_seed(0)
    if model in SIZES:
        net = OFANet(SIZES[model], [sensor_id])
        checkpoint, tile_px = folder / f"{model}.safetensors", net.arch.input_px
        save_checkpoint(checkpoint, net, f"ViT {model}, random weights", {})
    else:
        checkpoint = find_checkpoint(None, sensor_id).path
        loaded = load_checkpoint(checkpoint)
        net, tile_px = loaded.model, loaded.tile_px(sensor_id)
    head = LinearHead(net.arch.width, classes, "segment", len(net.sensors[sensor_id].bands))
    torch.nn.init.normal_(head.weight, std=net.arch.width**-0.5)
    torch.nn.init.normal_(head.pixel_weight, std=head.bands**-0.5)
    names = [f"class {number}" for number in range(1, classes + 1)]
    table = class_table(range(1, classes + 1), names, colors_for(names))
    path = folder / "random_head.safetensors"
    save_head(
        path,
        head,
        "random head",
        sensor=net.sensors[sensor_id],
        classes=table,
        tile_px=tile_px,
        backbone=net.fingerprint(sensor_id),
        training={},
    )
    return checkpoint, path
