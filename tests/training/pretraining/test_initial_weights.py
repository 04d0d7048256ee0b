"""Weights to start from: what they compute elsewhere, the model here computes before its first step."""

import argparse
import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.imports.layouts import convert
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet
from training.pretraining.config import load
from training.pretraining.initial_weights import read_initial
from training.pretraining.run import pretrain

from ...ofa_engine.model.imports.layouts_at_random import copernicus_fm, dofa, plain_vit

SENSORS = ["naip", "sentinel-1", "sentinel-2"]
SIZE = dict(width=48, depth=2, heads=1, input_px=64, decoder_width=16, decoder_depth=1, decoder_heads=2)


def settings(**more):
    return load(None, SIZE | {"data": "x", "output": "y"} | more)


def started(name, sensors=SENSORS, **more):
    """A masked autoencoder that was given initial weights, its configuration, names copied, lines of the log."""
    lines: list[str] = []
    initial = read_initial(str(name), **more)
    config = initial.adapted(settings())
    torch.manual_seed(0)
    mae = MaskedAutoencoder(OFANet(config.architecture, sensors), config.decoder)
    copied = initial.copy_into(mae, mae.model.sensors, lines.append)
    return mae, config, copied, "\n".join(lines)


def imported_model(path):
    """The model that a file of public weights becomes for inference."""
    found = convert(path)
    model = OFANet(found.architecture, found.sensors.values())
    tensors = {f"backbone.{key}": value for key, value in found.backbone.items()}
    for key, parts in found.embedders.items():
        tensors |= {f"embedders.{key}.{part}": value for part, value in parts._asdict().items()}
    model.load_state_dict(tensors)
    return model.eval()


@pytest.mark.parametrize(("layout", "sensor_id"), [(dofa, "naip"), (copernicus_fm, "sentinel-1")])
def test_weights_with_generated_embedders_start_as_what_they_are(layout, sensor_id, tmp_path):
    """With padding, learned positions and an embedder for each sensor."""
    torch.save(layout(3), tmp_path / "public.pth")
    imported = imported_model(tmp_path / "public.pth")
    mae, config, copied, log = started(tmp_path / "public.pth")
    assert (config.patch_pad, config.positions) == (1, "learned")
    for key in set(SENSORS) & set(imported.sensors):
        assert {f"model.embedders.{key}.{part}" for part in ("weight", "bias")} <= set(copied)
    bands = len(get_sensor(sensor_id).bands)
    pixels = torch.randn(2, bands, 64, 64)
    torch.testing.assert_close(mae.model(pixels, sensor_id), imported(pixels, sensor_id), rtol=1e-5, atol=1e-5)
    assert torch.isfinite(mae(pixels, sensor_id, torch.rand(2, 16))).all(), "masked modelling with padded patches"
    assert f"{len(copied)} tensors copied" in log


def test_kernels_of_more_bands_are_chosen_by_name(tmp_path):
    torch.save(plain_vit(1, bands=13), tmp_path / "B13_vits16_mae.pth")
    found = convert(tmp_path / "B13_vits16_mae.pth")
    names, kernel = found.sensors["sentinel-2"].band_names, found.embedders["sentinel-2"].weight
    mae, config, copied, _ = started(tmp_path / "B13_vits16_mae.pth")
    own = mae.model.embedders["sentinel-2"].weight
    for number, band in enumerate(get_sensor("sentinel-2").band_names):
        assert torch.equal(own[:, number], kernel[:, names.index(band)])
    assert (config.patch_pad, config.positions) == (0, "learned")
    assert not any("naip" in name for name in copied), "it has no other embedder"


def test_a_mae_file_with_its_command_line(tmp_path):
    torch.manual_seed(9)
    vit = VisionTransformer(img_size=64, embed_dim=48, depth=2, num_heads=1, num_classes=5)
    tensors = vit.state_dict() | {"mask_token": torch.zeros(1, 1, 16), "decoder_pred.bias": torch.zeros(768)}
    torch.save({"model": tensors, "args": argparse.Namespace(lr=1), "epoch": 3}, tmp_path / "mae_pretrain.pth")
    mae, _, copied, log = started(tmp_path / "mae_pretrain.pth")
    assert f"{len(copied)} tensors copied" in log
    assert "not used: head.weight" in log and "not used: decoder_pred.bias" in log
    pixels = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(mae.model(pixels, "naip"), vit.forward_features(pixels)[:, 1:], atol=1e-5, rtol=1e-4)


