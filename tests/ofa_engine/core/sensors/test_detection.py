from dataclasses import replace
from pathlib import Path

import pytest

from ofa_engine.core.errors import SensorError
from ofa_engine.core.sensors import PRODUCTS, SENSORS, RasterFacts, detect, load_table, parse_bands
from ofa_engine.core.sensors.table import FOLDER

ADDED = Path(__file__).resolve().parents[3] / "added_sensor"
KESTREL = ["blue", "green", "red", "edge", "infrared", "shortwave"]
KESTREL_UM = (0.48, 0.56, 0.66, 0.715, 0.86, 1.62)
OSPREY = [f"O{i}" for i in range(1, 8)] + ["quality"]


def facts(count, dtype="uint16", names=(), colors=None, **more):
    colors = colors or ("gray",) + ("undefined",) * (count - 1)
    return RasterFacts(dtype=dtype, colors=colors, descriptions=tuple(names), **more)


S2_13 = [f"B{i}" for i in range(1, 9)] + ["B8A", "B9", "B10", "B11", "B12"]
S2_12 = [name for name in S2_13 if name != "B10"]


@pytest.mark.parametrize(
    ("given", "sensor", "confidence", "bands"),
    [
        (facts(2, "float32", ["VV", "VH"]), "sentinel-1", "certain", (1, 2)),
        (facts(2, "float32", ["Sigma0_VH_db", "Sigma0_VV_db"]), "sentinel-1", "certain", (2, 1)),
        (facts(3, "float32", ["VV", "VH", "angle"]), "sentinel-1", "certain", (1, 2)),
        (facts(2, "float32"), "sentinel-1", "likely", (1, 2)),
        (facts(9), "sentinel-2", "likely", tuple(range(1, 10))),
        (facts(12), "sentinel-2", "likely", (4, 3, 2, 5, 6, 7, 8, 11, 12)),
        (facts(13), "sentinel-2", "likely", (4, 3, 2, 5, 6, 7, 8, 12, 13)),
        (facts(10), "sentinel-2", "likely", (3, 2, 1, 4, 5, 6, 7, 9, 10)),
        (facts(12, names=S2_12), "sentinel-2", "certain", (4, 3, 2, 5, 6, 7, 8, 11, 12)),
        (
            facts(12, names=[n.replace("B", "B0") if len(n) == 2 else n for n in S2_12]),
            "sentinel-2",
            "certain",
            (4, 3, 2, 5, 6, 7, 8, 11, 12),
        ),
        # EuroSAT puts B8A last
        (facts(13, names=[*S2_13[:8], *S2_13[9:], "B8A"]), "sentinel-2", "certain", (4, 3, 2, 5, 6, 7, 8, 11, 12)),
        (
            facts(6, names=["B2", "B3", "B4", "B8", "B11", "B12"]),
            "sentinel-2",
            "likely",
            (3, 2, 1, None, None, None, 4, 5, 6),
        ),
        (facts(3, "uint8", colors=("red", "green", "blue")), "naip", "certain", (1, 2, 3)),
        (facts(4, "uint8", colors=("red", "green", "blue", "alpha")), "naip", "certain", (1, 2, 3)),
        (facts(4, "uint8", colors=("red", "green", "blue", "undefined")), "gaofen", "likely", (1, 2, 3, 4)),
        (facts(4, "uint8"), "gaofen", "likely", (1, 2, 3, 4)),
        (facts(4, "uint8", ["Blue", "Green", "Red", "NIR"]), "gaofen", "certain", (3, 2, 1, 4)),
        (facts(4, "uint8", ["NIR", "Red", "Green", "Blue"]), "gaofen", "certain", (2, 3, 4, 1)),
        (facts(4, names=["B4", "B3", "B2", "B8"]), "gaofen", "certain", (1, 2, 3, 4)),
        # GDAL calls the fourth of four 8-bit bands alpha unless told otherwise: its name outweighs that
        (
            facts(4, "uint8", ["R", "G", "B", "NIR"], ("red", "green", "blue", "alpha")),
            "gaofen",
            "certain",
            (1, 2, 3, 4),
        ),
        (facts(3, "uint8", ["b", "g", "r"]), "naip", "certain", (3, 2, 1)),
        (facts(3, "uint8"), "naip", "likely", (1, 2, 3)),
        (facts(3, "uint8", ["NIR", "Red", "Green"]), "naip", "ambiguous", (2, 3, None)),
    ],
)
def test_detects(given, sensor, confidence, bands):
    found = detect(given)
    assert (found.sensor, found.confidence, found.bands) == (sensor, confidence, bands), found.reason
    assert sensor in found.candidates
    assert found.reason and found.units


