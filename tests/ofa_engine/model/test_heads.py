import pytest
import torch

from ofa_engine.core.classes import class_table
from ofa_engine.model.heads import LinearHead


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
def test_scores_by_pieces(most_bytes):
    head = LinearHead(8, 4, "segment", bands=5)
    for p in head.parameters():
        torch.nn.init.normal_(p)
    tokens, pixels = torch.randn(5, 49, 8), torch.randn(5, 5, 33, 29)
    logits = torch.nn.functional.interpolate(head(tokens), size=(33, 29), mode="bilinear", align_corners=False)
    logits = logits + torch.einsum("kc,bchw->bkhw", head.pixel_weight, pixels)
    scores = head.scores(tokens, pixels, piece_bytes=most_bytes)
    torch.testing.assert_close(scores, logits.softmax(1), atol=1e-5, rtol=1e-4)
