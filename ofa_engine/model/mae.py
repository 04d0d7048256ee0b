"""Masked image modelling for OFA-Net: the shared encoder sees a quarter of the patches, one decoder per sensor rebuilds
the others (arXiv 2401.07527, section 2.2; MAE, He et al. 2022).

Two things cost nothing in quality and save work: patches are gathered BEFORE embedding, so masked ones are never
embedded (at 224 bands the embedder is a third of the work), and the decoder's last projection and the loss are computed
on masked tokens only. With padding a patch is what its token sees, in the target as well: what a neighbour sees of it
would be no secret. Shape letters: B batch, C bands, L tokens, V visible, M masked, D width, P pixels of a patch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.sensors import Sensor
from .ofanet import Embedder, OFANet, layer_norm, patchify, sincos_positions


@dataclass(frozen=True)
class DecoderSize:
    """The defaults are MAE's, which the paper leaves open."""

    width: int = 512
    depth: int = 8
    heads: int = 16


class Decoder(nn.Module):
    """Reconstructs the masked patches of one sensor from visible tokens and positions."""

    def __init__(
        self,
        sensor: Sensor,
        encoder_width: int,
        size: DecoderSize,
        grid: int,
        patch_px: int,
        norm: Any = layer_norm,
    ):
        super().__init__()
        self.bands, self.patch_values = len(sensor.bands), patch_px**2
        self.embed = nn.Linear(encoder_width, size.width)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, size.width))
        self.register_buffer("pos_embed", sincos_positions(grid, size.width), persistent=False)  # (1, 1 + L, D)
        self.blocks = nn.ModuleList(
            Block(size.width, size.heads, qkv_bias=True, norm_layer=norm) for _ in range(size.depth)
        )
        self.norm = norm(size.width)
        self.predict = nn.Linear(size.width, self.bands * self.patch_values)  # band by band: (C, P) in a row
        nn.init.normal_(self.mask_token, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, features: Tensor, ids_masked: Tensor, ids_restore: Tensor, present: Sequence[int]) -> Tensor:
        """Reconstructs masked patches.

        Args:
            features: (B, 1 + V, D) of the encoder, class token first.
            ids_masked: (B, M) patches of the grid to reconstruct.
            ids_restore: (B, L) place of each patch of the grid in the order visible, then masked.
            present: 0-based bands to reconstruct.

        Returns:
            (B, M, len(present) * P) values.
        """
        x = self.embed(features)
        b, _, width = x.shape
        length = ids_restore.shape[1]
        pos: Tensor = self.pos_embed  # type: ignore[assignment]
        fill = self.mask_token.to(x.dtype).expand(b, length - (x.shape[1] - 1), -1)
        tokens = torch.cat([x[:, 1:], fill], 1).gather(1, ids_restore[..., None].expand(-1, -1, width))  # (B, L, D)
        x = torch.cat([x[:, :1], tokens], 1) + pos
        for block in self.blocks:
            x = block(x)
        x = x.gather(1, 1 + ids_masked[..., None].expand(-1, -1, width))  # (B, M, D): visible tokens are not predicted
        weight: Tensor = self.predict.weight
        bias: Tensor = self.predict.bias
        if len(present) < self.bands:
            index = torch.as_tensor(list(present), device=weight.device)
            weight = weight.view(self.bands, self.patch_values, width)[index].reshape(-1, width)
            bias = bias.view(self.bands, self.patch_values)[index].reshape(-1)
        return F.linear(self.norm(x), weight, bias)


