"""Files as their makers deliver and tools export them: each is read right, or asked about."""

import numpy as np
import pytest

from ofa_engine.core.sensors import RasterFacts, detect

S2 = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
RANDOM = np.random.default_rng(3)


def facts(names, dtype="uint16", low=0.02, high=0.5, scale=10000.0, offset=0.0, **more):
    """Of a raster with reflectances from low to high, as `dtype` holds (reflectance - offset) x scale."""
    count = len(names)
    values = np.sort(low + (high - low) * RANDOM.random((count, 4000)) ** 2.5)
    numbers = (values - offset) * scale
    if not dtype.startswith("float"):
        numbers = numbers.round()
    colors = ("gray",) + ("undefined",) * (count - 1)
    return RasterFacts(dtype, colors, tuple(names), samples=tuple(map(tuple, numbers.tolist())), **more)


LANDSAT = {"scale": 1 / 0.0000275, "offset": -0.2}
SINCE = {"low": 0.004, "high": 0.2, "offset": -0.1}  # 2022
GEE = [*(f"B{i}" for i in range(1, 9)), "B8A", "B9", "B11", "B12", "AOT", "WVP", "SCL", "TCI_R", "TCI_G", "TCI_B"]
GEE += ["MSK_CLDPRB", "MSK_SNWPRB", "QA10", "QA20", "QA60"]
READ_AS_S2 = (4, 3, 2, 5, 6, 7, 8, 11, 12)


