"""The file's own scale and offset, and fill that it does not declare."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.errors import SensorError
from ofa_engine.core.sensors import detect
from ofa_engine.raster.source import Source, detect_source

from ..conftest import pixels_of, write_raster

S2_9 = ("B4", "B3", "B2", "B5", "B6", "B7", "B8", "B11", "B12")


def scaled(path, pixels, scale, offset=0.0, **more):
    write_raster(path, pixels, **more)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = [scale] * len(pixels), [offset] * len(pixels)
    return path


def read_all(path, bands):
    with Source(path) as source:
        found = detect_source(source)
        return found, *source.read(bands, (0, 0, source.width, source.height))


@pytest.mark.parametrize(
    ("dtype", "scale", "offset"),
    [("uint16", 0.0000275, -0.2), ("int16", 0.0001, 0.0), ("uint16", 0.0001, -0.1), ("float32", 0.01, 0.0)],
)
def test_scale_and_offset_come_before_the_unit(tmp_path, dtype, scale, offset):
    truth = pixels_of("sentinel-2", 80, 90) / 1e4
    raw = (truth - offset) / scale
    raw = raw.astype(dtype) if dtype == "float32" else raw.round().astype(dtype)
    found, values, valid = read_all(scaled(tmp_path / "a.tif", raw, scale, offset, names=S2_9), list(range(1, 10)))
    assert (found.units, found.confidence, valid) == ("reflectance", "certain", None)
    np.testing.assert_allclose(values, truth, atol=max(1e-6, scale))
    assert values.dtype == np.float32


def test_nodata_and_scales_of_single_bands(tmp_path):
    pixels = pixels_of("sentinel-2", 40, 40)
    pixels[:, 0, :5] = 0
    path = write_raster(tmp_path / "a.tif", pixels, nodata=0, names=S2_9)
    with rasterio.open(path, "r+") as target:
        target.scales = [0.0001, *[1.0] * 8]
    with Source(path) as source:
        values, valid = source.read([1, 2], (0, 0, 40, 40))
    assert (~valid).sum() == 5 and np.isnan(values[:, 0, :5]).all()
    np.testing.assert_allclose(values[0, 1], pixels[0, 1] / 1e4, atol=1e-6)
    np.testing.assert_array_equal(values[1, 1], pixels[1, 1])


def test_a_scale_that_leaves_no_plausible_values_is_asked_about(tmp_path):
    path = scaled(tmp_path / "a.tif", (pixels_of("sentinel-2", 70, 70) / 1e4).astype("float32"), 0.0001, names=S2_9)
    with Source(path) as source:
        found = detect_source(source)
    assert (found.confidence, found.units) == ("ambiguous", None) and "--units" in found.reason


@pytest.mark.parametrize(
    ("sensor", "dtype", "fill"),
    [
        ("sentinel-2", "uint16", 0),
        ("sentinel-2", "int16", -9999),
        ("sentinel-2", "int16", -32768),
        ("sentinel-2", "int32", -(2**31)),
        ("sentinel-2", "float32", -9999),
        ("naip", "uint8", 0),
        ("enmap", "int16", -32768),
        ("sentinel-1", "float32", 0),
    ],
)
def test_undeclared_fill_is_no_data(tmp_path, sensor, dtype, fill):
    pixels = pixels_of(sensor, 90, 100).astype(dtype)
    with Source(write_raster(tmp_path / "whole.tif", pixels)) as source:
        whole = detect_source(source, sensor)
    pixels[:, :, :50] = fill
    if fill == 0:
        pixels[0, 60:70, 60:70] = 0  # in one band: no hole
    bands = [1, 2]
    with Source(write_raster(tmp_path / "a.tif", pixels)) as source:
        assert source.facts().fill == pytest.approx(0.5, abs=0.2)
        found = detect_source(source, sensor)
        values, valid = source.read(bands, (0, 0, 100, 90))
        inside, none = source.read(bands, (55, 0, 40, 50))
    with Source(write_raster(tmp_path / "declared.tif", pixels, nodata=fill)) as source:
        expected, declared = source.read(bands, (0, 0, 100, 90))
    assert found.units == whole.units and "fill" in found.reason
    np.testing.assert_array_equal(valid, declared)
    np.testing.assert_array_equal(values[:, valid], np.where(np.isnan(expected), fill, expected)[:, valid])
    assert none is None and inside.dtype == pixels.dtype


def test_only_fill_is_nothing_to_map(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.zeros((9, 100, 100), np.uint16), names=S2_9)
    with Source(path) as source:
        assert detect(source.facts()).confidence == "ambiguous"
        with pytest.raises(Exception, match="all is nodata"):
            detect_source(source)


def test_declared_nodata_leaves_zeros_alone(tmp_path):
    pixels = pixels_of("naip", 60, 60)
    pixels[:, :20] = 0
    with Source(write_raster(tmp_path / "a.tif", pixels, nodata=255)) as source:
        detect_source(source)
        _, valid = source.read([1, 2, 3], (0, 0, 60, 60))
    assert valid is None or valid[:20].all()


@pytest.mark.parametrize(("units", "value"), [("0.0000275,-0.2", 14545.4545), ("0.01,0", 20.0), ("1e-4,0", 2000.0)])
def test_a_scale_and_offset_that_the_user_sets(units, value):
    from ofa_engine.core.options import DetectOptions, from_params
    from ofa_engine.core.sensors import SENSORS, affine_to_canonical

    assert from_params("detect", {"input": "x", "units": units}).units == units
    scale, offset = affine_to_canonical(SENSORS["sentinel-2"], units)
    assert value * scale + offset == pytest.approx(0.2)
    scale, offset = affine_to_canonical(SENSORS["naip"], units)
    assert value * scale + offset == pytest.approx(0.2 / 0.3558 * 255)
    assert DetectOptions(input="x", units=units)


@pytest.mark.parametrize("units", ["0,1", "1", "a,b", "1,2,3", "nan,0", "-1,0", "metres"])
def test_what_is_no_scale_and_offset(units):
    from ofa_engine.core.options import from_params
    from ofa_engine.core.sensors import SENSORS, affine_to_canonical

    with pytest.raises(Exception, match="SCALE,OFFSET"):
        from_params("detect", {"input": "x", "units": units})
    with pytest.raises(SensorError, match="SCALE,OFFSET"):
        affine_to_canonical(SENSORS["naip"], units)


def _swath_edge(shape):
    rows, columns = np.indices(shape)
    return columns > 0.93 * shape[1] + rows * 0.01


def _tilted(shape):
    rows, columns = np.indices(shape)
    return abs(rows + columns - shape[0] * 0.62) < 30


def _corner(shape):
    rows, columns = np.indices(shape)
    return (rows > shape[0] - 50) & (columns < 50)


@pytest.mark.parametrize("where", [_swath_edge, _tilted, _corner])
@pytest.mark.parametrize("nodata", [None, 0])
def test_data_are_found_wherever_they_are(tmp_path, where, nodata):
    pixels = pixels_of("sentinel-2", 700, 900)
    pixels += 1000
    pixels[:, ~where(pixels.shape[1:])] = 0
    with Source(write_raster(tmp_path / "a.tif", pixels, nodata=nodata, names=S2_9)) as source:
        facts = source.facts()
        found = detect_source(source)
    assert len(facts.samples[0]) > 200 and min(facts.samples[0]) >= 1000
    assert found.units in ("dn+1000", None) and all(found.bands)


def test_a_large_raster_without_overviews_is_searched_in_a_grid(tmp_path, monkeypatch):
    pixels = pixels_of("sentinel-2", 700, 900)
    pixels[:, ~_swath_edge(pixels.shape[1:])] = 0
    monkeypatch.setattr("ofa_engine.raster.sampling.SEARCH_BYTES", 2**23)
    with Source(write_raster(tmp_path / "a.tif", pixels, nodata=0, tiled=True, blockxsize=64, blockysize=64)) as source:
        read = []
        original = source.read_raw
        monkeypatch.setattr(source, "read_raw", lambda *about: read.append(about) or original(*about))
        facts = source.facts()
    assert len(facts.samples[0]) > 200 and len(read) <= 144


def test_bands_of_different_types(tmp_path):
    pixels = pixels_of("sentinel-2", 60, 70)
    write_raster(tmp_path / "integer.tif", pixels[:7])
    write_raster(tmp_path / "float.tif", pixels[7:].astype("float32"))
    write_raster(tmp_path / "scl.tif", np.full((1, 60, 70), 4, np.uint8))
    files = [("UInt16", "integer.tif", i) for i in range(1, 8)] + [("Float32", "float.tif", i) for i in (1, 2)]
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{number}"><Description>{name}</Description><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{file}</SourceFilename><SourceBand>{band}</SourceBand></SimpleSource>'
        "</VRTRasterBand>"
        for number, ((kind, file, band), name) in enumerate(
            zip([*files, ("Byte", "scl.tif", 1)], [*S2_9, "SCL"], strict=True), 1
        )
    )
    vrt = f'<VRTDataset rasterXSize="70" rasterYSize="60">{bands}</VRTDataset>'
    (tmp_path / "mixed.vrt").write_text(vrt, encoding="utf-8")
    found, values, _ = read_all(tmp_path / "mixed.vrt", list(range(1, 10)))
    assert (found.product, found.units, found.bands) == ("sentinel-2", "dn", tuple(range(1, 10)))
    np.testing.assert_array_equal(values, pixels)


def test_bands_of_a_virtual_raster_are_named_after_their_files(tmp_path):
    truth = pixels_of("sentinel-2", 60, 70)[:6] / 1e4
    raw = ((truth + 0.2) / 0.0000275).round().astype("uint16")
    files = [f"LC08_L2SP_193024_20220620_20220701_02_T1_SR_B{i}.TIF" for i in range(2, 8)]
    for file, band in zip(files, raw, strict=True):
        write_raster(tmp_path / file, band[None], nodata=0)
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{number}"><NoDataValue>0</NoDataValue><ComplexSource>'
        f'<SourceFilename relativeToVRT="1">{file}</SourceFilename><SourceBand>1</SourceBand></ComplexSource>'
        "</VRTRasterBand>"
        for number, file in enumerate(files, 1)
    )
    vrt = f'<VRTDataset rasterXSize="70" rasterYSize="60">{bands}</VRTDataset>'
    (tmp_path / "stack.vrt").write_text(vrt, encoding="utf-8")
    found, _, _ = read_all(tmp_path / "stack.vrt", [1])
    assert (found.product, found.units, found.mapped) == ("landsat-8-9-l2", "landsat-c2", True), found.reason
    assert found.bands == (3, 2, 1, None, None, None, 4, 5, 6)
