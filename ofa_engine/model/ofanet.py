"""OFA-Net: one patch embedder per sensor in front of one shared Vision Transformer (arXiv 2401.07527, section 2.2).

Shape letters: B batch, C bands, H W pixels, L tokens, D width, K classes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from ..core.model_cost import tile_gflop
from ..core.sensors import SENSORS, Sensor, get_sensor
from .dofa import Embedding, Generator, SubsetEmbedding

POSITIONS = ("sine-cosine", "learned")
layer_norm: Any = partial(nn.LayerNorm, eps=1e-6)


@dataclass(frozen=True)
class Architecture:
    """Size of the shared ViT. The defaults are the paper's: ViT-B/16 on 224 px."""

    width: int = 768
    depth: int = 12
    heads: int = 12
    mlp_ratio: float = 4.0
    patch_px: int = 16
    input_px: int = 224
    patch_pad: int = 0  # token (i, j) sees the pixels from patch_px * i - patch_pad on; zeros outside the tile
    positions: str = "sine-cosine"  # or "learned": a table that comes with the weights and is never computed
    final_norm: bool = True

    @property
    def grid(self) -> int:
        """Tokens along one side of a tile."""
        return (self.input_px + 2 * self.patch_pad - self.patch_px) // self.patch_px + 1

    def check(self) -> None:
        """Raises ValueError, naming what cannot be."""
        if self.input_px % self.patch_px or self.width % self.heads or self.width % 4:
            raise ValueError(f"expected input_px divisible by patch_px and width by heads and 4, found {self}")
        if not 0 <= 2 * self.patch_pad < self.patch_px:
            raise ValueError(f"expected a patch_pad under half of patch_px, found {self}")
        if self.positions not in POSITIONS:
            raise ValueError(f"expected positions {' or '.join(POSITIONS)}, found {self}")


VIT_TINY = Architecture(192, 12, 3)
VIT_SMALL = Architecture(384, 12, 6)
VIT_BASE = Architecture()
VIT_LARGE = Architecture(1024, 24, 16)


