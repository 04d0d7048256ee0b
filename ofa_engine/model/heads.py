"""Linear probes on frozen token features: one class a tile (classify) or one class a pixel (segment).

Of kind `linear` they see tokens alone (the paper's); of kind `linear+pixels` also the normalised bands of the pixel
itself: sharp edges, and colours that tokens have forgotten. For tiles that is each band's mean and deviation, and also
how much the tokens differ within the tile, which their mean does not tell: fields from forest edges, towns from roads.
"""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tiling.axis import PIECE_BYTES, row_pieces

KINDS = ("linear", "linear+pixels")


class LinearHead(nn.Module):
    """K linear scores of D features; `task` says of which: the tile's mean token, or each token. With `bands`, the
    number of the sensor's bands, also of what the pixels give."""

    def __init__(self, width: int, classes: int, task: str, bands: int = 0):
        super().__init__()
        if task not in ("segment", "classify"):
            raise ValueError(f"expected task segment or classify, found {task!r}")
        self.task, self.bands = task, bands
        self.weight = nn.Parameter(torch.zeros(classes, width))
        self.bias = nn.Parameter(torch.zeros(classes))
        if bands:  # a tile has its bands' means, then their deviations
            self.pixel_weight = nn.Parameter(torch.zeros(classes, bands * (2 if task == "classify" else 1)))
            if task == "classify":
                self.spread_weight = nn.Parameter(torch.zeros(classes, width))

    @property
    def kind(self) -> str:
        return KINDS[bool(self.bands)]

    def forward(self, tokens: Tensor) -> Tensor:
        """Token features (B, L, D) to their part of the logits: (B, K) for classify, (B, K, grid, grid) for segment."""
        if self.task == "classify":
            return F.linear(tokens.mean(1), self.weight, self.bias)
        b, length, _ = tokens.shape
        grid = int(length**0.5)
        return F.linear(tokens, self.weight, self.bias).transpose(1, 2).reshape(b, -1, grid, grid)

    @torch.no_grad()
    def scores(self, tokens: Tensor, pixels: Tensor, present: Sequence[int] | None = None) -> Tensor:
        """Probabilities: (B, K) for classify; (B, K, H, W) for segment, of bilinearly up-sampled logits.

        `pixels` (B, C, H, W) are normalised, in the tile's own resolution, of the embedder bands `present` (all by
        default); a band that is not there counts as its mean.
        """
        logits = self(tokens).float()
        chosen = torch.as_tensor(list(range(self.bands) if present is None else present), device=pixels.device)
        if self.task == "segment":
            return self._of_pixels(logits, pixels, chosen)
        if self.bands:
            weight = self.pixel_weight[:, torch.cat([chosen, chosen + self.bands])]
            weight = torch.cat([self.spread_weight, weight], 1)
            logits = logits + F.linear(tile_statistics(tokens.float(), pixels.float()), weight)
        return torch.softmax(logits, 1)

    def _of_pixels(self, logits: Tensor, pixels: Tensor, chosen: Tensor) -> Tensor:
        """By pieces, some tiles or some rows of one, each in place: only the result takes memory."""
        height, width = pixels.shape[-2:]
        down, right = (_upsampling(logits.shape[-1], size, logits.device) for size in (height, width))
        wide = logits @ right.T
        scores = wide.new_empty(*wide.shape[:2], height, width)
        most_bytes, tile_bytes = PIECE_BYTES[scores.device.type], scores[0].nbytes
        step = max(1, most_bytes // tile_bytes)
        weight = self.pixel_weight[:, chosen] if self.bands else None
        for some, grid, bands in zip(scores.split(step), wide.split(step), pixels.split(step), strict=True):
            for rows in row_pieces(height, tile_bytes, most_bytes):
                part = down[rows] @ grid
                if weight is not None:
                    colors = bands[:, :, rows].float().flatten(2)
                    part.flatten(2).baddbmm_(weight.expand(len(some), -1, -1), colors)
                part.sub_(part.amax(1, keepdim=True)).exp_()
                torch.div(part, part.sum(1, keepdim=True), out=some[:, :, rows])
        return scores


@functools.cache
def _upsampling(grid: int, size: int, device: torch.device) -> Tensor:
    """(size, grid): bilinear interpolation with the corners of pixels aligned, as a matrix: a product is faster than
    torch's own on a CPU."""
    at = ((torch.arange(size, dtype=torch.float64) + 0.5) * grid / size - 0.5).clamp(0, grid - 1)
    return (1 - (at[:, None] - torch.arange(grid)).abs()).clamp(min=0).float().to(device)


def tile_statistics(tokens: Tensor, pixels: Tensor) -> Tensor:
    """(B, L, D) and (B, C, H, W) to (B, D + 2 C): over the tile, the standard deviation of each token feature, each
    band's mean, each band's standard deviation."""
    bands = [pixels.mean((2, 3)), pixels.std((2, 3), correction=0)]
    return torch.cat([tokens.std(1, correction=0), *bands], 1)
