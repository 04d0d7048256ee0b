"""What an objective is: the module that is trained, and its inputs from each batch. The trainer knows nothing else of
it."""

from typing import Any, Protocol

import torch
from torch import Tensor

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.mae import MaskedAutoencoder
from training.data.shards import ShardSet
from training.pretraining.augment import prepare_batch
from training.pretraining.batches import Batch

Reconstruction = tuple[Tensor, Tensor, Tensor]  # pixels (B, C, H, W), mask (B, 1, H, W), reconstructed (B, C, H, W)


class Objective(Protocol):
    """Made from the configuration, the samples by sensor id, and the pair sets by name.

    Attributes:
        recipe: what checkpoints and the report call the objective.
        loss: what the loss is, in a sentence for the report.
        module: all weights that are trained, the OFA-Net among them as `module.model`. Its forward pass takes
            `inputs(batch)` and returns the loss (B,) of each sample, so that it can be wrapped for several processes.
        decoders: what checkpoints hold besides the OFA-Net.
    """

    recipe: str
    loss: str
    module: Any

    @property
    def decoders(self) -> MaskedAutoencoder | None: ...
    def inputs(self, batch: Batch) -> tuple: ...
    def reconstruct(self, batch: Batch) -> Reconstruction | None:
        """Reconstructions of a batch for contact sheets; None for an objective that reconstructs no pixels."""


def normalised_pixels(
    values: Tensor, samples: ShardSet, statistics: tuple[list[float], list[float]], dtype: torch.dtype
) -> Tensor:
    """Stored values (B, C, H, W) of a set's present bands, normalised by (mean, std) of each of the sensor's bands."""
    manifest = samples.manifest
    sensor = get_sensor(manifest.sensor)
    return prepare_batch(values, sensor, samples.bands_present, manifest.units, manifest.nodata, statistics, dtype)
