"""One raster shared out among several processes equals one run."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, OfaError
from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import SENSORS
from ofa_engine.inference.segment import segment, segment_partition

from ..limits import NARROW
from ..small_scenes import leftovers


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
