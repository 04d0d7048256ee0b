"""The time of a run, said before it."""

import time

import pytest
import torch

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError, ModelFileError
from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.inference.segment import segment
from ofa_engine.inference.speed import measure_speed
from ofa_engine.model.checkpoint import save_checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import Architecture, OFANet

from ..conftest import CLASSES

HEAVY = Architecture(width=384, depth=12, heads=6, patch_px=8, input_px=128)  # 6 billion multiply-adds a tile


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    """A head on a backbone for which an estimate is worth its time, next to it."""
    folder = tmp_path_factory.mktemp("heavy")
    model = OFANet(HEAVY, ["naip"])
    save_checkpoint(folder / "heavy.safetensors", model, "heavy", {}, half=True)
    about = dict(
        sensor=get_sensor("naip"), classes=CLASSES, tile_px=32, backbone=model.fingerprint("naip"), training={}
    )
    save_head(folder / "head.safetensors", LinearHead(HEAVY.width, 3, "segment"), "head", **about)
    return str(folder / "head.safetensors")


def lines_of(raster, output, **options):
    """The log of a run that is cancelled before its first tile, as soon as the estimate stands there."""
    lines, found = [], []

    def log(level, text):
        lines.append(text)
        found.extend(["tiles, at most" in text] * ("tiles, at most" in text))

    callbacks = Callbacks(log=log, cancelled=lambda: bool(found))
    try:
        segment(SegmentOptions(str(raster), str(output), **options), callbacks)
    except Exception as error:
        lines.append(type(error).__name__)
    return lines


def test_a_long_run_says_its_time_before_it_starts(scene, heavy, tmp_path):
    lines = lines_of(scene("naip", 320, 320), tmp_path / "out.tif", head=heavy, overlap=0.0)
    assert lines[-1] == "Cancelled", "nothing was computed yet"
    estimate = next(line for line in lines if "tiles, at most about" in line)
    assert estimate.startswith("100 tiles, at most about ") and estimate.endswith(" on this processor")


def test_a_short_run_and_a_light_model_say_nothing(scene, heavy, models, tmp_path):
    few = lines_of(scene("naip", 64, 64), tmp_path / "few.tif", head=heavy, overlap=0.0)
    light = str(models / "naip_segment.safetensors")
    many = lines_of(scene("naip", 500, 500), tmp_path / "many.tif", head=light, tile_px=32)
    assert not any("at most about" in line or line == "Cancelled" for line in few + many)


def test_the_speed_is_that_of_the_model(heavy, models):
    light, slow = (measure_speed(head, "cpu") for head in (str(models / "naip_segment.safetensors"), heavy))
    assert slow["device"] == "cpu" and slow["tiles"] >= 1
    rates = [found["tiles"] / found["computing_s"] for found in (light, slow)]
    assert rates[0] > 10 * rates[1] > 0
    started = time.perf_counter()
    assert measure_speed(heavy, "cpu") == slow and time.perf_counter() - started < slow["computing_s"], "measured once"


def test_what_cannot_be_measured_is_an_error_in_a_line(models, tmp_path):
    with pytest.raises(ModelFileError, match="expected a checkpoint"):
        alone = tmp_path / "alone.safetensors"
        about = dict(sensor=get_sensor("naip"), classes=CLASSES, tile_px=32, backbone="f" * 64, training={})
        save_head(alone, LinearHead(32, 3, "segment"), "alone", **about)
        measure_speed(str(alone))
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="CUDA"):
            measure_speed(str(models / "naip_segment.safetensors"), "cuda")