class MaskedAutoencoder(nn.Module):
    """OFA-Net with a decoder for each of its sensors."""

    def __init__(self, model: OFANet, size: DecoderSize = DecoderSize(), mask_ratio: float = 0.75):
        super().__init__()
        if not 0 < mask_ratio < 1 or size.width % size.heads or size.width % 4:
            raise ValueError(f"expected a mask ratio in 0..1 and a width divisible by heads and 4, found {size}")
        arch = model.arch
        self.model, self.mask_ratio, self.size = model, mask_ratio, size
        self.decoders = nn.ModuleDict(
            {key: Decoder(s, arch.width, size, arch.grid, arch.patch_px) for key, s in model.sensors.items()}
        )

    @property
    def visible(self) -> int:
        """V, the number of patches that the encoder sees."""
        return int(self.model.arch.grid**2 * (1 - self.mask_ratio))

    def forward(self, pixels: Tensor, sensor_id: str, noise: Tensor, present: Sequence[int] | None = None) -> Tensor:
        """Loss (B,) per sample: mean squared error of masked patches, each normalised by its own mean and variance.

        Args:
            pixels: (B, C, input_px, input_px) normalised.
            sensor_id: of the embedder and decoder.
            noise: (B, L) in 0..1; the patches with the largest values are masked.
            present: 0-based embedder bands that the C channels hold; None means all that the sensor uses.
        """
        target, prediction, _ = self._predict(pixels, sensor_id, noise, present)
        # float32 or finer: half precision has no room for squares
        values = target if target.dtype == torch.float64 else target.float()
        count = values.shape[-1]
        # what `normalised_patches` gives (unbiased variance), in one fused pass over 224 bands' worth of memory
        share = (count - 1) / count
        wanted = F.layer_norm(values, (count,), eps=1e-6 * share) * share**0.5
        return F.mse_loss(prediction.to(wanted.dtype), wanted, reduction="none").mean((1, 2))

    def _predict(
        self, pixels: Tensor, sensor_id: str, noise: Tensor, present: Sequence[int] | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(target (B, M, C * P), prediction, ids_masked (B, M))."""
        present = self.model.sensors[sensor_id].usable_bands if present is None else present
        ids_shuffle = noise.argsort(1)
        ids_keep, ids_masked = ids_shuffle[:, : self.visible], ids_shuffle[:, self.visible :]
        patches = patchify(pixels, self.model.arch.patch_px, self.model.arch.patch_pad)
        features = self.encode(_take(patches, ids_keep), ids_keep, sensor_id, present)
        decoder = self.decoders[sensor_id]
        prediction = decoder(features, ids_masked, ids_shuffle.argsort(1), present)
        return _take(patches, ids_masked), prediction, ids_masked

    def encode(self, patches: Tensor, ids_keep: Tensor, sensor_id: str, present: Sequence[int]) -> Tensor:
        """(B, V, C * P) visible patches and their places in the grid (B, V) to (B, 1 + V, D) features."""
        embedder: Embedder = self.model.embedders[sensor_id]  # type: ignore[assignment]
        return self.model.backbone(embedder.embed(patches, present), ids_keep)

    @torch.no_grad()
    def reconstruct(
        self, pixels: Tensor, sensor_id: str, noise: Tensor, present: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """(pixels with masked patches replaced by their reconstruction, mask (B, 1, H, W) bool): to look at."""
        target, prediction, ids_masked = self._predict(pixels, sensor_id, noise, present)
        _, mean, std = normalised_patches(target)
        arch, (b, c, h, w) = self.model.arch, pixels.shape
        patches = patchify(pixels, arch.patch_px, arch.patch_pad).clone()
        index = ids_masked[..., None].expand(-1, -1, patches.shape[2])
        patches.scatter_(1, index, (prediction.to(mean.dtype) * std + mean).to(patches.dtype))
        image = patches.view(b, arch.grid, arch.grid, c, arch.patch_px, arch.patch_px)
        image = image.permute(0, 3, 1, 4, 2, 5).reshape(pixels.shape)
        hidden = torch.zeros(b, arch.grid**2, dtype=torch.bool, device=pixels.device).scatter_(1, ids_masked, True)
        mask = hidden.view(b, 1, arch.grid, arch.grid)
        mask = mask.repeat_interleave(arch.patch_px, 2).repeat_interleave(arch.patch_px, 3)
        if arch.patch_pad:  # the last rows and columns are in no patch
            back = (-arch.patch_pad, arch.patch_pad, -arch.patch_pad, arch.patch_pad)
            image, mask = F.pad(image, back), F.pad(mask, back)
            image[..., h - arch.patch_pad :, :] = pixels[..., h - arch.patch_pad :, :]
            image[..., w - arch.patch_pad :] = pixels[..., w - arch.patch_pad :]
        return image, mask


def normalised_patches(patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(patches of zero mean and unit variance each, mean, std); the variance is MAE's: unbiased, plus 1e-6."""
    patches = patches.float() if patches.dtype != torch.float64 else patches
    mean = patches.mean(-1, keepdim=True)
    std = (patches.var(-1, keepdim=True) + 1e-6).sqrt()
    return (patches - mean) / std, mean, std


def _take(patches: Tensor, ids: Tensor) -> Tensor:
    """(B, L, P) patches at ids (B, N) to (B, N, P)."""
    return patches[torch.arange(len(patches), device=patches.device)[:, None], ids]
