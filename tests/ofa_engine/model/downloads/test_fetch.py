import shutil
import threading

import filelock
import pytest

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, ModelFileError, OutputError
from ofa_engine.core.foundation_models import download_of
from ofa_engine.core.options import FetchModelOptions
from ofa_engine.model.downloads.connection import DownloadError
from ofa_engine.model.downloads.download import Patience
from ofa_engine.model.downloads.fetch import fetch_model

from .bad_server import answers, breaks_off
from .conftest import CONTENT

QUICK = Patience(stall_s=20.0, tries=2, first_wait_s=0.01)


def copied(path, output, *, name, keep_generator, log):
    """Stands in for the import: the same bytes are the checkpoint."""
    shutil.copyfile(path, output)
    return output


@pytest.fixture
def run(model, tmp_path):
    """run(import, **callbacks) fetches the server's file to tmp_path/models/x.safetensors."""
    model()
    options = FetchModelOptions("local", str(tmp_path / "models" / "x.safetensors"))
    return lambda import_weights=copied, **callbacks: fetch_model(
        options, Callbacks(**callbacks), import_weights, QUICK
    )


def left(tmp_path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "models").iterdir())


def test_the_file_is_checked_imported_and_gone(run, entry, tmp_path, server):
    lines, names = [], []

    def keeps_the_name(path, output, **more):
        names.append((path.name, more["name"], more["keep_generator"]))
        return copied(path, output, **more)

    answer = run(keeps_the_name, log=lambda level, line: lines.append(line))
    assert left(tmp_path) == ["x.safetensors"] and (tmp_path / "models" / "x.safetensors").read_bytes() == CONTENT
    assert answer["checkpoint"] == str(tmp_path / "models" / "x.safetensors") and answer["bytes"] == len(CONTENT)
    assert entry["checksum"].endswith(answer["sha256"]) and entry["licence"] in answer["licence"]
    assert names == [("weights.pth", entry["title"], True)], "the import recognises files by their names, too"
    assert "1 MB from http://127.0.0.1" in lines[0] and "SHA-256 is right" in lines[1]


def test_a_wrong_file_is_never_read(run, server, tmp_path):
    server.content = CONTENT[::-1]
    read = []
    with pytest.raises(DownloadError, match="SHA-256"):
        run(lambda *_, **__: read.append("read"))
    assert not read and left(tmp_path) == []


def test_a_file_that_is_no_model_leaves_nothing(run, tmp_path):
    def refuses(path, output, **_):
        raise ModelFileError("expected DOFA's weights, found the old layout")

    with pytest.raises(ModelFileError, match="old layout"):
        run(refuses)
    assert left(tmp_path) == []


def test_what_was_downloaded_stays_where_the_disk_fills_up(run, tmp_path, server):
    def disk_is_full(path, output, **_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        run(disk_is_full)
    assert left(tmp_path) == [".x.download"]
    run()
    assert left(tmp_path) == ["x.safetensors"] and len(server.requests) == 1, "it was not downloaded twice"


@pytest.mark.parametrize("how", [Cancelled, KeyboardInterrupt])
def test_a_cancel_says_what_is_kept_and_the_next_run_continues(run, server, tmp_path, how):
    cancel = threading.Event()

    def progress(done, total, left):
        if done >= 300_000:
            cancel.set()
            if how is KeyboardInterrupt:
                raise how

    server.mishaps = [breaks_off(server, 500_000)]
    with pytest.raises(Cancelled, match="cancelled; 0.[345] MB are kept: the same command continues"):
        run(progress=progress, cancelled=cancel.is_set)
    assert left(tmp_path) == [".x.download"]
    run()
    assert left(tmp_path) == ["x.safetensors"] and server.requests[-1].headers["Range"].startswith("bytes=")


def test_a_failed_download_leaves_only_what_can_be_continued(run, server, tmp_path):
    server.mishaps = [answers(404)]
    with pytest.raises(DownloadError, match="404"):
        run()
    assert left(tmp_path) == []


def test_two_downloads_of_one_checkpoint_do_not_mix(run, model, tmp_path):
    folder = download_of(model(), tmp_path / "models" / "x.safetensors").parent
    folder.mkdir(parents=True)
    with filelock.FileLock(folder / ".lock"), pytest.raises(OutputError, match="no other download"):
        run()


def test_too_little_space_is_said_before_the_download(model, server, tmp_path):
    model(size_bytes=10**15)
    with pytest.raises(OutputError, match="2000000000 MB of free space"):
        fetch_model(FetchModelOptions("local", str(tmp_path / "x.safetensors")), import_weights=copied)
    assert not server.requests and not list(tmp_path.glob(".*"))


def test_an_unknown_name_names_those_there_are():
    with pytest.raises(InputError, match="dofa_base, .*found 'dofa'"):
        fetch_model(FetchModelOptions("dofa"))


def test_without_a_place_the_users_first_folder_is_it(model, tmp_path, monkeypatch):
    model()
    monkeypatch.setenv("OFANET_MODELS", str(tmp_path / "own"))
    answer = fetch_model(FetchModelOptions("local"), import_weights=copied)
    assert answer["checkpoint"] == str(tmp_path / "own" / "local.safetensors")
