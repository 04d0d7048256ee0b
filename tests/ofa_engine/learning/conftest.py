"""The raster that label files of these tests label."""

import numpy as np
import pytest

from ofa_engine.raster.source import Source

from ..conftest import write_raster
from .label_files import SHAPE


@pytest.fixture
def raster(tmp_path):
    with Source(write_raster(tmp_path / "naip.tif", np.ones((3, *SHAPE), np.uint8))) as source:
        yield source
