"""Linear probes on frozen token features: one class a tile (classify) or one class a pixel (segment)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LinearHead(nn.Module):
    """K linear scores of D features; `task` says of which: the tile's mean token, or each token."""

    def __init__(self, width: int, classes: int, task: str):
        super().__init__()
        if task not in ("segment", "classify"):
            raise ValueError(f"expected task segment or classify, found {task!r}")
        self.task = task
        self.weight = nn.Parameter(torch.zeros(classes, width))
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, tokens: Tensor) -> Tensor:
        """Token features (B, L, D) to logits: (B, K) for classify, (B, K, grid, grid) for segment."""
        if self.task == "classify":
            return F.linear(tokens.mean(1), self.weight, self.bias)
        b, length, _ = tokens.shape
        grid = int(length**0.5)
        return F.linear(tokens, self.weight, self.bias).transpose(1, 2).reshape(b, -1, grid, grid)

    def scores(self, tokens: Tensor, tile_px: int) -> Tensor:
        """Probabilities: (B, K) for classify; (B, K, tile_px, tile_px) for segment, of bilinearly up-sampled logits."""
        logits = self(tokens).float()
        if self.task == "segment":
            logits = F.interpolate(logits, size=(tile_px, tile_px), mode="bilinear", align_corners=False)
        return logits.softmax(1)


def class_table(values: Sequence[int], names: Sequence[str], colors: Sequence[str]) -> list[dict]:
    """The classes as a head's header keeps them, in the order of the head's outputs. Raises ValueError."""
    if not len(values) == len(names) == len(colors) or len(set(values)) != len(values):
        raise ValueError("expected one distinct value, one name and one colour a class")
    if not all(0 <= value <= 254 for value in values):
        raise ValueError(f"expected class values 0 to 254, found {sorted(values)}")
    return [{"value": int(v), "name": n, "color": c} for v, n, c in zip(values, names, colors, strict=True)]
