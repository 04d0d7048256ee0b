"""A sensor that was made up, and a product, are added by a folder of JSON alone: every verb takes them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

pytestmark = pytest.mark.slow  # each verb is a process of its own, since the variable is read on import
TESTS = Path(__file__).resolve().parents[1]
ADDED = TESTS / "added_sensor"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With tiny.safetensors, scene.tif, labels.tif and, fitted on them, head.safetensors."""
    made = tmp_path_factory.mktemp("kestrel")
    _python(made, str(ADDED / "make_scene.py"), str(made))
    words = ["--labels", "labels.tif", "--checkpoint", "tiny.safetensors", "--tile-px", "64", "-o", "head.safetensors"]
    _ofa(made, "fit", "scene.tif", *words)
    return made


def _python(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess:
    environ = {"OFANET_SENSORS": str(ADDED), "OFANET_MODELS": str(folder), "PYTHONPATH": str(TESTS.parent)}
    environ = os.environ | environ | more
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def _ofa(folder: Path, *words: str) -> dict:
    done = _python(folder, "-m", "ofa_engine", *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_detect(folder):
    found = _ofa(folder, "detect", "scene.tif")
    assert (found["product"], found["sensor"], found["confidence"]) == ("kestrel-l2", "kestrel", "certain")
    assert found["bands"] == [1, 2, 3, None, 5, 6] and found["units"] == "dn" and found["candidates"] == ["kestrel"]


def test_without_the_folder_it_is_not_known(folder):
    done = _python(folder, "-m", "ofa_engine", "detect", "scene.tif", "--json", OFANET_SENSORS="", OFANET_MODELS="")
    assert done.returncode == 2 and json.loads(done.stdout)["sensor"] is None and "Kestrel" not in done.stderr


def test_segment_with_a_fitted_head_in_any_order_of_bands(folder):
    with rasterio.open(folder / "scene.tif") as scene, rasterio.open(folder / "labels.tif") as labels:
        pixels, names, profile, wanted = scene.read(), scene.descriptions, scene.profile, labels.read(1)
    order = [5, 3, 0, 2, 1, 4]
    with rasterio.open(folder / "shuffled.tif", "w", **profile) as target:
        target.write(pixels[order])
        target.descriptions = [names[i] for i in order]
    maps = []
    for name, bands in (("scene", "1,2,3,-,5,6"), ("shuffled", "3,5,4,-,6,1")):
        _ofa(folder, "segment", f"{name}.tif", "-o", f"{name}_classes.tif", "--head", "head")
        with rasterio.open(folder / f"{name}_classes.tif") as made:
            maps.append(made.read(1))
            tags = made.tags(ns="OFANET")
        assert (tags["SENSOR"], tags["BANDS"]) == ("kestrel", bands)
    assert np.array_equal(*maps)
    assert (maps[0] == wanted).mean() > 0.8, "a head on random features and pixels finds a chessboard"


def test_a_checkpoint_with_it_defines_it_without_the_folder(folder):
    code = (
        "from ofa_engine.model.checkpoint import load_checkpoint\n"
        "loaded = load_checkpoint('tiny.safetensors')\n"
        "print(*loaded.model.embedders)"
    )
    done = _python(folder, "-c", code, OFANET_SENSORS="")
    assert done.stdout.split() == ["sentinel-1", "sentinel-2", "gaofen", "naip", "enmap", "kestrel"], done.stderr


def test_a_folder_that_cannot_be_read_is_one_line(folder, tmp_path):
    (tmp_path / "wrong.json").write_text('{"sensors": {"x": {"title": "X"}}}')
    for wrong, says in ((tmp_path, "complete entry for x"), (tmp_path / "nowhere", "JSON files of sensors")):
        done = _python(folder, "-m", "ofa_engine", "detect", "scene.tif", OFANET_SENSORS=str(wrong))
        assert done.returncode == 2 and says in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
