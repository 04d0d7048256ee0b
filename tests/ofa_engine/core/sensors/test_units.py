import pytest

from ofa_engine.core.sensors import SENSORS, UNITS, Conversion, RasterFacts, affine_to_canonical, conversion, detect


@pytest.mark.parametrize(
    ("sensor", "dtype", "low", "high", "units"),
    [
        ("sentinel-1", "float32", -30.0, 3.0, "db"),
        ("sentinel-1", "float32", 0.0001, 0.5, "linear"),
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
    samples = (tuple(low + (high - low) * i / 19999 for i in range(20000)),) * count
    found = detect(RasterFacts(dtype, ("undefined",) * count, samples=samples), sensor)
    assert found.units == units, found.reason
    if units is None:
        assert found.confidence == "ambiguous" and "--units" in found.reason


def test_a_small_chip_without_anything_dark_is_asked_about():
    """A haze over a few fields has as high values as the offset of +1000 has; a whole scene has something dark."""
    for pixels, units in ((4096, None), (20000, "dn+1000")):
        samples = (tuple(1091 + 3400 * (i / pixels) ** 2 + 400 for i in range(pixels)),) * 9
        found = detect(RasterFacts("uint16", ("undefined",) * 9, samples=samples), "sentinel-2")
        assert found.units == units, found.reason
        assert found.confidence == ("likely" if units else "ambiguous")


@pytest.mark.parametrize(
    ("name", "low", "high", "units", "confidence"),
    [
        ("Sigma0_{}", 0.003, 0.4, "linear", "certain"),
        ("Gamma0 {}", 0.003, 0.4, "linear", "certain"),
        ("{}", 0.003, 0.4, "linear", "likely"),  # or amplitudes of a scene that is darker
        ("Amplitude_{}", 0.05, 0.6, None, "ambiguous"),
        ("Sigma0_{}_db", -26.0, -3.0, "db", "certain"),
    ],
)
def test_names_say_whether_radar_is_power_or_amplitude(name, low, high, units, confidence):
    samples = (tuple(low + (high - low) * i / 4999 for i in range(5000)),) * 2
    names = tuple(name.format(band) for band in ("VV", "VH"))
    found = detect(RasterFacts("float32", ("gray", "undefined"), names, samples=samples))
    assert (found.units, found.confidence) == (units, confidence), found.reason


def test_unit_conversions_agree():
    s2, naip = SENSORS["sentinel-2"], SENSORS["naip"]
    for units, value in {"reflectance": 0.2, "reflectance+0.1": 0.3, "dn": 2000, "dn+1000": 3000}.items():
        scale, offset = affine_to_canonical(s2, units)
        assert value * scale + offset == pytest.approx(0.2)
    scale, offset = affine_to_canonical(naip, "dn")
    assert 3558 * scale + offset == pytest.approx(255)
    assert affine_to_canonical(SENSORS["sentinel-1"], "linear") is None
    assert conversion(SENSORS["sentinel-1"], "linear") == Conversion("decibel of power")


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=list(SENSORS))
def test_the_canonical_unit_stays_as_it_is(sensor):
    assert affine_to_canonical(sensor, sensor.unit) == (1.0, 0.0)
    for units in sensor.units:
        affine = affine_to_canonical(sensor, units)
        assert affine is None or affine[0] > 0
        assert UNITS[units]
