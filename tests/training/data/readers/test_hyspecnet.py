"""HySpecNet-11k on generated files in its own layout."""

from pathlib import Path

import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from training.data.readers import hyspecnet
from training.data.readers.reader import UnusableSample

from .raster_files import tiff

RNG = np.random.default_rng(4)
TILE = "ENMAP01-____L2A-DT0000004950_20221103T162438Z_001_V010110_20221118T145147Z"


def hyspec(root: Path, patch: str, bands: int = 224, size_px: int = 16) -> np.ndarray:
    values = RNG.integers(-50, 12000, (bands, size_px, size_px), np.int16)
    values[:, 0, 0] = -32768
    name = f"{TILE}-{patch}"
    tiff(root / "patches" / TILE / name / f"{name}-SPECTRAL_IMAGE.TIF", values, nodata=-32768)
    (root / "patches" / TILE / name / f"{name}-QL_PIXELMASK.TIF").write_bytes(b"not read")
    return values


def test_hyspecnet(tmp_path):
    made = {patch: hyspec(tmp_path, patch) for patch in ("Y01460273_X05670694", "Y01460273_X06950822")}
    reader, listing = hyspecnet.list_samples(tmp_path, None)
    assert listing.names == [f"{TILE}/{TILE}-{patch}" for patch in sorted(made)]
    values = reader.read(listing.names[0])
    assert np.isnan(values[:, 0, 0]).all() and np.isnan(values).sum() == 224
    wanted = np.clip(made["Y01460273_X05670694"], 0, 10000)
    assert np.array_equal(values[:, 1:], wanted[:, 1:]) and (reader.units, reader.dtype) == ("dn", "int16")


def test_hyspecnet_split(tmp_path):
    hyspec(tmp_path, "Y1_X1"), hyspec(tmp_path, "Y1_X2")
    (tmp_path / "splits" / "easy").mkdir(parents=True)
    lines = [f"{TILE}/{TILE}-{p}/{TILE}-{p}-DATA.npy" for p in ("Y1_X2", "Y9_X9")]
    (tmp_path / "splits" / "easy" / "train.csv").write_text("\n".join(lines) + "\n")
    reader, listing = hyspecnet.list_samples(tmp_path, "easy/train")
    assert [name[-5:] for name in listing.names] == ["Y1_X2", "Y9_X9"]
    assert reader.read(listing.names[0]).shape == (224, 16, 16)
    with pytest.raises(UnusableSample, match="no such file"):
        reader.read(listing.names[1])
    with pytest.raises(InputError, match="easy/train"):
        hyspecnet.list_samples(tmp_path, "medium/train")
