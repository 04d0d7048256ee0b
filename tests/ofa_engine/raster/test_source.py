import numpy as np
import pytest
import rasterio

from ofa_engine.core.errors import RasterError
from ofa_engine.core.sensors import detect, sampled_bands
from ofa_engine.raster.source import Source, detect_source

from ..conftest import pixels_of, write_raster


def read_all(path, bands):
    with Source(path) as source:
        return source.read(bands, (0, 0, source.width, source.height))


def test_no_holes_keeps_the_data_type(tmp_path):
    pixels = pixels_of("naip", 20, 30)
    values, valid = read_all(write_raster(tmp_path / "a.tif", pixels), [3, 1])
    assert values.dtype == np.uint8 and valid is None
    np.testing.assert_array_equal(values, pixels[[2, 0]])


def test_a_pixel_is_a_hole_where_every_used_band_is_nodata(tmp_path):
    pixels = pixels_of("naip", 20, 30)
    pixels[:, 2, 3] = 0  # a hole
    pixels[0, 5, 5] = 0  # one dark band: no hole
    pixels[:2, 7, 7] = 0  # a hole for those who use bands 1 and 2 only
    path = write_raster(tmp_path / "a.tif", pixels, nodata=0)
    values, valid = read_all(path, [1, 2, 3])
    assert (~valid).sum() == 1 and not valid[2, 3]
    assert np.isnan(values[0, 5, 5]) and values[1, 5, 5] == pixels[1, 5, 5]
    _, valid = read_all(path, [1, 2])
    assert (~valid).sum() == 2


def test_nan_and_infinity_are_missing_without_being_declared(tmp_path):
    pixels = pixels_of("sentinel-1", 20, 30)
    pixels[:, 1, 1], pixels[0, 2, 2], pixels[1, 3, 3] = np.nan, np.nan, -np.inf
    values, valid = read_all(write_raster(tmp_path / "a.tif", pixels), [1, 2])
    assert (~valid).sum() == 1 and np.isnan(values[1, 3, 3]) and np.isfinite(values[0, 3, 3])


def test_alpha_and_dataset_masks_make_holes(tmp_path):
    pixels = np.concatenate([pixels_of("naip", 20, 30), np.full((1, 20, 30), 255, np.uint8)])
    pixels[3, :4] = 0
    path = write_raster(tmp_path / "a.tif", pixels, photometric="RGB", alpha="YES")
    with Source(path) as source:
        assert source.facts().colors == ("red", "green", "blue", "alpha")
    _, valid = read_all(path, [1, 2, 3])
    np.testing.assert_array_equal(valid, pixels[3] > 0)
    path = write_raster(tmp_path / "b.tif", pixels[:3], photometric="RGB")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as target:
        target.write_mask(pixels[3])
    np.testing.assert_array_equal(read_all(path, [2])[1], pixels[3] > 0)


def test_empty_bands_are_missing_bands(tmp_path):
    pixels = pixels_of("sentinel-2", 300, 400).astype(np.int32)
    pixels[3] = -9999
    pixels[5] = -9999
    pixels[5, 299, 399] = 100  # a single valid value far from every sample window
    path = write_raster(tmp_path / "a.tif", pixels, nodata=-9999)
    with Source(path) as source:
        assert source.empty_bands(list(range(1, 10))) == {4}
        assert detect_source(source).bands == (1, 2, 3, None, 5, 6, 7, 8, 9)


