"""Scenes that are split into partitions, with the workers of a batch."""

import pytest
import rasterio

from ofa_engine.batch import scene_task
from ofa_engine.batch.distribute import BatchLimits
from ofa_engine.batch.run import batch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import OfaError
from ofa_engine.core.options import BatchOptions, SegmentOptions
from ofa_engine.inference.segment import segment

from ..small_scenes import leftovers, naip, states

pytest.importorskip("distributed")

SMALL = BatchLimits(partition_px=300 * 100)


def layer(path):
    with rasterio.open(path) as d:
        return d.read().tobytes(), d.tags(ns="OFANET"), str(d.profile)  # as text, since nodata may be NaN


def test_a_large_scene_is_split_where_there_are_more_workers_than_scenes(tmp_path, inline):
    inputs, out, parts = tmp_path / "in", tmp_path / "out", []
    inputs.mkdir()
    naip(inputs / "large.tif", 0, size=(300, 200))
    naip(inputs / "small.tif", 3, size=(80, 80))
    options = BatchOptions([str(inputs)], str(out), workers=4, device="cpu", tile_px=32, memory_mb=256)
    answer = batch(options, Callbacks(lambda done, total, left: parts.append((done, total))), SMALL)
    assert inline == ["large, partition 1 of 2", "large, partition 2 of 2", "small", "large"]
    assert answer["done"] == 2 and not leftovers(out) and parts == sorted(parts) and parts[-1] == (2000, 2000)
    assert (1000, 2000) < parts[-2] < parts[-1], "partitions are most of the work"
    segment(
        SegmentOptions(str(inputs / "large.tif"), str(tmp_path / "whole.tif"), device="cpu", tile_px=32, memory_mb=256)
    )
    assert layer(out / "large.tif") == layer(tmp_path / "whole.tif")
    assert batch(options, Callbacks(), SMALL)["run"] == 0


def test_a_failed_partition_fails_its_scene_once(tmp_path, inline, monkeypatch):
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    naip(inputs / "large.tif", 0, size=(300, 200))

    def failing(options, callbacks, number, of):
        raise OfaError(f"partition {number} broke")

    monkeypatch.setattr(scene_task, "segment_partition", failing)
    answer = batch(BatchOptions([str(inputs)], str(out), workers=2, device="cpu"), Callbacks(), SMALL)
    assert answer["failed"] == 1 and answer["failures"][0]["why"] == "partition 0 broke"
    assert states(out) == {"large": "failed"} and not leftovers(out) and inline[-1] == "large, partition 2 of 2"


@pytest.mark.slow
def test_two_real_workers_share_one_scene(tmp_path):
    inputs, out, messages = tmp_path / "in", tmp_path / "out", []
    inputs.mkdir()
    naip(inputs / "large.tif", 0, size=(900, 700))
    options = BatchOptions([str(inputs)], str(out), workers=2, device="cpu", tile_px=32, memory_mb=256)
    answer = batch(options, Callbacks(log=lambda level, text: messages.append(text)), BatchLimits(partition_px=1000))
    assert answer["done"] == 1 and not leftovers(out) and "large is split into 2 partitions" in messages
    segment(
        SegmentOptions(str(inputs / "large.tif"), str(tmp_path / "whole.tif"), device="cpu", tile_px=32, memory_mb=256)
    )
    with rasterio.open(out / "large.tif") as a, rasterio.open(tmp_path / "whole.tif") as b:
        assert (a.read() != b.read()).mean() < 1e-4, "workers have other numbers of threads"
