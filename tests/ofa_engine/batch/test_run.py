import csv
import json
import os
import shutil
import subprocess
import sys
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from ofa_engine.batch import scene_task
from ofa_engine.batch.distribute import BatchLimits
from ofa_engine.batch.run import batch, format_batch_summary
from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError
from ofa_engine.core.options import BatchOptions, ClassifyOptions, SegmentOptions
from ofa_engine.inference.classify import classify
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces import commands as verbs
from ofa_engine.interfaces.cli import main

from ..conftest import CLASSES, pixels_of, write_raster
from ..small_scenes import leftovers, naip, read, states

pytest.importorskip("distributed")


def folder_of_scenes(folder: Path) -> Path:
    """Eight that can be used and two that cannot."""
    folder.mkdir()
    for i in range(6):
        naip(folder / f"a{i}.tif", i, i)
    transform = rasterio.Affine(10, 0, 300000, 0, -10, 5800000)
    for i in range(2):
        pixels = pixels_of("sentinel-2", 50, 60, i)
        names = ("B4", "B3", "B2", "B5", "B6", "B7", "B8", "B11", "B12")
        write_raster(folder / f"S2_2023051{i}T103031.tif", pixels, crs="EPSG:32632", transform=transform, names=names)
    whole = naip(folder / "truncated.tif", 9)
    whole.write_bytes(whole.read_bytes()[:3000])
    write_raster(folder / "unknown.tif", np.ones((5, 30, 30), np.uint8))
    return folder


def csv_rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


# --- ten scenes on Dask ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ten(tmp_path_factory, models):
    """(inputs, results, exit code, stderr) of one run on Dask's processes."""
    folder = tmp_path_factory.mktemp("ten")
    inputs, out = folder_of_scenes(folder / "in"), folder / "out"
    done = subprocess.run(
        [sys.executable, "-m", "ofa_engine", "batch", str(inputs), "-o", str(out), "--device", "cpu", "--json"],
        capture_output=True,
        text=True,
        env=os.environ | {"OFANET_MODELS": str(models)},
        check=False,
    )
    return inputs, out, done


def test_eight_are_done_and_two_are_named(ten):
    inputs, out, done = ten
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "2 of 10 scenes failed" in done.stderr and "batch.json" in done.stderr
    answer = json.loads(done.stdout)
    assert (answer["done"], answer["failed"]) == (8, 2) and not leftovers(out)
    whys = {entry["id"]: entry["why"] for entry in answer["failures"]}
    assert set(whys) == {"truncated", "unknown"} and "found 5" in whys["unknown"] and "truncated" in whys["truncated"]
    data = json.loads((out / "batch.json").read_text())
    for entry in data["scenes"]:
        assert entry["state"] == ("failed" if entry["id"] in whys else "done")
        assert entry["attempts"] == (2 if entry["id"] in whys else 1) and entry["engine"] == data["engine"]
    rows = csv_rows(out / "batch.csv")
    assert [row["id"] for row in rows] == [entry["id"] for entry in data["scenes"]] and len(rows) == 10
    assert rows[0]["sensor"] and rows[0]["head"] and "px" in rows[0]["classes"]


def test_results_are_those_of_single_runs(ten, tmp_path):
    inputs, out, _ = ten
    entries = {e["id"]: e for e in json.loads((out / "batch.json").read_text())["scenes"]}
    for path in sorted(inputs.glob("*.tif")):
        if entries[path.stem]["state"] == "failed":
            assert not (out / path.name).exists()
            continue
        answer = segment(SegmentOptions(str(path), str(tmp_path / path.name), device="cpu"))
        alone, there = read(tmp_path / path.name), read(out / path.name)
        assert alone[0].tobytes() == there[0].tobytes() and alone[1] == there[1]
        assert entries[path.stem]["classes"] == answer["classes"]
        assert (out / f"{path.name}.aux.xml").read_bytes() == (tmp_path / f"{path.name}.aux.xml").read_bytes()


