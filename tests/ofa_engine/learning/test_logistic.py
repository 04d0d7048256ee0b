"""Logistic regression with blocked cross-validation."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from ofa_engine.learning import logistic
from ofa_engine.learning.logistic import fit_logistic


def blobs(n=600, classes=3, features=5, spread=1.0, seed=0):
    """Classes around different means, in 30 groups of mixed classes."""
    rng = np.random.default_rng(seed)
    index = rng.integers(0, classes, n)
    means = 2 * rng.standard_normal((classes, features))
    x = (means[index] + spread * rng.standard_normal((n, features))).astype(np.float32)
    return x, index, rng.integers(0, 30, n), np.ones(n)


def test_equals_an_independent_solution():
    """At the chosen strength the logits are those that plain gradient descent on the written-out objective finds."""
    x, index, group, weight = blobs(spread=2.5)  # where classes overlap, the solution does not run away
    weight = np.where(index == 1, 3.0, 1.0)
    found = fit_logistic(x, index, group, weight, 3)
    mean, std = np.average(x, 0, weight), np.sqrt(np.average((x - np.average(x, 0, weight)) ** 2, 0, weight))
    z, y = torch.from_numpy((x - mean) / std), torch.from_numpy(index)
    share = torch.from_numpy(weight * len(weight) / weight.sum())
    w, b = (
        torch.zeros(3, 5, dtype=torch.double, requires_grad=True),
        torch.zeros(3, dtype=torch.double, requires_grad=True),
    )
    solver = torch.optim.LBFGS([w, b], max_iter=500, line_search_fn="strong_wolfe", tolerance_grad=1e-9)

    def closure():
        solver.zero_grad()
        losses = torch.nn.functional.cross_entropy(z @ w.T + b, y, reduction="none")
        loss = found.strength * (losses * share).sum() + 0.5 * (w**2).sum()
        loss.backward()
        return loss

    solver.step(closure)
    wanted = (z @ w.T + b).detach().numpy() / found.validation.temperature
    ours = x @ found.weight.T + found.bias
    centred = [a - a.mean(1, keepdims=True) for a in (wanted, ours)]
    np.testing.assert_allclose(*centred, atol=0.05 * np.abs(wanted).max())
    assert (wanted.argmax(1) == ours.argmax(1)).mean() > 0.995


def test_grouped_folds_expose_spatial_autocorrelation():
    """Features that only name the place: splitting pixels at random scores high, whole groups do not."""
    rng = np.random.default_rng(3)
    groups, each = 40, 25
    place = rng.standard_normal((groups, 60))
    group = np.repeat(np.arange(groups), each)
    index = rng.integers(0, 2, groups)[group]
    x = (place[group] + 0.05 * rng.standard_normal((groups * each, 60))).astype(np.float32)
    blocked = fit_logistic(x, index, group, np.ones(len(x)), 2)
    pixelwise = fit_logistic(x, index, np.arange(len(x)), np.ones(len(x)), 2)
    assert pixelwise.validation.score > 0.95 and blocked.validation.score < 0.6


def test_a_class_of_one_group_is_trained_on_but_not_scored():
    x, index, group, weight = blobs()
    far = np.full((20, 5), 30, np.float32) + np.random.default_rng(0).standard_normal((20, 5)).astype(np.float32)
    x, index = np.concatenate([x, far]), np.concatenate([index, np.full(20, 3)])
    group, weight = np.concatenate([group, np.full(20, 99)]), np.ones(620)
    found = fit_logistic(x, index, group, weight, 4)
    assert found.validation.unscored == (3,) and found.validation.matrix[3].sum() == 0 and found.validation.score > 0.8
    near = x.copy()
    near[index == 3] = x[index == 0][:20]  # taken for it now and then: no fault of the mean over scored classes
    again = fit_logistic(near, index, group, weight, 4)
    m = again.validation.matrix
    shares = [m[k, k] / (m[k].sum() + m[:, k].sum() - m[k, k]) for k in (0, 1, 2)]
    assert again.validation.score == pytest.approx(np.mean(shares), abs=1e-5)
    assert ((x @ found.weight.T + found.bias).argmax(1)[index == 3] == 3).all()


def test_too_few_groups_give_a_head_without_a_score():
    x, index, group, weight = blobs()
    found = fit_logistic(x, index, index, weight, 3)
    assert found.validation.score is None and found.validation.folds == 0 and found.validation.temperature == 1
    assert ((x @ found.weight.T + found.bias).argmax(1) == index).mean() > 0.9
    with pytest.raises(ValueError, match="two classes"):
        fit_logistic(x, index * 0, group, weight, 3)


def test_temperature_makes_held_out_samples_most_likely():
    """On labels that are partly wrong the confidence of the fit comes down to what is true on new samples."""
    x, index, group, weight = blobs(2000, spread=3.0)
    found = fit_logistic(x, index, group, weight, 3)
    new, truth, _, _ = blobs(2000, spread=3.0)
    logits = new @ found.weight.T + found.bias
    likely = [-log_softmax(logits * f, 1)[np.arange(2000), truth].mean() for f in (0.5, 1.0, 2.0)]
    assert likely[1] < likely[0] and likely[1] < likely[2]


def test_the_same_seed_gives_the_same_bits_and_a_cancel_gets_through():
    x, index, group, weight = blobs()
    one, two = (fit_logistic(x, index, group, weight, 3, seed=5) for _ in range(2))
    assert (one.weight == two.weight).all() and one.validation.score == two.validation.score
    assert any(
        (fit_logistic(x, index, group, weight, 3, seed=s).validation.matrix != one.validation.matrix).any()
        for s in (6, 7, 8)
    )

    def cancel():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_logistic(x, index, group, weight, 3, check_cancelled=cancel)


def test_constant_features_do_no_harm():
    x, index, group, weight = blobs()
    x = np.concatenate([x, np.full((len(x), 1), 7, np.float32)], 1)
    found = fit_logistic(x, index, group, weight, 3)
    assert np.isfinite(found.weight).all() and found.validation.score > 0.8
    assert logistic.STRENGTHS[0] <= found.strength <= logistic.STRENGTHS[-1]


def test_scale_applies_to_standardised_features():
    """A smaller scale is a stronger penalty: the fit equals one on features scaled by hand."""
    x, index, group, weight = blobs()
    scale = np.array([0.1, 1, 1, 1, 0.1])
    found = fit_logistic(x, index, group, weight, 3, scale=scale)
    plain = fit_logistic(x, index, group, weight, 3)
    wide = ((x - x.mean(0)) / x.std(0) * scale).astype(np.float32)
    w, b = logistic._solve(wide, index, weight, 3, [found.strength])[0]
    logits = (wide @ w.T + b) / found.validation.temperature
    ours = x @ found.weight.T + found.bias
    np.testing.assert_allclose(logits - logits.mean(1, keepdims=True), ours - ours.mean(1, keepdims=True), atol=1e-2)
    assert np.abs(found.weight[:, [0, 4]]).sum() < np.abs(plain.weight[:, [0, 4]]).sum()
