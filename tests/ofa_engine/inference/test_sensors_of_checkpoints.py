"""Rasters mapped with checkpoints that define their sensors: other bands, another order, a new id, another unit."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
import torch

from ofa_engine.core import catalog
from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import defined_sensor, get_sensor
from ofa_engine.inference.embed import embed
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces import commands
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import OFANet
from ofa_engine.model.preprocess import normalise, resize

from ..conftest import CLASSES, TINY, write_raster
from .verbs import read, run

S2_13 = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12"]
S2_UM = [0.443, 0.49, 0.56, 0.665, 0.705, 0.74, 0.783, 0.842, 0.865, 0.945, 1.375, 1.61, 2.19]
PADDED = replace(TINY, patch_pad=1, positions="learned")


def sensor(sensor_id, names, lengths, unit="reflectance", mean=0.2, std=0.1):
    count = len(names)
    entry = {"bands": names, "wavelengths_um": lengths, "unit": unit, "mean": [mean] * count, "std": [std] * count}
    return defined_sensor(sensor_id, entry)


def write_model(folder, name, model, sensor_id="sentinel-2", *, pixel_weight=None, arch_seed=7):
    """A checkpoint and a head of kind linear+pixels for one of its sensors."""
    folder.mkdir(exist_ok=True)
    save_checkpoint(folder / f"{name}.safetensors", model, name, {})
    sensor = model.sensors[sensor_id]
    torch.manual_seed(arch_seed)
    head = LinearHead(TINY.width, 3, "segment", len(sensor.bands))
    torch.nn.init.normal_(head.weight)
    if pixel_weight is not None:
        head.pixel_weight.data = pixel_weight
    path = folder / f"{name}_head.safetensors"
    backbone = model.fingerprint(sensor_id)
    save_head(path, head, f"{name} head", sensor=sensor, classes=CLASSES, tile_px=48, backbone=backbone, training={})
    return folder / f"{name}.safetensors", path


def write_scene(path, names, seed=0, side=60, low=100, high=6000):
    pixels = np.random.default_rng(seed).integers(low, high, (len(names), side, side), dtype=np.uint16)
    return write_raster(path, pixels, names=names), pixels


@pytest.fixture
def thirteen(tmp_path):
    torch.manual_seed(2)
    model = OFANet(PADDED, [sensor("sentinel-2", S2_13, S2_UM)])
    torch.nn.init.normal_(model.backbone.pos_embed, std=0.5)
    weight = torch.randn(3, 13)
    return write_model(tmp_path / "own", "thirteen", model, pixel_weight=weight)


def test_thirteen_bands_of_sentinel_2_reach_the_embedder_in_its_order(thirteen, tmp_path):
    checkpoint, _ = thirteen
    order = [12, 3, 5, 0, 8, 1, 2, 4, 6, 7, 9, 10, 11]
    path, pixels = write_scene(tmp_path / "scene.tif", [S2_13[i] for i in order], side=64)
    run(embed, path, tmp_path, checkpoint=str(checkpoint), tile_px=64)
    with rasterio.open(tmp_path / "out.tif") as made:
        features, tags = made.read(), made.tags(ns="OFANET")
    assert tags["BANDS"] == ",".join(str(order.index(i) + 1) for i in range(13)) and tags["UNITS"] == "dn"
    straight = np.stack([pixels[order.index(i)] for i in range(13)]).astype(np.float32) / 10000
    model = load_checkpoint(checkpoint).model
    x = resize(normalise(torch.from_numpy(straight)[None], [0.2] * 13, [0.1] * 13), 64)
    patches = torch.nn.functional.conv2d(x, model.embedders["sentinel-2"].weight, stride=16, padding=1)
    tokens = patches.flatten(2).transpose(1, 2) + model.embedders["sentinel-2"].bias
    wanted = model.backbone(tokens)[:, 1:].transpose(1, 2).reshape(32, 4, 4)
    np.testing.assert_allclose(features, wanted, atol=2e-3)


def test_the_checkpoint_of_a_head_says_how_a_raster_is_read(thirteen, tmp_path, monkeypatch, models):
    """By --head, by --checkpoint, and as the user's own default head, which is found only once the sensor is known."""
    checkpoint, head = thirteen
    path, _ = write_scene(tmp_path / "scene.tif", S2_13)
    wanted = ",".join(map(str, range(1, 14)))
    run(segment, path, tmp_path, head=str(head))
    first, _, tags = read(tmp_path / "out.tif")[:3]
    assert tags["BANDS"] == wanted
    monkeypatch.setenv("OFANET_MODELS", f"{checkpoint.parent}:{models}")
    answer = run(segment, path, tmp_path)
    again, _, tags = read(tmp_path / "out.tif")[:3]
    assert tags["BANDS"] == wanted and answer["head"] == str(head)
    assert np.array_equal(first, again)
    run(segment, path, tmp_path, head=str(models / "sentinel-2_segment.safetensors"))
    assert read(tmp_path / "out.tif")[2]["BANDS"] == "4,3,2,5,6,7,8,12,13"
    detected = commands.detect({"input": str(path), "checkpoint": str(checkpoint)})
    assert detected.bands == tuple(range(1, 14)) and detected.sensor_bands == tuple(S2_13)
    assert detected.to_json()["sensor_bands"] == S2_13
    assert len(commands.detect({"input": str(path)}).bands) == 9


