import itertools
import os

import pytest

from ofa_engine.batch.manifest import BatchManifest, file_stamp, write_whole
from ofa_engine.core.errors import InputError, OutputError

from ..small_scenes import leftovers


def test_a_failed_write_leaves_the_old_manifest(tmp_path, monkeypatch):
    write_whole(tmp_path / "m.json", "old")
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OutputError, match="No space left"):
        write_whole(tmp_path / "m.json", "new")
    assert (tmp_path / "m.json").read_text() == "old" and not leftovers(tmp_path)


class CountingManifest(BatchManifest):
    saves = 0

    def save(self):
        self.saves += 1
        super().save()


def test_saving_takes_a_small_share_of_the_time(tmp_path):
    """A clock that moves on by 0.25 s per reading: saving takes as long, so that it is due again after 5 s."""
    seconds = itertools.count(0, 0.25)
    manifest = CountingManifest(tmp_path, clock=lambda: next(seconds))
    for _ in range(400):
        manifest.save_if_due()
    assert manifest.saves == pytest.approx(400 * 0.25 / 5, abs=3)


def test_a_file_of_another_format_is_not_touched(tmp_path):
    (tmp_path / "batch.json").write_text('{"mine": 1}')
    with pytest.raises(InputError, match="another file"):
        BatchManifest(tmp_path)
    assert (tmp_path / "batch.json").read_text() == '{"mine": 1}'


def test_the_stamp_of_a_folder_covers_all_files_in_it(tmp_path):
    deep = tmp_path / "a" / "b" / "c"
    deep.parent.mkdir(parents=True)
    deep.write_bytes(b"12")
    before = file_stamp(str(tmp_path))
    assert before and before[0] == 2
    deep.write_bytes(b"123")
    os.utime(deep, ns=(1, before[1] + 5))
    assert file_stamp(str(tmp_path)) == [3, before[1] + 5]
    assert file_stamp(str(tmp_path / "none")) is None and file_stamp("https://host/a.tif") is None
