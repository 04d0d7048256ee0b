"""Colours of classes: conventional ones where a name suggests them, all of them distinct; and tables of classes."""

import pytest

from ofa_engine.core.classes import COLORS, class_table, color_for, colors_for


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
