"""The tables of docs/sensors.md are what the data say, and its example is a sensor that works."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / ".ci"))
import sensor_tables

from ofa_engine.core.sensors import RasterFacts, detect, load_table
from ofa_engine.core.sensors.table import FOLDER


def test_the_tables_are_up_to_date():
    text = sensor_tables.PAGE.read_text(encoding="utf-8")
    assert sensor_tables.page(text) == text, "run .ci/sensor_tables.py"
    for entry in (*sensor_tables.TABLE.sensors, *sensor_tables.TABLE.products, *sensor_tables.TABLE.units):
        assert f"| `{entry}` |" in text


def test_the_example_is_a_sensor(tmp_path):
    example = re.search(r"```json\n(.*?)```", sensor_tables.PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    (tmp_path / "example.json").write_text(example, encoding="utf-8")
    table = load_table([FOLDER, tmp_path])
    found = detect(RasterFacts("uint16", ("undefined",) * 4, ("NIR", "edge", "Red", "green")), table=table)
    assert (found.product, found.confidence, found.bands) == ("kestrel-l2", "certain", (4, 3, 2, 1))
