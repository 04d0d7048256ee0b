"""What a model costs by the architecture in a checkpoint's header: work for a tile, values in memory. Standard library
only, so that QGIS can tell before anything is loaded."""

from collections.abc import Mapping

HEAVY_GFLOP = 4.0  # of a tile: a model for which a run, even a preview, is worth an estimate; ViT-B on 224 px has 17


def tile_gflop(architecture: Mapping, bands: int) -> float:
    """Multiply-adds of one tile's forward pass in 1e9: embedder and blocks.

    Args:
        architecture: width, depth, mlp_ratio, patch_px and input_px, as a checkpoint's header has them.
        bands: bands that are embedded.
    """
    width, patch_px = architecture["width"], architecture["patch_px"]
    tokens = (architecture["input_px"] // patch_px) ** 2
    block = (4 + 2 * architecture["mlp_ratio"]) * width**2 * tokens + 2 * tokens**2 * width
    return float((architecture["depth"] * block + bands * patch_px**2 * width * tokens) / 1e9)


def backbone_bytes(architecture: Mapping) -> int:
    """Bytes of the backbone's matrices in 32 bits, by far the most of a model."""
    values = architecture["depth"] * (4 + 2 * architecture["mlp_ratio"]) * architecture["width"] ** 2
    return int(4 * values)


def duration(seconds: float) -> str:
    """As text: 45 s, 3 min, 2.5 h."""
    if seconds < 90:
        return f"{max(seconds, 1 if seconds > 0 else 0):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
