"""AdamW as masked autoencoders are trained with it, which skips updates whose gradients are not finite, and the moving
average of the weights."""

import torch
from torch import Tensor, nn


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Weight decay on matrices alone: none on biases, norms and tokens."""
    decayed: list[nn.Parameter] = []
    undecayed: list[nn.Parameter] = []
    for name, p in model.named_parameters():
        (undecayed if p.ndim <= 1 or name.endswith("token") else decayed).append(p)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": undecayed, "weight_decay": 0.0}]


def adamw(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.AdamW:
    return torch.optim.AdamW(parameter_groups(model, weight_decay), lr=lr, betas=(0.9, 0.95), fused=True)


def update(model: nn.Module, optimizer: torch.optim.Optimizer, clip_norm: float) -> Tensor:
    """Updates the weights from their gradients and clears them, without waiting for the device.

    Args:
        model: whose parameters have gradients.
        optimizer: fused AdamW.
        clip_norm: largest norm of the gradient; 0: no clipping.

    Returns:
        1.0 where the gradients were not finite and the update was skipped, else 0.0; a scalar on the device.
    """
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    if clip_norm:
        factor = (clip_norm / (norm + 1e-6)).clamp_max(1.0)
        torch._foreach_mul_(gradients, factor)
    skipped = (~torch.isfinite(norm)).float()
    optimizer.found_inf = skipped  # type: ignore[attr-defined]  # fused AdamW then leaves weights and moments alone
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return skipped


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, step: int, decay: float) -> None:
    """Moves the weights of `average` towards the model's: an exponential moving average (Polyak averaging).

    Args:
        average: a copy of the model.
        model: after update number `step`.
        step: from 0; over the first steps the average follows faster, so that the initial weights are forgotten.
        decay: share of the average that stays per step.
    """
    share = 1 - min(decay, (1 + step) / (10 + step))
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), share)