@pytest.mark.parametrize(
    ("raster", "product", "sensor", "confidence", "bands", "units"),
    [
        # Landsat: with all its layers, as exported by Earth Engine, named after its files, of two generations
        (
            facts([*(f"SR_B{i}" for i in range(1, 8)), "ST_B10", "QA_PIXEL"], **LANDSAT),
            *("landsat-8-9-l2", "sentinel-2", "certain", (4, 3, 2, None, None, None, 5, 6, 7), "landsat-c2"),
        ),
        (
            facts([f"LC09_L2SP_193024_20220620_02_T1_SR_B{i}" for i in range(2, 8)], **LANDSAT),
            *("landsat-8-9-l2", "sentinel-2", "certain", (3, 2, 1, None, None, None, 4, 5, 6), "landsat-c2"),
        ),
        (
            facts(["SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7", "ST_B6"], **LANDSAT),
            *("landsat-4-7-l2", "sentinel-2", "certain", (3, 2, 1, None, None, None, 4, 5, 6), "landsat-c2"),
        ),
        (
            facts(["red", "green", "blue", "nir08", "swir16", "swir22", "qa_pixel"], "float32", scale=1.0),
            *("landsat-l2", "sentinel-2", "certain", (1, 2, 3, None, None, None, 4, 5, 6), "reflectance"),
        ),
        (
            facts(["SR_B2", "SR_B3", "SR_B4", "SR_B5"], **LANDSAT),
            *("landsat-8-9-l2-part", "sentinel-2", "ambiguous", (3, 2, 1, None, None, None, 4, None, None)),
            "landsat-c2",
        ),
        (
            facts([f"HLS.L30.T33UUP.2021123T100000.v2.0.B0{i}" for i in range(2, 8)], "int16"),
            *("hls-l30", "sentinel-2", "certain", (3, 2, 1, None, None, None, 4, 5, 6), "dn"),
        ),
        # Sentinel-2: alphabetical, STAC, Earth Engine, words, the four bands of 10 m
        (
            facts([*S2[:8], *S2[9:], "B8A"]),
            *("sentinel-2-l2a", "sentinel-2", "certain", (4, 3, 2, 5, 6, 7, 8, 10, 11), "dn"),
        ),
        (facts(GEE, "float64"), "sentinel-2-l2a", "sentinel-2", "certain", READ_AS_S2, "dn"),
        (
            facts(["blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "swir16", "swir22"]),
            *("sentinel-2", "sentinel-2", "certain", (3, 2, 1, 4, 5, 6, 7, 9, 10), "dn"),
        ),
        (
            facts(
                ["Blue", "Green", "Red", "Red Edge 1", "Red Edge 2", "Red Edge 3", "NIR", "SWIR 1", "SWIR 2"],
                "int16",
                **SINCE,
            ),
            *("sentinel-2", "sentinel-2", "certain", (3, 2, 1, 4, 5, 6, 7, 8, 9), "dn+1000"),
        ),
        (
            facts(["B02", "B03", "B04", "B08"], **SINCE),
            "sentinel-2-10m",
            "gaofen",
            "certain",
            (3, 2, 1, 4),
            "dn+1000",
        ),
        (facts(["B4", "B3", "B2"], **SINCE), "sentinel-2-rgb", "naip", "certain", (1, 2, 3), "dn+1000"),
        # others
        (
            facts(["coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"]),
            *("planetscope-8", "sentinel-2", "certain", (6, 4, 2, 7, None, None, 8, None, None), "dn"),
        ),
        (
            facts(["Coastal", "Blue", "Green", "Yellow", "Red", "RedEdge", "NIR1", "NIR2"], "float32", scale=1.0),
            *("worldview-2-3", "gaofen", "likely", (5, 3, 2, 7), "reflectance"),
        ),
        (
            facts(["Blue", "Green", "Red", "Red edge", "NIR"], "float32", scale=1.0),
            *("five-band", "gaofen", "certain", (3, 2, 1, 5), "reflectance"),
        ),
        (facts(["Blue", "Green", "Red", "Red edge", "NIR"]), "five-band", "gaofen", "ambiguous", (3, 2, 1, 5), None),
        (
            facts(["Red", "Green", "Blue", "NIR", "Elevation_x5"], "uint8", scale=400.0),
            *("rgbn-and-more", "gaofen", "certain", (1, 2, 3, 4), "8-bit"),
        ),
        (facts(["proche infrarouge", "rouge", "vert", "bleu"]), "rgbn", "gaofen", "likely", (2, 3, 4, 1), "dn"),
        (facts(["Rot", "Grün", "Blau"], "uint8", scale=400.0), "rgb", "naip", "certain", (1, 2, 3), "8-bit"),
    ],
)
def test_read_by_names(raster, product, sensor, confidence, bands, units):
    found = detect(raster)
    assert (found.product, found.sensor, found.confidence) == (product, sensor, confidence), found.reason
    assert (found.bands, found.units) == (bands, units), found.reason
    if found.mapped:
        assert "read as" in found.reason


@pytest.mark.parametrize(
    "raster",
    [
        facts(["HH", "HV"], "float32", -25, -5, 1.0),
        facts(["VV", "NDVI"], "float32", -25, -5, 1.0),
        facts(["NDVI", "EVI", "NDWI"], "float32", 0, 1, 1.0),
        facts([f"B{i}" for i in range(1, 10)]),
        facts(["", "", "", "DSM"], "uint8", scale=400.0),
        facts([f"AVIRIS band {i}" for i in range(4, 202)]),
        facts(["blue", "green", "red", "rededge1", "x", "y", "z", "nir", "v"]),
        facts([""] * 4),
        facts([""] * 4, "float32", 0, 1, 1.0),
        facts(["red", "green", "blue", "nir", "red", "green", "blue", "nir"]),
        facts(["SR_B4", "SR_B3", "SR_B2"], **LANDSAT),
    ],
    ids=lambda raster: ",".join(raster.descriptions)[:40],
)
def test_names_that_contradict_an_order_forbid_it(raster):
    found = detect(raster)
    assert found.sensor is None or found.confidence == "ambiguous", found


@pytest.mark.parametrize(
    ("names", "raster"),
    [
        (S2, {"scale": 100.0, "dtype": "float32"}),  # percent
        (S2, {"scale": 65535.0}),
        (S2, {"scale": 65535.0, "dtype": "float32"}),
        (S2, {"scale": 1000.0, "high": 0.3}),
        (S2, {"low": 0.3, "high": 0.9, "offset": -0.1}),  # snow: with or without the offset?
        (S2, {"low": 0.3, "high": 0.9}),
        (S2, {"low": 0.95, "high": 1.4, "dtype": "float32", "scale": 1.0}),
        (S2, {"low": -0.4, "high": -0.1, "dtype": "float32", "scale": 1.0}),
        (["VV", "VH"], {"low": -25, "high": -5, "scale": 100.0, "dtype": "int16"}),
        (["VV", "VH"], {"low": -25, "high": -5, "scale": 10000.0, "dtype": "int32"}),
        (["VV", "VH"], {"low": 20, "high": 900, "scale": 1.0}),  # amplitudes
        (["VV", "VH"], {"low": 0.2, "high": 0.9, "scale": 1.0, "dtype": "float32"}),
        (["VV", "VH"], {"low": -3, "high": 3, "scale": 1.0, "dtype": "float32"}),  # normalised
        (["red", "green", "blue", "nir"], {"low": 60, "high": 1000, "scale": 1.0}),  # 10 bit
        (["red", "green", "blue", "nir"], {"offset": -0.1}),
        (["red", "green", "blue"], {"scale": 100000.0}),
    ],
)
def test_values_that_fit_no_unit_are_never_certain(names, raster):
    found = detect(facts(names, **raster))
    assert found.confidence != "certain", found
    assert found.units is None and "--units" in found.reason or found.confidence == "likely"


@pytest.mark.parametrize("full", [1.0, 255.0, 65535.0])
def test_a_fourth_band_of_nothing_and_full_may_be_alpha(full):
    raster = facts(["", "", "", ""], "uint8" if full < 256 else "uint16", scale=400 if full < 256 else 40000)
    samples = (*raster.samples[:3], (0.0,) * 500 + (full,) * 500)
    colors = ("red", "green", "blue", "undefined")
    found = detect(RasterFacts(raster.dtype, colors, samples=samples))
    assert found.confidence == "ambiguous" and {*found.candidates} == {"gaofen", "naip"}, found


@pytest.mark.parametrize(
    ("first", "last", "count", "confidence"),
    [(0.406, 2.497, 234, "certain"), (0.381, 2.493, 285, "certain"), (0.401, 0.999, 235, "likely")],
    ids=["PRISMA", "EMIT", "DESIS"],
)
def test_other_hyperspectral_sensors_by_wavelength(first, last, count, confidence):
    lengths = np.linspace(last, first, count)  # PRISMA's are descending
    raster = facts([""] * count, "float32", scale=1.0, wavelengths_um=tuple(lengths.tolist()))
    found = detect(raster)
    assert (found.product, found.sensor, found.confidence) == ("hyperspectral", "enmap", confidence), found.reason
    assert found.mapped and len(found.bands) == 224
    from ofa_engine.core.sensors import SENSORS

    for band, source in zip(SENSORS["enmap"].bands, found.bands, strict=True):
        assert source is None or abs(lengths[source - 1] - band.wavelength_um) <= 0.006


def test_wavelength_ranges_in_descriptions():
    from ofa_engine.core.sensors import wavelength_um

    assert wavelength_um("", "", "Red band, 597 - 690 nm") == pytest.approx(0.6435)
    assert wavelength_um("", "", "NIR 0.76-0.9 um") == pytest.approx(0.83)


def test_classes_are_no_measurements():
    samples = tuple((0.0,) * 2000 + (100.0,) * 1000 + (254.0,) * 1000 for _ in range(3))
    assert detect(RasterFacts("uint8", ("gray", "undefined", "undefined"), samples=samples)).confidence == "ambiguous"


@pytest.mark.parametrize("names", ["NAIP-VA-b{}", "b{}", "Band_{}", "B0{}"])
def test_numbers_from_one_on_are_places_and_no_sentinel_2_bands(names):
    found = detect(facts([names.format(i) for i in range(1, 5)], "uint8", scale=400.0))
    assert (found.product, found.confidence, found.bands) == ("rgbn", "likely", (1, 2, 3, 4)), found.reason
    three = detect(facts([names.format(i) for i in range(1, 4)], "uint8", scale=400.0))
    assert three.confidence != "certain" and three.bands == (1, 2, 3), three.reason
    false_colour = detect(facts(["B8", "B4", "B3"], "uint8", scale=400.0))
    assert false_colour.sensor is None or false_colour.confidence == "ambiguous"


LC08, LT05 = "LC08_L1TP_193024_20220620_20220701_02_T1", "LT05_L1TP_193024_19990620_20200701_02_T1"
TOA = {"dtype": "float32", "scale": 1.0}  # as the MTL file beside the bands makes it


@pytest.mark.parametrize(
    ("raster", "product", "confidence", "bands"),
    [
        # level 1, by the names of Landsat's files; the same numbers of bands mean other wavelengths
        (
            facts([f"{LC08}_B{i}" for i in range(1, 12)], **TOA),
            "landsat-8-9-l1",
            "certain",
            (4, 3, 2, 0, 0, 0, 5, 6, 7),
        ),
        (facts([f"{LT05}_B{i}" for i in range(1, 8)], **TOA), "landsat-4-7-l1", "certain", (3, 2, 1, 0, 0, 0, 4, 5, 7)),
        (facts([f"{LC08}_B{i}" for i in range(1, 8)]), "landsat-8-9-l1", "ambiguous", (4, 3, 2, 0, 0, 0, 5, 6, 7)),
        (
            facts([f"2020-01-27_Landsat_8_(USGS_archive)_B0{i}_(Raw)" for i in range(1, 10)], scale=65535.0),
            *("landsat-8-9-l1", "ambiguous", (4, 3, 2, 0, 0, 0, 5, 6, 7)),
        ),
        (
            facts(["LC09_L2SP_193024_SR_B4", "LC09_L2SP_193024_SR_B3", "LC09_L2SP_193024_SR_B2"], **LANDSAT),
            *("landsat-8-9-l2", "certain", (1, 2, 3, 0, 0, 0, 0, 0, 0)),
        ),
        (
            facts(["LT05_L2SP_193024_SR_B4", "LT05_L2SP_193024_SR_B3", "LT05_L2SP_193024_SR_B2"], **LANDSAT),
            *("landsat-4-7-l2", "certain", (2, 3, 0, 0, 0, 0, 1, 0, 0)),
        ),
        # unnamed bands in the order that the product's file name stands for
        (
            facts([""] * 8, name="20220620_101010_12_3B_AnalyticMS_SR_8b"),
            "planetscope-8",
            "likely",
            (6, 4, 2, 7, 0, 0, 8, 0, 0),
        ),
        (
            facts([""] * 8, name="20220620_101010_12_3B_AnalyticMS_8b"),
            "planetscope-8",
            "ambiguous",
            (6, 4, 2, 7, 0, 0, 8, 0, 0),
        ),
        (facts([""] * 4, name="20190620_101010_1024_3B_AnalyticMS_SR"), "planetscope-4", "likely", (3, 2, 1, 4)),
        (facts([""] * 4, name="20190620_101010_1024_3B_AnalyticMS"), "planetscope-4", "ambiguous", (3, 2, 1, 4)),
        (facts([""] * 5, name="3159120_2013-08-15_RE4_3A_Analytic"), "rapideye", "ambiguous", (3, 2, 1, 5)),
        (
            facts([""] * 8, name="GF6_WFV_E116.3_N39.9_20220620_L1A11"),
            "gaofen-6-wfv",
            "ambiguous",
            (3, 2, 1, 5, 6, 0, 4, 0, 0),
        ),
        (facts([""] * 4, name="GF1_WFV3_E116.3_N39.9_20220620_L1A11"), "gaofen-mss", "likely", (3, 2, 1, 4)),
        (
            facts([""] * 4, "uint8", scale=400.0, name="GF2_PMS1__L1A0000564539-MSS1"),
            "gaofen-mss",
            "ambiguous",
            (3, 2, 1, 4),
        ),
        (facts([""] * 4, name="IMG_PHR1A_MS_201306101048_ORT_1_R1C1"), "pleiades-spot", "likely", (1, 2, 3, 4)),
        # the order of an IMD file
        (facts(["QB02 blue", "QB02 green", "QB02 red", "QB02 nir1"]), "maxar-4", "likely", (3, 2, 1, 4)),
        (
            facts([f"WV03 {c}" for c in ("coastal", "blue", "green", "yellow", "red", "red edge", "nir1", "nir2")]),
            *("worldview-2-3", "likely", (5, 3, 2, 7)),
        ),
    ],
)
def test_read_by_the_names_of_files(raster, product, confidence, bands):
    found = detect(raster)
    assert (found.product, found.confidence) == (product, confidence), found.reason
    assert found.bands == tuple(band or None for band in bands), found.reason
    assert found.product_title and found.to_json()["product_title"] == found.product_title


def with_mask(raster, full, name=""):
    """With the mask that exports add as the last band."""
    return RasterFacts(
        raster.dtype,
        (*raster.colors, "undefined"),
        (*raster.descriptions, name),
        samples=(*raster.samples, (0.0,) * 300 + (full,) * 3700),
    )


@pytest.mark.parametrize("full", [1.0, 255.0, 65535.0])
@pytest.mark.parametrize("name", ["", "dataMask", "data_mask", "mask"])
def test_the_mask_of_an_export_is_no_band(full, name):
    one = detect(with_mask(facts([""]), full, name))
    assert one.sensor is None and "1 and a mask" in one.reason, one
    radar = detect(with_mask(facts(["", ""], "float32", -25, -5, 1.0), full, name))
    assert (radar.product, radar.bands, radar.units) == ("sentinel-1-grd", (1, 2), "db"), radar.reason
    twelve = detect(with_mask(facts([""] * 12), full, name))
    assert (twelve.product, twelve.bands) == ("sentinel-2-l2a", READ_AS_S2), twelve.reason
    named = detect(with_mask(facts(S2), full, name))
    assert (named.product, named.bands, named.confidence) == ("sentinel-2-l2a", READ_AS_S2, "certain"), named.reason


def test_a_band_with_a_name_of_its_own_is_no_mask():
    raster = with_mask(facts(["VH"], "float32", -25, -5, 1.0), 1.0, "VV")
    assert detect(raster).bands == (2, 1)


def test_types_are_those_of_the_bands_that_are_read():
    """Scene classification first, as bytes: what follows is not of 8 bits."""
    whole = facts(S2)
    raster = RasterFacts(
        "uint16",
        ("gray", *whole.colors),
        ("SCL", *whole.descriptions),
        samples=((4.0,) * 4000, *whole.samples),
        dtypes=("uint8",) + ("uint16",) * 12,
    )
    found = detect(raster)
    assert (found.units, found.confidence) == ("dn", "certain"), found.reason
    assert found.bands == tuple(band + 1 for band in READ_AS_S2)


def test_a_refusal_says_what_is_missing():
    for raster, words in (
        (facts([""] * 8), ("PlanetScope", "WorldView", "two dates")),
        (facts([""] * 5), ("RapidEye", "MicaSense")),
        (facts([""] * 7), ("Landsat 8 or 9", "--bands 4,3,2,-,-,-,5,6,7")),
        (facts([""] * 198), ("wavelengths", "ENVI header")),
    ):
        found = detect(raster)
        assert found.sensor is None and all(word in found.reason for word in words), found.reason
        assert found.reason.startswith("expected band names or wavelengths")
