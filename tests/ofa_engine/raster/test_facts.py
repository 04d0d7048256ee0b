"""Rasters with metadata files beside them: their bands, wavelengths and scales are those that the files state."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.errors import RasterError
from ofa_engine.core.sensors import SENSORS
from ofa_engine.raster.source import Source, detect_source

from ..conftest import pixels_of, write_raster

CELL = rasterio.Affine(30, 0, 500000, 0, -30, 5800000)


def opened(path):
    """(detection, all values) of a raster."""
    with Source(path) as source:
        found = detect_source(source)
        values, _ = source.read([1, 2], (0, 0, source.width, source.height))
    return found, values


@pytest.mark.parametrize("form", ["{}.hdr", "{}.tif.hdr"])
def test_an_envi_header_beside_a_geotiff(tmp_path, form):
    pixels = pixels_of("enmap", 40, 50)[::-1]
    lengths = ", ".join(f"{band.wavelength_um * 1000:.2f}" for band in SENSORS["enmap"].bands[::-1])
    header = f"ENVI\nbands = 224\nwavelength units = Nanometers\nwavelength = {{{lengths}}}\n"
    write_raster(tmp_path / "cube.tif", pixels, transform=CELL)
    (tmp_path / form.format("cube")).write_text(header + "reflectance scale factor = 10000\n", encoding="utf-8")
    found, values = opened(tmp_path / "cube.tif")
    assert (found.product, found.confidence, found.units) == ("enmap-l2a", "certain", "reflectance"), found.reason
    assert found.bands[0] == 224 and found.bands[223] == 1
    np.testing.assert_allclose(values, pixels[:2] / 1e4, atol=1e-6)


def test_enmap_as_it_is_delivered(tmp_path):
    name = "ENMAP01-____L2A-DT0000001867_20220724T104526Z_008_V010302_20230628T165614Z-"
    pixels = pixels_of("enmap", 40, 50)
    bands = "".join(
        f'<bandID number="{i}"><wavelengthCenterOfBand>{band.wavelength_um * 1000:.3f}</wavelengthCenterOfBand>'
        "<GainOfBand>0.0001</GainOfBand><OffsetOfBand>0</OffsetOfBand></bandID>"
        for i, band in enumerate(SENSORS["enmap"].bands, 1)
    )
    text = f"<level_X><specific><bandCharacterisation>{bands}</bandCharacterisation></specific></level_X>"
    (tmp_path / f"{name}METADATA.XML").write_text(text, encoding="utf-8")
    found, values = opened(write_raster(tmp_path / f"{name}SPECTRAL_IMAGE.TIF", pixels, nodata=-32768, transform=CELL))
    assert (found.product, found.confidence, found.units) == ("enmap-l2a", "certain", "reflectance"), found.reason
    assert found.product_title == "EnMAP L2A"
    np.testing.assert_allclose(values, pixels[:2] / 1e4, atol=1e-6)
    (tmp_path / f"{name}METADATA.XML").write_text("<cut", encoding="utf-8")
    with pytest.raises(RasterError, match="METADATA.XML"):
        Source(tmp_path / f"{name}SPECTRAL_IMAGE.TIF")


def test_landsat_level_1_is_reflectance_with_its_mtl_file_only(tmp_path):
    scene = "LC08_L1TP_193024_20220620_20220701_02_T1"
    truth = pixels_of("sentinel-2", 60, 70)[:6] / 1e4
    sine = 0.5  # of 30 degrees
    raw = ((truth * sine + 0.1) / 2e-5).round().astype("uint16")
    path = write_raster(tmp_path / f"{scene}.tif", raw, names=[f"{scene}_B{i}" for i in range(2, 8)])
    found, _ = opened(path)
    assert (found.product, found.units, found.confidence) == ("landsat-8-9-l1", None, "ambiguous"), found.reason
    assert "MTL" in found.reason
    lines = [f"REFLECTANCE_MULT_BAND_{i} = 2.0000E-05\nREFLECTANCE_ADD_BAND_{i} = -0.100000\n" for i in range(1, 10)]
    header = f'LANDSAT_PRODUCT_ID = "{scene}"\nSUN_ELEVATION = 30.0\n'
    (tmp_path / f"{scene}_MTL.txt").write_text(header + "".join(lines), encoding="utf-8")
    found, values = opened(path)
    assert (found.product, found.units) == ("landsat-8-9-l1", "reflectance"), found.reason
    assert found.bands == (3, 2, 1, None, None, None, 4, 5, 6) and found.mapped
    np.testing.assert_allclose(values, truth[:2], atol=5e-5)


@pytest.mark.parametrize("name", ["PRS_L2D_STD_1.he5", "EMIT_L2A_RFL_001_2.nc"])
def test_containers_are_refused_with_the_tool_to_convert_them(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x89HDF")
    with pytest.raises(RasterError, match="first, as"):
        Source(tmp_path / name)


def test_near_infrared_that_gdal_calls_alpha_masks_nothing(tmp_path):
    """GDAL calls the fourth of four bytes alpha; its zeros are no mask, and a border of zeros is fill."""
    pixels = pixels_of("gaofen", 60, 70)
    pixels[3, 10:20] = 0
    pixels[:, :, :25] = 0
    path = write_raster(tmp_path / "a.tif", pixels, names=["red", "green", "blue", "nir"], photometric="RGB")
    with Source(path) as source:
        found = detect_source(source)
        _, valid = source.read(list(found.bands), (0, 0, 70, 60))
    assert found.bands == (1, 2, 3, 4), found.reason
    assert valid is not None and not valid[:, :25].any() and valid[:, 25:].all()
