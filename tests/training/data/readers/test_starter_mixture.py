"""The starter's mixture: which samples of which sets enter, and with what values."""

import warnings

import numpy as np
import pytest
import rasterio
from PIL import Image

from ofa_engine.core.sensors import SENSORS, get_sensor
from training.data.readers.held_out_chips import chip_digest, held_out_chips
from training.data.readers.reader import UnusableSample
from training.data.readers.starter_mixture import list_samples
from training.data.shards import ShardSet
from training.prepare import main


def write(path, pixels, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=len(pixels),
            height=pixels.shape[1],
            width=pixels.shape[2],
            dtype=pixels.dtype,
            **more,
        ) as target:
            target.write(pixels)
    return path


def stored(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path) as d:
            return d.read()


@pytest.fixture
def root(tmp_path):
    """Each set in small, with its own data types."""
    rng = np.random.default_rng(0)
    noise = lambda *shape: rng.integers(1, 255, shape).astype(np.uint8)  # noqa: E731
    for number in range(4):
        chip = tmp_path / "eurosat_rgb" / "Forest" / f"{number}.jpg"
        chip.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(64, 64, 3)).save(chip)
    scene = noise(4, 130, 200)
    scene[:, :20, :20] = 0
    write(tmp_path / "naip_scenes" / "a.tif", scene, nodata=0)
    write(tmp_path / "naip_scenes" / "one_band.tif", noise(1, 130, 200))
    drone = noise(4, 70, 130)
    drone[3] = 255
    drone[3, :, 100:] = 0
    write(tmp_path / "aerial" / "drone.tif", drone, photometric="RGB", alpha="UNSPECIFIED")
    (tmp_path / "chesapeake").mkdir()
    np.savez(tmp_path / "chesapeake" / "p.npz", rng.uniform(0, 255, (1, 29, 256, 256)).astype(np.float32))
    write(tmp_path / "s1_floods" / "images" / "f.tif", rng.normal(-12, 4, (2, 128, 128)).astype(np.float32))
    write(tmp_path / "s2_chips" / "c.tif", rng.integers(0, 9999, (12, 64, 64)).astype(np.uint16))
    write(tmp_path / "s2_scene" / "sen2_12band.tif", rng.uniform(0.1, 0.6, (12, 80, 80)).astype(np.float32))
    write(tmp_path / "enmap_potsdam" / "images" / "e.tif", rng.uniform(1, 9999, (224, 32, 32)).astype(np.float32))
    return tmp_path


def mixture(root, sensor, held_out=frozenset()):
    """With two simulated scenes per sensor."""
    return list_samples(root, sensor, dict.fromkeys(SENSORS, 2), held_out)


def test_held_out_chips_are_never_used(root):
    held_out = frozenset([chip_digest(root / "eurosat_rgb" / "Forest" / "2.jpg")])
    names = [name for name in mixture(root, "naip", held_out)[1].names if name.startswith("eurosat")]
    assert names == [f"eurosat_rgb/Forest/{i}.jpg" for i in (0, 1, 3)]


def test_the_committed_list_names_a_hundred_chips_a_class(shared_data):
    held_out = held_out_chips()
    assert len(held_out) == 1000
    for folder in sorted(p for p in (shared_data / "eurosat_rgb").iterdir() if p.is_dir()):
        assert sum(chip_digest(p) in held_out for p in folder.glob("*.jpg")) == 100


@pytest.mark.parametrize("sensor", SENSORS)
def test_every_name_gives_a_sample_of_the_sensor(sensor, root):
    reader, listing = mixture(root, sensor)
    size, bands = (32 if sensor == "enmap" else 64), len(get_sensor(sensor).bands)
    used = {name.partition("/")[0] for name in listing.names}
    assert "simulated" in used and len(used) > 1
    refused = 0
    for name in set(listing.names):
        try:
            pixels = reader.read(name)
        except UnusableSample:
            refused += 1
            continue
        assert pixels.shape == (bands, size, size) and np.isfinite(pixels).all(), name
    assert refused < len(set(listing.names)) / 2


def test_values_are_the_sets_own_in_the_canonical_unit(root):
    reader = mixture(root, "sentinel-2")[0]
    nine = [3, 2, 1, 4, 5, 6, 7, 10, 11]
    np.testing.assert_allclose(reader.read("s2_chips/c.tif"), stored(root / "s2_chips/c.tif")[nine] / 1e4, rtol=1e-5)
    wanted = stored(root / "s2_scene" / "sen2_12band.tif")[nine, 16:80, :64] - 0.1
    np.testing.assert_allclose(reader.read("s2_scene/sen2_12band.tif@0,16,64"), wanted, atol=1e-5)
    reader = mixture(root, "gaofen")[0]
    second = np.load(root / "chesapeake" / "p.npz")["arr_0"][0, 4:8, 64:128, 128:192]
    np.testing.assert_array_equal(reader.read("chesapeake/p.npz#4@128,64,64"), second)
    scene = stored(root / "naip_scenes" / "a.tif")[:, 64:128, 64:128]
    np.testing.assert_array_equal(reader.read("naip_scenes/a.tif@64,64,64"), scene)


def test_edges_of_scenes_are_refused(root):
    reader = mixture(root, "naip")[0]
    for name in ("naip_scenes/a.tif@0,0,64", "aerial/drone.tif@48,0,64"):
        with pytest.raises(UnusableSample, match="found its edge"):
            reader.read(name)
    assert reader.read("aerial/drone.tif@0,0,64").shape == (3, 64, 64)


def test_prepare_writes_shards_of_the_mixture(root, capsys):
    output = root / "out"
    options = ["--sensor", "naip", "--count", "60", "--workers", "1", "--quiet"]
    assert main(["starter", str(root), "-o", str(output), *options]) == 0
    shards = ShardSet(output / "naip")
    assert len(shards) == 60 and shards.manifest.dtype == "uint8" and shards.manifest.units == "8-bit"
    assert {name.partition("/")[0] for name in shards.manifest.samples} >= {"eurosat_rgb", "aerial", "naip_scenes"}