def test_a_definition_with_its_bands_in_another_order_gives_the_same_map(tmp_path):
    torch.manual_seed(4)
    usual = get_sensor("sentinel-2")
    order = [8, 2, 5, 0, 7, 1, 6, 3, 4]
    mixed = replace(
        usual,
        bands=tuple(usual.bands[i] for i in order),
        mean=tuple(usual.mean[i] for i in order),
        std=tuple(usual.std[i] for i in order),
        bands_example="",
    )
    model, other = OFANet(TINY, [usual]), OFANet(TINY, [mixed])
    state = model.state_dict()
    state["embedders.sentinel-2.weight"] = state["embedders.sentinel-2.weight"][:, order]
    other.load_state_dict(state)
    weight = torch.randn(3, 9)
    path, _ = write_scene(tmp_path / "scene.tif", ["B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12"])
    maps, bands = [], []
    for name, net, w in (("usual", model, weight), ("mixed", other, weight[:, order])):
        _, head = write_model(tmp_path / "own", name, net, pixel_weight=w)
        run(segment, path, tmp_path, head=str(head))
        found = read(tmp_path / "out.tif")
        maps.append(found[0])
        bands.append(found[2]["BANDS"].split(","))
    assert len(np.unique(maps[0])) > 1 and (maps[0] == maps[1]).mean() > 0.999
    assert bands[1] == [bands[0][i] for i in order]


def test_a_sensor_that_only_the_checkpoint_knows(tmp_path, monkeypatch, models):
    torch.manual_seed(5)
    model = OFANet(PADDED, [sensor("martian", ["dust", "ice", "rock"], [0.51, 0.93, 3.1])])
    checkpoint, head = write_model(tmp_path / "own", "mars", model, "martian")
    path, _ = write_scene(tmp_path / "scene.tif", ["rock", "dust", "ice"])
    run(segment, path, tmp_path, head=str(head))
    tags = read(tmp_path / "out.tif")[2]
    assert (tags["SENSOR"], tags["BANDS"], tags["PRODUCT"]) == ("martian", "2,3,1", "martian")
    with pytest.raises(InputError, match="found 'martian'"):
        run(segment, path, tmp_path, sensor="martian")
    monkeypatch.setenv("OFANET_MODELS", f"{checkpoint.parent}:{models}")
    assert run(segment, path, tmp_path)["sensor"] == "martian"
    assert run(segment, path, tmp_path, sensor="martian", bands="3,2,1")["head"] == str(head)
    assert commands.detect({"input": str(path)}).confidence == "certain"
    assert [found.name for found in catalog.list_heads("martian")] == ["mars_head"]


def test_another_unit_of_the_checkpoint(tmp_path):
    """Decibel and linear power give the map that a checkpoint for 8-bit amplitudes makes of them."""
    torch.manual_seed(6)
    radar = sensor("sentinel-1", ["VV", "VH"], [None, None], "8-bit-amplitude", mean=120.0, std=60.0)
    _, head = write_model(
        tmp_path / "own", "radar", OFANet(TINY, [radar]), "sentinel-1", pixel_weight=torch.randn(3, 2)
    )
    db = np.random.default_rng(1).uniform(-24, 1, (2, 60, 60)).astype(np.float32)
    maps = []
    for name, values in (("db", db), ("linear", 10 ** (db / 10))):
        path = write_raster(tmp_path / f"{name}.tif", values, names=[f"Sigma0_{b}" for b in ("VV", "VH")])
        run(segment, path, tmp_path, head=str(head))
        found = read(tmp_path / "out.tif")
        assert found[2]["UNITS"] == name
        maps.append(found[0])
    assert len(np.unique(maps[0])) > 1 and (maps[0] == maps[1]).mean() > 0.999
