"""A segmentation head with one hidden layer at full resolution: it joins token features with the pixel's surroundings.

Token features tell what an area is, but hold no outlines: a token is many pixels wide. The bands of a pixel, and their
means and standard deviations in small windows, hold outlines. Which of the two counts depends on both, so that a linear
head on the two together draws staircases along a shore; a hidden layer of some dozen units does not.

Shape letters: B batch, C bands, H W pixels, L tokens, D width, K classes, F pixel features, M hidden units.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..tiling.chunks import PIECE_BYTES, row_pieces
from .heads import upsampling

WINDOWS = (3, 11)  # px: an edge, and texture
HIDDEN = 64
MOST_HIDDEN, MOST_WINDOW = 1024, 63  # a file that wants more is damaged
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
        if not all(window % 2 and 1 < window <= MOST_WINDOW for window in windows):
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
        down, wide = self._upsampled_across(tokens, pixels)
        return self._logits(down @ wide, pixel_features(pixels.float(), self.windows), self._columns(present, pixels))

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
        down, wide = self._upsampled_across(tokens, pixels)
        chosen = self._columns(present, pixels)
        height, width = pixels.shape[-2:]
        scores = wide.new_empty(len(wide), len(self.bias), height, width)
        most_bytes = piece_bytes or PIECE_BYTES[scores.device.type]
        tile_bytes = max(self.pixel_weight.shape) * height * width * 4
        step = max(1, most_bytes // tile_bytes)
        margin = max(self.windows, default=1) // 2
        for some, grid, bands in zip(scores.split(step), wide.split(step), pixels.split(step), strict=True):
            for rows in row_pieces(height, tile_bytes, most_bytes):
                top, bottom = max(0, rows.start - margin), min(height, rows.stop + margin)
                features = pixel_features(bands[:, :, top:bottom].float(), self.windows)
                features = features[:, :, rows.start - top : rows.stop - top]
                some[:, :, rows] = self._logits(down[rows] @ grid, features, chosen).softmax(1)
        return scores

    def _upsampled_across(self, tokens: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(upsampling matrix down (H, grid), tokens' part of the hidden layer, upsampled across (B, M, grid, W)):
        projected first, since there are fewer tokens than pixels."""
        grid = int(tokens.shape[1] ** 0.5)
        projected = F.linear(tokens, self.token_weight, self.hidden_bias).float().transpose(1, 2)
        down, right = (upsampling(grid, size, tokens.device) for size in pixels.shape[-2:])
        return down, projected.unflatten(2, (grid, grid)) @ right.T

    def _columns(self, present: Sequence[int] | None, pixels: Tensor) -> Tensor:
        """(F,) of `pixel_weight`, for the features of the bands that are present."""
        chosen = torch.as_tensor(list(range(self.bands) if present is None else present), device=pixels.device)
        blocks = torch.arange(1 + 2 * len(self.windows), device=pixels.device) * self.bands
        return (blocks[:, None] + chosen).flatten()

    def _logits(self, hidden: Tensor, features: Tensor, chosen: Tensor) -> Tensor:
        """(B, K, H, W) of the tokens' part of the hidden layer (B, M, H, W) and of pixel features (B, F, H, W)."""
        hidden = hidden + torch.einsum("mf,bfhw->bmhw", self.pixel_weight[:, chosen], features)
        return torch.einsum("km,bmhw->bkhw", self.weight, hidden.relu()) + self.bias[:, None, None]


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
    channels = pixels.shape[1]
    blocks = [pixels]
    for window in windows:
        padded = F.pad(pixels, (window // 2,) * 4, mode="replicate")
        moments = torch.cat([padded, padded.square()], 1)
        moments = F.avg_pool2d(F.avg_pool2d(moments, (1, window), 1), (window, 1), 1)
        mean, square = moments[:, :channels], moments[:, channels:]
        variance = (square - mean.square()).clamp(min=0)
        blocks += [mean, (variance + _SMALLEST_VARIANCE).sqrt() - _SMALLEST_VARIANCE**0.5]
    return torch.cat(blocks, 1)
