import pytest
import torch
from torch.nn import functional as F

from ofa_engine.model.pixel_head import PixelMLPHead, pixel_features


def test_pixel_features_are_means_and_deviations_of_repeated_borders():
    pixels = torch.randn(2, 3, 9, 7)
    found = pixel_features(pixels, (3, 5))
    assert found.shape == (2, 15, 9, 7)
    torch.testing.assert_close(found[:, :3], pixels)
    for number, window in enumerate((3, 5)):
        half = window // 2
        padded = F.pad(pixels, (half,) * 4, mode="replicate")
        for y, x in ((0, 0), (4, 3), (8, 6), (1, 5)):
            patch = padded[:, :, y : y + window, x : x + window].flatten(2)
            start = 3 + 6 * number
            torch.testing.assert_close(found[:, start : start + 3, y, x], patch.mean(2))
            deviation = (patch.var(2, correction=0) + 1e-4).sqrt() - 0.01
            torch.testing.assert_close(found[:, start + 3 : start + 6, y, x], deviation)


def test_constant_pixels_have_no_deviation_and_finite_gradients():
    pixels = torch.full((1, 2, 8, 8), 2.0, requires_grad=True)
    found = pixel_features(pixels, (3,))
    torch.testing.assert_close(found[:, 4:], torch.zeros(1, 2, 8, 8))
    found.sum().backward()
    assert pixels.grad.isfinite().all()


@pytest.mark.parametrize("size", [(40, 40), (17, 56), (3, 4)])
def test_logits_are_those_of_the_formula(size):
    head = PixelMLPHead(8, 4, 3, hidden=16)
    tokens, pixels = torch.randn(2, 49, 8), torch.randn(2, 3, *size)
    maps = tokens.transpose(1, 2).reshape(2, 8, 7, 7)
    maps = F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
    joined = torch.cat([maps, pixel_features(pixels, (3, 11))], 1).permute(0, 2, 3, 1)
    hidden = F.relu(joined @ torch.cat([head.token_weight, head.pixel_weight], 1).T + head.hidden_bias)
    expected = (hidden @ head.weight.T + head.bias).permute(0, 3, 1, 2)
    torch.testing.assert_close(head.logits(tokens, pixels), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("piece_bytes", [1, 20_000, 200_000, 2**21])  # a row, some rows, some tiles, all at once
def test_scores_in_pieces_are_the_softmax_of_the_logits(piece_bytes):
    head = PixelMLPHead(8, 4, 5)
    tokens, pixels = torch.randn(5, 49, 8), torch.randn(5, 5, 33, 29)
    scores = head.scores(tokens, pixels, piece_bytes=piece_bytes)
    torch.testing.assert_close(scores, head.logits(tokens, pixels).softmax(1), atol=1e-5, rtol=1e-4)


def test_a_missing_band_counts_as_its_mean():
    head = PixelMLPHead(8, 4, 5)
    tokens, pixels = torch.randn(2, 16, 8), torch.randn(2, 5, 24, 24)
    some = torch.zeros_like(pixels)
    some[:, [0, 3]] = pixels[:, [0, 3]]
    torch.testing.assert_close(head.scores(tokens, pixels[:, [0, 3]], [0, 3]), head.scores(tokens, some))
    torch.testing.assert_close(head.logits(tokens, pixels[:, [0, 3]], [0, 3]), head.logits(tokens, some))


def test_all_weights_have_gradients_after_scores_in_inference_mode():
    head, tokens, pixels = PixelMLPHead(8, 4, 5), torch.randn(2, 16, 8, requires_grad=True), torch.randn(2, 5, 23, 23)
    with torch.inference_mode():
        head.scores(tokens, pixels)
    head.logits(tokens, pixels).logsumexp(1).mean().backward()
    for parameter in (*head.parameters(), tokens):
        assert parameter.grad.isfinite().all() and parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("windows", [(2,), (1,), (3, 6)])
def test_windows_have_a_centre(windows):
    with pytest.raises(ValueError, match="expected windows"):
        PixelMLPHead(8, 4, 3, windows=windows)


def test_long_rows_are_put_together_from_parts():
    pixels = torch.randn(1, 2, 150, 70)
    padded = F.pad(pixels, (5,) * 4, mode="replicate")
    mean = F.avg_pool2d(padded, 11, 1)
    torch.testing.assert_close(pixel_features(pixels, (11,))[:, 2:4], mean, atol=1e-5, rtol=1e-4)


def test_half_precision_of_the_caller_does_not_reach_variances():
    pixels = 5 + 0.1 * torch.randn(1, 2, 40, 40)
    with torch.autocast("cpu", torch.bfloat16):
        found = pixel_features(pixels)
    torch.testing.assert_close(found, pixel_features(pixels))
