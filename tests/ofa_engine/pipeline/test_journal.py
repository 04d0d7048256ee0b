"""A run that is stopped, in whatever way, and goes on: the journal alone, and real processes that are killed."""

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
from ofa_engine.inference.segment import classify, embed, segment
from ofa_engine.interfaces.cli import main
from ofa_engine.pipeline import journal as journal_module
from ofa_engine.pipeline.journal import Handed, Journal, find
from ofa_engine.tiling import plan as plan_module

# --- the file alone ---------------------------------------------------------------------------------------------


def rows(count):
    """(stripe, row, tiles, arrays) as verbs put them."""
    rng = np.random.default_rng(0)
    return [
        (i // 5, i % 5, i + 1, [rng.integers(0, 9, (7, 30 + i), np.uint8), rng.random((7, 3), np.float32)])
        for i in range(count)
    ]


def written(part, entries, about=None):
    journal = Journal(part, about or {"input": "a.tif"})
    for stripe, row, tiles, arrays in entries:
        journal.put(*arrays)
        journal.finish(stripe, row, tiles)
    return journal


def same(record, entry):
    stripe, row, tiles, arrays = entry
    assert (record.stripe, record.row, record.tiles) == (stripe, row, tiles)
    for found, wanted in zip(record.arrays, arrays, strict=True):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


@pytest.fixture
def eager(monkeypatch):
    monkeypatch.setattr(journal_module, "EVERY_S", 0.0)


def test_what_was_finished_is_read_again_and_added_to(tmp_path, eager):
    first, second = tmp_path / ".out.1.part.tif", tmp_path / ".out.2.part.tif"
    written(first, rows(4)).close(keep=True)
    assert [p.name for p in tmp_path.iterdir()] == [".out.1.part.tif.journal"]
    (found,) = find(tmp_path / "out.tif")
    assert found.about == {"input": "a.tif"} and found.pid == "1"
    journal = Journal(second, found.about, found)
    for record, entry in zip(journal.records(), rows(4), strict=True):
        same(record, entry)
    stripe, row, tiles, arrays = rows(5)[4]
    journal.put(*arrays)
    journal.finish(stripe, row, tiles)
    journal.close(keep=True)
    assert [p.name for p in tmp_path.iterdir()] == [".out.2.part.tif.journal"]
    (found,) = find(tmp_path / "out.tif")
    for record, entry in zip(Journal(second, {}, found).records(), rows(5), strict=True):
        same(record, entry)
    found.close()


def test_a_torn_end_is_cut_off_wherever_it_is_torn(tmp_path, eager):
    part = tmp_path / ".out.1.part.tif"
    path = tmp_path / ".out.1.part.tif.journal"
    written(part, rows(3)).close(keep=True)
    whole = path.read_bytes()
    ends = []
    for count in (1, 2, 3):
        written(part, rows(count)).close(keep=True)
        ends.append(path.stat().st_size)
    for size in sorted({*random.Random(0).sample(range(ends[0], len(whole)), 20), *ends}):
        path.write_bytes(whole[:size])
        (found,) = find(tmp_path / "out.tif")
        count = sum(end <= size for end in ends)
        journal = Journal(part, found.about, found)
        for record, entry in zip(journal.records(), rows(count), strict=True):
            same(record, entry)
        assert path.stat().st_size == ends[count - 1]
        journal.close(keep=True)
    flipped = bytearray(whole)
    flipped[ends[1] - 3] ^= 1  # in the second row: it and all after it are not trusted
    path.write_bytes(flipped)
    (found,) = find(tmp_path / "out.tif")
    journal = Journal(part, found.about, found)
    assert len(list(journal.records())) == 1
    journal.close()


def test_small_runs_write_nothing_and_ends_remove_all(tmp_path):
    part = tmp_path / ".out.1.part.tif"
    journal = written(part, rows(3))  # over in no time
    assert not list(tmp_path.iterdir())
    journal.close(keep=True)
    assert not list(tmp_path.iterdir())
    journal = written(part, rows(3))
    journal.handed(1).put(0, np.ones((2, 2), np.float32))
    journal.commit()
    assert len(list(tmp_path.iterdir())) == 2
    journal.close()
    assert not list(tmp_path.iterdir())


def test_what_stripes_hand_on_is_given_up_when_nobody_needs_it(tmp_path, eager):
    journal = Journal(tmp_path / ".out.1.part.tif", {})
    for stripe in (1, 2, 3):
        journal.handed(stripe).put(0, np.full((2, 2), stripe, np.float32))
    assert {p.suffix for p in tmp_path.iterdir()} == {".stripe2", ".stripe3"}
    assert (journal.handed(2).get(0, (2, 2)) == 2).all()
    journal.close()


def test_arrays_by_number(tmp_path):
    for path in (None, tmp_path / "x"):
        handed = Handed(path)
        for number in range(4):
            handed.put(number, np.full((2, 5), number, np.float32))
        assert (handed.get(3, (2, 5)) == 3).all() and (handed.get(0, (2, 5)) == 0).all()
        with pytest.raises(OfaError, match="--resume"):
            handed.get(4, (2, 5))
        for number in (5, 2):  # zeros are not written where nothing was
            handed.put(number, np.zeros((2, 5), np.float32))
        handed.sync()
        assert [handed.get(number, (2, 5)).max() for number in range(6)] == [0, 1, 0, 3, 0, 0]
        handed.close()


def test_only_journals_of_the_very_target_are_found(tmp_path, eager):
    for name in (".a.1.part.tif", ".a.b.2.part.tif", ".a.share1of2.3.part.tif", ".a.4.part.tiff", ".A.5.part.tif"):
        written(tmp_path / name, rows(1)).close(keep=True)
    for target, pids in (("a.tif", ["1"]), ("a.b.tif", ["2"]), ("a.share1of2.tif", ["3"]), ("b.tif", [])):
        found = list(find(tmp_path / target))
        assert [one.pid for one in found] == pids, target
        for one in found:
            one.close()


def test_a_journal_in_use_is_left_alone(tmp_path, eager):
    journal = written(tmp_path / ".out.1.part.tif", rows(2))
    assert list(find(tmp_path / "out.tif")) == [None]
    journal.close(keep=True)
    (found,) = find(tmp_path / "out.tif")
    found.remove()
    assert not list(tmp_path.iterdir())


# --- verbs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def narrow(monkeypatch, eager):
    """Several stripes of a small raster, and each row of tiles goes to the journal."""
    for name, value in NARROW.items():
        monkeypatch.setattr(plan_module, name, value)


NARROW = {"_STRIPE_LIMIT_BYTES": 2**19, "_FEW_TILES": 1}
CHILD = f"""
import json, sys, time, torch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.options import TYPES
from ofa_engine.inference import segment as predict
from ofa_engine.pipeline import journal
from ofa_engine.tiling import plan
journal.EVERY_S = 0.0
for name, value in {NARROW}.items():
    setattr(plan, name, value)
verb, params, threads = json.loads(sys.argv[1])
torch.set_num_threads(threads)

def progress(done, total, left):
    print(done, total, flush=True)
    time.sleep(0.004)

getattr(predict, verb)(TYPES[verb](**params), Callbacks(progress))
"""


def killed(verb, params, share):
    """Runs a verb in a process of its own, which is killed when so much of it is done; returns its id."""
    told = json.dumps([verb.__name__, params, torch.get_num_threads()])
    with subprocess.Popen([sys.executable, "-c", CHILD, told], stdout=subprocess.PIPE, text=True) as child:
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

    whole = segment(SegmentOptions(**params("whole")))
    for number, share in enumerate(points):
        pid = killed(segment, params("again") | {"resume": number > 0}, share)
        assert hidden(tmp_path) and all(f".{pid}.part" in name for name in hidden(tmp_path))
    answer = segment(
        SegmentOptions(**params("again"), resume=True), Callbacks(log=lambda level, text: said.append(text))
    )
    assert hidden(tmp_path) == []
    assert any(text.startswith("going on after") for text in said)
    assert everything(tmp_path, "again") == everything(tmp_path, "whole")
    assert answer["classes"] == whole["classes"] and answer["tiles"] == whole["tiles"]


def test_a_run_that_was_killed_twice_equals_one_never_stopped(scene, tmp_path, narrow):
    dice = random.Random(3)
    resumed_equals_never_stopped(scene, tmp_path, [dice.uniform(0.1, 0.3), dice.uniform(0.5, 0.9)])


@pytest.mark.slow
def test_a_run_that_was_killed_ten_times_equals_one_never_stopped(scene, tmp_path, narrow):
    dice = random.Random(4)
    resumed_equals_never_stopped(scene, tmp_path, sorted(dice.uniform(0.05, 0.98) for _ in range(10)))


def stopped(verb, params, share=0.5):
    """Runs a verb in this process, which breaks when so much of it is done."""

    def progress(done, total, left):
        if done >= share * total:
            raise OSError("broken")

    with pytest.raises(OfaError, match="broken.*--resume"):
        verb(TYPES[verb.__name__](**params), Callbacks(progress))


OTHERS = [(classify, ".gpkg", {}), (classify, ".tif", {}), (embed, ".tif", {}), (segment, ".tif", {"flips": True})]


@pytest.mark.parametrize(("verb", "ending", "more"), OTHERS)
def test_other_verbs_go_on_as_well(verb, ending, more, scene, tmp_path, narrow):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 100:170, 200:330] = np.nan
        return pixels

    path = scene("gaofen", 240, 500, change=cut)
    params = [dict(input=str(path), output=str(tmp_path / f"{name}{ending}")) | more for name in ("whole", "again")]
    whole = verb(TYPES[verb.__name__](**params[0]))
    seen = []
    stopped(verb, params[1])
    assert len(hidden(tmp_path)) >= 1
    answer = verb(TYPES[verb.__name__](**params[1], resume=True), Callbacks(lambda *state: seen.append(state)))
    assert seen[0][0] > 0.2 * seen[0][1] and seen[-1][0] == seen[-1][1]
    assert everything(tmp_path, "again") == everything(tmp_path, "whole") and not hidden(tmp_path)
    assert answer.get("classes") == whole.get("classes") and answer["tiles"] == whole["tiles"]