def test_mosaics_equal_the_scenes(ten):
    _, out, done = ten
    assert {Path(p).name for p in json.loads(done.stdout)["mosaics"]} == {
        "mosaic_EPSG_32633.vrt",
        "mosaic_EPSG_32632.vrt",
    }
    with rasterio.open(out / "mosaic_EPSG_32633.vrt") as d:
        assert d.shape == (64, 6 * 80) and d.crs.to_epsg() == 32633 and d.nodata == 255
        assert d.transform == rasterio.Affine(1, 0, 500000, 0, -1, 5800000)
        assert d.colormap(1)[7] == (0xAA, 0x55, 0, 255) and d.colormap(1)[255][3] == 0
        whole = d.read(1)
    assert np.array_equal(whole, np.hstack([read(out / f"a{i}.tif")[0] for i in range(6)]))


def test_items_have_what_stac_asks_for(ten):
    """https://github.com/radiantearth/stac-spec/blob/v1.0.0/item-spec/item-spec.md"""
    _, out, _ = ten
    data = json.loads((out / "items.json").read_text())
    assert data["type"] == "FeatureCollection" and len(data["features"]) == 8
    for item in data["features"]:
        assert item["type"] == "Feature" and item["stac_version"] == "1.0.0" and item["links"] == []
        polygon = shapely.from_geojson(json.dumps(item["geometry"]))
        assert polygon.is_valid and polygon.exterior.is_ccw and list(polygon.bounds) == pytest.approx(item["bbox"])
        assert (out / item["assets"]["classes"]["href"]).exists() and item["assets"]["classes"]["roles"] == ["data"]
        times = item["properties"]
        if times["datetime"] is None:
            first, last = (datetime.fromisoformat(times[f"{w}_datetime"]) for w in ("start", "end"))
            assert first < last
    first = next(item for item in data["features"] if item["id"].startswith("S2"))
    assert first["properties"]["datetime"] == "2023-05-10T10:30:31Z"
    centre = shapely.from_geojson(json.dumps(data["features"][-1]["geometry"])).centroid
    assert (centre.x, centre.y) == pytest.approx((15.0, 52.35), abs=0.02)  # 500 km east is zone 33's meridian


def test_areas_by_scene(ten):
    _, out, _ = ten
    rows = [row for row in csv_rows(out / "areas.csv") if row["id"] == "a0"]
    assert [row["name"] for row in rows] == [c["name"] for c in CLASSES]
    assert sum(int(row["pixels"]) for row in rows) == 64 * 80
    assert sum(float(row["area_ha"]) for row in rows) == pytest.approx(64 * 80 / 1e4, rel=2e-3)


def test_a_rerun_does_what_is_missing_or_changed(ten, tmp_path, inline, capsys):
    inputs, out = (shutil.copytree(folder, tmp_path / folder.name) for folder in ten[:2])
    data = json.loads((out / "batch.json").read_text())
    for entry in data["scenes"]:  # as if it had been run in this place
        entry["input"] = str(inputs / Path(entry["input"]).name)
        os.utime(entry["input"], ns=(entry["stamp"][1], entry["stamp"][1]))
    (out / "batch.json").write_text(json.dumps(data))
    command = ["batch", str(inputs), "-o", str(out), "--device", "cpu"]

    assert main(command) == 3 and inline == []
    naip(inputs / "a3.tif", 3, seed=99)
    (out / "a4.tif").unlink()
    naip(inputs / "new.tif", 7)
    before = read(out / "a3.tif")[0]
    assert main(command) == 3 and inline == ["a3", "a4", "new"]
    assert not np.array_equal(read(out / "a3.tif")[0], before) and states(out)["new"] == "done"
    inline.clear()
    assert main([*command, "--rerun-failed"]) == 3 and inline == ["truncated", "unknown"]
    inline.clear()
    (inputs / "truncated.tif").unlink()
    naip(inputs / "truncated.tif", 9)
    assert main(command) == 3 and inline == ["truncated"]
    inline.clear()
    (inputs / "unknown.tif").unlink()
    assert main([*command, "--overlap", "0.5"]) == 0 and len(inline) == 10
    assert "10 of 10" in capsys.readouterr().out


