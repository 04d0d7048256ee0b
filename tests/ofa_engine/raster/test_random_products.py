"""Whatever a file is called, scaled and stored as: it is read as what it is, or not for certain."""

import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ofa_engine.core.errors import RasterError
from ofa_engine.core.sensors import SENSORS, affine_to_canonical
from ofa_engine.raster.source import Source, detect_source

from ..conftest import write_raster

SIZE = 40
S2 = SENSORS["sentinel-2"]
SPECTRUM = {  # reflectance of dark water, vegetation, soil and roof per embedder band of Sentinel-2
    "B2": (0.03, 0.03, 0.1, 0.2),
    "B3": (0.03, 0.06, 0.13, 0.22),
    "B4": (0.02, 0.03, 0.17, 0.24),
    "B5": (0.02, 0.09, 0.2, 0.25),
    "B6": (0.015, 0.25, 0.22, 0.26),
    "B7": (0.015, 0.32, 0.24, 0.27),
    "B8": (0.012, 0.36, 0.26, 0.28),
    "B11": (0.006, 0.18, 0.33, 0.3),
    "B12": (0.005, 0.09, 0.3, 0.28),
}
PRODUCTS = {  # name in the file: what it shows
    "landsat": {"SR_B2": "B2", "SR_B3": "B3", "SR_B4": "B4", "SR_B5": "B8", "SR_B6": "B11", "SR_B7": "B12"},
    "sentinel-2": {name: name for name in SPECTRUM},
    "stac": dict(
        zip(
            ["blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "swir16", "swir22"],
            SPECTRUM,
            strict=True,
        )
    ),
    "unnamed": {f"Band {i}": name for i, name in enumerate(S2.band_names, 1)},
    "contradicting": {"ndvi": "B2"} | {f"Band {i}": name for i, name in enumerate(S2.band_names[1:], 2)},
    "10 m": {"B02": "B2", "B03": "B3", "B04": "B4", "B08": "B8"},
    "words": {"Rot": "B4", "Grün": "B3", "Blau": "B2", "Nahes Infrarot": "B8"},
    "unnamed 4": {"": "B2", " ": "B3", "  ": "B4", "   ": "B8"},
}
SCALES = [
    (1e-4, 0.0),
    (1e-4, -0.1),
    (2.75e-5, -0.2),
    (1 / 65535, 0.0),
    (1e-3, 0.0),
    (0.01, 0.0),
    (1.0, 0.0),
    (1.0, -0.1),
]
GAOFEN = {"R": "B4", "G": "B3", "B": "B2", "NIR": "B8"}


@st.composite
def files(draw):
    product = draw(st.sampled_from(list(PRODUCTS)))
    named = list(PRODUCTS[product].items())
    order = named if product.startswith("unnamed") or product == "contradicting" else draw(st.permutations(named))
    scale, offset = draw(st.sampled_from(SCALES))
    if product == "landsat" and scale == 1:
        offset = 0.0  # no such product exists, and a bright scene would look alike
    kinds = ["float32", "float64"] if scale >= 0.01 else ["uint16", "int16", "int32", "float32"]
    dtype = draw(st.sampled_from(kinds))
    return {
        "names": [name for name, _ in order],
        "shows": [band for _, band in order],
        "scale": (scale, offset),
        "in_file": draw(st.booleans()),
        "dtype": dtype,
        "border": draw(st.sampled_from([None, 0, -9999])) if dtype != "uint16" else draw(st.sampled_from([None, 0])),
        "declared": draw(st.booleans()),
        "bright": draw(st.sampled_from([1.0, 1.0, 0.3, 2.5])),
        "seed": draw(st.integers(0, 9)),
    }


def scene(about):
    """(bands, H, W) reflectance, and the same as numbers in the file."""
    rng = np.random.default_rng(about["seed"])
    classes = np.kron(rng.integers(0, 4, (SIZE // 4, SIZE // 4)), np.ones((4, 4), int))
    noise = 1 + 0.1 * rng.standard_normal((len(about["shows"]), SIZE, SIZE))
    truth = np.stack([np.array(SPECTRUM[band])[classes] for band in about["shows"]]) * noise * about["bright"]
    truth = truth.round(4)  # as products deliver it, whatever becomes of it in an export
    scale, offset = about["scale"]
    numbers = (truth - offset) / scale
    if not about["dtype"].startswith("float"):
        info = np.iinfo(about["dtype"])
        numbers = numbers.round().clip(info.min, info.max)
    return truth, numbers.astype(about["dtype"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files())
def test_right_or_not_certain(tmp_path, about):
    truth, numbers = scene(about)
    inside = np.ones((SIZE, SIZE), bool)
    if about["border"] is not None:
        inside[:, : SIZE // 3] = False
        numbers[:, ~inside] = about["border"]
    path = write_raster(
        tmp_path / "a.tif", numbers, nodata=about["border"] if about["declared"] else None, names=about["names"]
    )
    if about["in_file"]:
        with rasterio.open(path, "r+") as target:
            target.scales, target.offsets = ([value] * len(numbers) for value in about["scale"])
    with Source(path) as source:
        try:
            found = detect_source(source)
        except RasterError:
            return
        if found.confidence != "certain":
            return
        shown = (
            S2.band_names if found.sensor == "sentinel-2" else [GAOFEN[name] for name in SENSORS["gaofen"].band_names]
        )
        used = [band for band in found.bands if band]
        values, valid = source.read(used, (0, 0, SIZE, SIZE))
    for want, band in zip(shown, found.bands, strict=True):
        assert band is None or about["shows"][band - 1] == want, found.reason
    affine = affine_to_canonical(SENSORS[found.sensor], found.units)
    to_reflectance = affine_to_canonical(SENSORS[found.sensor], "reflectance")
    got = (values * affine[0] + affine[1] - to_reflectance[1]) / to_reflectance[0]
    kept = inside if valid is None else valid
    assert (kept == inside).mean() > 0.995, found.reason
    expected = truth[[band - 1 for band in used]][:, inside]
    clipped = (numbers[[band - 1 for band in used]][:, inside] >= 32767) | np.isnan(got[:, inside])
    np.testing.assert_allclose(
        got[:, inside][~clipped], expected[~clipped], atol=max(6e-4, about["scale"][0] % 1), err_msg=found.reason
    )


def test_certain_answers_are_given(tmp_path):
    """The property holds not only because nothing is ever certain."""
    plain = {"scale": (1e-4, 0.0), "dtype": "uint16", "bright": 1.0, "seed": 1}
    for product in ("sentinel-2", "stac"):
        named = PRODUCTS[product]
        _, numbers = scene(plain | {"shows": list(named.values())})
        with Source(write_raster(tmp_path / "a.tif", numbers, names=list(named))) as source:
            found = detect_source(source)
        assert (found.confidence, found.units) == ("certain", "dn"), found.reason


@pytest.mark.parametrize("scale", SCALES[:3])
def test_scales_in_the_file_are_certain(tmp_path, scale):
    about = {"scale": scale, "dtype": "uint16", "bright": 1.0, "seed": 2, "shows": list(PRODUCTS["landsat"].values())}
    path = write_raster(tmp_path / "a.tif", scene(about)[1], names=list(PRODUCTS["landsat"]))
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = [scale[0]] * 6, [scale[1]] * 6
    with Source(path) as source:
        found = detect_source(source)
    assert (found.product, found.confidence, found.units) == ("landsat-8-9-l2", "certain", "reflectance"), found.reason
