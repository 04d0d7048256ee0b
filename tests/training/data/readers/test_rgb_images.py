"""Folders of RGB images."""

import numpy as np
import pytest

from training.data.readers import rgb_images
from training.data.readers.reader import UnusableSample

from .raster_files import greys, png, rgb


def test_images(tmp_path):
    pixels = png(tmp_path / "River" / "River_1.png", rgb(64, 0))
    png(tmp_path / "Forest" / "Forest_2.PNG", np.dstack([pixels, greys(64)]))
    png(tmp_path / "Forest" / "grey.png", greys(64))
    png(tmp_path / ".hidden" / "a.png", greys(64))
    reader, listing = rgb_images.list_samples(tmp_path)
    assert listing.names == ["Forest/Forest_2.PNG", "Forest/grey.png", "River/River_1.png"]
    for name in (listing.names[0], listing.names[2]):
        assert np.array_equal(reader.read(name), pixels.transpose(2, 0, 1))
    with pytest.raises(UnusableSample, match="greyscale"):
        reader.read("Forest/grey.png")
