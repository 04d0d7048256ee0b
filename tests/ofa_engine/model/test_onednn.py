import copy

import pytest
import torch
from torch import nn

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model import onednn as packing
from ofa_engine.model.ofanet import VIT_TINY, Embedder, OFANet
from ofa_engine.model.onednn import PackedEmbedder, PackedLinear, can_pack, pack, unpack

needs_it = pytest.mark.skipif(not can_pack(), reason="this PyTorch has no oneDNN for linear layers")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return OFANet(VIT_TINY).eval()


@needs_it
@torch.inference_mode()
@pytest.mark.parametrize("sensor", SENSORS)
def test_a_packed_model_says_the_same_and_comes_back_as_it_was(sensor, model):
    pixels = torch.randn(2, len(get_sensor(sensor).usable_bands), model.arch.input_px, model.arch.input_px)
    packed = copy.deepcopy(model)
    pack(packed)
    assert sum(isinstance(part, PackedLinear) for part in packed.modules()) == 4 * model.arch.depth
    assert not any(isinstance(part, nn.Linear) for part in packed.modules())
    assert all(isinstance(part, PackedEmbedder) for part in packed.embedders.values())
    found = packed(pixels, sensor)
    torch.testing.assert_close(found, model(pixels, sensor), atol=1e-4, rtol=1e-4)
    assert torch.equal(found, packed(pixels, sensor)), "the same to the last bit from run to run"
    unpack(packed)
    assert torch.equal(packed(pixels, sensor), model(pixels, sensor))
    assert packed.fingerprint(sensor) == model.fingerprint(sensor)


@needs_it
@torch.inference_mode()
@pytest.mark.parametrize("patch_pad", [0, 3])
@pytest.mark.parametrize("sensor", SENSORS)
def test_a_packed_embedder_follows_the_bands_that_are_there(sensor, patch_pad):
    embedder = Embedder(get_sensor(sensor), 32, 16, patch_pad)
    packed = PackedEmbedder(embedder)
    bands = list(get_sensor(sensor).usable_bands)
    for present in (bands, bands[:1], bands[-1:], bands[::2], bands):
        pixels = torch.randn(3, len(present), 64, 48)
        torch.testing.assert_close(packed(pixels, present), embedder(pixels, present), atol=1e-4, rtol=1e-4)


@needs_it
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 7), (5, 7), (2, 3, 7), (0, 7)])
def test_any_shape(shape, bias):
    linear = nn.Linear(7, 11, bias=bias)
    x = torch.randn(shape)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(linear)(x), linear(x))


def test_a_pytorch_without_the_operators_goes_without(monkeypatch):
    def missing(*_):
        raise NotImplementedError("no oneDNN here")

    monkeypatch.setattr(packing, "PackedLinear", missing)
    can_pack.cache_clear()
    model = nn.Sequential(nn.Linear(3, 3))
    pack(model)
    assert type(model[0]) is nn.Linear and not can_pack()
    can_pack.cache_clear()
