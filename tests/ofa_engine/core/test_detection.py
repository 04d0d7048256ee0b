import pytest

from ofa_engine.core.errors import SensorError
from ofa_engine.core.sensors import (
    SENSORS,
    RasterFacts,
    affine_to_canonical,
    detect,
    parse_bands,
    sample_windows,
)


def facts(count, dtype="uint16", names=(), colors=None, **more):
    colors = colors or ("gray",) + ("undefined",) * (count - 1)
    return RasterFacts(dtype=dtype, colors=colors, descriptions=tuple(names), **more)


def test_table_is_the_papers():
    assert {key: len(s.bands) for key, s in SENSORS.items()} == {
        "sentinel-1": 2,
        "sentinel-2": 9,
        "gaofen": 4,
        "naip": 3,
        "enmap": 224,
    }
    for sensor in SENSORS.values():
        assert len(sensor.mean) == len(sensor.std) == len(sensor.bands)
        assert all(s > 0 for s in sensor.std)
        assert sensor.unit in sensor.units
        assert affine_to_canonical(sensor, sensor.unit) == (1.0, 0.0)
    assert len(SENSORS["enmap"].never) == 22


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


@pytest.mark.parametrize(
    ("sensor", "dtype", "low", "high", "units"),
    [
        ("sentinel-1", "float32", -30.0, 3.0, "db"),
        ("sentinel-1", "float32", 0.0001, 2.5, "linear"),
        ("sentinel-1", "uint16", 20.0, 900.0, None),
        ("sentinel-2", "uint16", 120.0, 4000.0, "dn"),
        ("sentinel-2", "uint16", 1090.0, 6000.0, "dn+1000"),
        ("sentinel-2", "float32", 0.01, 0.7, "reflectance"),
        ("sentinel-2", "float32", 0.106, 0.6, "reflectance+0.1"),
        ("sentinel-2", "uint8", 3.0, 200.0, "8-bit"),
        ("enmap", "int16", 30.0, 5000.0, "dn"),
        ("enmap", "float32", 0.01, 0.6, "reflectance"),
        ("naip", "uint8", 3.0, 255.0, "8-bit"),
        ("gaofen", "uint16", 3.0, 250.0, "8-bit"),
        ("gaofen", "uint16", 100.0, 5000.0, "dn"),
        ("gaofen", "float32", 0.01, 0.9, "reflectance"),
    ],
)
def test_units(sensor, dtype, low, high, units):
    count = len(SENSORS[sensor].bands)
    samples = (tuple(low + (high - low) * i / 99 for i in range(100)),) * count
    found = detect(facts(count, dtype, samples=samples), sensor)
    assert found.units == units, found.reason
    if units is None:
        assert found.confidence == "ambiguous" and "--units" in found.reason


def test_the_users_word():
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


@pytest.mark.parametrize(("width", "height"), [(1, 1), (10, 500), (64, 64), (1000, 700), (90, 3000)])
def test_sample_windows_lie_inside(width, height):
    windows = sample_windows(width, height)
    assert windows and len(set(windows)) == len(windows)
    for column, row, w, h in windows:
        assert 0 <= column and column + w <= width and 0 <= row and row + h <= height and w > 0 and h > 0


def test_unit_conversions_agree():
    s2, naip = SENSORS["sentinel-2"], SENSORS["naip"]
    for units, value in {"reflectance": 0.2, "reflectance+0.1": 0.3, "dn": 2000, "dn+1000": 3000}.items():
        scale, offset = affine_to_canonical(s2, units)
        assert value * scale + offset == pytest.approx(0.2)
    scale, offset = affine_to_canonical(naip, "dn")
    assert 3558 * scale + offset == pytest.approx(255)
    assert affine_to_canonical(SENSORS["sentinel-1"], "linear") is None
