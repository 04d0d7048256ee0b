import json

import pytest

from ofa_engine.core.errors import SensorError
from ofa_engine.core.sensors import PRODUCTS, SENSORS, load_table
from ofa_engine.core.sensors.detection import CHECKS
from ofa_engine.core.sensors.entries import SIGNS
from ofa_engine.core.sensors.table import FOLDER, expand


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
    assert len(SENSORS["enmap"].never) == 22


def test_every_sensor_has_a_product_and_every_product_reads_its_sensor():
    assert {product.sensor for product in PRODUCTS.values()} == set(SENSORS)
    for product in PRODUCTS.values():
        assert any(product.reads(SENSORS[product.sensor])), product.id
        assert product.title and product.rules


def test_ranges_of_names():
    assert expand(["B1..3", "B8A", "band 9..11"]) == ["B1", "B2", "B3", "B8A", "band 9", "band 10", "band 11"]


def _rule(**rule) -> dict:
    return {"products": {"x": {"like": "rgb", "recognised_by": [{"how": "", **rule}]}}}


def test_every_sign_of_a_doubt_is_looked_for():
    assert set(CHECKS) == set(SIGNS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sensors": {"x": {"title": "X"}}}, "entry for x"),
        ({"mean": {"naip": [1, 2]}}, "statistics of naip"),
        ({"std": {"naip": [1, 2, 0]}}, "statistics of naip"),
        ({"products": {"x": {"like": "rgb", "sensor": "radar"}}}, "entry for x"),
        ({"products": {"x": {"like": "rgb", "recognised_by": [{"by": "smell", "how": ""}]}}}, "by 'smell'"),
        (
            {"products": {"x": {"like": "rgb", "recognised_by": [{"by": "order", "bands": ["Q"], "how": ""}]}}},
            "speak of Q",
        ),
        ({"products": {"x": {"like": "rgb", "bands": [{"name": "R", "aliases": ["("]}]}}}, "entry for x"),
        ({"units": {"x": {"title": "", "quantity": "reflectance", "function": "magic"}}}, "conversion of unit 'x'"),
        ({"products": {"x": {"like": "rgb", "doubts": [{"when": "odd", "then": "likely", "say": ""}]}}}, "when 'odd'"),
        ({"colours": {}}, "colours"),
        ([], "expected JSON"),
    ],
)
def test_wrong_entries_are_refused_in_one_line(tmp_path, changes, says):
    (tmp_path / "changes.json").write_text(json.dumps(changes), encoding="utf-8")
    with pytest.raises(SensorError, match=says) as refused:
        load_table([FOLDER, tmp_path])
    assert "\n" not in str(refused.value)


def test_a_later_folder_replaces_entries(tmp_path):
    (tmp_path / "more.json").write_text(json.dumps({"products": {"rgb": {"like": "rgbn", "title": "other"}}}))
    table = load_table([FOLDER, tmp_path])
    assert next(iter(table.products)) == "rgb" and table.products["rgb"].title == "other"
    assert table.products.keys() == PRODUCTS.keys()


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(SensorError, match="OFANET_SENSORS"):
        load_table([FOLDER, tmp_path])
