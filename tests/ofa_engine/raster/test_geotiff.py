"""Written files as others see them: rio-cogeo's check of cloud-optimised ones, and files of over 4 GB."""

import subprocess
import sys

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from ofa_engine.interfaces import cli

from ..conftest import CLASSES, pixels_of, write_raster


@pytest.fixture(scope="module")
def written(models, tmp_path_factory):
    """A folder with a class layer and a confidence of which a part is no data, cloud-optimised."""
    folder = tmp_path_factory.mktemp("cog")
    pixels = pixels_of("naip", 700, 1200)
    pixels[:, :300] = 0
    scene = write_raster(folder / "scene.tif", pixels, nodata=0, names=("R", "G", "B"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OFANET_MODELS", str(models))
        outputs = ["-o", str(folder / "a.tif"), "--confidence", str(folder / "c.tif")]
        assert cli.main(["segment", str(scene), *outputs, "--cog"]) == 0
    return folder


@pytest.mark.parametrize("name", ["a.tif", "c.tif"])
def test_rio_cogeo_finds_nothing_to_complain_of(name, written):
    assert cog_validate(written / name, strict=True, quiet=True) == (True, [], [])


def test_overviews_keep_no_data_colours_and_classes(written):
    with rasterio.open(written / "a.tif") as layer:
        levels = layer.overviews(1)
        assert levels == [2, 4]
    for level, factor in enumerate(levels):
        with rasterio.open(written / "a.tif", overview_level=level) as layer:
            values = layer.read(1)
            assert layer.nodata == 255 and layer.colormap(1)[7] == (0xAA, 0x55, 0x00, 255)
            assert (values[: 300 // factor] == 255).all()
            assert set(np.unique(values[300 // factor :])) <= {entry["value"] for entry in CLASSES}
        with rasterio.open(written / "c.tif", overview_level=level) as confidence:
            values = confidence.read(1)
            assert np.isnan(values[: 300 // factor]).all() and (values[300 // factor :] > 0).all()


_HEADER = """
import os, sys
import numpy as np
import rasterio
from pathlib import Path
from ofa_engine.raster.geotiff import create_tiff
from ofa_engine.raster.source import Source

scene, out, side = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
with Source(scene) as source:
    layer = create_tiff(out, source, side, side, source.transform, dtype="uint8", nodata=255, tags={})
    with rasterio.Env(GDAL_CACHEMAX=0):
        layer.write(np.zeros((256, 256), np.uint8), 1, window=rasterio.windows.Window(0, 0, 256, 256))
        layer.write(np.zeros((256, 256), np.uint8), 1, window=rasterio.windows.Window(256, 0, 256, 256))
    print(out.read_bytes()[:4].hex(), flush=True)
    os._exit(0)  # closing would write all of it
"""


@pytest.mark.parametrize("side, magic", [(600, "49492a00"), (50_000, "49492b00")])
def test_large_layers_are_bigtiff(side, magic, written, tmp_path):
    command = [sys.executable, "-c", _HEADER, str(written / "scene.tif"), str(tmp_path / "a.tif"), str(side)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == magic
