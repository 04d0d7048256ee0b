import os

import pytest

from ofa_engine.core import partial_names as names


@pytest.mark.parametrize("name", ["map.tif", "a.b.tif", "a.5.gpkg", "[x].html", "a;b!c.gpkg", "-a.tif"])
def test_every_name_is_hidden_and_found_again(name, tmp_path):
    target = tmp_path / name
    part, scratch = names.part_of(target), names.scratch_of(target)
    journal = names.journal_of(part)
    made = [part, scratch, journal, names.stripe_of(journal, 1), part.with_name(part.name + "-wal")]
    for path in made:
        path.touch()
    other = names.part_of(target, pid=1)
    other.touch()
    assert all(path.name.startswith(".") and path.parent == tmp_path for path in made)
    assert part.suffix == scratch.suffix == target.suffix, "GDAL chooses the format by it"
    assert set(names.left_by(os.getpid(), target)) == set(made)
    assert names.left_by(1, target) == [other]
    assert names.journals_of(target) == [(journal, os.getpid())]
    assert names.stripes_of(journal) == [names.stripe_of(journal, 1)]
    assert [names.is_resumable(path) for path in made] == [False, False, True, True, False]
    assert {names.stem_of(path.name) for path in (*made, other)} == {target.stem}
    assert all(len(path.name) <= len(names.longest_of(target).name) for path in (*made, other))


def test_targets_with_similar_names_are_kept_apart(tmp_path):
    names.part_of(tmp_path / "a.b.tif").touch()
    names.journal_of(names.part_of(tmp_path / "a.tiff")).touch()
    assert names.left_by(os.getpid(), tmp_path / "b.tif") == []
    assert names.journals_of(tmp_path / "a.tif") == []
    assert names.stem_of("a.tif") is None and names.stem_of(".batch.lock") is None


def test_partitions(tmp_path):
    target = names.partition_of(tmp_path / "a.b.tif", 1, 3)
    assert target.name == "a.b.share2of3.tif"
    assert names.whole_stem(target.stem) == "a.b" and names.whole_stem("a.b") == "a.b"
