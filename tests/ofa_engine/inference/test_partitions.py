"""One raster shared out among several processes equals one run."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, OfaError
from ofa_engine.core.options import Options
from ofa_engine.core.sensors import detection as sensors
from ofa_engine.inference.segment import segment, share_of_segment
from ofa_engine.pipeline import journal as journal_module
from ofa_engine.tiling import plan as plan_module

from ..small_scenes import leftovers


@pytest.fixture
def narrow(monkeypatch):
    """Several stripes of a small raster, and each row of tiles goes to the journal."""
    monkeypatch.setattr(plan_module, "_STRIPE_LIMIT_BYTES", 2**19)
    monkeypatch.setattr(plan_module, "_FEW_TILES", 1)
    monkeypatch.setattr(journal_module, "EVERY_S", 0.0)


def everything(path):
    with rasterio.open(path) as d:
        return d.read().tobytes(), d.tags(ns="OFANET"), str(d.profile)  # of which nan is a part


def with_hole(pixels):
    pixels = pixels.astype(np.float32)
    pixels[:, 40:100, 30:90] = np.nan
    return pixels


def told(tmp_path, path, name, **more):
    output = str(tmp_path / f"{name}.tif")
    return Options(str(path), output, confidence=str(tmp_path / f"{name}.c.tif"), memory_mb=256, **more)


@pytest.mark.parametrize("sensor", sensors.SENSORS)
@pytest.mark.parametrize("of", [1, 2, 3, 60])  # the last: more than there are rows of tiles
def test_shares_put_together_equal_a_single_run(sensor, of, scene, tmp_path, narrow):
    path = scene(sensor, 150, 130, change=with_hole)
    more = {"tile_px": 32, "overlap": 0.6, "sensor": sensor}
    whole = segment(told(tmp_path, path, "whole", **more))
    shares = told(tmp_path, path, "shares", **more)
    tiles = [share_of_segment(shares, number=number, of=of)["tiles"] for number in range(of)]
    assert len(leftovers(tmp_path)) >= min(of, 2) and not (tmp_path / "shares.tif").exists()
    joined = segment(shares, shares=of)
    for kind in ("", ".c"):
        assert everything(tmp_path / f"shares{kind}.tif") == everything(tmp_path / f"whole{kind}.tif")
    assert joined["classes"] == whole["classes"] and joined["tiles"] == whole["tiles"] == sum(tiles)
    assert segment(shares, shares=of)["classes"] == whole["classes"], "as when a worker dies before it could tell"
    assert all(".share" in name for name in leftovers(tmp_path))


def test_a_share_that_broke_off_is_gone_on_with_and_one_that_is_done_is_not_done_again(scene, tmp_path, narrow):
    path, computed = scene("naip", 300, 100), []
    shares = told(tmp_path, path, "shares", tile_px=32)

    def callbacks(fail_from):
        def progress(done, total, seconds_left):
            computed.append(done)
            if done >= fail_from * total:
                raise OSError("the worker's disk is gone")

        return Callbacks(progress)

    with pytest.raises(OfaError, match="disk is gone"):
        share_of_segment(shares, callbacks(0.5), number=1, of=2)
    computed.clear()
    total = share_of_segment(shares, callbacks(2), number=1, of=2)["tiles"]
    assert 0 < computed[0] < total == computed[-1], "what was there counts"
    computed.clear()
    assert share_of_segment(shares, callbacks(2), number=1, of=2)["tiles"] == total and set(computed) == {total}
    share_of_segment(shares, number=0, of=2)
    segment(shares, shares=2)
    segment(told(tmp_path, path, "whole", tile_px=32))
    assert everything(tmp_path / "shares.tif") == everything(tmp_path / "whole.tif")


def test_missing_and_foreign_shares_are_told_and_nothing_is_written(scene, tmp_path, narrow):
    path = scene("naip", 300, 100)
    shares = told(tmp_path, path, "shares", tile_px=32)
    share_of_segment(shares, number=0, of=2)
    with pytest.raises(OfaError, match="expected all shares beside the output, found none with row"):
        segment(shares, shares=2)
    share_of_segment(told(tmp_path, path, "shares", tile_px=32, overlap=0.5), number=1, of=2)
    with pytest.raises(OfaError, match="expected shares of the same work"):
        segment(shares, shares=2)
    assert not (tmp_path / "shares.tif").exists()


def test_cancel_leaves_nothing(scene, tmp_path, narrow):
    path, looks = scene("naip", 300, 100), []
    callbacks = Callbacks(cancelled=lambda: len(looks) > 3 or looks.append(0))
    with pytest.raises(Cancelled):
        share_of_segment(told(tmp_path, path, "shares", tile_px=32), callbacks, number=0, of=2)
    assert not leftovers(tmp_path)
