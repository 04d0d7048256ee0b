"""An interrupted preparation ends as an undisturbed one; damaged shards are replaced."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data.preparation import Preparation
from training.data.readers.rgb_images import RgbImages, list_samples
from training.prepare import main

RNG = np.random.default_rng(5)


def run(*arguments: object, code: int = 0) -> None:
    assert main([str(a) for a in (*arguments, "--quiet", "--debug")]) == code


@pytest.fixture
def pictures(tmp_path) -> Path:
    """24 good pictures of 16 px in two folders, and five that are of no use."""
    for i in range(24):
        path = tmp_path / "pictures" / f"class{i % 2}" / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    whole = path.read_bytes()
    folder = path.parent
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "nothing.png").write_bytes(b"")
    (folder / "text.jpg").write_text("not a picture")
    Image.new("RGB", (16, 16), (9, 9, 9)).save(folder / "constant.png")
    Image.fromarray(RNG.integers(0, 256, (40, 40, 3), np.uint8)).save(folder / "large.png")
    return tmp_path / "pictures"


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_workers_do_not_matter(pictures, tmp_path):
    for workers in (1, 2):
        run("images", pictures, "-o", tmp_path / str(workers), "--workers", workers, "--shard-mb", 0.003)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


class Interrupted(RgbImages):
    """Counts what is read, and is interrupted at sample number `stop_at`."""

    reads: list[str]
    stop_at: int

    def read(self, name):
        self.reads.append(name)
        if len(self.reads) == self.stop_at:
            raise KeyboardInterrupt
        return super().read(name)


@pytest.mark.parametrize("stop_at", [2, 10, 21])  # the first read finds the samples' size
def test_interrupted_and_resumed_is_as_uninterrupted(pictures, tmp_path, stop_at):
    run("images", pictures, "--workers", 1, "--shard-mb", 0.003, "-o", tmp_path / "whole")
    _, listing = list_samples(pictures)
    reader = Interrupted(str(pictures))
    Interrupted.reads, Interrupted.stop_at = [], stop_at
    preparation = Preparation("images", pictures.name, tmp_path / "resumed", shard_mb=0.003, quiet=True)
    with pytest.raises(KeyboardInterrupt):
        preparation.prepare(reader, listing)
    left = contents(tmp_path / "resumed")
    whole = contents(tmp_path / "whole")
    assert all(whole[name] == data for name, data in left.items()), "whole shards only"
    Interrupted.reads, Interrupted.stop_at = [], 0
    preparation.prepare(reader, listing)
    assert contents(tmp_path / "resumed") == whole
    kept = sum(name.endswith(".npy") for name in left)
    assert len(Interrupted.reads) - 1 <= 29 - kept * 3, "what was whole is not read again"


def test_damage_is_mended_and_leftovers_go(pictures, tmp_path):
    options = ("images", pictures, "--workers", 1, "--shard-mb", 0.003, "-o", tmp_path)
    run(*options)
    whole, folder = contents(tmp_path / "naip"), tmp_path / "naip"
    with (folder / "shard-00002.npy").open("r+b") as file:
        file.seek(200)
        file.write(b"damage")
    (folder / "shard-00001.npy").write_bytes(whole["shard-00001.npy"][:100])
    (folder / "shard-00004.json").write_text("{")
    (folder / ".shard-00003.npy.part").write_bytes(b"half")
    (folder / "manifest.json").unlink()
    run(*options)
    assert contents(folder) == whole
    times = {p: p.stat().st_mtime_ns for p in folder.glob("shard-*")}
    run(*options)
    assert times == {p: p.stat().st_mtime_ns for p in folder.glob("shard-*")}, "nothing is made twice"


def test_another_count_reuses_and_sweeps(pictures, tmp_path):
    options = ("images", pictures, "--workers", 1, "--shard-mb", 0.003)
    for count in (24, 10, 17):
        run(*options, "--count", count, "-o", tmp_path / "one")
        run(*options, "--count", count, "-o", tmp_path / f"fresh{count}")
        assert contents(tmp_path / "one") == contents(tmp_path / f"fresh{count}")
