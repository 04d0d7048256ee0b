"""Colours of classes: conventional ones where a name suggests them, all of them distinct; and tables of classes."""

import itertools

import pytest

from ofa_engine.core.classes import (
    COLORS,
    HIGH_RESOLUTION,
    LAND_COVER,
    MEDIUM_RESOLUTION,
    class_table,
    color_for,
    colors_for,
)

from .color_vision import VISIONS, ciede2000, difference, hue_and_chroma, lab, linear


def test_colours_are_conventional_and_distinct():
    colors = colors_for(["River", "open water", "Forest", "something", "else"])
    assert colors[0] == "#2a6fd1" and colors[2] == "#1f6b36" and len(set(colors)) == 5
    assert colors_for(["a", "b"]) == list(COLORS[:2])
    assert len(colors_for([str(i) for i in range(40)])) == 40


def test_a_new_class_gets_an_unused_colour():
    assert color_for("lake", []) == "#2a6fd1"
    assert color_for("lake", ["#2A6FD1"]) == COLORS[0], "as QGIS or a user may write it"
    assert color_for("a", ["#ffffff", COLORS[0]]) == COLORS[1]
    assert color_for("a", COLORS) in COLORS


@pytest.mark.parametrize("values", [[1, 1], [0, 255], [1]])
def test_class_values_are_distinct_and_fit_a_byte(values):
    with pytest.raises(ValueError, match="expected"):
        class_table(values, ["a", "b"], ["#000000", "#ffffff"])


# --- the land-cover legends -----------------------------------------------------------------------------------------

LEGENDS = {"medium": MEDIUM_RESOLUTION, "high": HIGH_RESOLUTION}


@pytest.mark.parametrize(
    "one, other, expected",
    [  # of the test data of Sharma, Wu, Dalal (2005): hue differences, neutral colours, large ones
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (58, 24, 15), 19.4535),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_measure_of_colour_differences(one, other, expected):
    assert ciede2000(one, other) == pytest.approx(expected, abs=5e-5)
    assert ciede2000(other, one) == pytest.approx(expected, abs=5e-5)


def test_the_simulation_of_colour_blindness():
    for matrix in VISIONS.values():
        assert matrix.sum(1) == pytest.approx(1, abs=1e-5), "greys stay grey"
    red, green = "#c00000", "#6a6a00"
    assert difference(red, green, "normal") > 40 and difference("#00ff00", "#ff0000", "tritanopia") > 40
    assert lab(linear("#ffffff")) == pytest.approx([100, 0, 0], abs=0.02)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    assert difference("#d0a000", "#9ab400", "deuteranopia") < difference("#d0a000", "#9ab400", "normal") / 2


@pytest.mark.parametrize("legend", LEGENDS)
@pytest.mark.parametrize("vision", VISIONS)
def test_land_cover_can_be_told_apart_with_every_kind_of_colour_vision(legend, vision):
    least = 15 if vision == "normal" else 12
    for one, other in itertools.combinations(LEGENDS[legend], 2):
        found = difference(LAND_COVER[one], LAND_COVER[other], vision)
        assert found >= least, f"{one} and {other}: {found:.1f}"


def test_only_water_is_blue():
    def is_blue(color: str) -> bool:
        hue, chroma = hue_and_chroma(color)
        return 200 < hue < 310 and chroma > 10

    assert [name for name, color in LAND_COVER.items() if is_blue(color)] == ["water"]
    assert hue_and_chroma(LAND_COVER["water"])[1] > 40


def test_one_colour_per_meaning():
    assert set(LAND_COVER) == {*MEDIUM_RESOLUTION, *HIGH_RESOLUTION}
    pairs = {"tree": "trees", "low vegetation": "grass", "crop": "crops", "bare soil": "bare", "building": "built"}
    for high, medium in pairs.items():
        assert LAND_COVER[high] == LAND_COVER[medium]
    for legend in LEGENDS.values():
        assert colors_for(legend) == [LAND_COVER[name] for name in legend], "also for classes that users draw"
    assert color_for("Sealed", []) == LAND_COVER["other sealed"] and color_for("rice", []) == LAND_COVER["crops"]