def test_enmap_by_count_and_by_wavelength():
    plain = detect(facts(224, "int16"))
    assert (plain.sensor, plain.confidence) == ("enmap", "likely")
    assert [i for i, band in enumerate(plain.bands, 1) if band is None] == [*range(127, 142), *range(161, 168)]
    dropped = detect(facts(202, "int16"))
    assert dropped.bands[125:127] == (126, None) and dropped.bands[141] == 127 and dropped.bands[223] == 202
    wavelengths = [b.wavelength_um for b in SENSORS["enmap"].bands]
    told = detect(facts(224, "int16", wavelengths_um=tuple(wavelengths)))
    assert told.confidence == "certain" and told.bands == plain.bands
    reverse = detect(facts(224, "int16", wavelengths_um=tuple(reversed(wavelengths))))
    assert reverse.bands[0] == 224 and reverse.bands[223] == 1
    part = detect(facts(150, "int16", wavelengths_um=tuple(wavelengths[:150])))
    assert part.sensor == "enmap" and part.bands[149] == 150 and part.bands[150] is None


@pytest.mark.parametrize("count", [1, 5, 6, 7, 8, 11, 300])
def test_refuses_with_what_to_do(count):
    found = detect(facts(count))
    assert found.sensor is None and not found.bands
    assert f"found {count}" in found.reason
    if count == 6:
        assert "--sensor sentinel-2 --bands 3,2,1,-,-,-,4,5,6" in found.reason


def test_landsat_band_names_are_not_sentinel_2():
    assert detect(facts(7, names=[f"B{i}" for i in range(1, 8)])).sensor is None


def test_colour_tables_are_class_layers():
    found = detect(facts(1, "uint8", colors=("palette",)))
    assert found.sensor is None and "class layer" in found.reason


def test_gsd_is_a_plausibility_check():
    given = facts(12, names=S2_12, gsd_m=0.5)
    found = detect(given)
    assert found.confidence == "likely" and "0.5 m" in found.reason


def test_an_alpha_band_full_of_greys_is_doubted():
    samples = ((1.0, 9.0), (2.0, 8.0), (3.0, 7.0), (40.0, 80.0, 255.0))
    found = detect(facts(4, "uint8", colors=("red", "green", "blue", "alpha"), samples=samples))
    assert (found.sensor, found.confidence, found.candidates) == ("naip", "likely", ("naip", "gaofen"))
    assert "--sensor gaofen" in found.reason


def test_a_hidden_alpha_band_is_ambiguous():
    samples = ((1.0, 9.0), (2.0, 8.0), (3.0, 7.0), (0.0, 255.0))
    found = detect(facts(4, "uint8", samples=samples))
    assert found.confidence == "ambiguous" and set(found.candidates) == {"gaofen", "naip"}


def test_what_the_user_sets_is_taken():
    landsat = facts(6, "uint8")
    found = detect(landsat, "sentinel-2", "3,2,1,-,-,-,4,5,6")
    assert found.bands == (3, 2, 1, None, None, None, 4, 5, 6) and found.mapped and found.confidence == "certain"
    assert detect(landsat, "sentinel-2").sensor is None
    assert detect(facts(4, "uint8"), "naip").bands == (1, 2, 3)
    assert detect(facts(4, "uint8"), units="reflectance").units == "reflectance"
    assert not detect(facts(3, "uint8"), bands="1,2,3").mapped
    for bad in ("1,2", "0,1,2", "1,2,9", "a,b,c", "-,-,-", "1,2,3,4,5"):
        with pytest.raises(SensorError):
            detect(facts(3, "uint8"), "naip", bad)
    with pytest.raises(SensorError, match="expected a sensor"):
        detect(landsat, "landsat")
    with pytest.raises(SensorError, match="--units"):
        detect(facts(3, "uint8"), units="db")


def test_parse_bands():
    assert parse_bands("3, 2,1,-") == (3, 2, 1, None)


