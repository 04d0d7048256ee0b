"""The raster that label files of these tests label, and what heads are fitted anew from."""

from pathlib import Path

import numpy as np
import pytest

from ofa_engine.raster.source import Source

from ..conftest import write_raster
from .chip_files import write_checkpoint, write_chips
from .label_files import SHAPE


@pytest.fixture
def raster(tmp_path):
    with Source(write_raster(tmp_path / "naip.tif", np.ones((3, *SHAPE), np.uint8))) as source:
        yield source


@pytest.fixture
def new_checkpoint(tmp_path, monkeypatch) -> Path:
    """A small checkpoint for all sensors, alone in a folder; of the heads only those that come with the engine are
    there."""
    folder = tmp_path / "new models"
    folder.mkdir()
    monkeypatch.setenv("OFANET_MODELS", str(folder))
    return write_checkpoint(folder)


@pytest.fixture
def chips(tmp_path) -> Path:
    return write_chips(tmp_path / "chips")
