"""One raster shared out among several processes equals one run."""

import numpy as np
import pytest
import rasterio

from ofa_engine.batch import run as batch_module
from ofa_engine.batch.run import batch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, OfaError
from ofa_engine.core.options import BatchOptions, SegmentOptions
from ofa_engine.core.sensors import SENSORS
from ofa_engine.inference.segment import segment, segment_partition

from ..limits import NARROW
from ..small_scenes import leftovers, naip, run_inline, states


def everything(path):
    with rasterio.open(path) as d:
        return d.read().tobytes(), d.tags(ns="OFANET"), str(d.profile)  # of which nan is a part


def with_hole(pixels):
    pixels = pixels.astype(np.float32)
    pixels[:, 40:100, 30:90] = np.nan
    return pixels


def told(tmp_path, path, name, **more):
    output = str(tmp_path / f"{name}.tif")
    return SegmentOptions(str(path), output, confidence=str(tmp_path / f"{name}.c.tif"), memory_mb=256, **more)


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("of", [1, 2, 3, 60])  # the last: more than there are rows of tiles
def test_shares_put_together_equal_a_single_run(sensor, of, scene, tmp_path):
    path = scene(sensor, 150, 130, change=with_hole)
    more = {"tile_px": 32, "overlap": 0.6, "sensor": sensor}
    whole = segment(told(tmp_path, path, "whole", **more), limits=NARROW)
    shares = told(tmp_path, path, "shares", **more)
    tiles = [segment_partition(shares, limits=NARROW, number=number, of=of)["tiles"] for number in range(of)]
    assert len(leftovers(tmp_path)) >= min(of, 2) and not (tmp_path / "shares.tif").exists()
    joined = segment(shares, limits=NARROW, partitions=of)
    for kind in ("", ".c"):
        assert everything(tmp_path / f"shares{kind}.tif") == everything(tmp_path / f"whole{kind}.tif")
    assert joined["classes"] == whole["classes"] and joined["tiles"] == whole["tiles"] == sum(tiles)
    repeated = segment(shares, limits=NARROW, partitions=of)
    assert repeated["classes"] == whole["classes"], "as when a worker dies before it has reported"
    assert all(".share" in name for name in leftovers(tmp_path))


def test_a_share_that_broke_off_is_gone_on_with_and_one_that_is_done_is_not_done_again(scene, tmp_path):
    path, computed = scene("naip", 300, 100), []
    shares = told(tmp_path, path, "shares", tile_px=32)

    def callbacks(fail_from):
        def progress(done, total, seconds_left):
            computed.append(done)
            if done >= fail_from * total:
                raise OSError("the worker's disk is gone")

        return Callbacks(progress)

    with pytest.raises(OfaError, match="disk is gone"):
        segment_partition(shares, callbacks(0.5), NARROW, number=1, of=2)
    computed.clear()
    total = segment_partition(shares, callbacks(2), NARROW, number=1, of=2)["tiles"]
    assert 0 < computed[0] < total == computed[-1], "what was there counts"
    computed.clear()
    assert segment_partition(shares, callbacks(2), NARROW, number=1, of=2)["tiles"] == total and set(computed) == {
        total
    }
    segment_partition(shares, limits=NARROW, number=0, of=2)
    segment(shares, limits=NARROW, partitions=2)
    segment(told(tmp_path, path, "whole", tile_px=32), limits=NARROW)
    assert everything(tmp_path / "shares.tif") == everything(tmp_path / "whole.tif")


def test_missing_and_foreign_shares_are_told_and_nothing_is_written(scene, tmp_path):
    path = scene("naip", 300, 100)
    shares = told(tmp_path, path, "shares", tile_px=32)
    segment_partition(shares, limits=NARROW, number=0, of=2)
    with pytest.raises(OfaError, match="expected all shares next to the output, found none with row"):
        segment(shares, limits=NARROW, partitions=2)
    segment_partition(told(tmp_path, path, "shares", tile_px=32, overlap=0.5), limits=NARROW, number=1, of=2)
    with pytest.raises(OfaError, match="expected shares of the same work"):
        segment(shares, limits=NARROW, partitions=2)
    assert not (tmp_path / "shares.tif").exists()


