"""Each backbone gives its own model's tokens, and says what it cannot take."""

import warnings

import pytest
import torch

from ofa_engine.core.errors import InputError
from ofa_engine.model.checkpoint import save_checkpoint
from training.probes.backbones import SatMAEBackbone, TimmBackbone, checkpoint_backbone, random_backbone

from ..make_task import ARCH


def test_a_checkpoint_gives_its_own_tokens_and_statistics(tmp_path):
    model = random_backbone(ARCH, 3).model
    save_checkpoint(tmp_path / "m.safetensors", model, "mine", {}, statistics={"naip": ([1.0, 2, 3], [4.0, 5, 6])})
    loaded = checkpoint_backbone(tmp_path / "m.safetensors")
    pixels = torch.randn(2, 3, 32, 32)
    assert torch.equal(loaded.tokens(pixels, "naip", (0, 1, 2)), model(pixels, "naip"))
    assert loaded.fingerprint("naip") == model.fingerprint("naip") and loaded.input_px == 32
    assert loaded.statistics("naip") == ((1, 2, 3), (4, 5, 6)) and loaded.name == "mine"


def test_random_weights_follow_the_seed_alone():
    before = torch.get_rng_state()
    prints = [random_backbone(ARCH, seed).fingerprint("enmap") for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]
    assert torch.equal(torch.get_rng_state(), before), "the global generator is left as it was"


def test_a_missing_embedder_is_named(tmp_path):
    from ofa_engine.model.ofanet import OFANet

    save_checkpoint(tmp_path / "m.safetensors", OFANet(ARCH, ["naip"]), "one", {})
    with pytest.raises(InputError, match="expected an embedder for enmap, found naip"):
        checkpoint_backbone(tmp_path / "m.safetensors").fingerprint("enmap")


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "resnet10t"])
def test_timm_tokens(name):
    model = TimmBackbone(name, pretrained=False)
    side = model.input_px
    tokens = model.tokens(torch.zeros(1, 3, side, side), "naip", (0, 1, 2))
    assert tokens.ndim == 3 and round(tokens.shape[1] ** 0.5) ** 2 == tokens.shape[1]
    assert model.tokens(torch.zeros(1, 4, side, side), "gaofen", (0, 1, 2, 3)).shape == tokens.shape
    assert model.fingerprint("naip") == TimmBackbone(name, pretrained=False).fingerprint("naip")
    other = TimmBackbone(name, pretrained=False)
    next(other._model(3).parameters()).add_(1)
    assert model.fingerprint("naip") != other.fingerprint("naip")
    assert 100 < model.statistics("naip")[0][0] < 130
    with pytest.raises(InputError, match="--normalise task"):
        model.statistics("sentinel-2")


def test_timm_vit_tokens_are_its_patch_tokens(tmp_path):
    """Also: weights come from a file, and nothing is downloaded unless allowed."""
    import timm

    plain = timm.create_model("vit_tiny_patch16_224", num_classes=0).eval()
    torch.save(plain.state_dict(), tmp_path / "weights.pth")
    with warnings.catch_warnings():
        model = TimmBackbone("vit_tiny_patch16_224", file=tmp_path / "weights.pth")
    pixels = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        expected = plain.forward_features(pixels)[:, 1:]
        torch.testing.assert_close(model.tokens(pixels, "naip", (0, 1, 2)), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError, match="--download"):
        TimmBackbone("vit_giant_patch14_224")
    with pytest.raises(InputError, match="a model that timm has"):
        TimmBackbone("no_such_model")


def test_satmae_is_for_sentinel_2_alone(tmp_path):
    from training.probes.satmae import SatMAE

    model = SatMAE(96, 1, 1, 8, 2, 32).eval()  # one head: that of an unknown width
    torch.save({"model": model.state_dict()}, tmp_path / "satmae.pth")
    loaded = SatMAEBackbone(tmp_path / "satmae.pth")
    pixels = torch.randn(1, 3, 16, 16)
    assert torch.equal(loaded.tokens(pixels, "sentinel-2", (0, 1, 2)), model(pixels, (0, 1, 2)))
    assert loaded.input_px == 16
    assert loaded.fingerprint("sentinel-2") == SatMAEBackbone(tmp_path / "satmae.pth").fingerprint("sentinel-2")
    for wrong in (lambda: loaded.fingerprint("naip"), lambda: loaded.statistics("sentinel-2")):
        with pytest.raises(InputError, match="expected"):
            wrong()
