import numpy as np
import pytest
import torch

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.heads import LinearHead, class_table
from ofa_engine.model.ofanet import VIT_BASE, Architecture, OFANet, sincos_positions, usable_bands
from ofa_engine.model.preprocess import normalise, resize, to_canonical
from ofa_engine.tiling import axis as tiling

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


def test_heads():
    tokens = torch.randn(3, 16, 8)
    tile = LinearHead(8, 4, "classify")
    torch.nn.init.normal_(tile.weight)
    torch.testing.assert_close(tile(tokens), tokens.mean(1) @ tile.weight.T + tile.bias)
    pixel = LinearHead(8, 4, "segment")
    torch.nn.init.normal_(pixel.weight)
    torch.testing.assert_close(pixel(tokens)[1, :, 2, 3], pixel.weight @ tokens[1, 2 * 4 + 3] + pixel.bias)
    scores = pixel.scores(tokens, torch.zeros(3, 5, 40, 40))
    assert scores.shape == (3, 4, 40, 40) and pixel.kind == "linear"
    torch.testing.assert_close(scores.sum(1), torch.ones(3, 40, 40))
    with pytest.raises(ValueError, match="task"):
        LinearHead(8, 4, "detect")
    for values in ([1, 1], [0, 255]):
        with pytest.raises(ValueError, match="expected"):
            class_table(values, ["a", "b"], ["#000000", "#ffffff"])


def test_heads_of_kind_linear_pixels_add_what_the_pixels_say():
    """Missing bands count as their mean, which is zero for normalised pixels."""
    tokens, pixels = torch.randn(3, 16, 8), torch.randn(3, 5, 40, 40)
    for task, shape in (("segment", (4, 5)), ("classify", (4, 10))):
        head = LinearHead(8, 4, task, bands=5)
        assert head.kind == "linear+pixels" and head.pixel_weight.shape == shape
        for p in head.parameters():
            torch.nn.init.normal_(p)
        plain = LinearHead(8, 4, task)
        plain.load_state_dict({"weight": head.weight, "bias": head.bias})
        some = torch.zeros_like(pixels)
        some[:, [0, 3]] = pixels[:, [0, 3]]
        got = head.scores(tokens, pixels[:, [0, 3]], [0, 3])
        torch.testing.assert_close(got, head.scores(tokens, some))
        if task == "segment":
            extra = torch.einsum("kc,bchw->bkhw", head.pixel_weight, some)
        else:
            extra = torch.cat([some.mean((2, 3)), some.std((2, 3), correction=0)], 1) @ head.pixel_weight.T
            extra = extra + tokens.var(1, correction=0).sqrt() @ head.spread_weight.T
        torch.testing.assert_close(got, (plain.scores(tokens, some).log() + extra).softmax(1))


@pytest.mark.parametrize("size", [(40, 40), (17, 56), (3, 4), (448, 32)])
def test_scores_are_up_sampled_as_torch_does(size):
    head = LinearHead(8, 4, "segment")
    torch.nn.init.normal_(head.weight)
    tokens = torch.randn(2, 49, 8)
    expected = torch.nn.functional.interpolate(head(tokens), size=size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(head.scores(tokens, torch.zeros(2, 3, *size)), expected.softmax(1), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("most_bytes", [1, 5000, 40000, 2**21])  # a row, some rows, some tiles, all at once
def test_scores_by_pieces(most_bytes, monkeypatch):
    monkeypatch.setitem(tiling.PIECE_BYTES, "cpu", most_bytes)
    head = LinearHead(8, 4, "segment", bands=5)
    for p in head.parameters():
        torch.nn.init.normal_(p)
    tokens, pixels = torch.randn(5, 49, 8), torch.randn(5, 5, 33, 29)
    logits = torch.nn.functional.interpolate(head(tokens), size=(33, 29), mode="bilinear", align_corners=False)
    logits = logits + torch.einsum("kc,bchw->bkhw", head.pixel_weight, pixels)
    torch.testing.assert_close(head.scores(tokens, pixels), logits.softmax(1), atol=1e-5, rtol=1e-4)


def test_preprocessing():
    s1, s2 = get_sensor("sentinel-1"), get_sensor("sentinel-2")
    power = torch.tensor([1.0, 0.1, 0.0, float("nan")])
    db = to_canonical(power, s1, "linear")
    torch.testing.assert_close(db[:3], torch.tensor([0.0, -10.0, -60.0]))
    assert db[3].isnan()
    torch.testing.assert_close(to_canonical(torch.tensor([3000.0]), s2, "dn+1000"), torch.tensor([0.2]))
    pixels = torch.tensor([1.0, float("nan"), float("inf"), 5.0]).view(1, 1, 2, 2)
    before = pixels.clone()
    torch.testing.assert_close(normalise(pixels, [3.0], [2.0]).flatten(), torch.tensor([-1.0, 0.0, 0.0, 1.0]))
    assert torch.equal(pixels.nan_to_num(9), before.nan_to_num(9)), "the caller's values stay"
    again = normalise(pixels, [3.0], [2.0], in_place=True)
    assert again.data_ptr() == pixels.data_ptr() and torch.equal(again, normalise(before, [3.0], [2.0]))
    image = torch.rand(1, 2, 48, 48)
    assert resize(image, 48) is image
    assert resize(image, 64).shape == (1, 2, 64, 64)
    torch.testing.assert_close(resize(torch.ones(1, 1, 100, 100), 64), torch.ones(1, 1, 64, 64))
