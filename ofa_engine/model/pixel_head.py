"""A segmentation head with one hidden layer at full resolution: it joins token features with the pixel's surroundings.

Token features tell what an area is, but hold no outlines: a token is many pixels wide. The bands of a pixel, and their
means and standard deviations in small windows, hold outlines. Which of the two counts depends on both, so that a linear
head on the two together draws staircases along a shore; a hidden layer of some dozen units does not.

Shape letters: B batch, C bands, H W pixels, L tokens, D width, K classes, F pixel features, M hidden units.
"""

import functools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tiling.chunks import PIECE_BYTES, row_pieces
from .heads import upsampling

WINDOWS = (3, 11)  # px: an edge, and texture
HIDDEN = 64
MOST_HIDDEN, MOST_WINDOW = 1024, 63  # a file that wants more is damaged
_PART_PX = 64
_SMALLEST_VARIANCE = 1e-4  # of normalised pixels: less is rounding, and the root's slope at 0 would be infinite


class PixelMLPHead(nn.Module):
    """logits = W2 relu(upsample(Wt tokens) + Wp pixel_features + b1) + b2, for segment.

    Args:
        width: D, of the token features.
        classes: K.
        bands: of the sensor.
        hidden: M.
        windows: sides of the windows of `pixel_features`, in pixels.

    Raises:
        ValueError: where a window has no centre pixel, or sizes are out of all proportion.
    """

    kind, task = "mlp+pixels", "segment"

    def __init__(self, width: int, classes: int, bands: int, hidden: int = HIDDEN, windows: Sequence[int] = WINDOWS):
        super().__init__()
        if not windows or not all(window % 2 and 1 < window <= MOST_WINDOW for window in windows):
            raise ValueError(f"expected windows of 3, 5, 7, ... {MOST_WINDOW} pixels, found {tuple(windows)}")
        if not 0 < hidden <= MOST_HIDDEN:
            raise ValueError(f"expected 1 to {MOST_HIDDEN} hidden units, found {hidden}")
        self.bands, self.windows = bands, tuple(windows)
        pixel_features = bands * (1 + 2 * len(self.windows))
        self.token_weight = nn.Parameter(torch.empty(hidden, width))
        self.pixel_weight = nn.Parameter(torch.empty(hidden, pixel_features))
        self.hidden_bias = nn.Parameter(torch.empty(hidden))
        self.weight = nn.Parameter(torch.empty(classes, hidden))
        self.bias = nn.Parameter(torch.empty(classes))
        for inputs, parameters in (
            (width + pixel_features, (self.token_weight, self.pixel_weight, self.hidden_bias)),
            (hidden, (self.weight, self.bias)),
        ):
            for parameter in parameters:  # as torch.nn.Linear does
                nn.init.uniform_(parameter, -(inputs**-0.5), inputs**-0.5)

    @property
    def settings(self) -> dict:
        """What the header of its file has to say beyond its kind."""
        return {"hidden": len(self.hidden_bias), "windows": list(self.windows)}

    def logits(self, tokens: Tensor, pixels: Tensor, present: Sequence[int] | None = None) -> Tensor:
        """Logits in one go, with gradients.

        Args:
            tokens: (B, L, D) features.
            pixels: (B, C, H, W) normalised, in the tile's own resolution.
            present: 0-based embedder bands that the C channels hold, all by default; a missing band counts as its mean.

        Returns:
            (B, K, H, W).
        """
        down, across = _upsampling(tokens, pixels)
        hidden = (down @ (self._projected(tokens) @ across)).flatten(2)
        weight = self.pixel_weight[:, self._columns(present, pixels)]
        hidden = F.relu(hidden + weight @ pixel_features(pixels.float(), self.windows).flatten(2))
        return (self.weight @ hidden + self.bias[:, None]).unflatten(2, pixels.shape[-2:])

    @torch.no_grad()
    def scores(
        self,
        tokens: Tensor,
        pixels: Tensor,
        present: Sequence[int] | None = None,
        piece_bytes: int | None = None,
    ) -> Tensor:
        """Probabilities of the classes, in pieces of some tiles or of some rows of one.

        Args:
            tokens: (B, L, D) features.
            pixels: (B, C, H, W) normalised, in the tile's own resolution.
            present: 0-based embedder bands that the C channels hold, all by default; a missing band counts as its mean.
            piece_bytes: of the hidden layer worked on at a time; by default what suits the device.

        Returns:
            (B, K, H, W): the softmax of `logits`.
        """
        (down, across), (height, width) = _upsampling(tokens, pixels), pixels.shape[-2:]
        grids = self._projected(tokens)
        weight = self.pixel_weight[:, self._columns(present, pixels)]
        scores = grids.new_empty(len(grids), len(self.bias), height, width)
        row_bytes = max(self.pixel_weight.shape) * width * 4
        # pieces of fewer rows than a window would compute its means mostly for rows outside of the piece
        most_bytes = max(piece_bytes or PIECE_BYTES[scores.device.type], row_bytes * max(self.windows))
        step, margin = max(1, most_bytes // (row_bytes * height)), max(self.windows) // 2
        for some, grid, bands in zip(scores.split(step), grids.split(step), pixels.split(step), strict=True):
            wide = grid @ across
            for rows in row_pieces(height, row_bytes * height, most_bytes):
                top, bottom = max(0, rows.start - margin), min(height, rows.stop + margin)
                features = pixel_features(bands[:, :, top:bottom].float(), self.windows)
                features = features[:, :, rows.start - top : rows.stop - top].flatten(2)
                hidden = (down[rows] @ wide).flatten(2)
                hidden.baddbmm_(weight.expand(len(some), -1, -1), features).relu_()
                part = torch.baddbmm(self.bias[:, None], self.weight.expand(len(some), -1, -1), hidden)
                some[:, :, rows] = part.softmax(1).unflatten(2, (-1, width))
        return scores

    def _projected(self, tokens: Tensor) -> Tensor:
        """(B, M, grid, grid): the tokens' part of the hidden layer, before upsampling, as there are fewer of them than
        pixels."""
        grid = int(tokens.shape[1] ** 0.5)
        projected = F.linear(tokens, self.token_weight, self.hidden_bias).float()
        return projected.transpose(1, 2).unflatten(2, (grid, grid))

    def _columns(self, present: Sequence[int] | None, pixels: Tensor) -> Tensor:
        """(F,) of `pixel_weight`, for the features of the bands that are present."""
        chosen = torch.as_tensor(list(range(self.bands) if present is None else present), device=pixels.device)
        blocks = torch.arange(1 + 2 * len(self.windows), device=pixels.device) * self.bands
        return (blocks[:, None] + chosen).flatten()


def _upsampling(tokens: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices that upsample from tokens (B, L, D) to pixels (B, C, H, W): (H, grid) from the left, (grid, W) from the
    right."""
    grid = int(tokens.shape[1] ** 0.5)
    down, across = (upsampling(grid, size, tokens.device) for size in pixels.shape[-2:])
    return down, across.T


def pixel_features(pixels: Tensor, windows: Sequence[int] = WINDOWS) -> Tensor:
    """Each band of a pixel, and its mean and standard deviation in square windows around it.

    Args:
        pixels: (B, C, H, W) normalised; beyond the tile's border its last pixels are repeated.
        windows: sides, odd, in pixels.

    Returns:
        (B, C * (1 + 2 * len(windows)), H, W), in blocks of C channels: the values; then for each window the means and
        the standard deviations. These are 0 where a window is constant, and a little less than the exact ones, with a
        finite slope, near it.
    """
    channels, blocks = pixels.shape[1], [pixels]
    with torch.autocast(pixels.device.type, enabled=False):  # a variance is the small difference of two large means
        moments = torch.cat([pixels, pixels.square()], 1)
        for window in windows:
            means = _window_means(moments, window)
            mean, square = means[:, :channels], means[:, channels:]
            blocks += [mean, deviation_of(square - mean.square())]
    return torch.cat(blocks, 1)


def deviation_of(variance: Tensor) -> Tensor:
    """The standard deviation, as `pixel_features` has it, for a variance."""
    return (variance.clamp(min=0) + _SMALLEST_VARIANCE).sqrt() - _SMALLEST_VARIANCE**0.5


def variance_of(deviation: Tensor) -> Tensor:
    """The variance for a standard deviation, as `pixel_features` has it."""
    return (deviation + _SMALLEST_VARIANCE**0.5).square() - _SMALLEST_VARIANCE


def _window_means(values: Tensor, window: int) -> Tensor:
    """Means of (..., H, W) in square windows, by matrix products: on a CPU they are much faster than pooling."""
    height, width = values.shape[-2:]
    across = [values[..., part] @ matrix.T for part, matrix in _averaging(width, window, values.device)]
    wide = across[0] if len(across) == 1 else torch.cat(across, -1)
    down = [matrix @ wide[..., part, :] for part, matrix in _averaging(height, window, values.device)]
    return down[0] if len(down) == 1 else torch.cat(down, -2)


@functools.lru_cache(maxsize=64)
@torch.inference_mode(False)
def _averaging(size: int, window: int, device: torch.device) -> list[tuple[slice, Tensor]]:
    """What turns a row of `size` pixels into means over windows, in parts of some dozen results: the pixels of each
    part, and a matrix (results, pixels) in which the pixels at the row's ends also stand for those beyond them."""
    half, found = window // 2, []
    for rows in row_pieces(size, size, _PART_PX):
        used = slice(max(0, rows.start - half), min(size, rows.stop + half))
        offsets = torch.arange(window) - half
        pixel = (torch.arange(rows.start, rows.stop)[:, None] + offsets).clamp(0, size - 1) - used.start
        matrix = torch.zeros(len(pixel), used.stop - used.start)
        found.append((used, matrix.scatter_add_(1, pixel, torch.full(pixel.shape, 1 / window)).to(device)))
    return found
