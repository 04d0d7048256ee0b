"""Statistics of masked patches and contrast of views: an objective for small models and short runs.

Two views of each sample, possibly of two sensors, lose a part of their patches. Two losses are added:
  contrast    a sample's views shall be alike in the mean of their visible tokens, and unlike the other samples of the
              batch: InfoNCE (van den Oord et al. 2018) on a projection, as SimCLR (Chen et al. 2020)
  statistics  one small decoder predicts mean, log deviation and log gradients at two scales of each masked patch and
              band: masked modelling (He et al. 2022) of texture instead of pixels, which no encoder of this size can
              foresee. Targets are not normalised per patch, since brightness and colour are signal
Shape letters: B batch, C bands, L tokens, V visible, M masked, D width, Q statistics of a band.
"""

from collections.abc import Mapping, Sequence

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import Sensor
from ofa_engine.model.mae import DecoderSize
from ofa_engine.model.ofanet import Embedder, OFANet, layer_norm, patchify, sincos_positions
from training.data.pair_sets import PairSet
from training.data.shards import ShardSet
from training.pretraining.batches import Batch
from training.pretraining.config import DTYPES, PretrainingConfig
from training.pretraining.objectives.objective import normalised_pixels
from training.pretraining.objectives.views import View, ViewMaker

STATISTICS = ("mean", "log deviation", "log gradient", "log gradient of halves")
_FLAT = 0.05  # standard deviations; added before logarithms, for flat patches
_PROJECTED = 128  # width of what is compared
_TEMPERATURE = 0.2


class StatisticsContrast:
    """The objective, on samples of one sensor and on pair sets."""

    recipe = "statistics of masked patches and contrast of views"
    loss = (
        "Weighted sum of the contrast of two views of each sample (the logarithm of the batch's size where samples "
        "cannot be told apart) and the smooth L1 error of the masked patches' statistics."
    )
    decoders = None

    def __init__(
        self, config: PretrainingConfig, sets: Mapping[str, ShardSet], pairs: Mapping[str, PairSet] | None = None
    ):
        """Raises InputError for a pair set with sensors that have no samples of their own, or patches below 4 px."""
        self.config, self.sets, self.pairs = config, sets, pairs or {}
        for name, pair in self.pairs.items():
            if not set(pair.sets) <= set(sets):
                raise InputError(f"expected samples of {', '.join(pair.sets)} for {name}, found {', '.join(sets)}")
        if config.patch_px < 4:
            raise InputError(f"expected patches of at least 4 px for their statistics, found {config.patch_px}")
        model = OFANet(config.architecture, list(sets))
        weights = (config.statistics_weight, config.contrast_weight)
        self.module = StatisticsContrastModule(model, config.decoder, config.mask_ratio, *weights)
        self.statistics = {key: samples.statistics() for key, samples in sets.items()}
        grid = config.architecture.grid
        self.views = ViewMaker(config.input_px, grid, config.seed, config.scale_min, config.band_drop)

    def inputs(self, batch: Batch) -> tuple[View, View]:
        """Two views of each sample; of a pair set one of each sensor, normalised as the sensors' own samples are."""
        pair = self.pairs.get(batch.step.sensor)
        if pair is None:
            samples = self.sets[batch.step.sensor]
            pixels = self._pixels(batch.values, samples)
            return self._view(0, pixels, samples, batch), self._view(1, pixels, samples, batch)
        first, second = (pair.sets[key] for key in pair.drawn(batch.step.number))
        assert batch.partner is not None
        return (
            self._view(0, self._pixels(batch.values, first), first, batch),
            self._view(1, self._pixels(batch.partner, second), second, batch),
        )

    def _pixels(self, values: Tensor, samples: ShardSet) -> Tensor:
        statistics = self.statistics[samples.manifest.sensor]
        return normalised_pixels(values, samples, statistics, DTYPES[self.config.precision])

    def _view(self, number: int, pixels: Tensor, samples: ShardSet, batch: Batch) -> View:
        sensor, present = samples.manifest.sensor, samples.bands_present
        return self.views.make(number, pixels, sensor, present, batch.step.epoch, batch.samples)

    def reconstruct(self, batch: Batch) -> None:
        return None


class StatisticsContrastModule(nn.Module):
    """OFA-Net with the projection and the decoder that the losses need."""

    def __init__(
        self,
        model: OFANet,
        size: DecoderSize,
        mask_ratio: float = 0.5,
        statistics_weight: float = 1.0,
        contrast_weight: float = 1.0,
    ):
        super().__init__()
        arch = model.arch
        if not 0 < mask_ratio < 1 or size.width % size.heads or size.width % 4:
            raise ValueError(f"expected a mask ratio in 0..1 and a width divisible by heads and 4, found {size}")
        self.model, self.visible = model, int(arch.grid**2 * (1 - mask_ratio))
        self.statistics_weight, self.contrast_weight = statistics_weight, contrast_weight
        self.decoder = StatisticsDecoder(model.sensors, arch.width, size, arch.grid)
        self.project = nn.Sequential(
            nn.Linear(arch.width, 2 * arch.width), nn.GELU(), nn.Linear(2 * arch.width, _PROJECTED)
        )

    def forward(self, first: View, second: View) -> Tensor:
        """Loss (B,) of each sample; the other samples of the batch are what it is compared with."""
        views = (first, second)
        arch = self.model.arch
        patches = [patchify(view.pixels, arch.patch_px, arch.patch_pad) for view in views]
        features = [self.encode(view, p) for view, p in zip(views, patches, strict=True)]
        losses = []
        if self.contrast_weight:
            projected = [self.project(x.mean(1)) for x in features]
            losses.append(self.contrast_weight * info_nce(projected[0], projected[1], _TEMPERATURE))
        if self.statistics_weight:
            for view, p, x in zip(views, patches, features, strict=True):
                losses.append(self.statistics_weight / 2 * self.statistics_loss(view, p, x))
        return sum(losses[1:], losses[0])

    def encode(self, view: View, patches: Tensor) -> Tensor:
        """(B, V, D) features of the visible ones of patches (B, L, C * P * P); masked ones are never embedded."""
        ids_keep = view.ids_shuffle[:, : self.visible]
        embedder: Embedder = self.model.embedders[view.sensor]  # type: ignore[assignment]
        return self.model.backbone(embedder.embed(_take(patches, ids_keep), view.present), ids_keep)[:, 1:]

    def statistics_loss(self, view: View, patches: Tensor, features: Tensor) -> Tensor:
        """(B,) mean over masked patches, bands and statistics; linear for errors above 1, so that clouds and glints do
        not dominate."""
        masked = _fine(_take(patches, view.ids_shuffle[:, self.visible :]))
        wanted = patch_statistics(masked, self.model.arch.patch_px)
        found = self.decoder(features, view.ids_shuffle, view.sensor, view.present)
        return F.smooth_l1_loss(_fine(found), wanted, reduction="none").mean((1, 2, 3))


