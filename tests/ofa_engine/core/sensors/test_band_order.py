"""However the bands of a product are ordered and named, each is found in the place that the embedder has for it."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ofa_engine.core.sensors import PRODUCTS, SENSORS, RasterFacts, detect, measured_bands

NAMED = [
    product
    for product in PRODUCTS.values()
    if product.words and product.rules[0].confidence == "certain" and product.id != "rgbn-and-more"
    if not product.rules[0].file and not product.rules[0].named  # these need more than names
]
SPELLINGS = {
    "R": ["Red", "r", "B04", "b_4", "Rouge", "rot", "rojo"],
    "G": ["GREEN", "g", "B3", "vert", "grün"],
    "B": ["blue", "B02", "azul", "蓝色"],
    "NIR": ["nir", "Near Infrared", "near-infrared", "proche infrarouge", "Nahes Infrarot"],
    "VV": ["VV", "vv", "Sigma0_VV_db"],
    "VH": ["VH", "vh", "Sigma0_VH_db"],
}
NOT_BANDS = ["", "elevation", "NDVI", "QA60", "Band 4", "band_11", "cloud mask", "B8B"]


def spellings(name: str) -> list[str]:
    """Ways in which software writes a band's name."""
    if name in SPELLINGS:
        return SPELLINGS[name]
    if not re.fullmatch(r"B\d+A?", name):
        return [name, name.lower(), name.replace(" ", "_"), name.title().replace("_b", "_B")]
    number = name[1:].rstrip("A")
    padded = f"B{number:0>2}{name[1 + len(number) :]}"
    return [name, name.lower(), padded, f"S2_{padded}_mean"]


@st.composite
def named_rasters(draw, extra: bool):
    """(product, facts, names in the file's order); with `extra`, bands that are none of the product's stand between."""
    product = draw(st.sampled_from(NAMED))
    whole = product.id in ("sentinel-2-l1c", "sentinel-2-l2a")
    bands = [band.name for band in product.bands if band.reads or band.name in product.rules[0].also or whole]
    more = draw(st.lists(st.none(), max_size=3)) if extra and not product.counts else []
    order = draw(st.permutations([*bands, *more]))
    texts = [draw(st.sampled_from(spellings(name) if name else NOT_BANDS)) for name in order]
    facts = RasterFacts("uint16", ("gray",) + ("undefined",) * (len(order) - 1), tuple(texts))
    return product, facts, order


@given(named_rasters(extra=True))
def test_named_bands_are_put_in_the_embedders_order(drawn):
    product, facts, order = drawn
    found = detect(facts)
    assert found.confidence == "certain" and found.sensor == product.sensor, found.reason
    wanted = [band.name if band else None for band in product.reads(SENSORS[product.sensor])]
    assert [order[band - 1] if band else None for band in found.bands] == wanted


@given(st.permutations(range(224)))
def test_wavelengths_put_bands_in_the_embedders_order(order):
    sensor = SENSORS["enmap"]
    lengths = [sensor.bands[i].wavelength_um for i in order]
    found = detect(RasterFacts("int16", ("undefined",) * 224, wavelengths_um=tuple(lengths)))
    assert found.confidence == "certain"
    for number, band in enumerate(found.bands, 1):
        if number in sensor.never:
            assert band is None
        else:
            assert lengths[band - 1] == sensor.bands[number - 1].wavelength_um


@given(st.integers(1, 6), st.data())
def test_alpha_is_no_measurement_unless_it_has_a_bands_name(count, data):
    alpha = data.draw(st.integers(1, count))
    text = data.draw(st.sampled_from([*NOT_BANDS, "NIR", "B8", "VV"]))
    colors = ["undefined"] * count
    colors[alpha - 1] = "alpha"
    descriptions = ["x"] * count
    descriptions[alpha - 1] = text
    facts = RasterFacts("uint8", tuple(colors), tuple(descriptions))
    assert (alpha in measured_bands(facts)) == (text not in NOT_BANDS)
