"""Rows of one run take the place of older ones; a page keeps its own words."""

import json

import pytest

from ofa_engine.core.errors import InputError
from training.assessment.quality_page import merged, read_rows, table, write_page

PAGE = "# Title\n\n<!-- places: made by training.quality -->\nold\n<!-- end -->\nwords\n"


def row(name="flair", method="ofa fit", value=0.5, kind="places", **more):
    score = [value, value - 0.1, value + 0.1]
    return {
        "kind": kind,
        "set": name,
        "method": method,
        "head": "",
        "seen": False,
        "miou": score,
        "accuracy": score,
        "edge_accuracy": [None] * 3,
        "seconds_per_megapixel": 12.34,
        "places": 3,
        "rasters": 4,
        "machine": "two cores",
    } | more


def test_new_rows_take_the_place_of_the_same_set_and_method():
    old = [row(), row(method="forest"), row("b"), row(kind="squares")]
    found = merged(old, [row(value=0.7)])
    assert len(found) == 4 and [r["set"] for r in found] == ["b", "flair", "flair", "flair"]
    assert [r["miou"][0] for r in found if r["method"] == "ofa fit" and r["kind"] == "places"] == [0.5, 0.7]


def test_a_page_gets_tables_between_its_marks_and_figures_beside_it(tmp_path):
    page = tmp_path / "quality.md"
    page.write_text(PAGE)
    write_page(page, [row()])
    text = page.read_text()
    assert "| flair | ofa fit | 0.500 (0.400 to 0.600) | 0.500 (0.400 to 0.600) | - | 12 | 3, 4 |" in text
    assert "\n\nMeasured on two cores.\n" in text
    assert text.startswith("# Title") and text.endswith("words\n") and "old" not in text
    assert read_rows(page) == [row()] == json.loads((tmp_path / "quality.json").read_text())
    write_page(page, read_rows(page))
    assert page.read_text() == text


def test_heads_are_named_and_marked_where_they_have_seen_the_rasters():
    line = table([row(head="Mine", seen=True, miou=[0.5, None, None])], "places").splitlines()[-1]
    assert line.startswith("| flair | ofa fit (Mine) * | 0.500 |")


def test_a_page_without_marks_is_refused(tmp_path):
    page = tmp_path / "quality.md"
    page.write_text(PAGE)
    with pytest.raises(InputError, match="expected lines <!-- places"):
        write_page(page, [row(kind="squares")])
    assert page.read_text() == PAGE and read_rows(page) == []
