"""The journal's file alone; see `inference/test_resume.py` for runs that are stopped."""

import random

import numpy as np
import pytest

from ofa_engine.core.errors import OfaError
from ofa_engine.pipeline.journal import CarryFile, Journal, JournalLimits, find_journals

from ..limits import EAGER


def rows(count):
    """(stripe, row, tiles, arrays) as verbs put them."""
    rng = np.random.default_rng(0)
    return [
        (i // 5, i % 5, i + 1, [rng.integers(0, 9, (7, 30 + i), np.uint8), rng.random((7, 3), np.float32)])
        for i in range(count)
    ]


def written(part, entries, limits=EAGER):
    journal = Journal(part, {"input": "a.tif"}, limits=limits)
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


def test_what_was_finished_is_read_again_and_added_to(tmp_path):
    first, second = tmp_path / ".out.1.part.tif", tmp_path / ".out.2.part.tif"
    written(first, rows(4)).close(keep=True)
    assert [p.name for p in tmp_path.iterdir()] == [".out.1.part.tif.journal"]
    (found,) = find_journals(tmp_path / "out.tif")
    assert found.about == {"input": "a.tif"} and found.pid == 1
    journal = Journal(second, found.about, found, EAGER)
    for record, entry in zip(journal.records(), rows(4), strict=True):
        same(record, entry)
    stripe, row, tiles, arrays = rows(5)[4]
    journal.put(*arrays)
    journal.finish(stripe, row, tiles)
    journal.close(keep=True)
    assert [p.name for p in tmp_path.iterdir()] == [".out.2.part.tif.journal"]
    (found,) = find_journals(tmp_path / "out.tif")
    for record, entry in zip(Journal(second, {}, found).records(), rows(5), strict=True):
        same(record, entry)
    found.close()


def test_a_torn_end_is_cut_off_wherever_it_is_torn(tmp_path):
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
        (found,) = find_journals(tmp_path / "out.tif")
        count = sum(end <= size for end in ends)
        journal = Journal(part, found.about, found)
        for record, entry in zip(journal.records(), rows(count), strict=True):
            same(record, entry)
        assert path.stat().st_size == ends[count - 1]
        journal.close(keep=True)
    flipped = bytearray(whole)
    flipped[ends[1] - 3] ^= 1  # in the second row: it and all after it are not trusted
    path.write_bytes(flipped)
    (found,) = find_journals(tmp_path / "out.tif")
    journal = Journal(part, found.about, found)
    assert len(list(journal.records())) == 1
    journal.close()


def test_small_runs_write_nothing_and_ends_remove_all(tmp_path):
    part = tmp_path / ".out.1.part.tif"
    journal = written(part, rows(3), JournalLimits())  # over in no time
    assert not list(tmp_path.iterdir())
    journal.close(keep=True)
    assert not list(tmp_path.iterdir())
    journal = written(part, rows(3), JournalLimits())
    journal.carry_into(1).put(0, np.ones((2, 2), np.float32))
    journal.commit()
    assert len(list(tmp_path.iterdir())) == 2
    journal.close()
    assert not list(tmp_path.iterdir())


def test_what_stripes_hand_on_is_given_up_when_nobody_needs_it(tmp_path):
    journal = Journal(tmp_path / ".out.1.part.tif", {}, limits=EAGER)
    for stripe in (1, 2, 3):
        journal.carry_into(stripe).put(0, np.full((2, 2), stripe, np.float32))
    assert {p.suffix for p in tmp_path.iterdir()} == {".stripe2", ".stripe3"}
    assert (journal.carry_into(2).get(0, (2, 2)) == 2).all()
    journal.close()


def test_arrays_by_number(tmp_path):
    for path in (None, tmp_path / "x"):
        carried = CarryFile(path)
        for number in range(4):
            carried.put(number, np.full((2, 5), number, np.float32))
        assert (carried.get(3, (2, 5)) == 3).all() and (carried.get(0, (2, 5)) == 0).all()
        with pytest.raises(OfaError, match="--resume"):
            carried.get(4, (2, 5))
        for number in (5, 2):  # zeros are not written where nothing was
            carried.put(number, np.zeros((2, 5), np.float32))
        carried.sync()
        assert [carried.get(number, (2, 5)).max() for number in range(6)] == [0, 1, 0, 3, 0, 0]
        carried.close()


def test_only_journals_of_the_very_target_are_found(tmp_path):
    for name in (".a.1.part.tif", ".a.b.2.part.tif", ".a.share1of2.3.part.tif", ".a.4.part.tiff", ".A.5.part.tif"):
        written(tmp_path / name, rows(1)).close(keep=True)
    for target, pids in (("a.tif", [1]), ("a.b.tif", [2]), ("a.share1of2.tif", [3]), ("b.tif", [])):
        found = list(find_journals(tmp_path / target))
        assert [one.pid for one in found] == pids, target
        for one in found:
            one.close()


def test_a_journal_in_use_is_left_alone(tmp_path):
    journal = written(tmp_path / ".out.1.part.tif", rows(2))
    assert list(find_journals(tmp_path / "out.tif")) == [None]
    journal.close(keep=True)
    (found,) = find_journals(tmp_path / "out.tif")
    found.remove()
    assert not list(tmp_path.iterdir())