def test_all_nodata_and_truncated_files_are_refused(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.zeros((3, 600, 600), np.uint8), nodata=0)
    with Source(path) as source, pytest.raises(RasterError, match="all is nodata"):
        detect_source(source)
    whole = write_raster(tmp_path / "b.tif", pixels_of("naip", 600, 600))
    data = whole.read_bytes()
    (tmp_path / "c.tif").write_bytes(data[: len(data) // 2])
    with pytest.raises(RasterError), Source(tmp_path / "c.tif") as source:
        detect_source(source)


@pytest.mark.parametrize("name", ["none.tif", "text.txt", ""])
def test_what_is_no_raster_is_refused(tmp_path, name):
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(RasterError, match="expected a raster"):
        Source(str(tmp_path / name) if name else "")


def test_bytes_of_a_row_of_blocks(tmp_path):
    tiled = dict(tiled=True, blockxsize=64, blockysize=32)
    with Source(write_raster(tmp_path / "a.tif", pixels_of("sentinel-2", 100, 130), **tiled)) as source:
        assert source.block_row_bytes == 9 * 2 * 32 * 192
    with Source(write_raster(tmp_path / "b.tif", pixels_of("naip", 100, 130), blockysize=8)) as source:
        assert source.block_row_bytes == 3 * 8 * 130


def test_crop(tmp_path):
    pixels = pixels_of("naip", 60, 80)
    with Source(write_raster(tmp_path / "a.tif", pixels)) as source:
        source.crop([500100, 5799700, 500300, 5799900])
        assert (source.width, source.height) == (20, 20)
        assert (source.transform.c, source.transform.f) == (500100, 5799900)
        values, _ = source.read([1], (2, 3, 10, 10))
        np.testing.assert_array_equal(values[0], pixels[0, 13:23, 12:22])
        with pytest.raises(RasterError, match="touch the raster"):
            source.crop([0, 0, 10, 10])


def test_wavelengths_from_metadata_and_descriptions(tmp_path):
    path = write_raster(tmp_path / "a.tif", pixels_of("naip", 9, 9), names=["Red (665 nm)", "0.56 µm", "blue"])
    with rasterio.open(path, "r+") as target:
        target.update_tags(3, wavelength="490.0", wavelength_units="Nanometers")
    with Source(path) as source:
        assert source.facts().wavelengths_um == pytest.approx((0.665, 0.56, 0.49))


def test_sampled_bands():
    assert sampled_bands(13) == list(range(1, 14))
    many = sampled_bands(224)
    assert len(many) == 9 and many[0] == 1 and many[-1] == 224


def test_real_rasters(shared_data):
    """What must be recognised, by file; s2_chips, eurosat_rgb and npz files aside."""
    expected = {
        "enmap_potsdam/images/*.tif": ("enmap", "reflectance", {1: 1, 126: 126, 130: None, 224: 224}),
        "s1_floods/images/*.tif": ("sentinel-1", "db", {1: 1, 2: 2}),
        "s2_scene/sen2_12band.tif": ("sentinel-2", "reflectance+0.1", {1: 4, 2: 3, 3: 2, 7: 8, 8: 11, 9: 12}),
        "naip_scenes/m_*.tif": ("gaofen", "8-bit", {1: 1, 2: 2, 3: 3, 4: 4}),
        "other/sentinel2_fields.tif": ("gaofen", "dn", {1: 1, 2: 2, 3: 3, 4: 4}),
        "aerial/*.tif": ("naip", "8-bit", {1: 1, 2: 2, 3: 3}),
        "naip_scenes/NAIP-VA-*.tiff": (None, None, {}),
        "other/L7_ETMs.tif": (None, None, {}),
        "other/bigearthnet_tiny/*.tif": (None, None, {}),
        "s2_scene/sen2_labels.tif": (None, None, {}),
        "enmap_potsdam/labels/*.tif": (None, None, {}),
        "s1_floods/labels/*.tif": (None, None, {}),
    }
    for pattern, (sensor, units, bands) in expected.items():
        paths = sorted(shared_data.glob(pattern))
        assert paths, pattern
        for path in paths:
            with Source(path) as source:
                found = detect_source(source) if sensor else detect(source.facts())
            assert (found.sensor, found.units) == (sensor, units), (path, found.reason)
            assert found.confidence in ("certain", "likely") or not sensor
            for number, band in bands.items():
                assert found.bands[number - 1] == band, path