def test_another_run_is_refused_and_told(scene, tmp_path, narrow, models, capsys):
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
            segment(SegmentOptions(**(params | more), resume=True))
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value) and hidden(tmp_path) == before
    os.utime(path, ns=(0, 0))
    assert main(["segment", str(path), "-o", str(tmp_path / "out.tif"), "--resume"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) <= 2 and "input's files changed" in lines[-1] and before[0] in lines[-1]
    assert hidden(tmp_path) == before and not (tmp_path / "out.tif").exists()


def test_files_that_somebody_has_removed_are_missed(scene, tmp_path, narrow):
    params = dict(input=str(scene("naip", 150, 600)), output=str(tmp_path / "out.tif"))
    stopped(segment, params, 0.6)
    stripes = sorted(tmp_path.glob(".*.stripe*"))
    assert stripes
    stripes[0].unlink()
    with pytest.raises(OfaError, match="without --resume"):
        segment(SegmentOptions(**params, resume=True))
    segment(SegmentOptions(**params))
    assert not hidden(tmp_path)


def test_without_resume_an_old_run_is_given_up(scene, tmp_path, narrow):
    path, said = scene("naip", 150, 400), []
    params = dict(input=str(path), output=str(tmp_path / "out.tif"))
    stopped(segment, params)
    assert hidden(tmp_path)
    segment(SegmentOptions(**params), Callbacks(log=lambda level, text: said.append(text)))
    assert any("given up" in text for text in said) and not hidden(tmp_path)
    segment(SegmentOptions(**params, resume=True), Callbacks(log=lambda level, text: said.append(text)))
    assert any("from the beginning" in text for text in said)


@pytest.mark.parametrize("resume", [False, True])
def test_cancel_leaves_nothing_of_a_journal(resume, scene, tmp_path, narrow):
    params = dict(input=str(scene("naip", 150, 400)), output=str(tmp_path / "out.tif"))
    if resume:
        stopped(segment, params)
        assert hidden(tmp_path)
    seen = []
    callbacks = Callbacks(
        lambda *state: seen.append(state[0] / state[1]), cancelled=lambda: bool(seen) and seen[-1] > 0.7
    )
    with pytest.raises(Cancelled):
        segment(SegmentOptions(**params, resume=resume), callbacks)
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
def test_a_full_disk_is_told_and_with_room_it_goes_on(every, scene, tmp_path, capfd, monkeypatch):
    """The file that must not grow is the journal, or the confidence, which GDAL writes when it is closed."""
    monkeypatch.setattr(journal_module, "EVERY_S", every)
    path = scene("naip", 300, 400)
    arguments = ["segment", str(path), "-o", str(tmp_path / "out.tif"), "--confidence", str(tmp_path / "c.tif")]
    with files_up_to(200_000):
        assert main([*arguments, "--json"]) == 3
    ours = capfd.readouterr().err.splitlines()
    assert len(ours) == 1 and ours[0].startswith("ofa: "), ours
    assert not (tmp_path / "out.tif").exists() and not (tmp_path / "c.tif").exists()
    kept = hidden(tmp_path)
    assert [name.rpartition(".")[2] for name in kept] == (["journal"] if every == 0 else [])
    assert ("--resume" in ours[-1]) == bool(kept)
    assert main([*arguments, "--resume"]) == 0
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


def test_a_source_that_breaks_off_can_be_mended_and_gone_on_with(scene, tmp_path, narrow):
    """The file is cut while it is worked on; put back as it was, the run goes on."""
    path = scene("naip", 700, 300, blockysize=1)
    whole, stamp = path.read_bytes(), os.stat(path)
    params = dict(input=str(path), output=str(tmp_path / "out.tif"))

    def progress(done, total, left):
        if done > 0.3 * total:
            os.truncate(path, len(whole) // 2)

    with pytest.raises(OfaError, match="--resume") as caught:
        segment(SegmentOptions(**params), Callbacks(progress))
    assert caught.value.exit_code == 3 and hidden(tmp_path)
    path.write_bytes(whole)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    segment(SegmentOptions(**params, resume=True))
    segment(SegmentOptions(str(path), str(tmp_path / "whole.tif")))
    assert everything(tmp_path, "out") == everything(tmp_path, "whole")