def test_positions_of_another_grid_are_not_taken(tmp_path):
    torch.save(plain_vit(1, bands=3, grid=6), tmp_path / "vit.pth")
    mae, config, copied, log = started(tmp_path / "vit.pth")
    assert config.positions == "sine-cosine" and "skipped: model.backbone.pos_embed" in log
    assert "model.backbone.blocks.0.attn.qkv.weight" in copied


def test_our_own_checkpoint_with_decoders(tmp_path):
    torch.manual_seed(5)
    arch = settings(patch_pad=1).architecture
    other = MaskedAutoencoder(OFANet(arch, SENSORS), DecoderSize(16, 1, 2))
    save_checkpoint(tmp_path / "own.safetensors", other.model, "own", {}, decoders=other)
    mae, config, copied, _ = started(tmp_path / "own.safetensors")
    assert config.patch_pad == 1 and set(copied) == set(mae.state_dict())
    for name, value in other.state_dict().items():
        assert torch.equal(mae.state_dict()[name], value), name


def test_our_own_checkpoint_gives_bands_in_the_tables_order(tmp_path):
    """A file that lists EnMAP's bands in another order, as older ones do."""
    torch.manual_seed(1)
    model = OFANet(Architecture(width=48, depth=2, heads=3, input_px=64), ["enmap"])
    save_checkpoint(tmp_path / "own.safetensors", model, "own", {})
    with safe_open(tmp_path / "own.safetensors", "pt") as file:
        header = json.loads(file.metadata()["ofanet"])
    entry = header["sensors"]["enmap"]
    header["sensors"]["enmap"] = {name: entry[name][::-1] for name in ("bands", "mean", "std")}
    save_file(model.state_dict(), tmp_path / "own.safetensors", {"ofanet": json.dumps(header)})
    mae = started(tmp_path / "own.safetensors", ["enmap"])[0]
    assert torch.equal(mae.model.embedders["enmap"].weight, model.embedders["enmap"].weight.flip(1))


def test_other_names_through_a_rename_map(tmp_path):
    tensors = {f"trunk.{key}": value for key, value in plain_vit(2, bands=4).items()}
    torch.save(tensors, tmp_path / "odd.pth")
    with pytest.raises(InputError):
        started(tmp_path / "odd.pth")
    (tmp_path / "names.yaml").write_text("rename: {'^trunk\\.': ''}\nsensor: gaofen\n")
    mae, _, copied, _ = started(tmp_path / "odd.pth", ["gaofen"], rename_map=str(tmp_path / "names.yaml"))
    assert torch.equal(mae.model.embedders["gaofen"].weight, tensors["trunk.patch_embed.proj.weight"])


def test_a_run_starts_from_public_weights(prepared, tmp_path):
    """The first checkpoint says padding and positions; the settings that were used stand in it, too."""
    torch.save(dofa(3), tmp_path / "dofa.pth")
    more = dict(data=str(prepared(["naip", "sentinel-1"])), output=str(tmp_path / "run"), device="cpu", workers=0)
    more |= dict(batch=4, epochs=1, max_steps=1, init=str(tmp_path / "dofa.pth"), base_lr=1e-9, sheet_epochs=0)
    path = pretrain(settings(**more), lambda line: None)["checkpoint"]
    again = read_initial(str(path))
    assert (again.architecture.patch_pad, again.architecture.positions) == (1, "learned")
    imported = convert(tmp_path / "dofa.pth")
    near = dict(rtol=0, atol=1e-5)
    positions = again.tensors["model.backbone.pos_embed"]
    torch.testing.assert_close(positions, imported.backbone["pos_embed"], **near)
    kernel = again.tensors["model.embedders.sentinel-1.weight"]
    torch.testing.assert_close(kernel, imported.embedders["sentinel-1"].weight, **near)
    settings_used = json.loads((tmp_path / "run" / "config.json").read_text())
    assert (settings_used["patch_pad"], settings_used["positions"]) == (1, "learned")


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("bomb-went-off",)


def test_files_never_run_code_and_nothing_is_downloaded_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": {}, "args": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(InputError, match="not safe to read"):
        read_initial("bomb.pth")
    assert not (tmp_path / "bomb-went-off").exists()
    for name in ("vit_base_patch16_224.mae", "vit_base_patch16_224.augreg2_in21k_ft_in1k"):
        with pytest.raises(InputError, match="--download"):
            read_initial(name)
    for name in ("none.pth", "none.safetensors", "no/such/file"):
        with pytest.raises(InputError, match="found no file"):
            read_initial(name)
    torch.save({"a": torch.zeros(2)}, tmp_path / "odd.pth")
    with pytest.raises(InputError, match="expected weights of DOFA"):
        read_initial("odd.pth")
