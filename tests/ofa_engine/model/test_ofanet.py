from dataclasses import replace

import numpy as np
import pytest
import torch

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.ofanet import VIT_BASE, Architecture, OFANet, sincos_positions

TINY = Architecture(width=32, depth=2, heads=2, input_px=64)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return OFANet(TINY).eval()


@pytest.mark.parametrize("sensor", SENSORS)
def test_tokens_of_every_sensor(model, sensor):
    count = len(get_sensor(sensor).usable_bands)
    tokens = model(torch.randn(2, count, 64, 64), sensor)
    assert tokens.shape == (2, 16, 32) and torch.isfinite(tokens).all()


@pytest.mark.parametrize("sensor", SENSORS)
def test_embedder_against_a_naive_sum(model, sensor):
    """Missing bands: absent from the sum over bands, rescaled by usable / present; tokens in row-major order."""
    embedder = model.embedders[sensor].double()
    usable = get_sensor(sensor).usable_bands
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


def test_padding_keeps_the_number_of_tokens():
    assert [Architecture(patch_pad=pad).grid for pad in (0, 1, 7)] == [14, 14, 14]
    model = OFANet(replace(TINY, patch_pad=1), ["naip"]).eval()
    pixels = torch.randn(1, 3, 64, 64)
    assert model(pixels, "naip").shape == (1, 16, 32)
    embedder = model.embedders["naip"]
    wanted = torch.nn.functional.conv2d(pixels, embedder.weight, embedder.bias, stride=16, padding=1)
    torch.testing.assert_close(embedder(pixels, range(3)), wanted.flatten(2).transpose(1, 2))


def test_a_model_without_the_last_norm():
    model = OFANet(replace(TINY, final_norm=False), ["naip"])
    assert not any(key.startswith("backbone.norm") for key in model.state_dict())
    with_norm = OFANet(TINY, ["naip"])
    with_norm.load_state_dict(model.state_dict(), strict=False)
    pixels = torch.randn(1, 3, 64, 64)
    wanted = torch.nn.functional.layer_norm(model(pixels, "naip"), (32,), eps=1e-6)
    torch.testing.assert_close(with_norm(pixels, "naip"), wanted)


def test_sensors_by_id_or_definition():
    table = get_sensor("naip")
    shifted = replace(table, mean=(1.0, 2.0, 3.0))
    model = OFANet(TINY, [shifted, "gaofen"])
    assert model.sensors == {"naip": shifted, "gaofen": get_sensor("gaofen")}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"input_px": 100}, "expected input_px"),
        ({"patch_pad": 8}, "expected a patch_pad under half"),
        ({"patch_pad": -1}, "expected a patch_pad under half"),
        ({"positions": "rotary"}, "expected positions sine-cosine or learned"),
    ],
)
def test_bad_architecture(change, message):
    with pytest.raises(ValueError, match=message):
        OFANet(Architecture(**change))