class StatisticsDecoder(nn.Module):
    """From visible tokens and positions to the statistics of masked patches: blocks for all sensors, one linear layer
    per sensor."""

    def __init__(self, sensors: Mapping[str, Sensor], encoder_width: int, size: DecoderSize, grid: int):
        super().__init__()
        self.embed = nn.Linear(encoder_width, size.width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.register_buffer("pos_embed", sincos_positions(grid, size.width)[:, 1:], persistent=False)  # (1, L, D)
        self.blocks = nn.ModuleList(
            Block(size.width, size.heads, qkv_bias=True, norm_layer=layer_norm) for _ in range(size.depth)
        )
        self.norm = layer_norm(size.width)
        self.predict = nn.ModuleDict(
            {key: nn.Linear(size.width, len(s.bands) * len(STATISTICS)) for key, s in sensors.items()}
        )
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, features: Tensor, ids_shuffle: Tensor, sensor: str, present: Sequence[int]) -> Tensor:
        """(B, V, D) features of the patches ids_shuffle[:, :V] to statistics (B, M, C, Q) of ids_shuffle[:, V:]."""
        x = self.embed(features)
        b, visible, width = x.shape
        pos: Tensor = self.pos_embed  # type: ignore[assignment]
        fill = self.mask_token.to(x.dtype).expand(b, ids_shuffle.shape[1] - visible, -1)
        x = torch.cat([x, fill], 1) + pos[0][ids_shuffle].to(x.dtype)  # shuffled: attention needs no order
        for block in self.blocks:
            x = block(x)
        predict: nn.Linear = self.predict[sensor]  # type: ignore[assignment]
        index = torch.as_tensor(list(present), device=x.device)
        weight = predict.weight.view(-1, len(STATISTICS), width)[index].flatten(0, 1)
        bias = predict.bias.view(-1, len(STATISTICS))[index].flatten()
        return F.linear(self.norm(x[:, visible:]), weight, bias).unflatten(-1, (len(present), len(STATISTICS)))


def patch_statistics(patches: Tensor, patch_px: int) -> Tensor:
    """Statistics of each patch and band, in the order of STATISTICS.

    Deviations are the population's. A gradient is the mean absolute difference of neighbours in rows and columns; that
    of halves is taken after averaging 2 x 2 pixels.

    Args:
        patches: (B, M, C * P * P) normalised pixels in the layout of `patchify`.
        patch_px: side of a patch, 4 at least.

    Returns:
        (B, M, C, Q).
    """
    patches = patches.unflatten(-1, (-1, patch_px, patch_px))
    deviation, mean = torch.std_mean(patches, dim=(-2, -1), correction=0)
    halves = F.avg_pool2d(patches.flatten(0, 2)[:, None], 2).unflatten(0, patches.shape[:3])[:, :, :, 0]
    logs = [(part + _FLAT).log() for part in (deviation, _gradient(patches), _gradient(halves))]
    return torch.stack([mean, *logs], -1)


def _gradient(patches: Tensor) -> Tensor:
    """(..., P, P) to (...): mean absolute difference of neighbours, over both directions."""
    return (patches.diff(dim=-1).abs().mean((-2, -1)) + patches.diff(dim=-2).abs().mean((-2, -1))) / 2


def info_nce(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """(B,) cross-entropy of finding each row of a (B, D) its partner, the row of b (B, D) of the same number, by cosine
    similarity over the temperature; mean of both directions."""
    with torch.autocast(a.device.type, enabled=False):  # half precision cannot tell similar rows apart
        a, b = F.normalize(_fine(a), dim=-1), F.normalize(_fine(b), dim=-1)
        logits = a @ b.T / temperature
    target = torch.arange(len(a), device=a.device)
    rows = F.cross_entropy(logits, target, reduction="none")
    return (rows + F.cross_entropy(logits.T, target, reduction="none")) / 2


def _fine(values: Tensor) -> Tensor:
    """In float32 or finer."""
    return values if values.dtype == torch.float64 else values.float()


def _take(patches: Tensor, ids: Tensor) -> Tensor:
    """(B, L, P) patches at ids (B, N) to (B, N, P)."""
    return patches[torch.arange(len(patches), device=patches.device)[:, None], ids]
