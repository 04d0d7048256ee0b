"""Prepared samples by number: order, missing bands, checksums, refusals, and finding a sensor's folder."""

import json
from pathlib import Path

import numpy as np
import pytest

from ofa_engine.core.files import sha256
from training.data.shards import ShardManifest, ShardSet, find_sets, load_manifest

RNG = np.random.default_rng(6)


def make(folder: Path, sensor: str = "sentinel-1", counts=(3, 1, 4), present=None, **changes) -> np.ndarray:
    """Shards of 8 px and their manifest; returns all samples."""
    folder.mkdir(parents=True)
    bands = {"sentinel-1": 2, "enmap": 224, "naip": 3}[sensor]
    pixels = RNG.normal(size=(sum(counts), bands, 8, 8)).astype(np.float32)
    shards = []
    for i, part in enumerate(np.split(pixels, np.cumsum(counts)[:-1])):
        path = folder / f"shard-{i:05d}.npy"
        np.save(path, part)
        shards.append({"file": path.name, "count": len(part), "sha256": sha256(path)})
    units = {"sentinel-1": "db", "enmap": "reflectance", "naip": "8-bit"}[sensor]
    values = dict(
        sensor=sensor,
        units=units,
        shape=[bands, 8, 8],
        dtype="float32",
        source="test",
        seed=0,
        mean=[0.0] * bands,
        std=[1.0] * bands,
        present=present or [True] * bands,
        shards=shards,
    )
    ShardManifest(**{**values, **changes}).save(folder)
    return pixels


def test_reads_by_number_across_shards(tmp_path):
    pixels = make(tmp_path / "s1")
    samples = ShardSet(tmp_path / "s1")
    assert len(samples) == 8
    for order in ([0], [7, 0, 3, 3, 2], range(8), []):
        assert np.array_equal(samples.read(order), pixels[list(order)])
    for number in (8, -1):
        with pytest.raises(IndexError, match=f"below 8, found {number}"):
            samples.read([number])


def test_absent_and_water_vapour_bands_are_left_out(tmp_path):
    present = [True] * 224
    present[3] = False
    pixels = make(tmp_path / "enmap", "enmap", (2,), present)
    samples = ShardSet(tmp_path / "enmap")
    bands = [i for i in range(224) if i != 3 and not (126 <= i <= 140 or 160 <= i <= 166)]
    assert samples.bands_present == bands and np.array_equal(samples.read([1])[0], pixels[1][bands])


def test_verify_names_damaged_shards(tmp_path):
    make(tmp_path / "s1")
    samples = ShardSet(tmp_path / "s1")
    assert samples.verify() == []
    with (tmp_path / "s1" / "shard-00001.npy").open("ab") as file:
        file.write(b"x")
    assert samples.verify() == ["shard-00001.npy"]


def test_an_empty_set(tmp_path):
    make(tmp_path / "s1", counts=(0,), shards=[])
    assert len(ShardSet(tmp_path / "s1")) == 0


def test_manifest_round_trip_and_refusals(tmp_path):
    make(tmp_path / "s1", nodata=None, skipped=[{"file": "a", "why": "b"}])
    made = load_manifest(tmp_path / "s1")
    assert made.skipped == [{"file": "a", "why": "b"}] and not list((tmp_path / "s1").glob("*.part"))
    with pytest.raises(FileNotFoundError, match="run training.prepare"):
        load_manifest(tmp_path)
    path = tmp_path / "s1" / "manifest.json"
    values = json.loads(path.read_text())
    for change, says in (({"format": 2}, "format version"), ({"shape": [3, 8, 8]}, "2 bands"), ({"units": "dn"}, "s1")):
        path.write_text(json.dumps({**values, **change}))
        with pytest.raises(ValueError, match=says):
            load_manifest(tmp_path / "s1")


def test_find_sets(tmp_path):
    make(tmp_path / "b", "naip"), make(tmp_path / "a")
    assert list(find_sets(tmp_path)) == ["sentinel-1", "naip"]
    assert list(find_sets(tmp_path, ["naip"])) == ["naip"]
    with pytest.raises(FileNotFoundError, match="enmap"):
        find_sets(tmp_path, ["naip", "enmap"])
    with pytest.raises(FileNotFoundError, match="any sensor"):
        find_sets(tmp_path / "a")
    make(tmp_path / "c", "naip")
    with pytest.raises(ValueError, match="two of naip"):
        find_sets(tmp_path)
