"""The default head of a raster: by sensor, task, pixel size, bands and what it was fitted on."""

import json
import struct
from pathlib import Path

import pytest

from ofa_engine.core import catalog
from ofa_engine.core.errors import ModelFileError
from ofa_engine.core.sensors import SENSORS, get_sensor

ALL = get_sensor("sentinel-2").band_names
NO_RED_EDGE = tuple(name for name in ALL if name not in ("B5", "B6", "B7"))


def write_head(folder: Path, name: str, bands=ALL, sensor="sentinel-2", task="segment", gsd_m=None, **training) -> None:
    """A head's file with a header and no tensors."""
    header = {"format": catalog.FORMAT_VERSION, "file": "head", "name": name, "sensor": sensor, "task": task}
    header |= {"training": {"bands": list(bands)} | training} | ({"gsd_m": gsd_m} if gsd_m else {})
    words = json.dumps({"__metadata__": {"ofanet": json.dumps(header)}}).encode()
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(words)) + words)


@pytest.fixture
def packaged(tmp_path, monkeypatch) -> Path:
    """The engine's folder, below the user's."""
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    monkeypatch.setattr(catalog, "resources_dir", lambda: tmp_path / "resources")
    monkeypatch.setenv("OFANET_MODELS", str(tmp_path / "own"))
    return folder


def default(gsd_m=None, bands=ALL, sensor="sentinel-2", task: str | None = "segment") -> str:
    return catalog.find_head(None, sensor, task, gsd_m, bands).name


@pytest.mark.parametrize(
    "gsd_m, chosen",
    [
        (10, "fine"),
        (5, "fine"),
        (15, "fine"),
        (17, "fine"),  # 17 / 15 < 20 / 17
        (18, "coarse"),  # 18 / 15 > 20 / 18
        (30, "coarse"),
        (300, "coarse"),
        (0.5, "fine"),
        (None, "fine"),  # a raster without CRS: Sentinel-2 has 10 m
    ],
)
def test_the_range_that_holds_the_pixel_size_or_is_nearest_in_ratio(packaged, gsd_m, chosen):
    write_head(packaged, "coarse", gsd_m=[20, 40])
    write_head(packaged, "fine", gsd_m=[5, 15])
    assert default(gsd_m) == chosen


@pytest.mark.parametrize("sensor", SENSORS)
def test_a_raster_without_crs_has_the_sensors_usual_pixels(packaged, sensor):
    entry = get_sensor(sensor)
    assert entry.gsd_m[0] <= entry.usual_gsd_m <= entry.gsd_m[1]
    for name, factor in (("a_finer", 0.25), ("b_usual", 1), ("c_coarser", 4)):
        middle = factor * entry.usual_gsd_m
        write_head(packaged, name, entry.band_names, sensor, gsd_m=[middle / 1.5, middle * 1.5])
    assert default(None, None, sensor) == "b_usual"
    assert default(4 * entry.usual_gsd_m, None, sensor) == "c_coarser"


def test_a_head_that_names_no_range_is_for_any(packaged):
    write_head(packaged, "any")
    write_head(packaged, "ranged", gsd_m=[5, 15])
    assert default(100) == "any" and default(10) == "any", "by name where both fit"
    head = catalog.find_head("any", "sentinel-2", None)
    assert head.gsd_m is None and head.gsd_factor(1e6) == head.gsd_factor(None) == 1
    head = catalog.find_head("ranged", "sentinel-2", None)
    assert head.gsd_m == (5, 15) and head.gsd_factor(30) == pytest.approx(2) == head.gsd_factor(2.5)
    assert head.gsd_factor(None) == head.gsd_factor(15) == 1


def test_missing_bands_choose_a_head_that_does_without(packaged):
    write_head(packaged, "a_all", gsd_m=[5, 40])
    write_head(packaged, "b_no_red_edge", NO_RED_EDGE, gsd_m=[5, 40])
    write_head(packaged, "c_rgb", ALL[:3], gsd_m=[5, 40])
    assert default(30, NO_RED_EDGE) == "b_no_red_edge"
    assert default(10, ALL) == default(10, None) == "a_all"
    assert default(10, ALL[:3]) == "c_rgb"
    assert default(10, (*ALL[:3], "B8")) == "c_rgb", "the only one whose bands are all there"


def test_pixel_size_comes_before_bands_and_bands_before_real_scenes(packaged):
    write_head(packaged, "a_simulated_rgb", ALL[:3], gsd_m=[5, 15], simulated=True)
    write_head(packaged, "b_simulated", gsd_m=[5, 15], simulated=True)
    write_head(packaged, "c_real", gsd_m=[5, 15])
    write_head(packaged, "d_real_rgb", ALL[:3], gsd_m=[20, 40])
    assert default(10, ALL) == "c_real"
    assert default(10, ALL[:3]) == "a_simulated_rgb"
    assert default(30, ALL) == "d_real_rgb"


def test_by_name_where_nothing_else_tells(packaged):
    for name in ("b", "a", "c"):
        write_head(packaged, name, gsd_m=[5, 15])
    assert [head.name for head in catalog.ranked_heads("sentinel-2")] == ["a", "b", "c"]


def test_the_users_own_come_first(packaged, tmp_path):
    write_head(packaged, "a", gsd_m=[5, 15])
    write_head(tmp_path / "own", "z_drone", ALL[:3], gsd_m=[0.02, 0.1])
    assert default(10) == "z_drone"
    write_head(tmp_path / "own", "y_tiles", gsd_m=[5, 15], task="classify")
    assert default(10) == default(10, task=None) == "z_drone" and default(10, task="classify") == "y_tiles"
    assert [head.name for head in catalog.ranked_heads("sentinel-2", None, 10)] == ["z_drone", "y_tiles", "a"]


def test_other_sensors_and_tasks_are_not_taken(packaged):
    write_head(packaged, "tiles", task="classify")
    write_head(packaged, "rgb", ALL[:3], sensor="naip")
    with pytest.raises(ModelFileError, match="expected a head to segment sentinel-2, found none"):
        default(10)
    assert default(10, task="classify") == "tiles"