# --- what a result depends on ------------------------------------------------------------------------------------


def test_another_head_redoes_its_scenes(tmp_path, models, inline, monkeypatch):
    naip(tmp_path / "a.tif", 0)
    options = BatchOptions([str(tmp_path / "a.tif")], str(tmp_path / "out"), device="cpu")
    batch(options, Callbacks())
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(models / "tiny.safetensors", mine)
    shutil.copy(models / "naip_segment.safetensors", mine / "a_first.safetensors")
    monkeypatch.setenv("OFANET_MODELS", f"{mine}{os.pathsep}{models}")
    batch(options, Callbacks())
    assert inline == ["a"]  # another name, the same head
    data = bytearray((mine / "a_first.safetensors").read_bytes())
    data[-1] ^= 1
    (mine / "a_first.safetensors").write_bytes(data)
    batch(options, Callbacks())
    assert inline == ["a", "a"]


def test_a_head_for_other_pixels_redoes_no_scenes(tmp_path, models, inline, monkeypatch):
    naip(tmp_path / "a.tif", 0)
    options = BatchOptions([str(tmp_path / "a.tif")], str(tmp_path / "out"), device="cpu")
    batch(options, Callbacks())
    (entry,) = json.loads((tmp_path / "out" / "batch.json").read_text())["scenes"]
    head, mine = models / "naip_segment.safetensors", tmp_path / "mine"
    mine.mkdir()
    header, gsd_m = catalog.read_header(head), entry["gsd_m"]
    monkeypatch.setenv("OFANET_MODELS", str(mine))
    shutil.copy(models / "tiny.safetensors", mine)
    catalog.rewrite_header(head, header | {"gsd_m": [gsd_m / 2, gsd_m * 2]}, mine / "b.safetensors")
    batch(options, Callbacks())
    assert inline == ["a", "a"], "the head's file is another one"
    catalog.rewrite_header(head, header | {"gsd_m": [gsd_m * 4, gsd_m * 9]}, mine / "a_coarser.safetensors")
    batch(options, Callbacks())
    assert inline == ["a", "a"]
    catalog.rewrite_header(head, header | {"gsd_m": [gsd_m / 3, gsd_m * 3]}, mine / "a_fitting.safetensors")
    batch(options, Callbacks())
    assert inline == ["a", "a", "a"]


def test_failures_on_the_way_are_run_again(tmp_path, inline, monkeypatch):
    naip(tmp_path / "a.tif", 0)
    options = BatchOptions([str(tmp_path / "a.tif")], str(tmp_path / "out"), device="cpu")
    with monkeypatch.context() as patch:
        patch.setattr(scene_task, "segment", lambda *a, **more: 1 / 0)
        answer = batch(options, Callbacks())
    assert answer["failures"][0]["why"].startswith("unexpected: ZeroDivisionError")
    assert batch(options, Callbacks())["done"] == 1 and inline == ["a", "a"]


def test_classify_to_cells_or_polygons(tmp_path, inline):
    path = naip(tmp_path / "a.tif", 0)
    out = tmp_path / "out"
    answer = batch(BatchOptions([str(path)], str(out), task="classify", device="cpu"), Callbacks())
    classify(ClassifyOptions(str(path), str(tmp_path / "alone.tif"), device="cpu"))
    assert np.array_equal(read(out / "a.tif")[0], read(tmp_path / "alone.tif")[0])
    assert [Path(p).name for p in answer["mosaics"]] == ["mosaic.vrt"] and "a.tif" in (out / "mosaic.vrt").read_text()
    answer = batch(BatchOptions([str(path)], str(out), task="classify", device="cpu", format="gpkg"), Callbacks())
    assert (out / "a.gpkg").exists() and not answer["mosaics"] and not (out / "mosaic.vrt").exists()
    item = json.loads((out / "items.json").read_text())["features"][0]
    assert item["assets"]["classes"]["href"] == "./a.gpkg" and item["bbox"]


