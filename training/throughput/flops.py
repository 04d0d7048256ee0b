"""Floating-point operations of a training step, and what devices can do."""

import time

import torch

from ofa_engine.model.mae import DecoderSize
from ofa_engine.model.ofanet import Architecture
from training.pretraining.config import DTYPES

# dense bf16 TFLOP/s with fp32 accumulation from NVIDIA's data sheets; the first key in the device's name counts
_PEAK_TFLOPS = (
    ("GH200", 989),
    ("H200", 989),
    ("H100 NVL", 835),
    ("H100 PCIe", 756),
    ("H100", 989),
    ("B200", 2250),
    ("A100", 312),
    ("A40", 150),
    ("A6000", 155),
    ("A10", 125),
    ("L40S", 362),
    ("L40", 181),
    ("L4", 121),
    ("4090", 165),
    ("3090", 71),
)


def training_flops(
    arch: Architecture, decoder: DecoderSize, bands: int, mask_ratio: float, reference: bool = False
) -> float:
    """Floating-point operations of one image's forward and backward pass; matrix products only, a multiply-add is two.

    Backward is twice forward, but once for the embedder, since pixels need no gradients.

    Args:
        arch: of the encoder.
        decoder: size of the decoder.
        bands: of the image.
        mask_ratio: share of the patches that are masked.
        reference: count those of `ReferenceMAE`: all patches are embedded and all tokens projected.
    """
    length, values = arch.grid**2, bands * arch.patch_px**2
    visible = int(length * (1 - mask_ratio))
    embedded, projected = (length, length + 1) if reference else (visible, length - visible)
    forward = arch.depth * _block(arch.width, arch.mlp_ratio, visible + 1)
    forward += (visible + 1) * arch.width * decoder.width
    forward += decoder.depth * _block(decoder.width, 4.0, length + 1) + projected * decoder.width * values
    return 2.0 * (3 * forward + 2 * embedded * arch.width * values)


def _block(width: int, mlp_ratio: float, tokens: int) -> float:
    """Multiply-adds of a transformer block."""
    return (4 + 2 * mlp_ratio) * width**2 * tokens + 2 * tokens**2 * width


def peak_tflops(device: torch.device, precision: str) -> float | None:
    """The device's peak in TFLOP/s: by its name on NVIDIA, for bf16; measured on a CPU; None if it is not known."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
        return next((float(peak) for key, peak in _PEAK_TFLOPS if key in name), None) if precision == "bf16" else None
    size = 2048
    a = torch.randn(size, size, dtype=torch.bfloat16 if precision == "bf16" else DTYPES[precision])
    times = []
    for _ in range(6):
        started = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times) / 1e12
