import numpy as np
import pytest
import torch

from ofa_engine.core.sensors import SENSORS
from ofa_engine.model.ofanet import VIT_BASE, Architecture, OFANet, sincos_positions, usable_bands

TINY = Architecture(width=32, depth=2, heads=2, input_px=64)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return OFANet(TINY).eval()


@pytest.mark.parametrize("sensor", SENSORS)
def test_tokens_of_every_sensor(model, sensor):
    count = len(usable_bands(sensor))
    tokens = model(torch.randn(2, count, 64, 64), sensor)
    assert tokens.shape == (2, 16, 32) and torch.isfinite(tokens).all()


@pytest.mark.parametrize("sensor", SENSORS)
def test_embedder_against_a_naive_sum(model, sensor):
    """Missing bands: absent from the sum over bands, rescaled by usable / present; tokens in row-major order."""
    embedder = model.embedders[sensor].double()
    usable = usable_bands(sensor)
    present = usable[::2]
    pixels = torch.randn(1, len(present), 64, 64, dtype=torch.float64)
    tokens = embedder(pixels, present)
    for index, (row, column) in enumerate((r, c) for r in range(4) for c in range(4)):
        patch = pixels[0, :, 16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        total = sum((embedder.weight[:, band] * patch[i]).sum((1, 2)) for i, band in enumerate(present))
        wanted = total * len(usable) / len(present) + embedder.bias
        torch.testing.assert_close(tokens[0, index], wanted)
    embedder.float()


def test_positions():
    table = sincos_positions(14, 768)
    assert table.shape == (1, 197, 768) and (table[0, 0] == 0).all()
    row, column, i = 3, 5, 7
    omega = 1 / 10000 ** (i / 192)
    token = table[0, 1 + row * 14 + column]
    np.testing.assert_allclose(
        [token[i], token[192 + i], token[384 + i], token[576 + i]],
        [np.sin(column * omega), np.cos(column * omega), np.sin(row * omega), np.cos(row * omega)],
        atol=1e-6,
    )


def test_default_size_is_the_papers():
    assert Architecture(width=768, depth=12, heads=12, mlp_ratio=4.0, patch_px=16, input_px=224) == VIT_BASE


def test_fingerprint_depends_on_backbone_and_own_embedder_only(model):
    one = model.fingerprint("naip")
    with torch.no_grad():
        model.embedders["enmap"].bias[0] += 1
        assert model.fingerprint("naip") == one
        model.embedders["naip"].weight[0, 0, 0, 0] *= 1 + 1e-6  # vanishes in half precision
        assert model.fingerprint("naip") == one
        model.embedders["naip"].bias[0] += 1
        assert model.fingerprint("naip") != one
        model.embedders["naip"].bias[0] -= 1
        model.backbone.cls_token[0, 0, 0] += 1
        assert model.fingerprint("naip") != one


def test_bad_architecture():
    with pytest.raises(ValueError, match="expected input_px"):
        OFANet(Architecture(input_px=100))
