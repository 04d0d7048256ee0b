"""Heads agree with other solvers of the same problem."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from training.probes.heads import PAPER, HeadRecipe, TokenHead, batch_slices, fit_logistic


def blobs(rng, count, classes=4, width=6, spread=1.0):
    y = rng.integers(0, classes, count)
    return (10 * np.eye(classes, width)[y] * 0.2 + rng.normal(0, spread, (count, width))).astype(np.float32), y


def said(model, x):
    return model.scores(x).argmax(1)


def reference(x, y, strength, classes):
    """Multinomial logistic regression in torch: the same problem, another solver."""
    z = torch.from_numpy((x - x.mean(0)) / x.std(0)).double()
    weight = torch.zeros(classes, x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe"
    )

    def loss():
        solver.zero_grad()
        fit = F.cross_entropy(F.linear(z, weight, bias), torch.from_numpy(y), reduction="sum")
        total = strength * fit + 0.5 * weight.square().sum()
        total.backward()
        return total

    solver.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()


def test_logistic_regression_is_that_of_another_solver():
    rng = np.random.default_rng(1)
    train, valid, test = (blobs(rng, n) for n in (300, 100, 500))
    model = fit_logistic(train, valid)
    x = train[0].astype(np.float64)
    weight, bias = reference(x, train[1], model.strength, 4)
    logits = ((test[0] - x.mean(0)) / x.std(0)) @ weight.T + bias
    assert np.array_equal(said(model, test[0]), logits.argmax(1)) and model.converged
    expected = torch.from_numpy(logits).softmax(1).numpy()
    np.testing.assert_allclose(model.scores(test[0]), expected, atol=1e-3)


def test_strength_is_the_best_on_validation():
    rng = np.random.default_rng(2)
    train, valid = blobs(rng, 60, spread=2.0), blobs(rng, 400, spread=2.0)

    def accuracy(strength):
        return (said(fit_logistic(train, valid, strengths=[strength]), valid[0]) == valid[1]).mean()

    chosen = fit_logistic(train, valid)
    assert accuracy(chosen.strength) >= max(map(accuracy, (1e-4, 1e-2, 1.0))) - 1e-9


def test_two_classes_missing_classes_and_one_class():
    rng = np.random.default_rng(3)
    x, y = blobs(rng, 200, classes=2)
    weight, bias = reference(x.astype(np.float64), y, 0.1, 2)
    model = fit_logistic((x, y), (x, y), strengths=[0.1])
    logits = ((x - x.mean(0)) / x.std(0)) @ weight.T + bias
    assert (said(model, x) == logits.argmax(1)).mean() > 0.99
    gap = fit_logistic((x, 2 * y), (x, np.where(np.arange(200) < 5, 3, 2 * y)))  # none of 1 and 3 to train
    assert gap.scores(x).shape == (200, 4) and set(said(gap, x)) == {0, 2}
    np.testing.assert_allclose(gap.scores(x).sum(1), 1)
    assert set(said(fit_logistic((x, np.ones(200, int)), (x, y)), x)) == {1}


def test_multilabel_is_one_regression_a_class():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(200, 5)).astype(np.float32)
    y = (x @ rng.normal(size=(5, 4)) > 0).astype(np.float32)
    y[:, 2], y[:, 3] = 0, 1  # never, always
    model = fit_logistic((x, y), (x, y), strengths=[1.0])
    assert model.multilabel and (model.scores(x)[:, 2] < 0.5).all() and (model.scores(x)[:, 3] >= 0.5).all()
    one = fit_logistic((x, y[:, 0].astype(int)), (x, y[:, 0].astype(int)), strengths=[1.0])
    np.testing.assert_allclose(model.scores(x)[:, 0], one.scores(x)[:, 1], atol=1e-6)


def test_token_head_scores_pixels_by_convolution_and_upsampling():
    head = TokenHead(8, 3).eval()
    head.norm.running_mean.normal_()
    torch.nn.init.normal_(head.linear.weight)
    tokens = torch.randn(2, 16, 8)
    up = torch.nn.functional.interpolate(tokens.transpose(1, 2).reshape(2, 8, 4, 4), size=(24, 20), mode="bilinear")
    expected = F.conv2d(
        (up - head.norm.running_mean[:, None, None]) / (1 + 1e-5) ** 0.5,
        head.linear.weight[..., None, None],
        head.linear.bias,
    )
    torch.testing.assert_close(head(tokens, (24, 20)), expected, rtol=1e-4, atol=1e-4)


def test_batches_cover_all_and_none_is_single():
    for count in range(2, 30):
        parts = batch_slices(count, 7)
        assert [i for part in parts for i in range(count)[part]] == list(range(count))
        assert all(part.stop - part.start > 1 for part in parts)


@pytest.mark.parametrize("wrong", [HeadRecipe("other"), HeadRecipe(augment=True), HeadRecipe("paper", "lars")])
def test_recipes_that_cannot_be_used(wrong):
    with pytest.raises(InputError, match="expected"):
        wrong.resolved("classify")


def test_the_papers_rates():
    assert PAPER.resolved("classify").lr == 1e-2 and PAPER.resolved("segment").lr == 1e-4
