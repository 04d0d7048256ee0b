"""Model files that list a sensor's bands in another order than the tables, as those of before did for EnMAP."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.checkpoint import load_checkpoint, load_head, save_checkpoint, save_head
from ofa_engine.model.heads import LinearHead
from ofa_engine.model.ofanet import OFANet
from ofa_engine.model.pixel_head import PixelMLPHead

from ..conftest import CLASSES, TINY

ENMAP = SENSORS["enmap"]
BY_DETECTOR = [f"band {i}" for i in range(1, 225)]


def rewrite(path, change):
    with safe_open(path, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        header = json.loads(file.metadata()["ofanet"])
    change(tensors, header)
    save_file(tensors, path, {"ofanet": json.dumps(header)})


def old_order(values):
    return [values[ENMAP.band_names.index(name)] for name in BY_DETECTOR]


@pytest.mark.parametrize(
    "head",
    [
        LinearHead(TINY.width, 3, "segment", 224),
        LinearHead(TINY.width, 3, "classify", 224),
        PixelMLPHead(TINY.width, 3, 224, hidden=4),
    ],
    ids=["segment", "classify", "mlp"],
)
def test_bands_are_put_in_the_tables_order(tmp_path, head):
    torch.manual_seed(3)
    model = OFANet(TINY, ["enmap", "naip"])
    torch.nn.init.normal_(head.pixel_weight)
    places = old_order(range(224))
    other = OFANet(TINY, ["enmap", "naip"])
    other.load_state_dict(model.state_dict())
    other.embedders["enmap"].weight.data = model.embedders["enmap"].weight.data[:, places]
    save_checkpoint(tmp_path / "new.safetensors", model, "new", {})
    save_checkpoint(tmp_path / "old.safetensors", other, "old", {})
    about = dict(sensor=get_sensor("enmap"), classes=CLASSES, tile_px=32, training={})
    save_head(tmp_path / "new_head.safetensors", head, "new", backbone=model.fingerprint("enmap"), **about)
    save_head(tmp_path / "old_head.safetensors", head, "old", backbone=other.fingerprint("enmap"), **about)

    def as_before(tensors, header):
        entry = header["sensors"]["enmap"]
        statistics = {name: old_order(entry[name]) for name in ("mean", "std")}
        header["sensors"]["enmap"] = {"bands": BY_DETECTOR, "unit": entry["unit"], **statistics}

    def head_as_before(tensors, header):
        header["bands"] = BY_DETECTOR
        tensors["pixel_weight"] = tensors["pixel_weight"].unflatten(1, (-1, 224))[:, :, places].flatten(1).contiguous()

    rewrite(tmp_path / "old.safetensors", as_before)
    rewrite(tmp_path / "old_head.safetensors", head_as_before)
    new, old = (load_checkpoint(tmp_path / f"{name}.safetensors") for name in ("new", "old"))
    torch.testing.assert_close(old.model.embedders["enmap"].weight, new.model.embedders["enmap"].weight)
    torch.testing.assert_close(old.model.embedders["naip"].weight, new.model.embedders["naip"].weight)
    assert old.statistics("enmap") == new.statistics("enmap")
    heads = [load_head(tmp_path / f"{n}_head.safetensors", c, "enmap")[0] for n, c in (("new", new), ("old", old))]
    torch.testing.assert_close(heads[0].pixel_weight, heads[1].pixel_weight)


def test_the_table_is_in_the_order_of_wavelengths():
    lengths = [band.wavelength_um for band in ENMAP.bands]
    assert lengths == sorted(lengths) and set(ENMAP.band_names) == set(BY_DETECTOR)
