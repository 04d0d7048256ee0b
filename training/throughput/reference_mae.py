"""A plain masked autoencoder in the style of the MAE code that the paper builds on, to compare our step with.

All patches are embedded before the visible ones are picked, the decoder projects all tokens, AdamW updates one tensor
after the other, and the loss is fetched each step. Shape letters as in `mae`.
"""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ofa_engine.model.mae import MaskedAutoencoder
from training.pretraining.config import DTYPES
from training.pretraining.optimizer import parameter_groups
from training.pretraining.trainer import Trainer


class ReferenceMAE(nn.Module):
    """One sensor's masked autoencoder as in the MAE code, with the weights of `mae` for the 0-based bands `present`."""

    def __init__(self, mae: MaskedAutoencoder, sensor_id: str, present: Sequence[int]):
        super().__init__()
        embedder: Any = mae.model.embedders[sensor_id]
        decoder: Any = mae.decoders[sensor_id]
        backbone, arch, self.visible = mae.model.backbone, mae.model.arch, mae.visible
        self.patch_px, self.patch_pad = arch.patch_px, arch.patch_pad
        bands, values = list(present), arch.patch_px**2
        kernel = embedder.weight.detach()[:, bands] * (embedder.usable / len(bands))
        self.patch_embed = nn.Conv2d(len(bands), len(kernel), self.patch_px, self.patch_px, self.patch_pad)
        self.patch_embed.weight = nn.Parameter(kernel.clone())
        self.patch_embed.bias = _copy(embedder.bias)
        self.cls_token, self.mask_token = _copy(backbone.cls_token), _copy(decoder.mask_token)
        self.register_buffer("positions", backbone.pos_embed.clone())  # type: ignore[operator]
        self.register_buffer("decoder_positions", decoder.pos_embed.clone())
        self.blocks, self.norm = copy.deepcopy(backbone.blocks), copy.deepcopy(backbone.norm)
        self.decoder_embed, self.decoder_norm = copy.deepcopy(decoder.embed), copy.deepcopy(decoder.norm)
        self.decoder_blocks = copy.deepcopy(decoder.blocks)
        width = decoder.predict.in_features
        self.predict = nn.Linear(width, len(bands) * values)
        self.predict.weight = _copy(decoder.predict.weight.view(-1, values, width)[bands].flatten(0, 1))
        self.predict.bias = _copy(decoder.predict.bias.view(-1, values)[bands].flatten())

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Mean loss of images (B, C, H, W); the patches with the largest noise (B, L) are masked."""
        positions: Tensor = self.positions  # type: ignore[assignment]
        decoder_positions: Tensor = self.decoder_positions  # type: ignore[assignment]
        tokens = self.patch_embed(images).flatten(2).transpose(1, 2) + positions[:, 1:]  # (B, L, D)
        b, length, width = tokens.shape
        noise = torch.rand(b, length, device=images.device) if noise is None else noise
        ids_shuffle = noise.argsort(1)
        ids_restore = ids_shuffle.argsort(1)
        x = tokens.gather(1, ids_shuffle[:, : self.visible, None].expand(-1, -1, width))  # (B, V, D)
        x = torch.cat([(self.cls_token + positions[:, :1]).expand(b, -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))
        mask_tokens = self.mask_token.expand(b, length - self.visible, -1).to(x.dtype)
        patches = torch.cat([x[:, 1:], mask_tokens], 1).gather(1, ids_restore[..., None].expand(-1, -1, x.shape[2]))
        x = torch.cat([x[:, :1], patches], 1) + decoder_positions
        for block in self.decoder_blocks:
            x = block(x)
        prediction = self.predict(self.decoder_norm(x))[:, 1:]  # (B, L, C * P): of all patches
        target = self._targets(images)
        mask = (ids_restore >= self.visible).to(target.dtype)
        loss = (prediction - target).square().mean(2)  # (B, L)
        return (loss * mask).sum() / mask.sum()

    def _targets(self, images: Tensor) -> Tensor:
        """(B, L, C * P) patches, each normalised."""
        b, c, h, w = images.shape
        p, pad = self.patch_px, self.patch_pad
        images = F.pad(images[..., : h - pad, : w - pad], (pad, 0, pad, 0))  # what the convolution sees
        patches = images.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * p * p)
        mean, variance = patches.mean(2, keepdim=True), patches.var(2, keepdim=True)
        return (patches - mean) / (variance + 1e-6).sqrt()


def _copy(parameter: Tensor) -> nn.Parameter:
    return nn.Parameter(parameter.detach().clone())


class ReferenceTrainer:
    """The reference model's step: nothing fused, nothing compiled, the loss fetched each time."""

    def __init__(self, trainer: Trainer, mae: MaskedAutoencoder, sensor_id: str):
        config = trainer.config
        self.model = ReferenceMAE(mae, sensor_id, trainer.sets[sensor_id].bands_present)
        self.model.to(trainer.ranks.device, DTYPES[config.precision])
        self.device, self.half = trainer.ranks.device.type, config.precision == "bf16"
        groups = parameter_groups(self.model, config.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, trainer.peak_lr, betas=(0.9, 0.95), foreach=False, fused=False)

    def step(self, pixels: Tensor) -> float:
        """One update on normalised pixels (B, C, H, W); returns the loss."""
        self.optimizer.zero_grad()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            loss = self.model(pixels)
        loss.backward()
        self.optimizer.step()
        return loss.item()
