import hashlib

import pytest

from ofa_engine.core import files


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_replaced_at_the_end_of_the_block(durable, tmp_path):
    target = tmp_path / "a.json"
    target.write_text("old")
    with files.replacing(target, durable=durable) as part:
        part.write_text("new")
        assert target.read_text() == "old" and part.suffix == ".json" and part.name.startswith(".")
    assert target.read_text() == "new" and [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_whatever_happens_the_old_file_stays_and_nothing_else(error, tmp_path):
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(type(error)), files.replacing(target) as part:
        part.write_bytes(b"ne")
        raise error
    assert target.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_text_is_utf8_with_its_own_line_ends(tmp_path):
    files.write_text(tmp_path / "a.csv", "ä\nb\r\n")
    assert (tmp_path / "a.csv").read_bytes() == "ä\nb\r\n".encode()


def test_sha256_of_a_file_longer_than_a_chunk(tmp_path):
    content = bytes(range(256)) * 10_000
    files.write_bytes(tmp_path / "a", content)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError):
        files.write_text(tmp_path / "none" / "a.txt", "")
