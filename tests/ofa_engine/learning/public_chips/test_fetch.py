"""Labelled chips out of made-up public servers: their pixels and labels, resuming, failing, cancelling."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.io import MemoryFile

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.classes import MEDIUM_RESOLUTION
from ofa_engine.core.errors import Cancelled, InputError, OfaError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.learning.public_chips import fetch_labelled_chips, read_catalogue
from ofa_engine.raster.class_names import read_class_names
from ofa_engine.raster.source import Source, detect_source

from . import public_server
from .public_server import BANDS, ROOT, PublicServer, corner_near, item, label_tile

CLEAR = (2, 4, 5, 6, 7)
FILL, UNLABELLED = -32768, 255
CHIPS = 3


@pytest.fixture(scope="module")
def world():
    """A server that nothing is wrong with, and what was fetched from it in one go."""
    with PublicServer() as server:
        yield server


@pytest.fixture(scope="module")
def fetched(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("public")
    return fetch_labelled_chips(folder / "chips", chips=CHIPS, seed=1, catalogue=world.catalogue(folder))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "places.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def at_centres(content: bytes, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Values of a raster at coordinates in its CRS."""
    with MemoryFile(content) as memory, memory.open() as dataset:
        values = np.fromiter((v[0] for v in dataset.sample(zip(x.ravel(), y.ravel(), strict=True))), np.int64)
    return values.reshape(x.shape)


