"""The record of a map keeps the JSON object that the command line prints, and tells what occurs."""

import json

import pytest

from ofa_engine.core.results import MappedClass, MapResult

WATER = {"value": 0, "name": "water", "color": "#2a6fd1"}
GRASS = {"value": 3, "name": "grass", "color": "#9ccf6b"}
ROOF = {"value": 7, "name": "roof", "color": "#c8434b"}
COMMON = {
    "input": "scene.tif",
    "output": "map.tif",
    "sensor": "naip",
    "detection": {"sensor": "naip", "confidence": "certain", "bands": [1, 2, None]},
    "device": "cpu",
    "tile_px": 64,
    "computing_s": 1.5,
    "provenance": {"ENGINE": "ofanet 0.1.0", "SOURCE": "scene.tif"},
    "head": "h.safetensors",
    "head_name": "NAIP: land cover",
}
SEGMENTED = {
    **COMMON,
    "confidence": None,
    "polygons": "p.gpkg",
    "report": None,
    "gsd_m": 0.6,
    "classes": [
        {**WATER, "pixels": 10, "area_ha": 0.5},
        {**GRASS, "pixels": 0, "area_ha": 0.0},
        {**ROOF, "pixels": 20, "area_ha": 1.5},
    ],
    "tiles": 9,
}
CLASSIFIED = {
    **COMMON,
    "report": "r.html",
    "gsd_m": None,
    "classes": [{**WATER, "area_ha": None, "tiles": 3}, {**ROOF, "area_ha": None, "tiles": 1}],
    "tiles": 4,
}


@pytest.mark.parametrize("answer", (SEGMENTED, CLASSIFIED))
def test_json_there_and_back(answer):
    result = MapResult.from_json(json.loads(json.dumps(answer)))
    assert json.dumps(result.to_json()) == json.dumps(answer)  # with the order of the keys
    assert MapResult.from_json(result.to_json()) == result


def test_shares_of_the_area_where_it_is_known():
    result = MapResult.from_json(SEGMENTED)
    assert [(entry.name, share) for entry, share in result.shares()] == [("roof", 0.75), ("water", 0.25)]
    assert result.unit == "pixels"


def test_shares_of_the_tiles_without_areas():
    result = MapResult.from_json(CLASSIFIED)
    assert [(entry.name, share) for entry, share in result.shares()] == [("water", 0.75), ("roof", 0.25)]
    assert result.unit == "tiles"


def test_what_was_not_counted_may_occur():
    assert MappedClass.from_json({**WATER, "unknown": 1}).may_occur
    assert not MappedClass.from_json({**WATER, "pixels": 0}).may_occur
    assert not MappedClass.from_json({**WATER, "tiles": 0}).may_occur
    assert MappedClass.from_json({**WATER, "pixels": 2}).count == 2


def test_a_missing_key_is_an_error():
    with pytest.raises(TypeError, match="sensor"):
        MapResult.from_json({key: value for key, value in SEGMENTED.items() if key != "sensor"})
