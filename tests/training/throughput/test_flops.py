"""Floating-point operations are counted right."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet
from training.pretraining.config import PretrainingConfig
from training.throughput.flops import peak_tflops, training_flops
from training.throughput.reference_mae import ReferenceMAE

ARCH, DECODER = Architecture(24, 2, 2, input_px=64), DecoderSize(16, 1, 2)


def autoencoder(sensor, dtype=torch.float64):
    torch.manual_seed(1)
    mae = MaskedAutoencoder(OFANet(ARCH, [sensor]), DECODER, 0.75).to(dtype)
    for parameter in mae.parameters():  # biases too
        torch.nn.init.normal_(parameter, std=0.1)
    return mae


@pytest.mark.parametrize("reference", [False, True])
def test_operations_are_those_that_torch_counts(reference):
    mae = autoencoder("sentinel-2", torch.float32)
    images, noise = torch.randn(2, 9, 64, 64), torch.rand(2, 16)
    model = ReferenceMAE(mae, "sentinel-2", range(9)) if reference else mae
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        loss = model(images, noise) if reference else model(images, "sentinel-2", noise).mean()
        loss.backward()
    assert 2 * training_flops(ARCH, DECODER, 9, 0.75, reference) == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_savings_as_counted_at_the_papers_size():
    arch, decoder = PretrainingConfig().architecture, PretrainingConfig().decoder
    ratios = {
        n: training_flops(arch, decoder, n, 0.75, True) / training_flops(arch, decoder, n, 0.75) for n in (3, 224)
    }
    assert 1.0 < ratios[3] < 1.02 and 1.3 < ratios[224] < 1.5


@pytest.mark.parametrize(
    ("name", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A10", 125),
        ("NVIDIA L4", 121),
        ("NVIDIA L40S", 362),
        ("Something else", None),
    ],
)
def test_peaks_by_name(monkeypatch, name, tflops):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    assert peak_tflops(torch.device("cuda"), "bf16") == tflops
    assert peak_tflops(torch.device("cuda"), "fp32") is None
