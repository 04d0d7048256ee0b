"""What a run learns: the module that is trained, and its inputs from each batch.

An objective is chosen by name from OBJECTIVES; the trainer knows nothing else of it. Another objective is a class as
`Objective` describes it, and an entry in the table.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.mae import MaskedAutoencoder
from ofa_engine.model.ofanet import OFANet
from training.data.shards import ShardSet
from training.pretraining.augment import mask_noise, prepare_batch, random_resized_crop
from training.pretraining.batches import Batch
from training.pretraining.config import DTYPES, PretrainingConfig

Reconstruction = tuple[Tensor, Tensor, Tensor]  # pixels (B, C, H, W), mask (B, 1, H, W), reconstructed (B, C, H, W)


class Objective(Protocol):
    """`module` holds all weights that are trained, the OFA-Net among them as `module.model`. Its forward pass takes
    `inputs(batch)` and returns the loss (B,) of each sample, so that it can be wrapped for several processes.
    `recipe` is what checkpoints and the report call the objective."""

    recipe: str
    module: Any

    def inputs(self, batch: Batch) -> tuple: ...
    def reconstruct(self, batch: Batch) -> Reconstruction | None:
        """Reconstructions of a batch for contact sheets; None for an objective that reconstructs no pixels."""


class MaskedAutoencoding:
    """The paper's: the shared encoder sees a part of the patches, the sensor's decoder reconstructs the others."""

    recipe = "masked image modelling"

    def __init__(self, config: PretrainingConfig, sets: Mapping[str, ShardSet]):
        self.config, self.sets = config, sets
        self.module = MaskedAutoencoder(OFANet(config.architecture, list(sets)), config.decoder, config.mask_ratio)
        self.statistics = {key: samples.statistics() for key, samples in sets.items()}

    def pixels(self, batch: Batch) -> Tensor:
        """(B, C, input_px, input_px): normalised random crops of a batch on the device."""
        config, step = self.config, batch.step
        data = self.sets[step.sensor]
        pixels = prepare_batch(
            batch.values,
            get_sensor(step.sensor),
            data.bands_present,
            data.manifest.units,
            data.manifest.nodata,
            self.statistics[step.sensor],
            DTYPES[config.precision],
        )
        scale = (config.scale_min, 1.0)
        return random_resized_crop(pixels, config.input_px, config.seed, step.epoch, batch.samples, scale)

    def inputs(self, batch: Batch) -> tuple:
        return self.masked(self.pixels(batch), batch)

    def masked(self, pixels: Tensor, batch: Batch) -> tuple:
        """The module's inputs for pixels that are ready, with the batch's own masks."""
        noise = mask_noise(self.config.seed, batch.step.epoch, batch.samples, self.module.model.arch.grid**2)
        return pixels, batch.step.sensor, noise, self.sets[batch.step.sensor].bands_present

    @torch.no_grad()
    def reconstruct(self, batch: Batch) -> Reconstruction:
        self.module.eval()
        pixels = self.pixels(batch)
        noise = mask_noise(0, 0, batch.samples, self.module.model.arch.grid**2)
        present = self.sets[batch.step.sensor].bands_present
        reconstructed, mask = self.module.reconstruct(pixels, batch.step.sensor, noise, present)
        self.module.train()
        return pixels, mask, reconstructed


OBJECTIVES = {"mae": MaskedAutoencoding}
