"""Checkpoints that define their sensors and architecture, and those of before that do not."""

from dataclasses import replace

import pytest
import torch

from ofa_engine.core import catalog
from ofa_engine.core.errors import ModelFileError
from ofa_engine.core.sensors import SENSORS, Band, SensorError, get_sensor
from ofa_engine.model.checkpoint import load_checkpoint, load_head, save_checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import OFANet

from ..conftest import CLASSES, TINY

S2 = get_sensor("sentinel-2")
PADDED = replace(TINY, patch_pad=1, positions="learned", final_norm=False)
RED = replace(
    S2, bands=(Band("B4", 0.665), Band("B1", 0.443)), mean=(0.1, 0.2), std=(0.3, 0.4), unit="dn", bands_example=""
)


@pytest.fixture
def path(tmp_path):
    torch.manual_seed(5)
    model = OFANet(PADDED, [RED, replace(RED, id="martian"), "naip"])
    torch.nn.init.normal_(model.backbone.pos_embed)
    save_checkpoint(tmp_path / "own.safetensors", model, "own", {}, statistics={"martian": ([1, 2], [3, 4])})
    return tmp_path / "own.safetensors"


def test_definitions_and_positions_come_back(path):
    torch.manual_seed(5)
    model = OFANet(PADDED, [RED, replace(RED, id="martian"), "naip"])
    torch.nn.init.normal_(model.backbone.pos_embed)
    loaded = load_checkpoint(path)
    assert loaded.model.arch == PADDED and loaded.sensor("sentinel-2") == RED
    assert loaded.sensor("martian") == replace(RED, id="martian", mean=(1, 2), std=(3, 4))
    assert loaded.statistics("martian") == ([1, 2], [3, 4]) and loaded.sensor("naip") == get_sensor("naip")
    assert torch.equal(loaded.model.backbone.pos_embed, model.backbone.pos_embed)
    pixels = torch.randn(2, 2, 64, 64)
    assert torch.equal(loaded.model(pixels, "martian"), model(pixels, "martian"))
    with pytest.raises(SensorError, match="out of sentinel-2, martian, naip, found 'enmap'"):
        loaded.sensor("enmap")


def test_a_head_has_the_bands_of_its_checkpoint(path, tmp_path):
    loaded = load_checkpoint(path)
    head = LinearHead(TINY.width, 3, "segment", 2)
    torch.nn.init.normal_(head.pixel_weight)
    backbone = loaded.header["fingerprints"]["sentinel-2"]
    sensor = loaded.sensor("sentinel-2")
    target = tmp_path / "head.safetensors"
    save_head(target, head, "h", sensor=sensor, classes=CLASSES, tile_px=16, backbone=backbone, training={})
    found, header = load_head(target, loaded, "sentinel-2", "segment")
    assert (header["bands"], header["unit"]) == (["B4", "B1"], "dn")
    assert torch.equal(found.pixel_weight, head.pixel_weight)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda h: h["architecture"].update(rope=True), "unknown field 'rope' of the architecture"),
        (lambda h: h["architecture"].update(positions="rotary"), "positions sine-cosine or learned"),
        (lambda h: h["architecture"].update(patch_pad="1"), "complete checkpoint header"),
        (lambda h: h["sensors"]["martian"].update(color="red"), "unknown field 'color' of martian"),
        (lambda h: h["sensors"]["martian"].update(unit="parsec"), "unknown unit 'parsec' of martian"),
        (lambda h: h["sensors"]["martian"].update(bands=["B1"]), "complete checkpoint header"),
        (lambda h: h.update(sensors=[1]), "complete checkpoint header"),
    ],
)
def test_headers_that_are_wrong_are_one_clear_error(path, change, message):
    header = catalog.read_header(path)
    change(header)
    catalog.rewrite_header(path, header, path)
    with pytest.raises(ModelFileError, match=message) as found:
        load_checkpoint(path)
    assert "\n" not in str(found.value) and str(path) in str(found.value)


def test_headers_of_before_load_as_before(tmp_path):
    """Without the newer fields of the architecture, sensors by the names of their bands."""
    torch.manual_seed(6)
    model, path = OFANet(TINY), tmp_path / "old.safetensors"
    save_checkpoint(path, model, "old", {})
    header = catalog.read_header(path)
    for name in ("patch_pad", "positions", "final_norm"):
        del header["architecture"][name]
    kept = ("bands", "unit", "mean", "std", "tile_px")
    header["sensors"] = {key: {name: entry[name] for name in kept} for key, entry in header["sensors"].items()}
    header["sensors"]["unknown"] = header["sensors"]["naip"]
    catalog.rewrite_header(path, header, path)
    loaded = load_checkpoint(path)
    assert loaded.model.arch == TINY and loaded.model.sensors == SENSORS
    for key, value in loaded.model.state_dict().items():
        assert torch.equal(value, model.state_dict()[key])


def test_the_checkpoint_that_comes_along_loads_with_its_heads():
    starter = load_checkpoint(catalog.resources_dir() / "models" / "ofanet_starter.safetensors")
    assert starter.sensor("sentinel-2").bands == S2.bands
    for found in catalog.list_heads():
        if found.included:
            load_head(found.path, starter, found.header["sensor"])
