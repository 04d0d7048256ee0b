"""Batches of downloaded products and of addresses."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from ofa_engine.batch.run import batch
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.options import BatchOptions
from ofa_engine.interfaces.cli import main

from ..raster.test_gdal import served
from ..safe_product import write_safe, zipped
from ..small_scenes import naip, read, states

pytest.importorskip("distributed")


def entries(out: Path) -> dict[str, dict]:
    return {e["id"]: e for e in json.loads((out / "batch.json").read_text())["scenes"]}


# --- Sentinel-2 products -----------------------------------------------------------------------------------------


def test_a_folder_of_downloads(tmp_path, inline):
    l2a, l1c = write_safe(tmp_path / "in"), write_safe(tmp_path / "in", "L1C", offset=None, baseline="03.00")
    packed = zipped(l1c)
    shutil.rmtree(l1c)
    shutil.copytree(l2a, tmp_path / "in" / l2a.name.replace("S2A", "S2B"))
    half = tmp_path / "in" / l2a.name.replace("S2A", "S2B")
    missing = next(half.rglob("*_B04_10m.jp2"))
    kept = missing.read_bytes()
    missing.unlink()
    out = tmp_path / "out"
    options = BatchOptions([str(tmp_path / "in")], str(out), device="cpu")
    answer = batch(options, Callbacks())
    assert states(out) == {l1c.stem: "done", l2a.stem: "done", half.stem: "failed"}
    assert "B04_10m.jp2" in answer["failures"][0]["why"] and "download complete" in answer["failures"][0]["why"]
    for source, name in ((l2a, l2a.stem), (packed, l1c.stem)):
        assert main(["segment", str(source), "-o", str(tmp_path / "alone.tif"), "--device", "cpu"]) == 0
        assert np.array_equal(read(tmp_path / "alone.tif")[0], read(out / f"{name}.tif")[0])
    with rasterio.open(out / f"{l2a.stem}.tif") as layer:
        assert layer.tags(ns="OFANET")["SOURCE"] == l2a.name
    items = json.loads((out / "items.json").read_text())["features"]
    assert {item["properties"]["datetime"] for item in items} == {"2023-05-12T10:30:31Z"}
    inline.clear()
    assert batch(options, Callbacks())["failed"] == 1 and inline == []
    missing.write_bytes(kept)  # deep in the folder, whose own time of change stays
    assert batch(options, Callbacks())["failed"] == 0 and inline == [half.stem]


# --- addresses ---------------------------------------------------------------------------------------------------


def test_addresses_in_tables_and_catalogs(tmp_path, inline):
    """The same classes as from files; names are the files', and a key in an address is nowhere in the results."""
    inside, out = tmp_path / "served", tmp_path / "out"
    inside.mkdir()
    for i, name in enumerate(("a", "b", "c")):
        rasterio.shutil.copy(naip(tmp_path / f"{name}.tif", i, i), inside / f"{name}.tif", driver="COG", blocksize=128)
    (inside / "none.tif").write_text("no raster")  # of which GDAL says so by its whole address
    with served(inside) as url:
        (tmp_path / "t.csv").write_text(
            f"href\n{url}/a.tif?key=s3cret\n/vsicurl/{url}/b.tif?key=s3cret\n"
            f"{url}/none.tif?key=s3cret\n{url}/none.tif?key=s3cret2\n"
        )
        item = {
            "type": "Feature",
            "id": "third",
            "properties": {"datetime": "2024-05-06T00:00:00Z"},
            "assets": {"image": {"href": f"{url}/c.tif?key=s3cret", "type": "image/tiff"}},
        }
        (tmp_path / "i.json").write_text(json.dumps(item))
        options = BatchOptions([str(tmp_path / "t.csv"), str(tmp_path / "i.json")], str(out), device="cpu")
        answer = batch(options, Callbacks())
        assert (answer["done"], answer["failed"]) == (3, 2)
        assert list(states(out).values()) == ["done", "done", "failed", "failed", "done"]
        assert list(states(out))[:3] == ["a", "b", "none"] and list(states(out))[4] == "third"
        inline.clear()
        batch(options, Callbacks())
        assert inline == []  # an address is settled, one that is no raster too
    for name, result in (("a", "a"), ("b", "b"), ("c", "third")):
        assert main(["segment", str(inside / f"{name}.tif"), "-o", str(tmp_path / "alone.tif"), "--device", "cpu"]) == 0
        assert np.array_equal(read(tmp_path / "alone.tif")[0], read(out / f"{result}.tif")[0])
    assert entries(out)["third"]["times"] == {"datetime": "2024-05-06T00:00:00Z"}
    with rasterio.open(out / "a.tif") as layer:
        assert layer.tags(ns="OFANET")["SOURCE"] == "a.tif"
    assert [p.name for p in out.rglob("*") if p.is_file() and b"s3cret" in p.read_bytes()] == []
    assert "s3cret" not in json.dumps(answer)


def test_no_key_of_an_address_in_a_layer_or_its_report(tmp_path):
    naip(tmp_path / "a.tif", 0)
    naip(tmp_path / "mask.tif", 0)
    out = tmp_path / "out"
    out.mkdir()
    with served(tmp_path) as url:
        assert (
            main(
                [
                    "segment",
                    f"{url}/a.tif?key=s3cret",
                    "-o",
                    str(out / "a.tif"),
                    "--report",
                    str(out / "a.html"),
                    "--valid-mask",
                    f"/vsicurl/{url}/mask.tif?key=s3cret",
                    "--polygons",
                    str(out / "a.gpkg"),
                    "--device",
                    "cpu",
                ]
            )
            == 0
        )
    assert b"mask.tif" in (out / "a.html").read_bytes()
    assert [p.name for p in out.iterdir() if b"s3cret" in p.read_bytes()] == []


# --- outputs that are inputs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["segment", "classify", "embed"])
def test_an_output_is_no_file_of_the_input(verb, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    naip(Path("a.tif"), 0)
    rasterio.shutil.copy("a.tif", "a.vrt", driver="VRT")
    before = Path("a.tif").read_bytes()
    os.symlink("a.tif", "link.tif")
    for source in ("a.vrt", "GTIFF_DIR:1:a.tif", "link.tif"):
        assert main([verb, source, "-o", str(tmp_path / "a.tif"), "--device", "cpu"]) == 2
        assert "must not be an input" in capsys.readouterr().err
    assert Path("a.tif").read_bytes() == before
