"""SatMAE's Vision Transformer over groups of Sentinel-2 bands (Cong et al. 2022, arXiv 2207.08051, section 4.2), whose
frozen features are compared with ours. Built from the paper and from the names in its published checkpoints.

Each group of bands of similar resolution has its own patch embedding, so that each place has one token per
group. One part of a token's positional embedding says where it is, the other to which group it belongs. Shape letters
as in `ofanet`, and G groups.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional as F

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.imports import read_weights
from ofa_engine.model.ofanet import layer_norm, sincos_positions

BANDS = ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B11", "B12")  # fMoW-Sentinel's without B1, B9 and B10
GROUPS = ((0, 1, 2, 6), (3, 4, 5, 7), (8, 9))  # of 10 m, of 20 m up to the near infrared, of short-wave infrared
_HEADS = {768: 12, 1024: 16, 1280: 16}  # the published sizes; a checkpoint does not say it


class SatMAE(nn.Module):
    """The encoder. Parameters have the names of the published checkpoints."""

    def __init__(
        self,
        width: int = 768,
        depth: int = 12,
        heads: int = 12,
        patch_px: int = 8,
        grid: int = 12,
        group_width: int = 256,
    ):
        super().__init__()
        if width % heads or (width - group_width) % 4 or group_width % 2:
            raise ValueError(f"expected width divisible by heads, found {width} and {heads}, of groups {group_width}")
        self.patch_px, self.grid = patch_px, grid
        self.patch_embed = nn.ModuleList(
            nn.ModuleDict({"proj": nn.Conv2d(len(group), width, patch_px, patch_px)}) for group in GROUPS
        )
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(sincos_positions(grid, width - group_width))  # (1, 1 + L, D - group_width)
        self.channel_embed = nn.Parameter(_sincos_numbers(len(GROUPS), group_width))  # (1, G, group_width)
        self.channel_cls_embed = nn.Parameter(torch.zeros(1, 1, group_width))
        self.blocks = nn.ModuleList(
            Block(width, heads, 4.0, qkv_bias=True, norm_layer=layer_norm) for _ in range(depth)
        )
        self.norm = layer_norm(width)

    @property
    def input_px(self) -> int:
        """The size that it was trained for: 96 in the published checkpoints. Positions of others are interpolated."""
        return self.grid * self.patch_px

    def forward(self, pixels: Tensor, present: Sequence[int]) -> Tensor:
        """Token features (B, L, D), averaged over groups, of normalised pixels (B, C, H, W); no class token.

        `present` names the bands of our sentinel-2 embedder (0-based) that the C channels hold. That embedder has no
        B8A, which is thus always missing. A missing band is treated as in our embedders: it is absent from its group's
        sum over bands, which is rescaled by the group's bands / present ones; a group with no band has no tokens.
        Pixels come with mean 0 and deviation 1 and are brought to SatMAE's own range here: mean - 2 deviations is 0,
        mean + 2 deviations is 1, values beyond are clipped (its rounding to 8 bits is left out).
        Raises ValueError for a size that is no multiple of patch_px or channels other than `present`.
        """
        places = self._places(present)
        if pixels.shape[1] != len(places) or pixels.shape[2] % self.patch_px or pixels.shape[3] % self.patch_px:
            raise ValueError(f"expected {len(places)} bands and a multiple of {self.patch_px} px, found {pixels.shape}")
        pixels = (pixels / 4 + 0.5).clamp(0, 1)
        parts = []
        for number, group in enumerate(GROUPS):
            channels = [channel for channel, place in enumerate(places) if place in group]
            if channels:
                tokens = self._embed(number, pixels[:, channels], [group.index(places[c]) for c in channels])
                parts.append(tokens + self._positions(number, pixels.shape[2:]))
        first = self.cls_token + torch.cat([self.pos_embed[:, :1], self.channel_cls_embed], 2)
        x = torch.cat([first.expand(len(pixels), -1, -1), *parts], 1)  # (B, 1 + G*L, D)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)[:, 1:].unflatten(1, (len(parts), -1)).mean(1)

    def _places(self, present: Sequence[int]) -> list[int]:
        """Index in BANDS of each of our embedder's bands."""
        names = get_sensor("sentinel-2").band_names
        return [BANDS.index(names[number]) for number in present]

    def _embed(self, number: int, pixels: Tensor, inside: list[int]) -> Tensor:
        """(B, c, H, W) of the present bands of group `number`, given by their index in it, to (B, L, D)."""
        proj: nn.Conv2d = self.patch_embed[number]["proj"]  # type: ignore[index]
        weight = proj.weight[:, inside] * (len(GROUPS[number]) / len(inside))
        return F.conv2d(pixels, weight, proj.bias, stride=self.patch_px).flatten(2).transpose(1, 2)

    def _positions(self, number: int, size_px: Sequence[int]) -> Tensor:
        """(1, L, D): where a token is and to which group it belongs."""
        high, wide = (px // self.patch_px for px in size_px)
        pos = self.pos_embed[:, 1:]
        if (high, wide) != (self.grid, self.grid):
            pos = pos.transpose(1, 2).unflatten(2, (self.grid, self.grid))
            pos = F.interpolate(pos, (high, wide), mode="bicubic").flatten(2).transpose(1, 2)
        return torch.cat([pos, self.channel_embed[:, number : number + 1].expand(-1, high * wide, -1)], 2)


def _sincos_numbers(count: int, width: int) -> Tensor:
    """(1, count, width): sines and cosines of the numbers 0, 1, ..."""
    frequency = 10000.0 ** -(torch.arange(width // 2, dtype=torch.float64) / (width // 2))
    angle = torch.arange(count, dtype=torch.float64)[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], 1)[None].float()


def load_satmae(path: str | Path) -> SatMAE:
    """The frozen encoder in a checkpoint of SatMAE's group-channel models, pretrained or fine-tuned.

    Decoder and classification head are left out. A fine-tuned one that averages tokens has `fc_norm` for `norm`; a
    pretrained one has no `channel_cls_embed`, which is zero then. Raises InputError, also for what is not safe to read.
    """
    if not Path(path).exists():
        raise InputError(f"expected a checkpoint of SatMAE, found no file {path}")
    tensors = {key.replace("fc_norm.", "norm."): value for key, value in read_weights(Path(path)).items()}
    try:
        kernel, width = tensors["patch_embed.0.proj.weight"], tensors["cls_token"].shape[2]
        group_width, grid = tensors["channel_embed"].shape[2], round((tensors["pos_embed"].shape[1] - 1) ** 0.5)
    except (KeyError, IndexError) as error:
        raise InputError(f"expected SatMAE's group-channel model in {path}, found none: {error} is missing") from error
    depth = len({key.split(".")[1] for key in tensors if key.startswith("blocks.")})
    try:
        model = SatMAE(width, depth, _HEADS.get(width, max(1, width // 64)), kernel.shape[-1], grid, group_width)
        own = model.state_dict()
        tensors.setdefault("channel_cls_embed", own["channel_cls_embed"])
        model.load_state_dict({key: value for key, value in tensors.items() if key in own})
    except (ValueError, RuntimeError) as error:  # RuntimeError: names or shapes that do not fit
        line = " ".join(str(error).split())[:300]
        raise InputError(f"expected SatMAE's group-channel model in {path}, found other weights: {line}") from error
    return model.eval().requires_grad_(False)