def test_a_scene_without_crs_has_no_place(tmp_path, inline):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        naip(tmp_path / "a.tif", 0, crs=None)
        answer = batch(BatchOptions([str(tmp_path / "a.tif")], str(tmp_path / "out"), device="cpu"), Callbacks())
    item = json.loads((tmp_path / "out" / "items.json").read_text())["features"][0]
    assert answer["done"] == 1 and item["geometry"] is None and "bbox" not in item and not answer["mosaics"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task": "embed"}, "segment or classify"),
        ({"format": "gpkg"}, "gpkg"),
        ({"workers": 0}, "one worker"),
        ({"task": "classify", "min_area": 1.0}, "min-area"),
        ({"workers": 2, "scheduler": "tcp://h:1"}, "both"),
        ({"head": "none"}, "expected a head"),
        ({"inputs": ["nowhere.tif"]}, "nowhere.tif"),
        ({"output": "no/where"}, "place"),
    ],
)
def test_what_concerns_all_scenes_fails_at_once(tmp_path, change, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    naip(tmp_path / "a.tif", 0)
    with pytest.raises(InputError, match=words):
        batch(BatchOptions(**{"inputs": ["a.tif"], "output": "out"} | change), Callbacks())


def test_missing_dask_names_the_remedy(tmp_path, monkeypatch, capsys):
    naip(tmp_path / "a.tif", 0)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["batch", str(tmp_path / "a.tif"), "-o", str(tmp_path / "out")]) == 2
    assert "pip install 'ofanet[batch]'" in capsys.readouterr().err


def test_no_scheduler_at_the_address(tmp_path):
    naip(tmp_path / "a.tif", 0)
    with pytest.raises(InputError, match="expected a Dask scheduler at tcp://127.0.0.1:9"):
        options = BatchOptions([str(tmp_path / "a.tif")], str(tmp_path / "out"), scheduler="tcp://127.0.0.1:9")
        batch(options, Callbacks(), BatchLimits(connect_s=1))


# --- cancelling ----------------------------------------------------------------------------------------------------


def test_cancelled_between_scenes_goes_on_later(tmp_path, inline):
    for i in range(3):
        naip(tmp_path / f"a{i}.tif", i)
    done: list[int] = []
    options = BatchOptions([str(tmp_path)], str(tmp_path / "out"), device="cpu")
    callbacks = Callbacks(lambda n, total, left: done.append(n), cancelled=lambda: done[-1] > 1000)
    with pytest.raises(Cancelled, match="1 of 3 scenes are done"):
        batch(options, callbacks)
    assert states(tmp_path / "out") == {"a0": "done", "a1": "skipped", "a2": "skipped"}
    inline.clear()
    reports: list[tuple] = []
    assert batch(options, Callbacks(lambda *report: reports.append(report)))["done"] == 3 and inline == ["a1", "a2"]
    assert reports[0] == (0, 2000, None) and reports[-1][:2] == (2000, 2000) and reports[-1][2] == 0
    steps = [report[0] for report in reports]
    assert steps == sorted(steps) and len(set(steps)) > 4, "also within scenes"


def test_through_the_table_of_commands(tmp_path, inline):
    naip(tmp_path / "a.tif", 0)
    answer = verbs.run("batch", {"inputs": [str(tmp_path / "a.tif")], "output": str(tmp_path / "out")}, Callbacks())
    assert answer["done"] == 1 and "1 of 1" in (verbs.show("batch", answer) or "") and format_batch_summary(answer)
