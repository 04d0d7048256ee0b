"""The command: what is stored and measured, what is skipped, and the draw."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import rasterio
from PIL import Image

from ofa_engine.core.sensors import affine_to_canonical, get_sensor
from training.data.shards import ShardSet, load_manifest
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


BAD = {"truncated.png", "nothing.png", "text.jpg", "constant.png", "large.png"}


def test_all_pictures(pictures, tmp_path, capsys):
    run("images", pictures, "-o", tmp_path / "out", "--workers", 1)
    samples = ShardSet(tmp_path / "out" / "naip")
    made = samples.manifest
    assert len(samples) == 24 and made.shape == [3, 16, 16] and (made.units, made.dtype) == ("8-bit", "uint8")
    for number, name in enumerate(made.samples):
        picture = np.asarray(Image.open(pictures / name)).transpose(2, 0, 1)
        assert np.array_equal(samples.read([number])[0], picture)
    assert {Path(s["file"]).name for s in made.skipped} == BAD
    why = {Path(s["file"]).name: s["why"] for s in made.skipped}
    assert "one value" in why["constant.png"] and "40 x 40" in why["large.png"] and "--size-px" in why["large.png"]
    printed = capsys.readouterr().out
    assert "24 of 29" in printed and "skipped 5" in printed and "truncated.png: cannot be read" in printed
    assert samples.verify() == []


def test_statistics_are_numpys(pictures, tmp_path):
    run("images", pictures, "-o", tmp_path, "--workers", 1, "--shard-mb", 0.002)
    samples = ShardSet(tmp_path / "naip")
    assert len(samples.manifest.shards) > 5
    pixels = samples.read(range(24)).astype(np.float64)
    assert np.allclose(samples.manifest.mean, pixels.mean((0, 2, 3)), rtol=1e-12)
    assert np.allclose(samples.manifest.std, pixels.std((0, 2, 3)), rtol=1e-12)


def raster(path: Path, bands: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(bands),
        height=bands.shape[1],
        width=bands.shape[2],
        dtype=bands.dtype,
        crs="EPSG:32633",
        transform=rasterio.Affine(30, 0, 5e5, 0, -30, 5.8e6),
        **options,
    ) as file:
        file.write(bands)


def test_hyperspectral_statistics_missing_bands_and_empty_files(tmp_path):
    """224 bands with nodata: statistics in reflectance over valid values, absent bands named so."""
    stack = []
    for i in range(4):
        values = RNG.integers(0, 9000, (224, 8, 8), np.int16)
        values[129:135] = -32768
        values[:, : i + 1, 0] = -32768
        values[7, 4] = -32768
        stack.append(values)
        raster(tmp_path / "in" / "patches" / "T" / f"T-{i}" / f"T-{i}-SPECTRAL_IMAGE.TIF", values, nodata=-32768)
    raster(
        tmp_path / "in" / "patches" / "T" / "T-9" / "T-9-SPECTRAL_IMAGE.TIF",
        np.full_like(values, -32768),
        nodata=-32768,
    )
    run("hyspecnet", tmp_path / "in", "-o", tmp_path / "out", "--workers", 1)
    samples = ShardSet(tmp_path / "out" / "enmap")
    made = samples.manifest
    assert (made.dtype, made.units, made.nodata) == ("int16", "dn", -32768)
    assert [i for i, there in enumerate(made.present) if not there] == list(range(129, 135))
    assert [(s["file"], s["why"]) for s in made.skipped] == [("T/T-9", "empty: no valid value")]
    pixels = np.ma.masked_equal(np.stack(stack), -32768) / 10000
    there = np.array(made.present)
    assert np.allclose(np.array(made.mean)[there], pixels.mean((0, 2, 3))[there], rtol=1e-9)
    assert np.allclose(np.array(made.std)[there], pixels.std((0, 2, 3))[there], rtol=1e-9)
    assert set(np.array(made.mean)[~there]) == {0} and set(np.array(made.std)[~there]) == {1}
    kept = [i for i in range(224) if there[i] and i + 1 not in get_sensor("enmap").never]
    number = int(made.samples[2][-1])
    assert np.array_equal(samples.read([2])[0], stack[number][kept])


def test_truncated_raster_and_half_precision(tmp_path):
    """A TIFF that breaks off is skipped and named; statistics are those of the stored half-precision values."""
    for i in range(3):
        raster(tmp_path / "in" / f"{i}.tif", RNG.integers(1, 4000, (12, 64, 64), np.uint16))
    whole = (tmp_path / "in" / "1.tif").read_bytes()
    (tmp_path / "in" / "1.tif").write_bytes(whole[: len(whole) // 2])
    run("geotiffs", tmp_path / "in", "-o", tmp_path, "--workers", 1)
    made = load_manifest(tmp_path / "sentinel-2")
    assert sorted(made.samples) == ["0.tif", "2.tif"] and [s["file"] for s in made.skipped] == ["1.tif"]
    run("simulate", "-o", tmp_path, "--sensor", "sentinel-1", "--count", 3, "--size-px", 32, "--workers", 1)
    samples = ShardSet(tmp_path / "sentinel-1")
    pixels = samples.read(range(3))
    assert pixels.dtype == np.float16 and samples.manifest.units == "db"
    assert np.allclose(samples.manifest.mean, pixels.astype(np.float64).mean((0, 2, 3)), rtol=1e-12)
    assert np.allclose(samples.manifest.std, pixels.astype(np.float64).std((0, 2, 3)), rtol=1e-12)


def test_satlas_all_sensors(tmp_path):
    def png(*parts: str, shape: tuple[int, ...] = (512, 512)) -> None:
        path = tmp_path.joinpath("in", *parts, "1_2.png")
        path.parent.mkdir(parents=True)
        Image.fromarray(RNG.integers(1, 256, shape, np.uint8)).save(path, compress_level=1)

    for band in ("vh", "vv"):
        png("sentinel1", "2022-03", band)
    for scene in ("m_1", "m_2"):
        png("naip", scene, "tci", shape=(512, 512, 3))
    png("sentinel2", "S2A_MSIL1C_20160808T181452_N0204_R041_T12SVC_20160808T181447", "tci", shape=(512, 512, 3))
    run("satlas", tmp_path / "in", "-o", tmp_path / "out", "--workers", 1)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["naip", "sentinel-1", "sentinel-2"]
    radar = load_manifest(tmp_path / "out" / "sentinel-1")
    assert (radar.dtype, radar.units, radar.shape) == ("float16", "db", [2, 512, 512])
    assert all(-20 < mean < -7.5 for mean in radar.mean)
    assert load_manifest(tmp_path / "out" / "sentinel-2").present == [True] * 3 + [False] * 6
    run("satlas", tmp_path / "in", "-o", tmp_path / "one", "--sensor", "naip", "--count", 1, "--workers", 1)
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["naip"]


def test_count_seed_and_listing(pictures, tmp_path):
    """The draw: so many of them, the same for a seed, a longer one begins with a shorter one, no matter what else is
    in the folder."""

    def drawn(name: str, *options: object) -> list[str]:
        run("images", pictures, "-o", tmp_path / name, "--workers", 1, *options)
        return load_manifest(tmp_path / name / "naip").samples

    ten = drawn("ten", "--count", 10)
    assert len(ten) == 10 == len(set(ten)) and ten != sorted(ten)
    assert drawn("all")[:10] == ten and drawn("other", "--count", 10, "--seed", 1) != ten
    Image.fromarray(RNG.integers(0, 256, (16, 16, 3), np.uint8)).save(pictures / "class0" / "new.png")
    assert [n for n in drawn("more") if "new" not in n][:10] == ten


def test_other_options_are_not_mixed(pictures, tmp_path, capsys):
    run("images", pictures, "-o", tmp_path, "--workers", 1, "--count", 3)
    run("images", pictures, "-o", tmp_path, "--workers", 1, "--count", 3, "--seed", 2, code=2)
    assert "--overwrite" in capsys.readouterr().err
    assert load_manifest(tmp_path / "naip").seed == 0
    run("images", pictures, "-o", tmp_path, "--workers", 1, "--count", 3, "--seed", 2, "--overwrite")
    assert load_manifest(tmp_path / "naip").seed == 2


@pytest.mark.parametrize(
    "stop", ["SIGINT", pytest.param("SIGTERM", marks=pytest.mark.slow), pytest.param("SIGKILL", marks=pytest.mark.slow)]
)
def test_stopped_processes_leave_whole_shards(tmp_path, stop):
    """The real thing: a pool of processes, a signal, exit code 130."""
    command = [
        sys.executable,
        "-m",
        "training.prepare",
        "simulate",
        "-o",
        str(tmp_path),
        "--sensor",
        "naip",
        "--count",
        "4000",
        "--size-px",
        "32",
        "--shard-mb",
        "0.02",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    folder = tmp_path / "naip"
    deadline = time.monotonic() + 60
    while len(list(folder.glob("shard-*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(getattr(signal, stop))
    _, errors = process.communicate(timeout=60)
    assert not psutil.wait_procs(children, timeout=20)[1], "no process stays behind"
    if stop != "SIGKILL":
        assert process.returncode == 130 and "continues from there" in errors and "Traceback" not in errors, errors
        assert not list(folder.glob(".*"))
    assert not (folder / "manifest.json").exists()
    records = [json.loads(p.read_text()) for p in sorted(folder.glob("*.json"))]
    assert all(np.load(folder / r["file"]).shape == (r["count"], 3, 32, 32) for r in records) and len(records) >= 2


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["images", "no-such-folder"], "found no folder no-such-folder"),
        (["images"], "expected INPUT"),
        (["satlas", "."], "sentinel1/ or sentinel2/ or naip/"),
        (["satlas", ".", "--sensor", "enmap"], "expected --sensor out of"),
        (["five-billion-pixels", "."], "Image__8bit_NirRGB"),
        (["hyspecnet", "."], "patches/"),
        (["ssl4eo", "."], "s1_grd/"),
        (["geotiffs", "."], "found none"),
        (["images", "."], "found 0"),
        (["simulate", "--sensor", "landsat"], "expected a sensor out of"),
        (["images", ".", "--units", "dn"], "--units with geotiffs only"),
    ],
)
def test_errors_are_one_line(arguments, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "-o", str(tmp_path / "out"), "--workers", "1", "--quiet"]) == 2
    errors = capsys.readouterr().err
    assert says in errors and errors.count("\n") == 1


def test_only_bad_files(tmp_path, capsys):
    (tmp_path / "a.png").write_bytes(b"nothing")
    assert main(["images", str(tmp_path), "-o", str(tmp_path / "out"), "--workers", "1"]) == 2
    assert "a.png" in capsys.readouterr().err
    Image.new("RGB", (16, 16)).save(tmp_path / "b.png")
    assert main(["images", str(tmp_path), "-o", str(tmp_path / "out"), "--workers", "1"]) == 2
    assert not list((tmp_path / "out").rglob("*.*"))


def test_size_px_makes_all_one_size(pictures, tmp_path):
    run("images", pictures, "-o", tmp_path, "--workers", 1, "--size-px", 20)
    made = load_manifest(tmp_path / "naip")
    assert made.shape == [3, 20, 20] and len(made.samples) == 25


def test_pretraining_machines_need_no_rasterio():
    """Neither shards nor preparation of pictures imports it."""
    code = "import sys, training.prepare, training.data.shards; sys.exit('rasterio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_public_pictures(shared_data, tmp_path):
    run("images", shared_data / "eurosat_rgb", "-o", tmp_path, "--count", 50, "--workers", 1)
    samples = ShardSet(tmp_path / "naip")
    assert len(samples) == 50 and samples.manifest.shape == [3, 64, 64] and not samples.manifest.skipped
    with Image.open(shared_data / "eurosat_rgb" / samples.manifest.samples[7]) as picture:
        assert np.array_equal(samples.read([7])[0], np.asarray(picture).transpose(2, 0, 1))


@pytest.mark.parametrize(
    "folder, sensor, options",
    [
        ("s1_floods/images", "sentinel-1", ()),
        ("enmap_potsdam/images", "enmap", ()),
        ("s2_chips", "sentinel-2", ("--count", 20)),
        ("naip_scenes", "gaofen", ("--count", 5, "--size-px", 128)),
    ],
)
def test_public_rasters(shared_data, tmp_path, folder, sensor, options):
    run("geotiffs", shared_data / folder, "-o", tmp_path, "--workers", 1, *options)
    samples = ShardSet(tmp_path / sensor)
    table = get_sensor(sensor)
    bands = samples.bands_present
    assert bands == [i for i in range(len(table.bands)) if i + 1 not in table.never]
    pixels = samples.read(range(len(samples))).astype(np.float64)
    scale, offset = affine_to_canonical(table, samples.manifest.units)
    assert np.allclose(np.array(samples.manifest.mean)[bands], np.nanmean(pixels, (0, 2, 3)) * scale + offset)
    assert np.allclose(np.array(samples.manifest.std)[bands], np.nanstd(pixels, (0, 2, 3)) * scale)
