"""A run that is stopped, in whatever way, and continues: real processes that are killed, full disks, broken inputs."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys

import numpy as np
import pyogrio
import pytest
import rasterio
import torch

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, OfaError
from ofa_engine.core.options import TYPES, SegmentOptions
from ofa_engine.inference.classify import classify
from ofa_engine.inference.embed import embed
from ofa_engine.inference.runner import RunLimits
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces.cli import main
from ofa_engine.pipeline.journal import JournalLimits

from ..limits import NARROW

CHILD = """
import json, sys, time, torch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.options import SegmentOptions
from ofa_engine.inference.segment import segment
from tests.ofa_engine.limits import NARROW

params, threads = json.loads(sys.argv[1])
torch.set_num_threads(threads)

def progress(done, total, left):
    print(done, total, flush=True)
    time.sleep(0.004)

segment(SegmentOptions(**params), Callbacks(progress), NARROW)
"""


def killed(params, share):
    """Runs `segment` in a process of its own, which is killed when so much of it is done; returns its id."""
    arguments = json.dumps([params, torch.get_num_threads()])
    with subprocess.Popen([sys.executable, "-c", CHILD, arguments], stdout=subprocess.PIPE, text=True) as child:
        for line in child.stdout:
            done, total = map(int, line.split())
            if done >= share * total:
                child.send_signal(signal.SIGKILL)
                break
    assert child.returncode == -signal.SIGKILL
    return child.pid


def everything(folder, name):
    """Pixels of all bands, tags, and polygons, by the bytes."""
    found = {}
    for path in sorted(folder.glob(f"{name}*")):
        if path.suffix == ".tif":
            with rasterio.open(path) as d:
                found[path.suffixes[0], "pixels"] = d.read().tobytes()
                found[path.suffixes[0], "tags"] = d.tags(ns="OFANET")
        elif path.suffix == ".gpkg":
            _, _, shapes, fields = pyogrio.raw.read(path)
            found["polygons"] = [shape.tobytes() if hasattr(shape, "tobytes") else shape for shape in shapes]
            found["fields"] = [list(field) for field in fields]
        elif path.suffix == ".xml":
            found["names"] = path.read_text()
    return found


def hidden(folder):
    return sorted(p.name for p in folder.iterdir() if p.name.startswith("."))


def resumed_equals_never_stopped(scene, tmp_path, points):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 100:170, 200:330] = np.nan
        return pixels

    path = scene("naip", 330, 700, change=cut)
    said = []

    def params(name):
        return dict(
            input=str(path),
            output=str(tmp_path / f"{name}.tif"),
            polygons=str(tmp_path / f"{name}.gpkg"),
            confidence=str(tmp_path / f"{name}.c.tif"),
            min_area=0.01,
        )

    whole = segment(SegmentOptions(**params("whole")), limits=NARROW)
    for number, share in enumerate(points):
        pid = killed(params("again") | {"resume": number > 0}, share)
        assert hidden(tmp_path) and all(f".{pid}.part" in name for name in hidden(tmp_path))
    callbacks = Callbacks(log=lambda level, text: said.append(text))
    answer = segment(SegmentOptions(**params("again"), resume=True), callbacks, NARROW)
    assert hidden(tmp_path) == []
    assert any(text.startswith("going on after") for text in said)
    assert everything(tmp_path, "again") == everything(tmp_path, "whole")
    assert answer["classes"] == whole["classes"] and answer["tiles"] == whole["tiles"]


def test_a_run_that_was_killed_twice_equals_one_never_stopped(scene, tmp_path):
    dice = random.Random(3)
    resumed_equals_never_stopped(scene, tmp_path, [dice.uniform(0.1, 0.3), dice.uniform(0.5, 0.9)])


@pytest.mark.slow
def test_a_run_that_was_killed_ten_times_equals_one_never_stopped(scene, tmp_path):
    dice = random.Random(4)
    resumed_equals_never_stopped(scene, tmp_path, sorted(dice.uniform(0.05, 0.98) for _ in range(10)))


def stopped(verb, params, share=0.5):
    """Runs a verb in this process, which breaks when so much of it is done."""

    def progress(done, total, left):
        if done >= share * total:
            raise OSError("broken")

    with pytest.raises(OfaError, match="broken.*--resume"):
        verb(TYPES[verb.__name__](**params), Callbacks(progress), NARROW)


OTHERS = [(classify, ".gpkg", {}), (classify, ".tif", {}), (embed, ".tif", {}), (segment, ".tif", {"flips": True})]


@pytest.mark.parametrize(("verb", "ending", "more"), OTHERS)
def test_other_verbs_go_on_as_well(verb, ending, more, scene, tmp_path):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 100:170, 200:330] = np.nan
        return pixels

    path = scene("gaofen", 240, 500, change=cut)
    params = [dict(input=str(path), output=str(tmp_path / f"{name}{ending}")) | more for name in ("whole", "again")]
    whole = verb(TYPES[verb.__name__](**params[0]), limits=NARROW)
    seen = []
    stopped(verb, params[1])
    assert len(hidden(tmp_path)) >= 1
    answer = verb(TYPES[verb.__name__](**params[1], resume=True), Callbacks(lambda *state: seen.append(state)), NARROW)
    assert seen[0][0] > 0.2 * seen[0][1] and seen[-1][0] == seen[-1][1]
    assert everything(tmp_path, "again") == everything(tmp_path, "whole") and not hidden(tmp_path)
    assert answer.get("classes") == whole.get("classes") and answer["tiles"] == whole["tiles"]


def test_another_run_is_refused_and_told(scene, tmp_path, models, capsys):
    path = scene("naip", 150, 400)
    params = dict(input=str(path), output=str(tmp_path / "out.tif"))
    stopped(segment, params)
    before = hidden(tmp_path)
    copy = tmp_path / "other_head.safetensors"
    copy.write_bytes((models / "naip_segment.safetensors").read_bytes())
    for more, says in [
        ({"overlap": 0.5}, "overlap was 0.25, is 0.5"),
        ({"tile_px": 64}, "tile size was 48, is 64"),
        ({"flips": True}, "flips"),
        ({"memory_mb": 100}, "memory"),
        ({"bands": "2,1,3"}, "bands"),
        ({"confidence": str(tmp_path / "c.tif")}, "confidence"),
    ]:
        with pytest.raises(InputError, match=says) as caught:
            segment(SegmentOptions(**(params | more), resume=True), limits=NARROW)
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value) and hidden(tmp_path) == before
    os.utime(path, ns=(0, 0))
    assert main(["segment", str(path), "-o", str(tmp_path / "out.tif"), "--resume"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) <= 2 and "input's files changed" in lines[-1] and before[0] in lines[-1]
    assert hidden(tmp_path) == before and not (tmp_path / "out.tif").exists()


def test_files_that_somebody_has_removed_are_missed(scene, tmp_path):
    params = dict(input=str(scene("naip", 150, 600)), output=str(tmp_path / "out.tif"))
    stopped(segment, params, 0.6)
    stripes = sorted(tmp_path.glob(".*.stripe*"))
    assert stripes
    stripes[0].unlink()
    with pytest.raises(OfaError, match="without --resume"):
        segment(SegmentOptions(**params, resume=True), limits=NARROW)
    segment(SegmentOptions(**params), limits=NARROW)
    assert not hidden(tmp_path)


def test_without_resume_an_old_run_is_given_up(scene, tmp_path):
    path, said = scene("naip", 150, 400), []
    params = dict(input=str(path), output=str(tmp_path / "out.tif"))
    stopped(segment, params)
    assert hidden(tmp_path)
    segment(SegmentOptions(**params), Callbacks(log=lambda level, text: said.append(text)), NARROW)
    assert any("given up" in text for text in said) and not hidden(tmp_path)
    segment(SegmentOptions(**params, resume=True), Callbacks(log=lambda level, text: said.append(text)), NARROW)
    assert any("from the beginning" in text for text in said)


@pytest.mark.parametrize("resume", [False, True])
def test_cancel_leaves_nothing_of_a_journal(resume, scene, tmp_path):
    params = dict(input=str(scene("naip", 150, 400)), output=str(tmp_path / "out.tif"))
    if resume:
        stopped(segment, params)
        assert hidden(tmp_path)
    seen = []
    callbacks = Callbacks(
        lambda *state: seen.append(state[0] / state[1]), cancelled=lambda: bool(seen) and seen[-1] > 0.7
    )
    with pytest.raises(Cancelled):
        segment(SegmentOptions(**params, resume=resume), callbacks, NARROW)
    assert not hidden(tmp_path) and not (tmp_path / "out.tif").exists()


@contextlib.contextmanager
def files_up_to(size):
    """No file of this process can grow beyond so many bytes, as on a full disk."""
    resource = pytest.importorskip("resource", reason="limits of file sizes are POSIX's")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.parametrize("every", [0.0, 1e9])
def test_a_full_disk_is_reported_and_with_room_the_run_continues(every, scene, tmp_path, capfd):
    """The file that must not grow is the journal, or the confidence, which GDAL writes when it is closed."""
    path, limits = scene("naip", 300, 400), RunLimits(journal=JournalLimits(every_s=every))
    params = dict(input=str(path), output=str(tmp_path / "out.tif"), confidence=str(tmp_path / "c.tif"))
    with files_up_to(200_000), pytest.raises(OfaError) as caught:
        segment(SegmentOptions(**params), limits=limits)
    assert caught.value.exit_code == 3 and "\n" not in str(caught.value)
    assert capfd.readouterr().err == "", "libraries print nothing of their own"
    assert not (tmp_path / "out.tif").exists() and not (tmp_path / "c.tif").exists()
    kept = hidden(tmp_path)
    assert [name.rpartition(".")[2] for name in kept] == (["journal"] if every == 0 else [])
    assert ("--resume" in str(caught.value)) == bool(kept)
    segment(SegmentOptions(**params, resume=True), limits=limits)
    segment(SegmentOptions(str(path), str(tmp_path / "w.out.tif"), confidence=str(tmp_path / "w.c.tif")))
    for name in ("out.tif", "c.tif"):
        with rasterio.open(tmp_path / name) as d, rasterio.open(tmp_path / f"w.{name}") as wanted:
            assert d.read().tobytes() == wanted.read().tobytes()
    assert not hidden(tmp_path)


@pytest.mark.parametrize("more", [{"polygons": "p.gpkg"}, {"cog": True}, {"min_area": 0.05}, {}], ids=str)
@pytest.mark.parametrize("size", [9_000, 30_000, 60_000, 100_000])
def test_a_full_disk_never_leaves_half_a_file(size, more, scene, tmp_path):
    told = {key: str(tmp_path / value) if key == "polygons" else value for key, value in more.items()}
    options = SegmentOptions(str(scene("naip", 500, 500)), str(tmp_path / "out.tif"), **told)
    segment(options)
    whole = everything(tmp_path, "")
    for path in tmp_path.iterdir():
        if path.name != "naip.tif":
            path.unlink()
    try:
        with files_up_to(size):
            segment(options)
    except OfaError as error:
        assert error.exit_code == 3 and "\n" not in str(error)
        assert [p.name for p in tmp_path.iterdir()] == ["naip.tif"]
    else:
        assert everything(tmp_path, "") == whole


def test_a_source_that_breaks_off_can_be_mended_and_gone_on_with(scene, tmp_path):
    """The file is cut while it is worked on; put back as it was, the run goes on."""
    path = scene("naip", 700, 300, blockysize=1)
    whole, stamp = path.read_bytes(), os.stat(path)
    params = dict(input=str(path), output=str(tmp_path / "out.tif"))

    def progress(done, total, left):
        if done > 0.3 * total:
            os.truncate(path, len(whole) // 2)

    with pytest.raises(OfaError, match="--resume") as caught:
        segment(SegmentOptions(**params), Callbacks(progress), NARROW)
    assert caught.value.exit_code == 3 and hidden(tmp_path)
    path.write_bytes(whole)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    segment(SegmentOptions(**params, resume=True), limits=NARROW)
    segment(SegmentOptions(str(path), str(tmp_path / "whole.tif")), limits=NARROW)
    assert everything(tmp_path, "out") == everything(tmp_path, "whole")
