"""Sentinel-2 products as they are downloaded: folder, metadata file and .zip, read as one raster."""

import shutil

import numpy as np
import pytest
import rasterio

from ofa_engine.core.errors import RasterError, SensorError
from ofa_engine.core.sensors import SENSORS
from ofa_engine.interfaces import cli
from ofa_engine.raster.sentinel2_product import find_product
from ofa_engine.raster.source import Source, detect_source

from ..safe_product import BANDS, LEFT, TOP, band_values, write_safe, zipped

SIZE = 120
NAMES = SENSORS["sentinel-2"].band_names


@pytest.fixture(scope="module")
def safe(tmp_path_factory):
    return write_safe(tmp_path_factory.mktemp("l2a"), size_px=SIZE)


def expected(offset: int, quantification: int) -> np.ndarray:
    """(9, SIZE, SIZE) reflectance at 10 m: each coarser pixel repeated, no data NaN."""
    bands = []
    for name in NAMES:
        factor = BANDS[name] // 10
        values = band_values(name, SIZE // factor).repeat(factor, 0).repeat(factor, 1).astype(np.float64)
        bands.append(np.where(values == 0, np.nan, (values + offset) / quantification))
    return np.array(bands)


def read_all(path) -> np.ndarray:
    with Source(path) as source:
        return source.read(list(range(1, 10)), (0, 0, source.width, source.height))[0]


def test_folder_metadata_file_and_zip_are_one_raster(safe):
    archive = zipped(safe)
    before = sorted(p for p in safe.parent.rglob("*"))
    for path in (safe, f"{safe}/", safe / "MTD_MSIL2A.xml", archive):
        with Source(path) as source:
            found = detect_source(source)
            assert source.name == safe.name
            assert (found.sensor, found.confidence, found.units) == ("sentinel-2", "certain", "reflectance")
            assert found.bands == tuple(range(1, 10))
            assert "(DN-1000) / 10000" in found.reason and "05.09" in found.reason
            assert (source.crs.to_epsg(), source.width, source.height) == (32632, SIZE, SIZE)
            assert source.transform[:6] == (10, 0, LEFT, 0, -10, TOP)
            assert [blocks.size_px for blocks in source.blocks] == [1024, 1024]
            assert source.block_row_bytes == 9 * 2 * 1024**2
        np.testing.assert_allclose(read_all(path), expected(-1000, 10000), atol=1e-6)
    assert sorted(p for p in safe.parent.rglob("*")) == before, "nothing is unpacked or left beside a product"
    archive.unlink()


@pytest.mark.parametrize("level", ["L2A", "L1C"])
def test_gdals_own_driver_reads_the_same_numbers(level, tmp_path):
    """Its subdatasets hold one resolution each, without the offset; it also holds our small products to the format."""
    safe = write_safe(tmp_path, level, SIZE)
    ours = read_all(safe)
    for metres, found in ((10, {"B4": 1, "B3": 2, "B2": 3, "B8": 4}), (20, {"B5": 1, "B7": 3, "B12": 6})):
        with rasterio.open(f"SENTINEL2_{level}:{safe}/MTD_MSI{level}.xml:{metres}m:EPSG_32632") as theirs:
            for name, band in found.items():
                assert theirs.descriptions[band - 1].startswith(f"{name},")
                values = theirs.read(band, out_shape=(SIZE, SIZE))
                expected = np.where(values == 0, np.nan, (values - 1000.0) / 10000)
                np.testing.assert_allclose(ours[NAMES.index(name)], expected, atol=1e-6)


def test_windows_are_parts_of_the_whole(safe):
    whole = read_all(safe)
    with Source(safe) as source:
        for column, row, width, height in [(1, 3, 7, 5), (33, 0, 64, 1), (119, 119, 1, 1)]:
            part, _ = source.read([1, 4, 9], (column, row, width, height))
            np.testing.assert_array_equal(part, whole[[0, 3, 8], row : row + height, column : column + width])


@pytest.mark.parametrize(
    "level, offset, quantification, baseline",
    [
        ("L1C", -1000, 10000, "05.09"),
        ("L1C", None, 10000, "02.08"),
        ("L2A", None, 10000, "02.14"),
        ("L2A", -500, 5000, "07.00"),
    ],
)
def test_reflectance_is_what_the_metadata_say(level, offset, quantification, baseline, tmp_path):
    safe = write_safe(tmp_path, level, SIZE, offset, quantification=quantification, baseline=baseline)
    np.testing.assert_allclose(read_all(safe), expected(offset or 0, quantification), atol=1e-6)
    with Source(safe) as source:
        found = detect_source(source)
        assert found.confidence == "certain" and ("valid-mask" in found.reason) == (level == "L2A")


def test_no_band_file_is_opened_before_its_pixels_are_wanted(safe, tmp_path):
    copied = shutil.copytree(safe, tmp_path / safe.name)
    for image in copied.rglob("*.jp2"):
        image.write_bytes(b"no image")
    with Source(copied) as source:
        assert source.facts().count == 9
        with pytest.raises(RasterError, match="truncated"):
            detect_source(source)


def test_a_product_at_20_m_has_no_near_infrared_at_10_m(safe, tmp_path):
    copied = shutil.copytree(safe, tmp_path / safe.name)
    metadata = copied / "MTD_MSIL2A.xml"
    lines = metadata.read_text().splitlines(keepends=True)
    metadata.write_text("".join(line for line in lines if "_10m</" not in line and "B08_" not in line))
    next(copied.rglob("*SCL_20m.jp2")).unlink()
    with Source(copied) as source:
        found = detect_source(source)
        assert "valid-mask" not in found.reason, "no file is named that is not there"
        assert (source.width, found.bands) == (SIZE // 2, (1, 2, 3, 4, 5, 6, None, 7, 8))


def test_products_that_are_not_whole_are_refused_in_one_line(safe, tmp_path):
    def changed(name, change):
        copied = shutil.copytree(safe, tmp_path / name / safe.name)
        change(copied)
        return copied

    def edit(file, old, new):
        def change(root):
            path = next(root.rglob(file))
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))

        return change

    cut = tmp_path / "cut.zip"
    cut.write_bytes(b"PK\x03\x04 and no more")
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("a")
    cases = [
        (changed("a", lambda root: next(root.rglob("*B04_10m.jp2")).unlink()), "B04_10m.jp2.*complete"),
        (changed("b", lambda root: (root / "MTD_MSIL2A.xml").unlink()), "MTD_MSIL2A.xml or MTD_MSIL1C.xml"),
        (changed("c", lambda root: next(root.rglob("MTD_TL.xml")).write_text("<a>")), "MTD_TL.xml"),
        (changed("d", edit("MTD_MSIL2A.xml", ">10000<", ">0<")), "quantification"),
        (changed("e", edit("MTD_MSIL2A.xml", "BOA_ADD_OFFSET", "BOA_OFFSET")), "offset"),
        (changed("f", edit("MTD_MSIL2A.xml", "GRANULE/", "../GRANULE/")), "IMAGE_FILE"),
        (changed("g", edit("MTD_TL.xml", 'resolution="20"', 'resolution="30"')), "grid of 20 m"),
        (cut, "zip file"),
        (shutil.make_archive(str(tmp_path / "plain"), "zip", other), "/vsizip/"),
    ]
    for path, says in cases:
        with pytest.raises(RasterError, match=says) as caught:
            find_product(str(path))
        assert "\n" not in str(caught.value)
    assert find_product(str(other)) is None and find_product("netcdf:a.nc:b") is None


