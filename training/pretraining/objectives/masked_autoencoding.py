"""The paper's objective: masked image modelling."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ofa_engine.core.errors import InputError
from ofa_engine.model.mae import MaskedAutoencoder
from ofa_engine.model.ofanet import OFANet
from training.data.pair_sets import PairSet
from training.data.shards import ShardSet
from training.pretraining.augment import mask_noise, random_resized_crop
from training.pretraining.batches import Batch
from training.pretraining.config import DTYPES, PretrainingConfig
from training.pretraining.objectives.objective import Reconstruction, normalised_pixels


class MaskedAutoencoding:
    """The shared encoder sees a part of the patches, the sensor's decoder reconstructs the others."""

    recipe = "masked image modelling"
    loss = (
        "Mean squared error of the masked patches that one decoder per sensor reconstructs, each normalised to zero "
        "mean and unit variance: 1 is what guessing a patch's mean gives."
    )

    def __init__(
        self, config: PretrainingConfig, sets: Mapping[str, ShardSet], pairs: Mapping[str, PairSet] | None = None
    ):
        """Raises InputError for pair sets: each batch is of one sensor."""
        if pairs:
            raise InputError(f"expected weights of sensors alone for this objective, found {', '.join(pairs)}")
        self.config, self.sets = config, sets
        self.module = MaskedAutoencoder(OFANet(config.architecture, list(sets)), config.decoder, config.mask_ratio)
        self.statistics = {key: samples.statistics() for key, samples in sets.items()}

    @property
    def decoders(self) -> MaskedAutoencoder:
        return self.module

    def pixels(self, batch: Batch) -> Tensor:
        """(B, C, input_px, input_px): normalised random crops of a batch on the device."""
        config, step = self.config, batch.step
        samples, statistics = self.sets[step.sensor], self.statistics[step.sensor]
        pixels = normalised_pixels(batch.values, samples, statistics, DTYPES[config.precision])
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
