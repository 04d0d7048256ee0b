import dataclasses

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ofa_engine.core.model_cost import HEAVY_GFLOP, backbone_bytes, duration, tile_gflop
from ofa_engine.model.ofanet import VIT_BASE, VIT_TINY, Architecture, OFANet

SMALL = Architecture(width=96, depth=3, heads=3, mlp_ratio=2.0, patch_px=8, input_px=64)


@pytest.mark.parametrize("arch", [SMALL, VIT_TINY])
def test_the_work_for_a_tile_is_what_pytorch_counts(arch):
    """But for the class token, which is one of many."""
    model, bands = OFANet(arch, ["sentinel-2"]).eval(), 9
    in_full = sdpa_kernel(SDPBackend.MATH)  # the counter does not know the fused attention of a CPU
    with torch.no_grad(), in_full, FlopCounterMode(display=False) as counter:
        model(torch.zeros(1, bands, arch.input_px, arch.input_px), "sentinel-2")
    counted = counter.get_total_flops() / 2e9  # a multiply-add is two operations
    assert tile_gflop(dataclasses.asdict(arch), bands) == pytest.approx(counted, rel=0.03)
    matrices = sum(4 * p.numel() for p in model.backbone.parameters() if p.ndim == 2)
    assert backbone_bytes(dataclasses.asdict(arch)) == matrices


def test_a_vit_base_is_heavy_and_a_tiny_one_is_not():
    base, tiny = (tile_gflop(dataclasses.asdict(arch), 9) for arch in (VIT_BASE, VIT_TINY))
    assert tiny < HEAVY_GFLOP < base


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1 s"), (89.4, "89 s"), (300, "5 min"), (5399, "90 min"), (9000, "2.5 h")]
)
def test_times_in_words(seconds, text):
    assert duration(seconds) == text