@pytest.fixture(scope="module")
def added():
    """The table with a sensor and a product that were made up."""
    return load_table([FOLDER, ADDED])


@pytest.mark.parametrize(
    ("raster", "product", "confidence", "bands"),
    [
        (facts(6), "kestrel-l2", "likely", (1, 2, 3, None, 5, 6)),
        (facts(6, names=KESTREL[::-1]), "kestrel-l2", "certain", (6, 5, 4, None, 2, 1)),
        (facts(7, names=["S_K5", *KESTREL[:4], "mask", "Shortwave"]), "kestrel-l2", "certain", (2, 3, 4, None, 1, 7)),
        (facts(6, wavelengths_um=KESTREL_UM[::-1]), "kestrel-l2", "certain", (6, 5, 4, None, 2, 1)),
        (facts(8), "osprey-8", "likely", (4, 3, 2, None, None, None, 5, 6, 7)),
        (facts(8, names=OSPREY[::-1]), "osprey-8", "certain", (5, 6, 7, None, None, None, 4, 3, 2)),
        (facts(12), "sentinel-2-l2a", "likely", (4, 3, 2, 5, 6, 7, 8, 11, 12)),
    ],
)
def test_a_sensor_and_a_product_added_by_data(added, raster, product, confidence, bands):
    found = detect(raster, table=added)
    assert (found.product, found.confidence, found.bands) == (product, confidence, bands), found.reason
    assert found.sensor == added.products[product].sensor and found.mapped == (product == "osprey-8")
    assert "kestrel" not in SENSORS and "osprey-8" not in PRODUCTS


def test_an_added_sensor_is_named_in_refusals(added):
    found = detect(facts(5), table=added)
    assert found.sensor is None and "6 (Kestrel)" in found.reason and "--sensor kestrel" in found.reason
    assert "8, 9, 10, 12 or 13 (Sentinel-2)" in found.reason
    assert detect(facts(6), bands="1,2,3,4,5,6", table=added).sensor == "kestrel"
    with pytest.raises(SensorError, match="2, 3, 4, 6, 9 or 224 entries"):
        detect(facts(6), bands="1,2,3,4,5", table=added)


def test_products_are_named():
    for raster, product in (
        (facts(2, names=["VV", "VH"]), "sentinel-1-grd"),
        (facts(12, names=S2_12), "sentinel-2-l2a"),
        (facts(13, names=S2_13), "sentinel-2-l1c"),
        (facts(9), "sentinel-2"),
        (facts(3, "uint8"), "rgb"),
        (facts(4, "uint8"), "rgbn"),
        (facts(224), "enmap-l2a"),
    ):
        found = detect(raster)
        assert found.product == product and found.to_json()["product"] == product
        assert found.sensor == PRODUCTS[product].sensor
    assert detect(facts(4, "uint8"), bands="1,2,3,4").product == "rgbn"
    assert detect(facts(4, "uint8"), bands="4,3,2,1").product is None
    assert "product" not in detect(facts(5)).to_json()


def test_a_plain_number_is_no_name():
    rgba = facts(4, "uint8", [f"Band {i}" for i in range(1, 5)], ("red", "green", "blue", "alpha"))
    assert (detect(rgba).sensor, detect(rgba).bands) == ("naip", (1, 2, 3))
    named = facts(4, names=["Band 1: B08", "Band 2: B04", "Band 3: B03", "Band 4: B02"])
    assert detect(named).bands == (2, 3, 4, 1)


def test_a_broken_folder_is_met_when_something_is_detected():
    table = replace(load_table(), problem="expected a folder, found none")
    with pytest.raises(SensorError, match="expected a folder"):
        detect(facts(3, "uint8"), table=table)


@pytest.mark.parametrize(
    "units, expected",
    [("dn", "reflectance"), ("0.0001,0", "reflectance"), ("reflectance", "reflectance"), ("dn+1000", "dn+1000")],
)
def test_a_scale_that_the_file_declares_is_not_applied_again_by_the_same_unit(units, expected):
    """Values are read scaled; a user who sets the unit of the stored ones means the same scale."""
    names = ("B4", "B3", "B2", "B5", "B6", "B7", "B8", "B11", "B12")
    found = detect(facts(9, "float32", names, scale_offset=(0.0001, 0.0)), units=units)
    assert found.units == expected and found.sensor == "sentinel-2"