def centres(dataset: rasterio.DatasetReader, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of every step-th pixel."""
    t = dataset.transform
    return np.meshgrid(
        t.c + (np.arange(0, dataset.width, step) + 0.5) * t.a, t.f + (np.arange(0, dataset.height, step) + 0.5) * t.e
    )


def test_pixels_are_those_of_the_least_cloudy_clear_scene(world, fetched):
    for row in rows_of(fetched.folder):
        epsg, corner = corner_near(float(row["longitude"]), float(row["latitude"]))
        with rasterio.open(fetched.folder / "images" / row["file"]) as image:
            assert image.crs == f"EPSG:{epsg}" and image.res == (10, 10) and image.shape == (256, 256)
            assert image.descriptions == tuple(band.name for band in get_sensor("sentinel-2").bands)
            assert set(image.scales) == {0.0001} and set(image.offsets) == {0.0}
            pixels, (x, y) = image.read()[:, ::11, ::11].astype(np.int64), centres(image, 11)
            middle = image.xy(128, 128)
            scenes = json.loads(image.tags(ns="OFANET")["SCENES"])
        to_utm = Transformer.from_crs(4326, epsg, always_xy=True)
        assert np.hypot(*np.subtract(middle, to_utm.transform(float(row["longitude"]), float(row["latitude"])))) < 30
        with rasterio.open(fetched.folder / "labels" / row["file"]) as raster:
            snow = raster.read(1)[::11, ::11] == MEDIUM_RESOLUTION.index("snow and ice")
        expected = np.full_like(pixels, FILL)
        for number in range(3):  # three of them see all of the chip: there is snow of the day in the second
            folder = f"/s2/{epsg}/{corner[0]}_{corner[1]}/{number}"
            scl = at_centres(world.content(f"{folder}/SCL.tif"), x, y)
            new = (expected[0] == FILL) & (np.isin(scl, CLEAR) | snow & (scl == 11))
            for k, key in enumerate(
                ["red", "green", "blue", "rededge1", "rededge2", "rededge3", "nir", "swir16", "swir22"]
            ):
                values = at_centres(world.content(f"{folder}/{BANDS[key][0]}.tif"), x, y)
                expected[k][new] = values[new] - 1000
        assert 0.1 < (at_centres(world.content(f"{folder[:-1]}0/SCL.tif"), x, y) > 7).mean()  # there was a cloud
        np.testing.assert_array_equal(pixels, expected)
        assert [scene["date"] for scene in scenes] == ["2021-06-10", "2021-06-11", "2021-06-12"]


def test_labels_are_those_of_the_map(world, fetched):
    numbers = {v: MEDIUM_RESOLUTION.index(n) for v, n in read_catalogue().label_classes.items()}
    for row in rows_of(fetched.folder):
        epsg, _ = corner_near(float(row["longitude"]), float(row["latitude"]))
        with rasterio.open(fetched.folder / "labels" / row["file"]) as raster:
            labels, (x, y) = raster.read(1)[::7, ::7], centres(raster, 7)
            assert raster.nodata == UNLABELLED
        lon, lat = Transformer.from_crs(epsg, 4326, always_xy=True).transform(x, y)
        truth = at_centres(label_tile(row["place"]), lon, lat)
        np.testing.assert_array_equal(labels, np.vectorize(lambda value: numbers.get(value, UNLABELLED))(truth))
        assert row["drawn_for"] in {MEDIUM_RESOLUTION[value] for value in np.unique(labels) if value != UNLABELLED}
        assert read_class_names(fetched.folder / "labels" / row["file"])[1] == "trees"


def test_clouds_and_snow_that_no_scene_is_free_of_are_neither_image_nor_label(public, tmp_path):
    public.items = lambda *point: public.items_over(*point)[1:2]  # snow in a quarter
    fetched = fetch_labelled_chips(tmp_path / "chips", chips=1, catalogue=public.catalogue(tmp_path))
    (row,) = rows_of(fetched.folder)
    with rasterio.open(fetched.folder / "images" / row["file"]) as image:
        empty = image.read() == FILL
    with rasterio.open(fetched.folder / "labels" / row["file"]) as raster:
        labels = raster.read(1)
    assert (empty == empty[0]).all() and 0.15 < empty[0].mean() < 0.35
    assert (labels[empty[0]] == UNLABELLED).all() and (labels[~empty[0]] != UNLABELLED).any()


def test_the_folder_has_the_layout_of_labelled_sets_and_names_its_sources(fetched):
    folder = fetched.folder
    rows = rows_of(folder)
    assert fetched.chips == len(rows) == CHIPS and not fetched.skipped
    for part in ("images", "labels"):
        assert sorted(path.name for path in (folder / part).glob("*.tif")) == sorted(row["file"] for row in rows)
    assert all(row["file"].startswith(row["place"]) for row in rows)
    classes = json.loads((folder / "classes.json").read_text(encoding="utf-8"))
    assert all(entry["labels"] == [MEDIUM_RESOLUTION.index(name)] for name, entry in classes.items())
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for words in ("CC BY 4.0", "© ESA WorldCover project", "Copernicus Sentinel data 2021", "UNU_20210610T102020_L2A"):
        assert words in readme
    assert len(fetched.attribution) == 2 and all(line in readme for line in fetched.attribution)
    assert not list(folder.rglob(".*"))


def test_the_engine_recognises_chips_without_being_told(fetched):
    for path in (fetched.folder / "images").glob("*.tif"):
        with Source(str(path)) as source:
            found = detect_source(source, None, None, None)
            assert (found.sensor, found.units, found.confidence) == ("sentinel-2", "reflectance", "certain"), found
            assert found.bands == tuple(range(1, 10))


def test_a_killed_run_goes_on_and_gives_the_same_files(world, fetched, tmp_path):
    program = (
        "import sys; from ofa_engine.learning.public_chips import fetch_labelled_chips as fetch\n"
        f"fetch(sys.argv[1], chips={CHIPS}, seed=1, catalogue=sys.argv[2])"
    )
    target, catalogue = tmp_path / "chips", world.catalogue(tmp_path)
    world.delay_s = 0.05
    child = subprocess.Popen([sys.executable, "-c", program, str(target), str(catalogue)], cwd=ROOT)
    try:
        while not (target / "request.json").exists():
            assert child.poll() is None
            time.sleep(0.01)
        shutil.copy(fetched.folder / "images" / rows_of(fetched.folder)[0]["file"], target / "images" / ".x.1.part.tif")
        deadline = time.monotonic() + 60
        while not list((target / "images").glob("[!.]*.tif")) and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        world.delay_s = 0.0
    (target / "labels" / f".N00E000_1.{child.pid}.part.tif").write_bytes(b"half")
    assert not (target / "places.csv").exists()
    fetch_labelled_chips(target, chips=CHIPS, seed=1, catalogue=catalogue)
    (target / "images" / ".x.1.part.tif").unlink()  # of a process that lives: it stays
    assert contents(target) == contents(fetched.folder)


def test_only_what_is_incomplete_is_fetched_again(world, fetched, tmp_path):
    target = shutil.copytree(fetched.folder, tmp_path / "chips")
    broken, *whole = [row["file"] for row in rows_of(target)]
    content = (target / "images" / broken).read_bytes()
    (target / "images" / broken).write_bytes(content[: len(content) // 2])
    before = {name: (target / "images" / name).stat().st_mtime_ns for name in whole}
    world.asked.clear()
    fetch_labelled_chips(target, chips=CHIPS, seed=1, catalogue=world.catalogue(tmp_path))
    assert contents(target) == contents(fetched.folder)
    assert {name: (target / "images" / name).stat().st_mtime_ns for name in whole} == before
    assert sum(path == "/v1/search" for path, _ in world.asked) == 1
    world.asked.clear()
    fetch_labelled_chips(target, chips=CHIPS, seed=1, catalogue=world.catalogue(tmp_path))
    assert not world.asked


@pytest.mark.parametrize(("chips", "seed"), [(CHIPS + 1, 1), (CHIPS, 2)])
def test_the_folder_of_another_request_is_refused(world, fetched, tmp_path, chips, seed):
    with pytest.raises(InputError, match="of the same request, found one of 3 chips with seed 1"):
        fetch_labelled_chips(fetched.folder, chips=chips, seed=seed, catalogue=world.catalogue(tmp_path))


def test_a_folder_with_other_files_is_refused(world, tmp_path):
    catalogue = world.catalogue(tmp_path)
    with pytest.raises(InputError, match="new or empty folder"):
        fetch_labelled_chips(tmp_path, chips=1, catalogue=catalogue)
    with pytest.raises(InputError, match="one chip or more"):
        fetch_labelled_chips(tmp_path / "new", chips=0, catalogue=catalogue)


def dates_of(folder: Path) -> list[str]:
    (path,) = (folder / "images").glob("*.tif")
    with rasterio.open(path) as image:
        return [scene["date"] for scene in json.loads(image.tags(ns="OFANET")["SCENES"])]


def without_band(entry):
    del entry["assets"]["swir16"]


def without_cloud_cover(entry):
    entry["properties"]["eo:cloud_cover"] = 0.0
    del entry["properties"]["datetime"]


def local_file(entry):
    entry["assets"]["scl"]["href"] = "file:///etc/passwd"


def other_server(entry):
    entry["assets"]["red"]["href"] = "http://169.254.169.254/B04.tif"


def missing_file(entry):
    entry["assets"]["blue"]["href"] = entry["assets"]["blue"]["href"].replace("/s2/", "/none/")


def band_of_another_grid(entry):
    entry["assets"]["red"]["href"] = re.sub(
        r"/(-?\d+)_", lambda m: f"/{int(m[1]) + 5}_", entry["assets"]["red"]["href"]
    )


def offset_twice(entry):
    for asset in entry["assets"].values():
        if "raster:bands" in asset:
            asset["raster:bands"][0]["offset"] = -0.5


@pytest.mark.parametrize(
    "spoil",
    [
        without_band,
        without_cloud_cover,
        local_file,
        other_server,
        missing_file,
        band_of_another_grid,
        offset_twice,
        lambda entry: entry.clear() or entry.update(properties={"eo:cloud_cover": 0}),
    ],
)
def test_a_scene_that_cannot_be_used_is_replaced_by_the_next(public, tmp_path, spoil):
    def items(base, longitude, latitude):
        epsg, corner = corner_near(longitude, latitude)
        far = item(base, epsg, (corner[0] + 20_000, corner[1]), 0, 0.1)  # covers another place
        found = [far, *public.items_over(base, longitude, latitude)]
        spoil(found[1])
        return found

    public.items = items
    fetched = fetch_labelled_chips(tmp_path / "chips", chips=1, catalogue=public.catalogue(tmp_path))
    assert dates_of(fetched.folder) == ["2021-06-11", "2021-06-12"]


@pytest.mark.parametrize("into_scene_px", [1000, 1050])
def test_a_chip_lies_in_one_block_of_each_band(public, tmp_path, monkeypatch, into_scene_px):
    monkeypatch.setattr(public_server, "SCENE_PX", 1400)
    places = []

    def items(base, longitude, latitude):
        epsg, (x, y) = corner_near(longitude, latitude)  # 200 px from the place
        corner = x - 10 * (into_scene_px - 200), y + 10 * (into_scene_px - 200)
        places.append(Transformer.from_crs(4326, epsg, always_xy=True).transform(longitude, latitude))
        return [item(base, epsg, corner, 2, 1.0)]

    public.items = items
    fetched = fetch_labelled_chips(tmp_path / "chips", chips=1, catalogue=public.catalogue(tmp_path))
    (path,) = (fetched.folder / "images").glob("*.tif")
    (x, y), step = places[-1], 10 * into_scene_px
    with rasterio.open(path) as image:
        left, top = round((image.bounds.left - x + step) / 10), round((y + step - image.bounds.top) / 10)
        assert image.bounds.left <= x <= image.bounds.right and image.bounds.bottom <= y <= image.bounds.top
    for first in (left, top):
        assert abs(first - (768 if into_scene_px < 1024 else 1024)) <= 6  # the server's corners are rounded to 60 m


def test_an_offset_that_is_in_the_values_is_not_subtracted_again(public, tmp_path):
    def items(base, longitude, latitude):
        found = public.items_over(base, longitude, latitude)[2:3]
        found[0]["properties"]["earthsearch:boa_offset_applied"] = True
        return found

    public.items = items
    fetched = fetch_labelled_chips(tmp_path / "chips", chips=1, catalogue=public.catalogue(tmp_path))
    (path,) = (fetched.folder / "images").glob("*.tif")
    with rasterio.open(path) as image:
        assert image.read().min() >= 1050  # the least of the server's numbers


def test_a_place_that_fails_is_skipped_with_a_word_for_a_spare_one(public, tmp_path):
    lines = []
    public.faults.append(["/0/SCL.tif", "500", 4])  # as often as one is asked for
    callbacks = Callbacks(log=lambda level, line: lines.append((level, line)))
    catalogue = public.catalogue(tmp_path)
    fetched = fetch_labelled_chips(tmp_path / "chips", chips=1, catalogue=catalogue, callbacks=callbacks)
    assert fetched.chips == 1 and len(fetched.skipped) == 1
    (skipped,) = [line for level, line in lines if level == "warning"]
    assert "skipped: cannot read" in skipped and "500" in skipped and "\n" not in skipped


def test_half_of_the_chips_are_enough_fewer_are_not(public, tmp_path):
    seen, lines = {}, []

    def clouds_but_over(number):
        def items(base, longitude, latitude):
            seen.setdefault((longitude, latitude), len(seen))
            return public.items_over(base, longitude, latitude) if seen[longitude, latitude] < number else []

        return items

    public.items, catalogue = clouds_but_over(1), public.catalogue(tmp_path)
    with pytest.raises(OfaError, match=r"expected 2 labelled chips or more, found 1; 6 places .* out of 0 scenes"):
        fetch_labelled_chips(tmp_path / "chips", chips=3, catalogue=catalogue)
    assert len(list((tmp_path / "chips" / "images").glob("*.tif"))) == 1  # it stays
    seen.clear()
    public.items = clouds_but_over(1)
    callbacks = Callbacks(log=lambda level, line: lines.append(line))
    fetched = fetch_labelled_chips(tmp_path / "chips", chips=3, catalogue=catalogue, callbacks=callbacks)
    assert fetched.chips == 2 == len(rows_of(fetched.folder)) and lines[-1].startswith("2 of 3 chips came")


@pytest.mark.parametrize("pattern", ["v200", "search"])
def test_servers_that_are_down_end_the_run_in_one_line(public, tmp_path, pattern):
    public.faults.append([pattern, "500", 10_000])
    with pytest.raises(OfaError, match="the server answered 500") as error:
        fetch_labelled_chips(tmp_path / "chips", chips=20, catalogue=public.catalogue(tmp_path))
    assert "\n" not in str(error.value)
    assert len(public.asked) < 200


def test_a_cancel_is_heard_at_once_while_servers_say_nothing(public, tmp_path):
    waiting = []

    def cancelled():
        if any("SCL" in path for path, _ in public.asked):
            waiting.append(time.monotonic())
        return len(waiting) > 2

    public.faults.append(["SCL", "stall", 10_000])
    with pytest.raises(Cancelled):
        fetch_labelled_chips(
            tmp_path / "chips", chips=4, catalogue=public.catalogue(tmp_path), callbacks=Callbacks(cancelled=cancelled)
        )
    assert time.monotonic() - waiting[-1] < 2  # one is allowed, on an idle machine
    assert not list((tmp_path / "chips" / "images").iterdir())


def test_progress_counts_chips_up_to_all(world, tmp_path):
    heard = []
    callbacks = Callbacks(progress=lambda *progress: heard.append(progress))
    fetch_labelled_chips(
        tmp_path / "chips", chips=CHIPS, seed=1, catalogue=world.catalogue(tmp_path), callbacks=callbacks
    )
    assert [done for done, _, _ in heard] == list(range(CHIPS + 1))
    assert all(total == CHIPS for _, total, _ in heard)
