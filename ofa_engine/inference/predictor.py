"""From tiles in the raster's unit to scores of a head, or to token features."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..model.ofanet import OFANet
from ..model.preprocess import normalise, resize, to_canonical
from ..pipeline.memory import configure_allocator
from .session import Session


class Predictor:
    """The model of a session: canonical unit, normalisation, resizing, OFA-Net, head, up-sampling.

    Args:
        session: raster, model and head.
        flips: average a pixel's probabilities over the tile and its three mirror images.
    """

    def __init__(self, session: Session, flips: bool = False):
        configure_allocator()
        mean, std = session.checkpoint.statistics(session.sensor.id)
        self.session = session
        self.present = session.present
        self.mirrors: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1)) if flips else ((),)
        self.mean, self.std = [mean[i] for i in self.present], [std[i] for i in self.present]

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """Scores of a batch.

        Args:
            pixels: (B, C, tile_px, tile_px) float32 in the raster's unit, NaN where missing.

        Returns:
            On the model's device: the head's probabilities, (B, K) for classify and (B, K, tile_px, tile_px) for
            segment; without a head token features (B, D, grid, grid).
        """
        head, x = self.session.head, self.normalised(pixels)
        if head is None:
            grid = self.session.checkpoint.model.arch.grid
            return self.tokens(x).transpose(1, 2).reshape(len(x), -1, grid, grid)
        if len(self.mirrors) == 1:
            return head.scores(self.tokens(x), x, self.present)
        total: Tensor | None = None
        for axes in self.mirrors:
            mirrored = x.flip(axes)
            scores = head.scores(self.tokens(mirrored), mirrored, self.present).div_(len(self.mirrors)).flip(axes)
            total = scores if total is None else total.add_(scores)
        return total  # type: ignore[return-value]

    def normalised(self, pixels: Tensor) -> Tensor:
        """The raster's values to the model's, on its device, still in the tile's resolution."""
        session = self.session
        x = to_canonical(pixels.to(session.device, non_blocking=True), session.sensor, session.detection.units or "")
        return normalise(x, self.mean, self.std, in_place=x is not pixels)  # a batch may be tried again

    @torch.inference_mode()
    def tokens(self, normalised: Tensor) -> Tensor:
        """(B, C, H, W) normalised pixels to (B, L, D) float32 token features."""
        return token_features(self.session.checkpoint.model, self.session.sensor.id, self.present, normalised)


def token_features(model: OFANet, sensor_id: str, present: Sequence[int], normalised: Tensor) -> Tensor:
    """(B, C, H, W) normalised pixels of the embedder's bands `present` to (B, L, D) float32 token features; in bfloat16
    on a GPU."""
    device = normalised.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        return model(resize(normalised, model.arch.input_px), sensor_id, present).float()
