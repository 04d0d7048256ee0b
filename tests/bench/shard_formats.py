"""Memory-mapped numpy against zarr for prepared samples: random reads of single samples, warm and cold page cache.

    python -m venv /tmp/formats && /tmp/formats/bin/pip install numpy zarr
    PYTHONPATH=. /tmp/formats/bin/python tests/bench/shard_formats.py FOLDER

FOLDER gets about 2 GB of simulated samples and is emptied afterwards; "cold" drops the files from the page cache
(Linux) before each sample is read once. zarr is no dependency of the project: only this measurement needs it.
"""

import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from training.simulation.scene import simulate

CASES = {"3 bands, 512 px, uint8": ("naip", 512, 320), "224 bands, 128 px, int16": ("enmap", 128, 48)}


def samples(sensor: str, size_px: int, count: int) -> np.ndarray:
    """(N, C, H, W): eight scenes, shifted and turned, so that they compress as scenes do."""
    scenes = [simulate(sensor, size_px, seed)[0] for seed in range(8)]
    scenes = [(s * 10000).astype(np.int16) if sensor == "enmap" else s.astype(np.uint8) for s in scenes]
    return np.stack([np.rot90(np.roll(scenes[i % 8], 37 * i, 2), i // 8 % 4, (1, 2)) for i in range(count)])


def drop_cache(folder: Path) -> None:
    for path in (p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def ms_a_sample(read: Callable[[int], np.ndarray], order: np.ndarray) -> float:
    start = time.perf_counter()
    for number in order:
        np.array(read(int(number)))  # all of it, in memory of its own
    return 1000 * (time.perf_counter() - start) / len(order)


def formats(folder: Path, data: np.ndarray) -> dict[str, tuple[Path, Callable[[], Callable]]]:
    """Name -> (folder, what opens it for reading)."""
    import zarr

    for name in ("numpy", "zarr", "zarr zstd"):
        (folder / name).mkdir(parents=True)
    np.save(folder / "numpy" / "shard.npy", data)
    for name, codec in (("zarr", None), ("zarr zstd", zarr.codecs.ZstdCodec(level=3))):
        array = zarr.create_array(
            folder / name / "a.zarr", shape=data.shape, chunks=(1, *data.shape[1:]), dtype=data.dtype, compressors=codec
        )
        array[:] = data

    def opened(name: str) -> Callable[[], Callable]:
        if name == "numpy":
            return lambda: np.load(folder / name / "shard.npy", mmap_mode="r").__getitem__
        return lambda: zarr.open_array(folder / name / "a.zarr", mode="r").__getitem__

    return {name: (folder / name, opened(name)) for name in ("numpy", "zarr", "zarr zstd")}


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for case, (sensor, size_px, count) in CASES.items():
        data = samples(sensor, size_px, count)
        print(f"{case}: {data[0].nbytes / 1e6:.2f} MB a sample")
        for name, (place, open_) in formats(folder / "formats", data).items():
            size = sum(p.stat().st_size for p in place.rglob("*") if p.is_file()) / data.nbytes
            cold, warm = [], []
            for _ in range(3):
                drop_cache(place)
                cold.append(ms_a_sample(open_(), rng.permutation(count)))
                read = open_()
                warm.append(ms_a_sample(read, rng.permutation(count)))
                del read  # pages that are mapped stay in the cache
            print(
                f"  {name:10s} warm {np.median(warm):7.2f} ms  cold {np.median(cold):7.2f} ms a sample, "
                f"size {size:.2f}",
                flush=True,
            )
        shutil.rmtree(folder / "formats")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