def test_cancel_leaves_nothing(scene, tmp_path):
    path, looks = scene("naip", 300, 100), []
    callbacks = Callbacks(cancelled=lambda: len(looks) > 3 or looks.append(0))
    with pytest.raises(Cancelled):
        segment_partition(told(tmp_path, path, "shares", tile_px=32), callbacks, NARROW, number=0, of=2)
    assert not leftovers(tmp_path)


# --- in a batch --------------------------------------------------------------------------------------------------


@pytest.fixture
def inline(monkeypatch):
    monkeypatch.setattr(batch_module, "_SHARE_PX", 300 * 100)
    pytest.importorskip("distributed")
    return run_inline(monkeypatch)


def test_a_large_scene_is_shared_out_where_workers_are_more_than_scenes(tmp_path, inline):
    inputs, out, parts = tmp_path / "in", tmp_path / "out", []
    inputs.mkdir()
    naip(inputs / "large.tif", 0, size=(300, 200))
    naip(inputs / "small.tif", 3, size=(80, 80))
    options = BatchOptions([str(inputs)], str(out), workers=4, device="cpu", tile_px=32, memory_mb=256)
    answer = batch(options, Callbacks(lambda done, total, left: parts.append((done, total))))
    assert inline == ["large, share 1 of 2", "large, share 2 of 2", "small", "large"]
    assert answer["done"] == 2 and not leftovers(out) and parts == sorted(parts) and parts[-1] == (2000, 2000)
    assert (1000, 2000) < parts[-2] < parts[-1], "shares are most of the work"
    segment(
        SegmentOptions(str(inputs / "large.tif"), str(tmp_path / "whole.tif"), device="cpu", tile_px=32, memory_mb=256)
    )
    assert everything(out / "large.tif") == everything(tmp_path / "whole.tif")
    assert batch(options, Callbacks())["run"] == 0


def test_where_one_share_fails_its_scene_has_failed_once(tmp_path, inline, monkeypatch):
    inputs, out = tmp_path / "in", tmp_path / "out"
    inputs.mkdir()
    naip(inputs / "large.tif", 0, size=(300, 200))

    def failing(options, callbacks, number, of):
        raise OfaError(f"no luck with {number}")

    monkeypatch.setattr(batch_module.predict, "segment_partition", failing)
    answer = batch(BatchOptions([str(inputs)], str(out), workers=2, device="cpu"), Callbacks())
    assert answer["failed"] == 1 and answer["failures"][0]["why"] == "no luck with 0"
    assert states(out) == {"large": "failed"} and not leftovers(out) and inline[-1] == "large, share 2 of 2"


@pytest.mark.slow
def test_two_real_workers_share_one_scene(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    inputs, out, said = tmp_path / "in", tmp_path / "out", []
    inputs.mkdir()
    naip(inputs / "large.tif", 0, size=(900, 700))
    monkeypatch.setattr(batch_module, "_SHARE_PX", 1000)
    options = BatchOptions([str(inputs)], str(out), workers=2, device="cpu", tile_px=32, memory_mb=256)
    answer = batch(options, Callbacks(log=lambda level, text: said.append(text)))
    assert answer["done"] == 1 and not leftovers(out) and "large is shared out in 2" in said
    segment(
        SegmentOptions(str(inputs / "large.tif"), str(tmp_path / "whole.tif"), device="cpu", tile_px=32, memory_mb=256)
    )
    with rasterio.open(out / "large.tif") as a, rasterio.open(tmp_path / "whole.tif") as b:
        assert (a.read() != b.read()).mean() < 1e-4, "workers have other numbers of threads"
