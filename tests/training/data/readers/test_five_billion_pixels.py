"""Five-Billion-Pixels on generated files in its own layout."""

from pathlib import Path

import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from training.data.readers import five_billion_pixels

from .raster_files import tiff

RNG = np.random.default_rng(4)


@pytest.mark.parametrize(
    "variant, folder, dtype, scale",
    [("8-bit", "Image__8bit_NirRGB", np.uint8, 1), ("16-bit", "Image_16bit_NirRGB", np.uint16, 4)],
)
def test_five_billion_pixels(tmp_path, variant, folder, dtype, scale):
    bands = RNG.integers(0, 255 * scale, (4, 530, 800), dtype)
    ending = "tif" if variant == "8-bit" else "tiff"
    tiff(tmp_path / folder / f"GF2_PMS1__L1A0000564539-MSS1.{ending}", bands)
    tiff(tmp_path / folder / f"small.{ending}", bands[:, :300])
    tiff(tmp_path / folder / f"three.{ending}", bands[:3])
    (tmp_path / folder / f"broken.{ending}").write_bytes(b"II*\0 not a TIFF")
    (tmp_path / "Annotation__index").mkdir()
    reader, listing = five_billion_pixels.list_samples(tmp_path, None)
    assert [name.split("@")[1] for name in listing.names] == ["0,0", "256,0"]
    assert sorted(Path(s["file"]).stem for s in listing.skipped) == ["broken", "small", "three"]
    values = reader.read(listing.names[1])
    assert reader.dtype == ("uint8" if scale == 1 else "float16")
    for index, source in enumerate((1, 2, 3, 0)):  # ours R, G, B, NIR
        assert np.array_equal(values[index] * scale, bands[source, :512, 256:768])
    if scale == 4:
        assert np.array_equal(values.astype(np.float16) * 4, values * 4), "float16 holds the quarters exactly"


def test_five_billion_pixels_refusals(tmp_path):
    with pytest.raises(InputError, match="Image__8bit_NirRGB/ or Image_16bit_NirRGB/"):
        five_billion_pixels.list_samples(tmp_path, None)
    with pytest.raises(InputError, match="8-bit, 16-bit"):
        five_billion_pixels.list_samples(tmp_path, "12-bit")