def patchify(pixels: Tensor, patch_px: int, patch_pad: int = 0) -> Tensor:
    """(B, C, H, W) to (B, L, C * patch_px**2), for any number of bands; ordered by band, row, column.

    With padding, patches begin `patch_pad` pixels further up and left, and are zero outside the pixels: what a
    convolution with that stride and padding sees.
    """
    if patch_pad:
        pixels = F.pad(pixels, (patch_pad, -patch_pad, patch_pad, -patch_pad))
    b, c, h, w = pixels.shape
    parts = pixels.reshape(b, c, h // patch_px, patch_px, w // patch_px, patch_px)
    return parts.permute(0, 2, 4, 1, 3, 5).reshape(b, (h // patch_px) * (w // patch_px), c * patch_px**2)


class Embedder(nn.Module):
    """A sensor's patch embedding: the strided convolution of ViT, over the bands that are present."""

    def __init__(self, sensor: Sensor, width: int, patch_px: int, patch_pad: int = 0):
        super().__init__()
        self.patch_px, self.patch_pad = patch_px, patch_pad
        self.usable = len(sensor.usable_bands)
        self.of_subset: SubsetEmbedding | None = None
        self.weight = nn.Parameter(torch.empty(width, len(sensor.bands), patch_px, patch_px))
        self.bias = nn.Parameter(torch.zeros(width))
        nn.init.xavier_uniform_(self.weight.view(width, -1))  # as MAE does

    def forward(self, pixels: Tensor, present: Sequence[int]) -> Tensor:
        """(B, C, H, W) normalised pixels of the bands `present` (0-based, in their order) to (B, L, D).

        Missing bands are absent from the sum over bands, which is rescaled by usable / present bands; where the
        checkpoint has a generator, kernels and bias are those of the bands that are present.
        """
        kernel, bias = self.convolution(present)
        tokens = F.conv2d(pixels, kernel, bias, self.patch_px, self.patch_pad)  # (B, D, H/16, W/16)
        return tokens.flatten(2).transpose(1, 2)

    def embed(self, patches: Tensor, present: Sequence[int]) -> Tensor:
        """The same for patches (B, V, C * patch_px**2) in the layout of `patchify`, to (B, V, D)."""
        kernel, bias = self.convolution(present)
        return F.linear(patches, kernel.flatten(1), bias)

    def convolution(self, present: Sequence[int]) -> Embedding:
        """Kernels (D, C, patch_px, patch_px) of the bands `present` and bias (D,): generated for a subset of the bands
        where that is possible, else those of these bands, rescaled."""
        if self.of_subset and len(present) < self.usable:
            return self.of_subset(present)
        return Embedding(self.kernel(present), self.bias)

    def kernel(self, present: Sequence[int]) -> Tensor:
        """(D, C, patch_px, patch_px) weights of the bands `present`, rescaled."""
        weight: Tensor = self.weight
        if len(present) < weight.shape[1]:
            weight = weight[:, torch.as_tensor(list(present), device=weight.device)]
        return weight if len(present) == self.usable else weight * (self.usable / len(present))


class Backbone(nn.Module):
    """The shared ViT trunk: class token, fixed positions, pre-norm blocks, norm. Keys are MAE's.

    Positions are a buffer of the state dict. Learned ones begin as sine-cosine, until they are loaded.
    """

    def __init__(self, arch: Architecture):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, arch.width))
        self.register_buffer("pos_embed", sincos_positions(arch.grid, arch.width))  # (1, 1 + L, D)
        self.blocks = nn.ModuleList(
            Block(arch.width, arch.heads, arch.mlp_ratio, qkv_bias=True, norm_layer=layer_norm)
            for _ in range(arch.depth)
        )
        self.norm = layer_norm(arch.width) if arch.final_norm else nn.Identity()
        nn.init.normal_(self.cls_token, std=0.02)
        for module in self.blocks.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor, ids_keep: Tensor | None = None) -> Tensor:
        """(B, V, D) embedded tokens to (B, 1 + V, D) features; the class token comes first. `ids_keep` (B, V) are their
        places in the grid; None means all of them, in grid order."""
        pos: Tensor = self.pos_embed  # type: ignore[assignment]
        cls_token = (self.cls_token + pos[:, :1]).expand(len(tokens), -1, -1)
        places = pos[:, 1:] if ids_keep is None else pos[0, 1:][ids_keep]
        x = torch.cat([cls_token.to(tokens.dtype), tokens + places.to(tokens.dtype)], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class OFANet(nn.Module):
    """Embedders for `sensors`, and the shared backbone.

    Args:
        arch: of the backbone, and of the patches.
        sensors: ids of the table's, or definitions; `self.sensors` holds the definitions by id.
    """

    def __init__(self, arch: Architecture, sensors: Iterable[str | Sensor] = tuple(SENSORS)):
        super().__init__()
        arch.check()
        self.arch = arch
        defined = (get_sensor(sensor) if isinstance(sensor, str) else sensor for sensor in sensors)
        self.sensors: dict[str, Sensor] = {sensor.id: sensor for sensor in defined}
        self.embedders = nn.ModuleDict(
            {key: Embedder(s, arch.width, arch.patch_px, arch.patch_pad) for key, s in self.sensors.items()}
        )
        self.backbone = Backbone(arch)
        self.generator: Generator | None = None
        self.generator_um: dict[str, tuple[float, ...]] = {}

    def keep_generator(self, generator: Generator, wavelengths_um: Mapping[str, Sequence[float]]) -> None:
        """Generates embedders from now on where bands are missing, instead of leaving these out.

        Args:
            generator: DOFA's.
            wavelengths_um: of each sensor's usable bands, by its id, as its embedder was made from them.
        """
        self.generator = generator
        self.generator_um = {key: tuple(um) for key, um in wavelengths_um.items()}
        for key, um in self.generator_um.items():
            by_band = dict(zip(self.sensors[key].usable_bands, um, strict=True))
            embedder: Any = self.embedders[key]
            embedder.of_subset = SubsetEmbedding(generator, by_band)

    def forward(self, pixels: Tensor, sensor_id: str, present: Sequence[int] | None = None) -> Tensor:
        """Token features (B, L, D) of normalised pixels (B, C, input_px, input_px).

        `present` names the embedder's bands (0-based) that the C channels hold; None means all that the sensor uses.
        """
        if present is None:
            present = self.sensors[sensor_id].usable_bands
        return self.backbone(self.embedders[sensor_id](pixels, present))[:, 1:]

    def fingerprint(self, sensor_id: str) -> str:
        """SHA-256 over names, shapes and half-precision values of the backbone and that sensor's embedder, and of the
        generator where there is one.

        Storing in half precision or dropping decoders and other embedders does not change it.
        """
        return self.fingerprints([sensor_id])[sensor_id]

    def fingerprints(self, sensor_ids: Iterable[str] | None = None) -> dict[str, str]:
        """The same for several sensors, all by default; the backbone is read once."""
        shared, last = hashlib.sha256(), hashlib.sha256()
        _add_to(shared, "backbone", self.backbone)
        if self.generator is not None:
            _add_to(last, "generator", self.generator)
        found = {}
        for key in self.sensors if sensor_ids is None else sensor_ids:
            digest = shared.copy()
            _add_to(digest, "embedder", self.embedders[key])
            if key in self.generator_um:
                digest.update(last.digest())
            found[key] = digest.hexdigest()
        return found

    def tile_gflop(self, bands: int) -> float:
        """Multiply-adds of one tile's forward pass in 1e9 (embedder and blocks), for choosing batch sizes."""
        return tile_gflop(vars(self.arch), bands)


def _add_to(digest: "hashlib._Hash", prefix: str, module: nn.Module) -> None:
    for name, value in sorted(module.state_dict().items()):
        value = value.detach().cpu().half().contiguous()
        digest.update(f"{prefix}.{name}{tuple(value.shape)}".encode())
        digest.update(value.numpy().tobytes())


def sincos_positions(grid: int, width: int) -> Tensor:
    """Fixed 2-D sine-cosine positions (1, 1 + grid*grid, width): half the width for x, half for y; zeros for the class
    token (Vaswani et al. 2017 in two dimensions, as in MAE)."""
    frequency = 1.0 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    angle = torch.arange(grid, dtype=torch.float64)[:, None] * frequency  # (grid, D/4)
    axis = torch.cat([angle.sin(), angle.cos()], 1)  # (grid, D/2)
    x = axis[None].expand(grid, -1, -1)
    y = axis[:, None].expand(-1, grid, -1)
    table = torch.cat([x, y], 2).reshape(grid * grid, width)
    return torch.cat([torch.zeros(1, width, dtype=torch.float64), table])[None].float()
