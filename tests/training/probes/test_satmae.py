"""SatMAE's encoder: against a computation by hand, through generated checkpoints, and with missing bands."""

import argparse
import math
import os

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.probes.satmae import BANDS, GROUPS, SatMAE, load_satmae

SIZES = {"width": 64, "depth": 2, "heads": 1, "patch_px": 4, "grid": 3, "group_width": 16}
ALL = tuple(range(9))
NAMES = get_sensor("sentinel-2").band_names


def model(seed=0, **more):
    """A small one with every parameter at random."""
    torch.manual_seed(seed)
    made = SatMAE(**{**SIZES, **more})
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.3)
    return made.eval().requires_grad_(False)


def by_hand(m: SatMAE, images: torch.Tensor, bands: list[str]) -> torch.Tensor:
    """The same from the paper, token by token: images (B, C, 12, 12) normalised, to (B, 9, 64)."""
    images = torch.clamp((images + 2) / 4, 0, 1)
    sd = m.state_dict()
    answers = []
    for image in images:
        sequence = [sd["cls_token"][0, 0] + torch.cat([sd["pos_embed"][0, 0], sd["channel_cls_embed"][0, 0]])]
        groups = [g for g in range(3) if any(BANDS[place] in bands for place in GROUPS[g])]
        for g in groups:
            members = [BANDS[place] for place in GROUPS[g]]
            here = [name for name in members if name in bands]
            for row in range(3):
                for column in range(3):
                    token = torch.zeros(64)
                    for name in here:
                        patch = image[bands.index(name), 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
                        token += (sd[f"patch_embed.{g}.proj.weight"][:, members.index(name)] * patch).sum((1, 2))
                    token = token * len(members) / len(here) + sd[f"patch_embed.{g}.proj.bias"]
                    place = torch.cat([sd["pos_embed"][0, 1 + 3 * row + column], sd["channel_embed"][0, g]])
                    sequence.append(token + place)
        x = torch.stack(sequence)
        for i in range(SIZES["depth"]):
            x = block_by_hand(x, {k.removeprefix(f"blocks.{i}."): v for k, v in sd.items() if f"blocks.{i}." in k})
        x = norm(x, sd["norm.weight"], sd["norm.bias"])[1:]
        answers.append(torch.stack(x.split(9)).mean(0))
    return torch.stack(answers)


def norm(x, weight, bias):
    return (x - x.mean(-1, keepdim=True)) / (x.var(-1, unbiased=False, keepdim=True) + 1e-6).sqrt() * weight + bias


def block_by_hand(x, sd):
    inside = norm(x, sd["norm1.weight"], sd["norm1.bias"])
    q, k, v = (inside @ sd["attn.qkv.weight"].T + sd["attn.qkv.bias"]).chunk(3, 1)
    x = x + (q @ k.T / math.sqrt(64)).softmax(1) @ v @ sd["attn.proj.weight"].T + sd["attn.proj.bias"]
    hidden = F.gelu(norm(x, sd["norm2.weight"], sd["norm2.bias"]) @ sd["mlp.fc1.weight"].T + sd["mlp.fc1.bias"])
    return x + hidden @ sd["mlp.fc2.weight"].T + sd["mlp.fc2.bias"]


@pytest.mark.parametrize("present", [ALL, (0, 1, 2, 3, 5, 6, 7, 8), (0, 1, 2, 6, 7, 8), (4,), (8, 0, 3)])
def test_equals_the_computation_by_hand(present):
    m = model()
    pixels = torch.randn(2, len(present), 12, 12, generator=torch.Generator().manual_seed(3)) * 1.5
    expected = by_hand(m, pixels, [NAMES[number] for number in present])
    torch.testing.assert_close(m(pixels, present), expected, rtol=1e-4, atol=1e-4)


def test_bands_go_to_the_groups_of_the_paper():
    names = [tuple(BANDS[place] for place in group) for group in GROUPS]
    assert names == [("B2", "B3", "B4", "B8"), ("B5", "B6", "B7", "B8A"), ("B11", "B12")]
    assert set(NAMES) == set(BANDS) - {"B8A"}


def test_order_of_channels_does_not_matter_and_values_are_cut():
    m, pixels = model(), torch.randn(1, 9, 12, 12)
    order = [4, 8, 0, 2, 7, 1, 6, 5, 3]
    torch.testing.assert_close(m(pixels[:, order], order), m(pixels, ALL), rtol=1e-4, atol=1e-4)
    assert torch.equal(m(pixels.clamp(-2, 2), ALL), m(pixels, ALL))


def test_a_missing_band_that_equals_the_others_changes_nothing():
    m = model()
    with torch.no_grad():
        for group in m.patch_embed:
            group["proj"].weight.copy_(group["proj"].weight[:, :1].expand_as(group["proj"].weight))
    one = torch.randn(1, 1, 12, 12)
    kept = (0, 2, 4, 6, 8)  # at least one of each group
    torch.testing.assert_close(
        m(one.expand(-1, 5, -1, -1), kept), m(one.expand(-1, 9, -1, -1), ALL), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("size_px, tokens", [((12, 12), 9), ((28, 28), 49), ((8, 16), 8)])
def test_shapes_and_sizes(size_px, tokens):
    m = model()
    assert m.input_px == 12
    assert m(torch.zeros(2, 9, *size_px), ALL).shape == (2, tokens, 64)


def test_positions_of_other_sizes_vary_as_the_stored_ones():
    m = SatMAE(**{**SIZES, "grid": 6})
    with torch.no_grad():
        m.pos_embed[0, 1:] = torch.arange(6.0).repeat(6, 1).flatten()[:, None]  # the column
    wide = m._positions(0, (24, 48))[0, :, 0].reshape(6, 12)
    assert torch.allclose(wide[0], wide[-1], atol=1e-5) and bool((wide.diff(dim=1) > 0).all())


def test_wrong_input():
    m = model()
    for pixels, present in [(torch.zeros(1, 9, 12, 13), ALL), (torch.zeros(1, 8, 12, 12), ALL)]:
        with pytest.raises(ValueError, match="expected .* multiple of 4"):
            m(pixels, present)
    with pytest.raises(ValueError, match="divisible"):
        SatMAE(**{**SIZES, "heads": 3})


def test_untrained_positions_are_sines_and_cosines():
    m = SatMAE(**SIZES)
    assert torch.equal(m.pos_embed[0, 0], torch.zeros(48)) and m.pos_embed.shape == (1, 10, 48)
    assert torch.equal(m.channel_embed[0, 0], torch.tensor([0.0] * 8 + [1.0] * 8))
    torch.testing.assert_close(m.channel_embed[0, 2, [0, 8]], torch.tensor([math.sin(2), math.cos(2)]))


# --- checkpoints --------------------------------------------------------------------------------------------------


def pretrained(m: SatMAE) -> dict:
    """As models_mae_group_channels saves: no class channel, a decoder, the command line."""
    tensors = {k: v for k, v in m.state_dict().items() if k != "channel_cls_embed"}
    tensors |= {
        "mask_token": torch.zeros(1, 1, 16),
        "decoder_pos_embed": torch.zeros(1, 10, 8),
        "decoder_embed.weight": torch.zeros(16, 64),
        "decoder_pred.0.bias": torch.zeros(64),
    }
    return {"model": tensors, "optimizer": {}, "epoch": 199, "args": argparse.Namespace(grouped_bands=[[0]])}


def test_a_pretrained_checkpoint(tmp_path):
    m = model()
    m.channel_cls_embed.zero_()
    torch.save(pretrained(m), tmp_path / "pretrain.pth")
    loaded = load_satmae(tmp_path / "pretrain.pth")
    assert (loaded.patch_px, loaded.grid, loaded.input_px, len(loaded.blocks)) == (4, 3, 12, 2)
    assert not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    pixels = torch.randn(2, 9, 12, 12)
    assert torch.equal(loaded(pixels, ALL), m(pixels, ALL))


def test_a_fine_tuned_checkpoint(tmp_path):
    m = model()
    tensors = {k.replace("norm.", "fc_norm.") if k.startswith("norm.") else k: v for k, v in m.state_dict().items()}
    tensors |= {"head.weight": torch.zeros(62, 64), "head.bias": torch.zeros(62)}
    torch.save({"model": tensors}, tmp_path / "finetune.pth")
    pixels = torch.randn(1, 9, 12, 12)
    assert torch.equal(load_satmae(tmp_path / "finetune.pth")(pixels, ALL), m(pixels, ALL))


def test_the_published_size(tmp_path):
    """ViT-B on 96 px with patches of 8: names and shapes of the published file, one block of twelve."""
    m = SatMAE(depth=1)
    shapes = {k: tuple(v.shape) for k, v in m.state_dict().items()}
    assert shapes["pos_embed"] == (1, 145, 512) and shapes["channel_embed"] == (1, 3, 256)
    assert [shapes[f"patch_embed.{g}.proj.weight"] for g in range(3)] == [(768, c, 8, 8) for c in (4, 4, 2)]
    torch.save(pretrained(m), tmp_path / "base.pth")
    loaded = load_satmae(tmp_path / "base.pth")
    assert loaded.input_px == 96 and loaded.blocks[0].attn.num_heads == 12
    assert loaded(torch.zeros(1, 9, 96, 96), ALL).shape == (1, 144, 768)


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("bomb-went-off",)


def test_files_that_are_not_such_checkpoints(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = pretrained(model())["model"]
    wrong = {
        "bomb": ({"model": {}, "args": Bomb()}, "not safe to read"),
        "list": ([1], "found list"),
        "rgb": ({"model": {"patch_embed.proj.weight": torch.zeros(64, 3, 4, 4)}}, "patch_embed.0.proj.weight"),
        "flat": ({"model": whole | {"cls_token": torch.zeros(64)}}, "found none"),
        "groups": ({"model": whole | {"channel_embed": torch.zeros(1, 4, 16)}}, "channel_embed"),
        "cut": ({"model": {k: v for k, v in whole.items() if "norm1" not in k}}, "norm1"),
    }
    for name, (content, message) in wrong.items():
        torch.save(content, tmp_path / name)
        with pytest.raises(InputError, match=message):
            load_satmae(tmp_path / name)
    assert not (tmp_path / "bomb-went-off").exists()
    with pytest.raises(InputError, match="found no file"):
        load_satmae(tmp_path / "none.pth")
