"""Colours of classes: as people expect them, and told apart."""

from ofa_engine.core.classes import COLORS, color_for, colors_for


def test_classes_look_as_people_expect_and_never_alike():
    colors = colors_for(["River", "open water", "Forest", "something", "else"])
    assert colors[0] == "#2a6fd1" and colors[2] == "#1f6b36" and len(set(colors)) == 5
    assert colors_for(["a", "b"]) == list(COLORS[:2])
    assert len(colors_for([str(i) for i in range(40)])) == 40


def test_a_class_more_takes_no_colour_that_is_there():
    assert color_for("lake", []) == "#2a6fd1"
    assert color_for("lake", ["#2A6FD1"]) == COLORS[0], "as QGIS or a user may write it"
    assert color_for("a", ["#ffffff", COLORS[0]]) == COLORS[1]
    assert color_for("a", COLORS) in COLORS
