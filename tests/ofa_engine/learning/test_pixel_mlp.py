"""A hidden layer on tokens and pixels, from samples."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ofa_engine.learning.features import Samples
from ofa_engine.learning.logistic import fit_logistic
from ofa_engine.learning.pixel_mlp import fit_pixel_mlp
from ofa_engine.model.pixel_head import pixel_features


def samples_of(tokens, pixels, surroundings, index, group, edge=None):
    n = len(index)
    arrays = (np.asarray(a, np.float32) for a in (tokens, pixels, surroundings))
    return Samples(*arrays, index, group, np.ones(n), np.zeros(n, bool) if edge is None else edge)


def crossed(n=800, seed=0):
    """The class is whether pixel and token agree in sign: each of the two alone says nothing."""
    rng = np.random.default_rng(seed)
    token, pixel = rng.choice([-1.0, 1.0], (2, n))
    tokens = token[:, None] * np.array([1, -1, 1]) + 0.3 * rng.standard_normal((n, 3))
    pixels = pixel[:, None] + 0.3 * rng.standard_normal((n, 2))
    surroundings = np.abs(rng.standard_normal((n, 8)))
    return samples_of(tokens, pixels, surroundings, (token * pixel > 0).astype(int), rng.integers(0, 20, n))


def scored(fit, samples):
    pixels = np.concatenate([samples.pixels, samples.surroundings], 1)
    hidden = samples.tokens @ fit.token_weight.T + pixels @ fit.pixel_weight.T + fit.hidden_bias
    return np.maximum(hidden, 0) @ fit.weight.T + fit.bias


def test_joins_what_no_linear_head_can():
    samples = crossed()
    found = fit_pixel_mlp(samples, samples.weight, 2, mixed=0)
    x = np.concatenate([samples.tokens, samples.pixels, samples.surroundings], 1)
    linear = fit_logistic(x, samples.index, samples.group, samples.weight, 2)
    assert found.validation.score > 0.9 and linear.validation.score < 0.6
    fresh = crossed(seed=1)
    assert (scored(found, fresh).argmax(1) == fresh.index).mean() > 0.95


def two_sides(seed):
    """Samples of a raster with two kinds of land: those inside, as polygons hold them, and those along the outline."""
    rng = np.random.default_rng(seed)
    truth = np.arange(64) >= 30
    image = torch.from_numpy(np.where(truth, 1.0, -1.0) + 0.7 * rng.standard_normal((2, 64, 64))).float()
    features = pixel_features(image[None])[0].flatten(1).T.numpy()
    tokens = F.avg_pool2d(image[None], 17, 1, 8, count_include_pad=False)[0].flatten(1).T.numpy()
    row, column = np.mgrid[:64, :64].reshape(2, -1)
    index, group = truth[column].astype(int), row // 8 * 2 + truth[column]
    far = np.abs(column - 29.5)

    def part(chosen):
        pixels = features[chosen]
        return samples_of(tokens[chosen], pixels[:, :2], pixels[:, 2:], index[chosen], group[chosen])

    return part(far > 14), part(far < 3)


@pytest.mark.parametrize("seed", range(3))
def test_mixed_samples_teach_what_outlines_look_like(seed):
    inside, outline = two_sides(seed)

    def accuracy(mixed):
        found = fit_pixel_mlp(inside, inside.weight, 2, mixed=mixed)
        return (scored(found, outline).argmax(1) == outline.index).mean()

    assert accuracy(0.8) > accuracy(0.0)


def test_the_same_seed_gives_the_same_bits_and_a_cancel_gets_through():
    samples = crossed(200)
    one, two, other = (fit_pixel_mlp(samples, samples.weight, 2, seed) for seed in (5, 5, 6))
    assert (one.pixel_weight == two.pixel_weight).all() and one.validation.score == two.validation.score
    assert (one.pixel_weight != other.pixel_weight).any()

    def cancel():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_pixel_mlp(samples, samples.weight, 2, check_cancelled=cancel)


def test_the_global_random_state_does_not_matter():
    samples = crossed(200)
    torch.manual_seed(1)
    one = fit_pixel_mlp(samples, samples.weight, 2)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two = fit_pixel_mlp(samples, samples.weight, 2)
    assert (one.weight == two.weight).all() and (torch.get_rng_state() == before).all()


def test_constant_features_and_too_few_groups_do_no_harm():
    samples = crossed(200)
    samples.pixels[:, 1] = 7
    samples.surroundings[:, 1] = samples.surroundings[:, 3] = 0
    lone = samples_of(samples.tokens, samples.pixels, samples.surroundings, samples.index, samples.index)
    found = fit_pixel_mlp(lone, lone.weight, 2)
    assert found.validation.score is None and found.validation.temperature == 1
    assert (scored(found, lone).argmax(1) == lone.index).mean() > 0.8


def test_weights_are_those_of_repeated_samples():
    """A sample of weight 0 is as good as none."""
    samples = crossed(300)
    wrong = np.arange(300) < 100
    samples.index[wrong] = 1 - samples.index[wrong]
    found = fit_pixel_mlp(samples, np.where(wrong, 0.0, 1.0), 2, mixed=0)
    assert (scored(found, samples).argmax(1) == samples.index)[~wrong].mean() > 0.95
    assert (scored(found, samples).argmax(1) == samples.index)[wrong].mean() < 0.1
