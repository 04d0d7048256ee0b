"""DOFA's patch embedding from wavelengths (Xiong et al. 2024, arXiv 2403.15356, section 3.2).

A small transformer reads one encoded wavelength per band and answers with one kernel per band and a bias. For a fixed
list of wavelengths the result is an ordinary convolution. Kernels follow their bands through any order, but kernels and
bias depend on the whole list: a subset of bands has kernels of its own.

Shape letters: C bands, D width, E size of an encoding.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ENCODING = 128  # E
_HEADS, _FEED_FORWARD, _WEIGHT_TOKENS = 4, 2048, 128
_SCALE = 0.01  # of kernels and bias
_NM_PER_UM = 1000.0


class Embedding(NamedTuple):
    """A patch embedding as a convolution."""

    weight: Tensor  # (D, C, patch_px, patch_px)
    bias: Tensor  # (D,)


class Generator(nn.Module):
    """Kernels and bias of a patch embedding from encoded wavelengths."""

    def __init__(self, width: int, patch_px: int):
        super().__init__()
        self.width, self.patch_px = width, patch_px
        self.residual = nn.ModuleList([nn.Linear(ENCODING, ENCODING), nn.Linear(ENCODING, ENCODING)])
        self.weight_tokens = nn.Parameter(torch.zeros(_WEIGHT_TOKENS, ENCODING))
        self.bias_token = nn.Parameter(torch.zeros(1, ENCODING))
        self.encoder = nn.TransformerEncoderLayer(ENCODING, _HEADS, _FEED_FORWARD, dropout=0.0, activation="gelu")
        self.to_kernel = nn.Linear(ENCODING, patch_px**2 * width)
        self.to_bias = nn.Linear(ENCODING, width)

    def forward(self, encoded: Tensor) -> Embedding:
        """The patch embedding of bands with these encoded wavelengths (C, E)."""
        first, second = self.residual
        bands = encoded + F.relu(second(F.relu(first(encoded))))
        seen = self.encoder(torch.cat([self.weight_tokens, bands, self.bias_token]))  # (weight tokens + C + 1, E)
        kernel = self.to_kernel(seen[_WEIGHT_TOKENS:-1] + bands)
        kernel = kernel.view(len(bands), self.patch_px, self.patch_px, self.width).permute(3, 0, 1, 2)
        return Embedding((_SCALE * kernel).contiguous(), _SCALE * self.to_bias(seen[-1]))


def generate(generator: Generator, wavelengths_um: Sequence[float]) -> Embedding:
    """The patch embedding of bands with these wavelengths.

    Args:
        generator: DOFA's.
        wavelengths_um: one per band; radar bands have the number that they had in pretraining (3.75).

    Returns:
        Kernels in the order of the wavelengths, and the bias, without gradient.
    """
    known = generator.bias_token
    wavelengths = torch.tensor(wavelengths_um, dtype=torch.float32, device=known.device)
    with torch.no_grad(), torch.autocast(known.device.type, enabled=False):
        return generator(encode_wavelengths(wavelengths).to(known.dtype))


class SubsetEmbedding:
    """The patch embedding of those of a sensor's bands that a raster has; the last answer is kept."""

    def __init__(self, generator: Generator, wavelengths_um: Mapping[int, float]):
        """`wavelengths_um` are those of the sensor's bands, by 0-based number."""
        self._generator, self._wavelengths_um = generator, dict(wavelengths_um)
        self._kept: tuple[tuple[int, ...], Embedding] | None = None

    def __call__(self, present: Sequence[int]) -> Embedding:
        """Of the bands `present` (0-based, in their order)."""
        bands = tuple(present)
        if self._kept is None or self._kept[0] != bands:
            self._kept = bands, generate(self._generator, [self._wavelengths_um[band] for band in bands])
        return self._kept[1]


def encode_wavelengths(wavelengths_um: Tensor) -> Tensor:
    """(C,) wavelengths in um to (C, E): sines, then cosines of the wavelength in nm at 64 frequencies.

    In single precision, as in pretraining: at 2400 nm its rounding is visible in the sines.
    """
    half = ENCODING // 2
    steps = torch.arange(half, dtype=torch.float32, device=wavelengths_um.device) / half
    angle = torch.outer(wavelengths_um * _NM_PER_UM, 1.0 / 10000**steps)
    return torch.cat([angle.sin(), angle.cos()], 1)


def generator_of(tensors: dict[str, Tensor]) -> Generator:
    """The generator whose tensors these are, by our names.

    Raises:
        KeyError, IndexError, RuntimeError: where a name is missing or a shape does not fit.
    """
    width = tensors["to_bias.weight"].shape[0]
    patch_px = round((tensors["to_kernel.weight"].shape[0] / width) ** 0.5)
    with torch.device("meta"):  # no random start for 25 million values that are replaced
        generator = Generator(width, patch_px)
    generator.load_state_dict(tensors, assign=True)
    return generator.eval().requires_grad_(False)