def test_another_unit_than_that_of_the_metadata_is_refused(safe):
    with Source(safe) as source:
        assert detect_source(source, units="reflectance").units == "reflectance"
        with pytest.raises(SensorError, match="metadata say the unit"):
            detect_source(source, units="dn+1000")


def test_segment_with_the_scene_classification_that_the_reason_names(tmp_path, capsys):
    scl = np.full((SIZE // 2, SIZE // 2), 4, np.uint8)
    scl[30:] = 9  # cloud in the southern half
    archive = zipped(write_safe(tmp_path, size_px=SIZE, scl=scl))
    shutil.rmtree(archive.with_suffix(".SAFE"))  # nothing but the zip is read
    assert cli.main(["detect", str(archive)]) == 0
    named = capsys.readouterr().out.split("scene classification is ")[1].split("\n")[0]
    out = tmp_path / "out.tif"
    assert cli.main(["segment", str(archive), "-o", str(out), "--valid-mask", named]) == 0
    log = capsys.readouterr().err
    assert "Sentinel-2's scene classification; left out are" in log and named in log
    with rasterio.open(out) as layer:
        classes = layer.read(1)
        assert layer.crs.to_epsg() == 32632 and layer.transform[:6] == (10, 0, LEFT, 0, -10, TOP)
        assert layer.tags(ns="OFANET")["UNITS"] == "reflectance"
    nothing = np.zeros((SIZE, SIZE), bool)
    nothing[60:] = True
    nothing[:20, :20] = True  # no data in every band
    np.testing.assert_array_equal(classes == 255, nothing)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([archive.name, "out.tif", "out.tif.aux.xml"])


def test_the_same_pixels_in_a_tiff_give_the_same_classes(safe, tmp_path):
    values = np.array(
        [band_values(n, SIZE * 10 // BANDS[n]).repeat(BANDS[n] // 10, 0).repeat(BANDS[n] // 10, 1) for n in NAMES]
    )
    plain = tmp_path / "plain.tif"
    with rasterio.open(
        plain,
        "w",
        driver="GTiff",
        count=9,
        dtype="uint16",
        width=SIZE,
        height=SIZE,
        nodata=0,
        crs="EPSG:32632",
        transform=rasterio.Affine(10, 0, LEFT, 0, -10, TOP),
    ) as target:
        target.write(values)
        target.descriptions = NAMES
    assert cli.main(["segment", str(plain), "-o", str(tmp_path / "a.tif"), "--units", "dn+1000"]) == 0
    assert cli.main(["segment", str(safe), "-o", str(tmp_path / "b.tif")]) == 0
    with rasterio.open(tmp_path / "a.tif") as one, rasterio.open(tmp_path / "b.tif") as other:
        np.testing.assert_array_equal(one.read(), other.read())
