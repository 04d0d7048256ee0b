"""Run by the engine's Python with $OFANET_SENSORS: writes tiny.safetensors (random weights, the added sensor among its
sensors), scene.tif of that sensor and labels.tif to a folder.

    python make_scene.py FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import rasterio
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet

SIZE = 128


def main(folder: Path) -> None:
    torch.manual_seed(0)
    model = OFANet(Architecture(width=32, depth=2, heads=2, input_px=64))
    save_checkpoint(folder / "tiny.safetensors", model, "tiny", {"note": "untrained"})
    sensor, rng = get_sensor("kestrel"), np.random.default_rng(0)
    mean, std = (np.array(values)[:, None, None] for values in (sensor.mean, sensor.std))
    classes = np.kron(np.indices((4, 4)).sum(0) % 2, np.ones((SIZE // 4, SIZE // 4), int))  # a chessboard
    pixels = mean + std * (2.0 * classes - 1 + 0.3 * rng.standard_normal((6, SIZE, SIZE)))
    _write(folder / "scene.tif", (pixels.clip(0.005, 1) * 10000).astype("uint16"), sensor.band_names)
    _write(folder / "labels.tif", classes[None].astype("uint8"), ["class"])


def _write(path: Path, bands: np.ndarray, names) -> None:
    profile = {
        "driver": "GTiff",
        "count": len(bands),
        "height": SIZE,
        "width": SIZE,
        "dtype": bands.dtype.name,
        "crs": "EPSG:32633",
        "transform": rasterio.Affine(5, 0, 500000, 0, -5, 5800000),
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(bands)
        target.descriptions = list(names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
