"""The transformer of a foreign ViT: its tensors checked name by name and shape by shape."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ...core.errors import InputError

_HEADS = {192: 3, 384: 6, 768: 12, 1024: 16, 1280: 16}  # published sizes; weights do not show it
_HEAD_WIDTH = 64  # of other sizes
_FOREIGN = dict(
    (  # names of blocks and tokens that a plain ViT does not have; as pairs for the same reason as DOFA's
        (".ls1.", "layer scale"),
        (".gamma_1", "layer scale"),
        (".q_norm.", "normalised queries"),
        ("reg_token", "register tokens"),
        ("register_tokens", "register tokens"),
        ("dist_token", "a distillation token"),
        ("norm_pre.", "a norm before its blocks"),
        ("relative_position", "relative positions"),
        (".mlp.w12.", "a gated MLP"),
    )
)


class Trunk:
    """Takes the tensors of a backbone out of a file's, and remembers which."""

    def __init__(self, tensors: Mapping[str, Tensor], layout: str):
        """`tensors` have the names of timm's ViT; `layout` names the file's kind in messages."""
        self._tensors, self._layout = tensors, layout
        self.taken: list[str] = []

    def take(self, name: str, shape: tuple[int | None, ...]) -> Tensor:
        """A tensor in float32. Raises InputError where it is missing, of another shape (None: any) or kind, or not
        finite."""
        found = self._tensors.get(name)
        if found is None or not _fits(found.shape, shape):
            raise InputError(
                f"expected the layout of {self._layout} with {name} of shape {_text(shape)}, found "
                f"{'none' if found is None else _text(found.shape)}: another version, a damaged file, or names that "
                "need a map?"
            )
        if not _is_plain(found):
            raise InputError(f"expected a dense tensor of real numbers, all in the file, found another kind in {name}")
        value = found.float()
        if not torch.isfinite(value).all():
            raise InputError(f"expected finite weights, found NaN or infinity in {name}: the file is damaged")
        self.taken.append(name)
        return value

    def backbone(self, heads: int | None = None) -> tuple[dict, dict[str, Tensor], tuple[str, ...]]:
        """(fields of Architecture but patch_px and input_px, tensors by the names of `ofanet.Backbone`, notes).

        Raises InputError for what is no plain ViT with a class token.
        """
        self._refuse_other_kinds()
        width = self.take("cls_token", (1, 1, None)).shape[2]
        depth = len({name.split(".")[1] for name in self._tensors if name.startswith("blocks.")})
        hidden = self.take("blocks.0.mlp.fc1.weight", (None, width)).shape[0]
        kept = {"cls_token": self._tensors["cls_token"].float(), "pos_embed": self.take("pos_embed", (1, None, width))}
        for name, shape in _block_shapes(depth, width, hidden).items():
            kept[name] = self.take(name, shape)
        norm, notes = self._norm(width)
        fields = {
            "width": width,
            "depth": depth,
            "heads": heads or _HEADS.get(width) or max(1, width // _HEAD_WIDTH),
            "mlp_ratio": hidden / width,
        }
        return fields, kept | norm, notes

    def grid(self, positions: Tensor) -> int:
        """Tokens along a side. Raises InputError where positions are not those of a square and a class token."""
        count = positions.shape[1] - 1
        side = round(count**0.5)
        if side < 1 or side * side != count:
            raise InputError(
                f"expected positions of a square of tokens and a class token, found {count + 1} in this {self._layout}"
            )
        return side

    def _norm(self, width: int) -> tuple[dict[str, Tensor], tuple[str, ...]]:
        for name in ("norm", "fc_norm"):
            if f"{name}.weight" in self._tensors:
                parts = {part: self.take(f"{name}.{part}", (width,)) for part in ("weight", "bias")}
                return {f"norm.{part}": value for part, value in parts.items()}, ()
        fresh = {"norm.weight": torch.ones(width), "norm.bias": torch.zeros(width)}
        return fresh, ("the file has no final norm: features are normalised with weight 1 and bias 0",)

    def _refuse_other_kinds(self) -> None:
        for part, what in _FOREIGN.items():
            if any(part in name for name in self._tensors):
                raise InputError(f"expected a plain Vision Transformer, found one with {what}, which is not read")


def _is_plain(tensor: Tensor) -> bool:
    """Whether it has a stored value for each of its elements: a tiny file may claim a huge tensor of repeated ones."""
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized or tensor.is_complex():
        return False
    return tensor.numel() <= tensor.untyped_storage().nbytes() // tensor.element_size()


def _fits(found: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(found) == len(wanted) and all(w in (None, f) for f, w in zip(found, wanted, strict=True))


def _text(shape: Sequence[int | None]) -> str:
    return " x ".join("?" if size is None else str(size) for size in shape) or "one number"


def _block_shapes(depth: int, width: int, hidden: int) -> dict[str, tuple[int, ...]]:
    shapes = {
        "norm1.weight": (width,),
        "norm1.bias": (width,),
        "attn.qkv.weight": (3 * width, width),
        "attn.qkv.bias": (3 * width,),
        "attn.proj.weight": (width, width),
        "attn.proj.bias": (width,),
        "norm2.weight": (width,),
        "norm2.bias": (width,),
        "mlp.fc1.weight": (hidden, width),
        "mlp.fc1.bias": (hidden,),
        "mlp.fc2.weight": (width, hidden),
        "mlp.fc2.bias": (width,),
    }
    return {f"blocks.{i}.{name}": shape for i in range(depth) for name, shape in shapes.items()}
