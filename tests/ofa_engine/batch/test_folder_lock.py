import subprocess
import sys
import time

import pytest

from ofa_engine.batch.folder_lock import exclusive_folder
from ofa_engine.batch.run import batch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError, OutputError
from ofa_engine.core.options import BatchOptions
from ofa_engine.core.partial_names import FOLDER_LOCK
from ofa_engine.interfaces.cli import main

from ..small_scenes import leftovers, naip

pytest.importorskip("distributed")

_HOLD = """
import sys
from pathlib import Path
from ofa_engine.batch.folder_lock import exclusive_folder
with exclusive_folder(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_batch_on_a_folder_is_refused_until_the_first_is_dead(tmp_path, inline, capsys):
    naip(tmp_path / "a.tif", 0)
    out = tmp_path / "out"
    command = ["batch", str(tmp_path / "a.tif"), "-o", str(out), "--device", "cpu"]
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == "held\n"
            started = time.monotonic()
            assert main(command) == 2 and time.monotonic() - started < 5
            error = capsys.readouterr().err
            assert "no other batch writes to" in error and error.count("\n") == 1 and inline == []
            assert [p.name for p in out.iterdir()] == [FOLDER_LOCK]
        finally:
            other.kill()
    assert main(command) == 0 and inline == ["a"] and not leftovers(out)


def test_the_lock_also_holds_within_a_process_and_is_released_after_errors(tmp_path):
    with (
        exclusive_folder(tmp_path / "out"),
        pytest.raises(OutputError, match="no other batch"),
        exclusive_folder(tmp_path / "out"),
    ):
        pass
    assert not (tmp_path / "out").exists()  # nothing was written
    with pytest.raises(InputError, match=r"nowhere\.tif"):
        batch(BatchOptions([str(tmp_path / "nowhere.tif")], str(tmp_path / "out")), Callbacks())
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    with exclusive_folder(tmp_path / "out"):
        pass
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]
