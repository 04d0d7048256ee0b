import os

import numpy as np
import pytest
import rasterio

from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError, ModelFileError, OutputError, RasterError
from ofa_engine.core.options import SegmentOptions
from ofa_engine.inference.segment import segment

from ..conftest import pixels_of, write_raster
from .verbs import leftovers, read, run


def test_missing_bands_are_left_out_and_tagged(tmp_path):
    landsat = pixels_of("sentinel-2", 60, 60)[[2, 1, 0, 6, 7, 8]]
    path = write_raster(tmp_path / "l7.tif", landsat)
    with pytest.raises(InputError, match="--sensor sentinel-2 --bands 3,2,1,-,-,-,4,5,6"):
        run(segment, path, tmp_path)
    run(segment, path, tmp_path, sensor="sentinel-2", bands="3,2,1,-,-,-,4,5,6")
    tags = read(tmp_path / "out.tif")[2]
    assert tags["BANDS"] == "3,2,1,-,-,-,4,5,6" and "MAPPED_BANDS" in tags


def test_no_crs_works_and_says_so(scene, tmp_path):
    said = []
    path = scene("naip", 60, 70, crs=None, transform=rasterio.Affine.identity())
    options = SegmentOptions(str(path), str(tmp_path / "out.tif"), polygons=str(tmp_path / "p.gpkg"))
    answer = segment(options, Callbacks(log=lambda level, text: said.append((level, text))))
    assert any(level == "warning" and "no CRS" in text for level, text in said)
    assert all(c["area_ha"] is None for c in answer["classes"])
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.crs is None


def test_small_areas_need_a_crs_and_a_number(scene, tmp_path):
    path = scene("naip", crs=None, transform=rasterio.Affine.identity())
    with pytest.raises(InputError, match="CRS of the Earth for --min-area"):
        run(segment, path, tmp_path, min_area=1.0)
    for strange in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="above 0 ha"):
            run(segment, scene("gaofen"), tmp_path, min_area=strange)


def test_bad_input_is_told_in_one_line(scene, tmp_path, models):
    path = scene("naip")
    five = write_raster(tmp_path / "five.tif", np.ones((5, 50, 50), np.uint8))
    cases = [
        (dict(input=str(tmp_path / "none.tif")), RasterError, "found no file"),
        (dict(input=str(five)), InputError, "found 5"),
        (dict(output=str(path)), OutputError, "must not be an input"),
        (dict(output=str(tmp_path / "no" / "out.tif")), OutputError, "create it first"),
        (dict(confidence=str(tmp_path / "out.tif")), OutputError, "must not be an input"),
        (dict(head=str(models / "gaofen_segment.safetensors")), ModelFileError, "expected a head for naip"),
        (dict(head=str(models / "naip_classify.safetensors")), ModelFileError, "expected a head to segment"),
        (dict(head=str(path)), ModelFileError, "expected an OFA-Net"),
        (dict(overlap=0.9), InputError, "overlap"),
        (dict(tile_px=3), InputError, "tile of 16"),
        (dict(memory_mb=1), InputError, "memory budget"),
        (dict(device="tpu"), InputError, "expected device"),
        (dict(sensor="sentinel-1"), InputError, "sentinel-1"),
        (dict(units="db"), InputError, "expected units"),
        (dict(bounds=[0, 0, 1, 1]), RasterError, "touch"),
    ]
    for more, error, says in cases:
        with pytest.raises(error, match=says) as caught:
            segment(SegmentOptions(**(dict(input=str(path), output=str(tmp_path / "out.tif")) | more)))
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
        assert not (tmp_path / "out.tif").exists() and not leftovers(tmp_path)


def test_ambiguous_rasters_need_the_users_word(tmp_path):
    pixels = pixels_of("gaofen", 60, 60)
    pixels[3] = np.where(pixels[3] > 128, 255, 0)
    path = write_raster(tmp_path / "a.tif", pixels, photometric="MINISBLACK")
    with pytest.raises(InputError, match="ambiguous"):
        run(segment, path, tmp_path)
    assert run(segment, path, tmp_path, sensor="naip")["sensor"] == "naip"


def test_the_default_head_is_that_of_the_pixel_size_and_a_misfit_is_said(scene, tmp_path, models, monkeypatch):
    head = models / "sentinel-2_segment.safetensors"
    header, own = catalog.read_header(head), tmp_path / "own"
    own.mkdir()
    for name, gsd_m in (("a_30_m", [20, 45]), ("b_10_m", [5, 15])):
        catalog.rewrite_header(head, header | {"name": name, "gsd_m": gsd_m}, own / f"{name}.safetensors")
    monkeypatch.setenv("OFANET_MODELS", os.pathsep.join([str(own), str(models)]))

    def mapped(pixel_m: float, **more) -> tuple[str, list[str]]:
        said = []
        corner = rasterio.Affine(pixel_m, 0, 500000, 0, -pixel_m, 5800000)
        path = scene("sentinel-2", 60, 70, transform=corner, **more)
        options = SegmentOptions(str(path), str(tmp_path / "out.tif"))
        answer = segment(options, Callbacks(log=lambda level, text: said.append(text)))
        return answer["head_name"], [text for text in said if "fitted" in text]

    assert mapped(10) == ("b_10_m", [])
    assert mapped(30) == ("a_30_m", [])
    assert mapped(60) == ("a_30_m", ["the head a_30_m was fitted for 20-45 m, this raster has 60 m"])
    assert mapped(1, crs=None) == ("b_10_m", []), "without a CRS the sensor's usual pixels"
