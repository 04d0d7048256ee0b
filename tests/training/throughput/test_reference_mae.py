"""The reference computes the same loss and gradients as ours."""

from dataclasses import replace

import pytest
import torch

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet
from training.throughput.reference_mae import ReferenceMAE

ARCH, DECODER = Architecture(24, 2, 2, input_px=64), DecoderSize(16, 1, 2)


def autoencoder(sensor, patch_pad=0, dtype=torch.float64):
    torch.manual_seed(1)
    mae = MaskedAutoencoder(OFANet(replace(ARCH, patch_pad=patch_pad), [sensor]), DECODER, 0.75).to(dtype)
    for parameter in mae.parameters():  # biases too
        torch.nn.init.normal_(parameter, std=0.1)
    return mae


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("fewer, patch_pad", [(False, 0), (True, 0), (False, 2)])
def test_reference_loss_and_gradients_equal_ours(sensor, fewer, patch_pad):
    mae = autoencoder(sensor, patch_pad)
    present = get_sensor(sensor).usable_bands[1:] if fewer else get_sensor(sensor).usable_bands
    reference = ReferenceMAE(mae, sensor, present).double()
    images = torch.randn(3, len(present), 64, 64, dtype=torch.float64)
    noise = torch.rand(3, 16)
    ours, theirs = mae(images, sensor, noise, present).mean(), reference(images, noise)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    ours.backward()
    theirs.backward()
    for mine, other in (
        (mae.model.backbone.blocks[0].attn.qkv.weight, reference.blocks[0].attn.qkv.weight),
        (mae.model.embedders[sensor].bias, reference.patch_embed.bias),
        (mae.decoders[sensor].mask_token, reference.mask_token),
    ):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-9, atol=1e-13)
