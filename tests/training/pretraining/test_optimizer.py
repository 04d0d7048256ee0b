"""Weight decay on matrices alone, clipping, and updates that are skipped."""

import pytest
import torch
from torch import nn

from training.pretraining.optimizer import adamw, parameter_groups, update, update_average


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.norm, self.mask_token = nn.Linear(3, 2), nn.LayerNorm(2), nn.Parameter(torch.ones(1, 1, 2))

    def forward(self, x):
        return (self.norm(self.linear(x)) + self.mask_token[0]).square().sum()


def test_no_weight_decay_on_biases_norms_and_tokens():
    model = Model()
    decayed, undecayed = parameter_groups(model, 0.05)
    assert [id(p) for p in decayed["params"]] == [id(model.linear.weight)] and decayed["weight_decay"] == 0.05
    assert len(undecayed["params"]) == 4 and undecayed["weight_decay"] == 0


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_updates_without_finite_gradients_are_skipped(wrong):
    model = Model()
    optimizer = adamw(model, 0.1, 0.05)
    model(torch.ones(1, 3)).backward()
    assert update(model, optimizer, 0.0) == 0
    before = {name: value.clone() for name, value in model.state_dict().items()}
    (model(torch.ones(1, 3)) * wrong).backward()
    assert update(model, optimizer, 1.0) == 1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


def test_the_norm_of_the_gradient_is_clipped():
    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), 1.0, fused=True)
    before = [p.detach().clone() for p in model.parameters()]
    (1000 * model(torch.ones(1, 3))).backward()
    update(model, optimizer, 0.5)
    steps = torch.cat([(p - old).flatten() for p, old in zip(model.parameters(), before, strict=True)])
    assert steps.norm().item() == pytest.approx(0.5, rel=1e-3)


def test_the_average_follows_the_weights():
    model, average = Model(), Model()
    with torch.no_grad():
        model.linear.weight.add_(1.0)
    before = average.linear.weight.clone()
    update_average(average, model, 1000, 0.9)
    torch.testing.assert_close(average.linear.weight, before + 0.1)
    update_average(average, model, 0, 0.9)  # at the start it follows faster
    torch.testing.assert_close(average.linear.weight, before + 0.1 + 0.9 * 0.9)
    torch.testing.assert_close(model.linear.weight, before + 1.0)
