"""Linear probes on frozen token features: one class per tile (classify) or one class per pixel (segment).

A head of kind `linear` has token features as its only input, as in the paper. One of kind `linear+pixels` has the
normalised bands of the pixel as well: they give sharp edges, and colours that the features no longer hold. For tiles
these are mean and standard deviation per band, and the standard deviation of each token feature over the tile, which
the mean token lacks: it separates fields from forest edges, and towns from roads. (`pixel_head` has the third kind.)

Shape letters: B batch, C bands, H W pixels, L tokens, D width, K classes.
"""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tiling.chunks import PIECE_BYTES, row_pieces

KINDS = {"segment": ("linear", "linear+pixels", "mlp+pixels"), "classify": ("linear", "linear+pixels")}  # by task


class LinearHead(nn.Module):
    """K linear scores of the tile's mean token (classify) or of each token (segment).

    Args:
        width: D, of the token features.
        classes: K.
        task: "classify" or "segment".
        bands: of the sensor, for a head of kind `linear+pixels`; 0 for one of kind `linear`.

    Raises:
        ValueError: for another task.
    """

    def __init__(self, width: int, classes: int, task: str, bands: int = 0):
        super().__init__()
        if task not in ("segment", "classify"):
            raise ValueError(f"expected task segment or classify, found {task!r}")
        self.task, self.bands = task, bands
        self.weight = nn.Parameter(torch.zeros(classes, width))
        self.bias = nn.Parameter(torch.zeros(classes))
        if bands:  # of a tile: the bands' means, then their standard deviations
            self.pixel_weight = nn.Parameter(torch.zeros(classes, bands * (2 if task == "classify" else 1)))
            if task == "classify":
                self.spread_weight = nn.Parameter(torch.zeros(classes, width))

    @property
    def kind(self) -> str:
        return "linear+pixels" if self.bands else "linear"

    @property
    def settings(self) -> dict:
        """What the header of its file has to say beyond its kind."""
        return {}

    def forward(self, tokens: Tensor) -> Tensor:
        """Token features (B, L, D) to their part of the logits: (B, K) for classify, (B, K, grid, grid) for segment."""
        if self.task == "classify":
            return F.linear(tokens.mean(1), self.weight, self.bias)
        b, length, _ = tokens.shape
        grid = int(length**0.5)
        return F.linear(tokens, self.weight, self.bias).transpose(1, 2).reshape(b, -1, grid, grid)

    @torch.no_grad()
    def scores(
        self,
        tokens: Tensor,
        pixels: Tensor,
        present: Sequence[int] | None = None,
        piece_bytes: int | None = None,
    ) -> Tensor:
        """Probabilities of the classes.

        Args:
            tokens: (B, L, D) features.
            pixels: (B, C, H, W) normalised, in the tile's own resolution.
            present: 0-based embedder bands that the C channels hold, all by default; a missing band counts as its mean.
            piece_bytes: of the result worked on at a time; by default what suits the device.

        Returns:
            (B, K) for classify; (B, K, H, W) for segment, of logits up-sampled bilinearly (align_corners=False).
        """
        logits = self(tokens).float()
        chosen = torch.as_tensor(list(range(self.bands) if present is None else present), device=pixels.device)
        if self.task == "segment":
            return self._pixel_scores(logits, pixels, chosen, piece_bytes)
        if self.bands:
            weight = self.pixel_weight[:, torch.cat([chosen, chosen + self.bands])]
            weight = torch.cat([self.spread_weight, weight], 1)
            logits = logits + F.linear(tile_statistics(tokens.float(), pixels.float()), weight)
        return torch.softmax(logits, 1)

    def _pixel_scores(self, logits: Tensor, pixels: Tensor, chosen: Tensor, piece_bytes: int | None) -> Tensor:
        """In pieces, of some tiles or of some rows of one, each in place: only the result takes memory."""
        height, width = pixels.shape[-2:]
        down, right = (upsampling(logits.shape[-1], size, logits.device) for size in (height, width))
        wide = logits @ right.T
        scores = wide.new_empty(*wide.shape[:2], height, width)
        most_bytes, tile_bytes = piece_bytes or PIECE_BYTES[scores.device.type], scores[0].nbytes
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
@torch.inference_mode(False)  # whoever needs a gradient may use the same matrix
def upsampling(grid: int, size: int, device: torch.device) -> Tensor:
    """(size, grid) matrix of bilinear interpolation with align_corners=False: on a CPU a matrix product is faster than
    `F.interpolate`."""
    at = ((torch.arange(size, dtype=torch.float64) + 0.5) * grid / size - 0.5).clamp(0, grid - 1)
    return (1 - (at[:, None] - torch.arange(grid)).abs()).clamp(min=0).float().to(device)


def tile_statistics(tokens: Tensor, pixels: Tensor) -> Tensor:
    """Statistics over a tile, from tokens (B, L, D) and pixels (B, C, H, W) to (B, D + 2 C): standard deviation per
    token feature, mean per band, standard deviation per band."""
    bands = [pixels.mean((2, 3)), pixels.std((2, 3), correction=0)]
    return torch.cat([tokens.std(1, correction=0), *bands], 1)
