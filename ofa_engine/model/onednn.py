"""Linear layers and embedders in oneDNN's packed layout, for inference on a CPU.

On a CPU PyTorch multiplies float32 matrices with MKL, which uses AMD's processors poorly. oneDNN, which comes with
PyTorch, is faster with weights in a layout of its own: docs/performance.md has the figures. An embedder's strided
convolution gains as well when it is written as a product of patches, the more the more bands there are. Results differ
in the last bits.
"""

import functools
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .ofanet import Embedder, patchify


class PackedLinear(nn.Module):
    """A linear layer without a gradient; its weights are held only in oneDNN's layout."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear):
        super().__init__()
        weight = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())
        bias = None if linear.bias is None else linear.bias.detach()
        self.register_buffer("weight", weight, persistent=False)
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")


class PackedEmbedder(nn.Module):
    """An embedder without a gradient. Weights in oneDNN's layout are kept for the bands of the last call."""

    def __init__(self, embedder: Embedder):
        super().__init__()
        self.embedder = embedder
        self._kept: tuple[tuple[int, ...], Tensor] | None = None

    def forward(self, pixels: Tensor, present: Sequence[int]) -> Tensor:
        """As `Embedder.forward`."""
        bands = tuple(present)
        if self._kept is None or self._kept[0] != bands:
            self._kept = None  # never both in memory
            self._kept = bands, torch.ops.mkldnn._reorder_linear_weight(self.embedder.kernel(bands).detach().flatten(1))
        patches = patchify(pixels, self.embedder.patch_px, self.embedder.patch_pad)
        return torch.ops.mkldnn._linear_pointwise(patches, self._kept[1], self.embedder.bias.detach(), "none", [], "")


def pack(model: nn.Module) -> None:
    """Replaces the model's linear layers and embedders, where this PyTorch can; from then on it has
    no gradient and no weights to save."""
    if can_pack():
        _replace(model, nn.Linear, PackedLinear)
        _replace(model, Embedder, PackedEmbedder)


def unpack(model: nn.Module) -> None:
    """Brings PyTorch's own layers back, with the same weights."""
    _replace(model, PackedLinear, _linear)
    _replace(model, PackedEmbedder, lambda packed: packed.embedder)


@functools.cache
def can_pack() -> bool:
    """Whether this PyTorch has the operators. They are internal, made for its compiler: where they are missing or
    behave differently, layers stay as they are."""
    x, linear = torch.linspace(-1, 1, 48).reshape(2, 3, 8), nn.Linear(8, 5)
    try:
        with torch.inference_mode():
            return torch.allclose(PackedLinear(linear)(x), F.linear(x, linear.weight, linear.bias), atol=1e-5)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False


def _replace(model: nn.Module, kind: type[nn.Module], made: Callable) -> None:
    for name, child in list(model.named_children()):
        if type(child) is kind:
            setattr(model, name, made(child))
        else:
            _replace(child, kind, made)


def _linear(packed: PackedLinear) -> nn.Linear:
    weight = packed.weight.to_dense()
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=packed.bias is not None)
    linear.weight = nn.Parameter(weight, requires_grad=False)
    if packed.bias is not None:
        linear.bias = nn.Parameter(packed.bias, requires_grad=False)
    return linear.eval()
