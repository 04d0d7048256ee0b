"""Each reader on generated files in the set's own layout, with known values, and on the public samples."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from ofa_engine.core.errors import InputError, SensorError
from ofa_engine.core.sensors import SENSORS, get_sensor
from training.data.readers import readers
from training.data.readers import readers_raster as rasters
from training.data.readers.readers import Unusable

RNG = np.random.default_rng(4)
GRID = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 500000, 0, -10, 5800000)}


def tiff(path: Path, bands: np.ndarray, names=(), **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        **{**GRID, **options},
    ) as file:
        file.write(bands)
        for index, name in enumerate(names, 1):
            file.set_band_description(index, name)
    return path


def png(path: Path, pixels: np.ndarray) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def greys(size_px: int, low: int = 1, high: int = 256) -> np.ndarray:
    return RNG.integers(low, high, (size_px, size_px), np.uint8)


def rgb(size_px: int, low: int = 1) -> np.ndarray:
    return RNG.integers(low, 256, (size_px, size_px, 3), np.uint8)


# --- SatlasPretrain ----------------------------------------------------------------------------------------------

OLD = "S2A_MSIL1C_20160808T181452_N0204_R041_T12SVC_20160808T181447"
NEW = "S2B_MSIL1C_20221230T180749_N0509_R041_T13UCR_20221230T195817"


def satlas_s2(root: Path, scene: str, tile: str, bands=readers.SATLAS_S2, coarse_px: int = 512) -> dict:
    made = {}
    for band in bands:
        size = coarse_px if band in ("b05", "b06", "b07", "b11", "b12") else 512
        pixels = rgb(512) if band == "tci" else greys(size, 0)
        made[band] = png(root / "sentinel2" / scene / band / f"{tile}.png", pixels)
    return made


def test_satlas_sentinel2_units(tmp_path):
    old, new = satlas_s2(tmp_path, OLD, "1867_3287"), satlas_s2(tmp_path, NEW, "1900_3300")
    reader, listing = readers.satlas(tmp_path, "sentinel-2")
    assert listing.names == [f"{OLD}/1867_3287", f"{NEW}/1900_3300"] and reader.units == "reflectance"
    for made, name, offset in ((old, listing.names[0], 0), (new, listing.names[1], 1000)):
        values = reader.read(name)
        assert values.shape == (9, 512, 512)
        assert np.allclose(values[:3], made["tci"].transpose(2, 0, 1) * (0.3558 / 255), atol=1e-6)
        for index, band in enumerate(readers.SATLAS_S2[1:], 3):
            wanted = (made[band].astype(float) * 32 + 16 - offset) / 10000
            assert np.allclose(values[index], wanted, atol=1e-6), band


def test_satlas_sentinel2_error_is_at_most_half_a_step():
    dn = np.arange(8160)
    stored = np.clip(dn // 32, 0, 255).astype(np.uint8)
    assert np.abs(readers.s2_to_reflectance(stored, 0) - dn / 10000).max() <= 16.001e-4


def test_satlas_coarse_bands_are_enlarged_and_black_is_missing(tmp_path):
    made = satlas_s2(tmp_path, OLD, "1_2", coarse_px=256)
    made["tci"][:8, :8] = 0
    made["tci"][100, 100] = (0, 9, 9)  # one dark band alone is a value
    png(tmp_path / "sentinel2" / OLD / "tci" / "1_2.png", made["tci"])
    png(tmp_path / "sentinel2" / OLD / "b05" / "1_2.png", np.full((256, 256), 7, np.uint8))
    values = readers.satlas(tmp_path, "sentinel-2")[0].read(f"{OLD}/1_2")
    assert np.isnan(values[:, :8, :8]).all()
    assert not np.isnan(values[:, 9:, 9:]).any() and values[0, 100, 100] == 0
    assert np.allclose(values[3, 9:, 9:], 240e-4)
    b11 = readers.s2_to_reflectance(made["b11"], 0)
    assert abs(np.nanmean(values[7]) - b11.mean()) < 1e-3


def test_satlas_missing_bands(tmp_path):
    """Absent in all scenes: NaN. Absent in some: those samples are refused."""
    some = ("tci", "b08", "b11")
    satlas_s2(tmp_path, OLD, "1_2", some)
    reader, _ = readers.satlas(tmp_path, "sentinel-2")
    values = reader.read(f"{OLD}/1_2")
    assert np.isnan(values).all((1, 2)).tolist() == [False] * 3 + [True] * 3 + [False, False, True]
    satlas_s2(tmp_path, NEW, "3_4", ("tci", "b08"))
    with pytest.raises(Unusable, match="b11/3_4.png"):
        readers.satlas(tmp_path, "sentinel-2")[0].read(f"{NEW}/3_4")


def test_satlas_sentinel1(tmp_path):
    vh = png(tmp_path / "sentinel1" / "2022-03" / "vh" / "5_6.png", greys(512, 0))
    vv = png(tmp_path / "sentinel1" / "2022-03" / "vv" / "5_6.png", greys(512, 0))
    reader, listing = readers.satlas(tmp_path, "sentinel-1")
    values = reader.read(listing.names[0])
    assert reader.units == "db" and values.shape == (2, 512, 512)
    assert np.isnan(values[0]).tolist() == (vv == 0).tolist(), "VV comes first; amplitude 0 is no echo"
    known = vh > 0
    assert np.allclose(values[1][known], 10 * np.log10(vh[known].astype(float) ** 2) - 55.6, atol=1e-4)


def test_satlas_sentinel1_bytes_have_the_usual_backscatter():
    """The set's mean amplitudes, 166 and 88, lie near the sensor table's means in dB."""
    found = readers.s1_to_db(np.array([166, 88], np.uint8))
    assert np.abs(found - np.array(get_sensor("sentinel-1").mean)).max() < 3


def test_satlas_naip(tmp_path):
    pixels = png(tmp_path / "naip" / "m_2508008_nw_17_1_20151013" / "tci" / "36368_55726.png", rgb(512, 0))
    png(tmp_path / "naip" / "m_2508008_nw_17_1_20151013" / "ir" / "36368_55726.png", greys(512))
    reader, listing = readers.satlas(tmp_path, "naip")
    values = reader.read(listing.names[0])
    assert values.dtype == np.uint8 and np.array_equal(values, pixels.transpose(2, 0, 1))


# --- Five-Billion-Pixels -----------------------------------------------------------------------------------------


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
    reader, listing = rasters.five_billion_pixels(tmp_path, None)
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
        rasters.five_billion_pixels(tmp_path, None)
    with pytest.raises(InputError, match="8-bit, 16-bit"):
        rasters.five_billion_pixels(tmp_path, "12-bit")


# --- HySpecNet-11k -----------------------------------------------------------------------------------------------

TILE = "ENMAP01-____L2A-DT0000004950_20221103T162438Z_001_V010110_20221118T145147Z"


def hyspec(root: Path, patch: str, bands: int = 224, size_px: int = 16) -> np.ndarray:
    values = RNG.integers(-50, 12000, (bands, size_px, size_px), np.int16)
    values[:, 0, 0] = -32768
    name = f"{TILE}-{patch}"
    tiff(root / "patches" / TILE / name / f"{name}-SPECTRAL_IMAGE.TIF", values, nodata=-32768)
    (root / "patches" / TILE / name / f"{name}-QL_PIXELMASK.TIF").write_bytes(b"not read")
    return values


def test_hyspecnet(tmp_path):
    made = {patch: hyspec(tmp_path, patch) for patch in ("Y01460273_X05670694", "Y01460273_X06950822")}
    reader, listing = rasters.hyspecnet(tmp_path, None)
    assert listing.names == [f"{TILE}/{TILE}-{patch}" for patch in sorted(made)]
    values = reader.read(listing.names[0])
    assert np.isnan(values[:, 0, 0]).all() and np.isnan(values).sum() == 224
    wanted = np.clip(made["Y01460273_X05670694"], 0, 10000)
    assert np.array_equal(values[:, 1:], wanted[:, 1:]) and (reader.units, reader.dtype) == ("dn", "int16")


def test_hyspecnet_split(tmp_path):
    hyspec(tmp_path, "Y1_X1"), hyspec(tmp_path, "Y1_X2")
    (tmp_path / "splits" / "easy").mkdir(parents=True)
    lines = [f"{TILE}/{TILE}-{p}/{TILE}-{p}-DATA.npy" for p in ("Y1_X2", "Y9_X9")]
    (tmp_path / "splits" / "easy" / "train.csv").write_text("\n".join(lines) + "\n")
    reader, listing = rasters.hyspecnet(tmp_path, "easy/train")
    assert [name[-5:] for name in listing.names] == ["Y1_X2", "Y9_X9"]
    assert reader.read(listing.names[0]).shape == (224, 16, 16)
    with pytest.raises(Unusable, match="no such file"):
        reader.read(listing.names[1])
    with pytest.raises(InputError, match="easy/train"):
        rasters.hyspecnet(tmp_path, "medium/train")


# --- SSL4EO-S12 --------------------------------------------------------------------------------------------------

L2A = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B11", "B12")
SIZES = {"B2": 264, "B3": 264, "B4": 264, "B8": 264, "B1": 44, "B9": 44}


@pytest.mark.parametrize("folder", ["s2_l2a", "s2c"])
def test_ssl4eo_sentinel2(tmp_path, folder):
    levels = {band: 1000 + 100 * i for i, band in enumerate(L2A)}
    for number, season in (("0000000", "20200607T094041_20200607T094220_T34VDM"), ("0000001", "x")):
        for band, level in levels.items():
            size = SIZES.get(band, 132) + (1 if band == "B8" else 0)  # a pixel more now and then
            values = np.full((1, size, size), level, np.uint16)
            if band == "B4":
                values[0, 0, 0] = 0
            tiff(tmp_path / folder / number / season / f"{band}.tif", values)
    (tmp_path / folder / "0000002").mkdir()
    reader, listing = rasters.ssl4eo(tmp_path, "sentinel-2", None)
    assert listing.names == ["0000000/20200607T094041_20200607T094220_T34VDM", "0000001/x"]
    values = reader.read(listing.names[0])
    assert values.shape == (9, 264, 264) and (reader.units, reader.dtype, reader.nodata) == ("dn", "uint16", 0)
    wanted = [levels[b] for b in get_sensor("sentinel-2").band_names]
    assert np.allclose(values[:, 5, 5], wanted) and np.isnan(values[0, 0, 0]) and np.isnan(values).sum() == 1
    (tmp_path / folder / "0000001" / "x" / "B5.tif").unlink()
    with pytest.raises(Unusable, match="B5.tif"):
        reader.read("0000001/x")


def test_ssl4eo_sentinel1(tmp_path):
    made = {band: RNG.normal(-12, 4, (1, 264, 264)).astype(np.float32) for band in ("VH", "VV")}
    for band, values in made.items():
        tiff(tmp_path / "s1_grd" / "0000000" / "S1A_IW" / f"{band}.tif", values)
    reader, listing = rasters.ssl4eo(tmp_path, "sentinel-1", None)
    values = reader.read(listing.names[0])
    assert np.array_equal(values, np.concatenate([made["VV"], made["VH"]])) and reader.units == "db"
    with pytest.raises(InputError, match="s2_l2a"):
        rasters.ssl4eo(tmp_path, "sentinel-2", None)


# --- pictures and GeoTIFFs ---------------------------------------------------------------------------------------


def test_images(tmp_path):
    pixels = png(tmp_path / "River" / "River_1.png", rgb(64, 0))
    png(tmp_path / "Forest" / "Forest_2.PNG", np.dstack([pixels, greys(64)]))
    png(tmp_path / "Forest" / "grey.png", greys(64))
    png(tmp_path / ".hidden" / "a.png", greys(64))
    reader, listing = readers.images(tmp_path)
    assert listing.names == ["Forest/Forest_2.PNG", "Forest/grey.png", "River/River_1.png"]
    for name in (listing.names[0], listing.names[2]):
        assert np.array_equal(reader.read(name), pixels.transpose(2, 0, 1))
    with pytest.raises(Unusable, match="greys"):
        reader.read("Forest/grey.png")


def test_geotiffs_follow_band_names(tmp_path):
    names = ["B2", "B3", "B4", "B8", "B5", "B6", "B7", "B11", "B12", "B1"]
    bands = RNG.integers(100, 4000, (10, 32, 32), np.uint16)
    tiff(tmp_path / "a" / "one.tif", bands, names)
    tiff(tmp_path / "two.TIF", bands + 1, names)
    reader, listing = rasters.geotiffs(tmp_path, None, None, None, None)
    assert (reader.sensor, reader.units, reader.dtype, reader.nodata) == ("sentinel-2", "dn", "uint16", None)
    assert listing.names == ["a/one.tif", "two.TIF"]
    order = [names.index(b) for b in get_sensor("sentinel-2").band_names]
    assert np.array_equal(reader.read("a/one.tif"), bands[order])


def test_geotiffs_are_cut_to_tiles(tmp_path):
    bands = RNG.integers(0, 255, (3, 70, 100), np.uint8)
    tiff(tmp_path / "wide.tif", bands, photometric="RGB")
    tiff(tmp_path / "small.tif", bands[:, :20, :20], photometric="RGB")
    reader, listing = rasters.geotiffs(tmp_path, None, None, None, 32)
    assert len(listing.names) == 6 and [s["file"] for s in listing.skipped] == ["small.tif"]
    for name in listing.names:
        column, row = map(int, name.split("@")[1].split(","))
        assert np.array_equal(reader.read(name), bands[:, row : row + 32, column : column + 32])
    _, listing = rasters.geotiffs(tmp_path, None, None, None, None)
    assert "tiles of 20 px" in listing.notes and len(listing.names) == 3 * 5 + 1


def test_geotiffs_told_bands_nodata_and_oddities(tmp_path):
    bands = RNG.integers(1, 4000, (6, 24, 24), np.int16)
    bands[:, 3, 3] = -1
    bands[2, 4, 4] = -1  # one band alone
    tiff(tmp_path / "landsat.tif", bands, nodata=-1)
    tiff(tmp_path / "one_band.tif", bands[:1])
    (tmp_path / "empty.tif").write_bytes(b"")
    with pytest.raises(SensorError, match="--bands 3,2,1"):
        rasters.geotiffs(tmp_path, None, None, None, None)
    (tmp_path / "one_band.tif").unlink()
    reader, listing = rasters.geotiffs(tmp_path, "sentinel-2", "3,2,1,-,-,-,4,5,6", "dn", None)
    assert (reader.dtype, reader.nodata) == ("int16", -1) and [s["file"] for s in listing.skipped] == ["empty.tif"]
    values = reader.read("landsat.tif")
    assert np.isnan(values).all((1, 2)).tolist() == [False] * 3 + [True] * 3 + [False] * 3
    assert np.isnan(values[:, 3, 3]).all() and np.isnan(values[0, 4, 4]) and values[1, 4, 4] == bands[1, 4, 4]


def test_geotiffs_masked_bytes_are_kept_in_half_precision(tmp_path):
    bands = RNG.integers(0, 255, (4, 24, 24), np.uint8)
    bands[3] = 255
    bands[3, :5] = 0
    path = tiff(tmp_path / "rgba.tif", bands, photometric="RGB", alpha="YES")
    reader, _ = rasters.geotiffs(tmp_path, None, None, None, None)
    assert (reader.sensor, reader.dtype, reader.nodata) == ("naip", "float16", None)
    values = reader.read(path.name)
    assert np.isnan(values[:, :5]).all() and np.array_equal(values[:, 5:], bands[:3, 5:])


def test_geotiffs_refuse_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match="GeoTIFFs"):
        rasters.geotiffs(tmp_path, None, None, None, None)


@pytest.mark.parametrize(
    "folder, sensor, units, shape, missing",
    [
        ("s2_chips", "sentinel-2", "dn", (9, 64, 64), 0),
        ("s1_floods/images", "sentinel-1", "db", (2, 512, 512), 0),
        ("enmap_potsdam/images", "enmap", "dn", (224, 32, 32), 22),
    ],
)
def test_public_samples(shared_data, folder, sensor, units, shape, missing):
    reader, listing = rasters.geotiffs(shared_data / folder, None, None, None, None)
    assert (reader.sensor, reader.units) == (sensor, units) and not listing.skipped
    values = reader.read(listing.names[0])
    assert values.shape == shape and np.isnan(values).all((1, 2)).sum() == missing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(shared_data / folder / listing.names[0]) as file:
            stack, nodata = file.read().astype(np.float32), file.nodata
    if nodata is not None:
        stack[stack == nodata] = np.nan
    for place, band in enumerate(reader.order):
        assert band is None or np.array_equal(values[place], stack[band - 1], equal_nan=True)


@pytest.mark.parametrize("sensor", list(SENSORS))
def test_simulated(sensor):
    reader, listing = readers.simulated(sensor, 3, 0, 16)
    first, second = (reader.read(name) for name in listing.names[:2])
    assert first.shape == (len(get_sensor(sensor).bands), 16, 16) and not np.array_equal(first, second)
    assert np.array_equal(first, reader.read(listing.names[0])), "the same scene again"
    assert not np.array_equal(first, readers.simulated(sensor, 3, 1, 16)[0].read(listing.names[0])), "another seed"
