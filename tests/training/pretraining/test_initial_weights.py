import argparse
import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

from ofa_engine.core.errors import InputError
from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet
from training.pretraining.initial_weights import load_initial

ARCH = Architecture(width=32, depth=2, heads=2, input_px=64)


def fresh(seed=0):
    torch.manual_seed(seed)
    return MaskedAutoencoder(OFANet(ARCH, ["naip", "gaofen"]), DecoderSize(16, 1, 2))


def plain_vit():
    torch.manual_seed(9)
    return VisionTransformer(img_size=64, embed_dim=32, depth=2, num_heads=2, num_classes=5)


def load(name, **more):
    mae, lines = fresh(), []
    return mae, load_initial(mae, str(name), log=lines.append, **more), lines


def test_a_mae_file_with_its_command_line(tmp_path):
    vit = plain_vit()
    tensors = vit.state_dict() | {"mask_token": torch.zeros(1, 1, 16), "decoder_pred.bias": torch.zeros(768)}
    torch.save({"model": tensors, "args": argparse.Namespace(lr=1), "epoch": 3}, tmp_path / "mae.pth")
    mae, copied, lines = load(tmp_path / "mae.pth")
    backbone = mae.model.backbone
    assert torch.equal(backbone.blocks[1].mlp.fc1.weight, vit.blocks[1].mlp.fc1.weight)
    assert torch.equal(backbone.pos_embed, vit.pos_embed) and torch.equal(backbone.cls_token, vit.cls_token)
    assert torch.equal(mae.model.embedders["naip"].weight, vit.patch_embed.proj.weight)
    assert torch.equal(mae.model.embedders["gaofen"].weight, fresh().model.embedders["gaofen"].weight)
    text = "\n".join(lines)
    assert f"{len(copied)} tensors copied" in text
    assert "skipped: head.weight" in text and "skipped: decoder_pred.bias" in text
    pixels = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(mae.model(pixels, "naip"), vit.forward_features(pixels)[:, 1:], atol=1e-5, rtol=1e-4)


def test_a_dofa_trunk_and_average_pooling(tmp_path):
    tensors = {k: v for k, v in plain_vit().state_dict().items() if k.startswith(("blocks", "cls_token", "pos_embed"))}
    tensors |= {
        "fc_norm.weight": torch.full((32,), 2.0),
        "fc_norm.bias": torch.ones(32),
        "patch_embed.weight_generator.fc.weight": torch.zeros(3, 3),
    }
    torch.save(tensors, tmp_path / "dofa.pth")
    mae, copied, lines = load(tmp_path / "dofa.pth")
    assert torch.equal(mae.model.backbone.norm.weight, torch.full((32,), 2.0))
    assert any("weight_generator" in text for text in lines) and not any("embedders" in name for name in copied)


def test_our_own_checkpoint_with_decoders(tmp_path):
    other = fresh(5)
    save_checkpoint(tmp_path / "own.safetensors", other.model, "own", {}, decoders=other)
    mae, copied, _ = load(tmp_path / "own.safetensors")
    assert set(copied) == set(mae.state_dict())
    for name, value in other.state_dict().items():
        assert torch.equal(mae.state_dict()[name], value), name


def test_our_own_checkpoint_gives_bands_in_the_tables_order(tmp_path):
    """A file that lists EnMAP's bands in another order, as older ones do."""
    torch.manual_seed(1)
    model = OFANet(ARCH, ["enmap"])
    save_checkpoint(tmp_path / "own.safetensors", model, "own", {})
    with safe_open(tmp_path / "own.safetensors", "pt") as file:
        header = json.loads(file.metadata()["ofanet"])
    entry = header["sensors"]["enmap"]
    header["sensors"]["enmap"] = {name: entry[name][::-1] for name in ("bands", "mean", "std")}
    save_file(model.state_dict(), tmp_path / "own.safetensors", {"ofanet": json.dumps(header)})
    mae = MaskedAutoencoder(OFANet(ARCH, ["enmap"]), DecoderSize(16, 1, 2))
    load_initial(mae, str(tmp_path / "own.safetensors"), log=lambda text: None)
    assert torch.equal(mae.model.embedders["enmap"].weight, model.embedders["enmap"].weight.flip(1))


def test_other_names_through_a_rename_map(tmp_path):
    torch.save({"patch_embed_s3.weight": torch.ones(32, 4, 16, 16)}, tmp_path / "odd.pth")
    with pytest.raises(InputError, match="none that fit"):
        load(tmp_path / "odd.pth")
    (tmp_path / "names.yaml").write_text('"^patch_embed_s3": model.embedders.gaofen\n')
    mae, copied, _ = load(tmp_path / "odd.pth", rename_map=str(tmp_path / "names.yaml"))
    assert copied == ["model.embedders.gaofen.weight"] and (mae.model.embedders["gaofen"].weight == 1).all()


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("bomb-went-off",)


def test_files_never_run_code_and_nothing_is_downloaded_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": {}, "args": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(InputError, match="not safe to read"):
        load(tmp_path / "bomb.pth")
    assert not (tmp_path / "bomb-went-off").exists()
    with pytest.raises(InputError, match="--download"):
        load("vit_base_patch16_224.mae")
    for name in ("none.pth", "none.safetensors", "no/such/file"):
        with pytest.raises(InputError, match="found no file"):
            load(name)
