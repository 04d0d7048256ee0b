"""The plain step computes the same as ours, operations are counted right, and the figures are all there."""

import json

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from ofa_engine.core.sensors import SENSORS
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, OFANet, usable_bands
from training import bench
from training.pretraining.config import Config

ARCH, DECODER = Architecture(24, 2, 2, input_px=64), DecoderSize(16, 1, 2)
SMALL = [
    "--model",
    "tiny",
    "--input-px",
    "32",
    "--decoder-width",
    "16",
    "--decoder-depth",
    "1",
    "--decoder-heads",
    "2",
    "--batch",
    "2",
    "--workers",
    "0",
    "--seconds",
    "0.01",
    "--device",
    "cpu",
    "--json",
]


def autoencoder(sensor, dtype=torch.float64):
    torch.manual_seed(1)
    mae = MaskedAutoencoder(OFANet(ARCH, [sensor]), DECODER, 0.75).to(dtype)
    for parameter in mae.parameters():  # biases too
        torch.nn.init.normal_(parameter, std=0.1)
    return mae


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("fewer", [False, True])
def test_the_plain_loss_and_gradients_are_ours(sensor, fewer):
    mae = autoencoder(sensor)
    present = usable_bands(sensor)[1:] if fewer else usable_bands(sensor)
    plain = bench.PlainMAE(mae, sensor, present).double()
    images = torch.randn(3, len(present), 64, 64, dtype=torch.float64)
    noise = torch.rand(3, 16)
    ours, theirs = mae(images, sensor, noise, present).mean(), plain(images, noise)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    ours.backward()
    theirs.backward()
    for mine, other in (
        (mae.model.backbone.blocks[0].attn.qkv.weight, plain.blocks[0].attn.qkv.weight),
        (mae.model.embedders[sensor].bias, plain.patch_embed.bias),
        (mae.decoders[sensor].mask_token, plain.mask_token),
    ):
        torch.testing.assert_close(mine.grad, other.grad, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("plain", [False, True])
def test_operations_are_those_that_torch_counts(plain):
    mae = autoencoder("sentinel-2", torch.float32)
    images, noise = torch.randn(2, 9, 64, 64), torch.rand(2, 16)
    model = bench.PlainMAE(mae, "sentinel-2", range(9)) if plain else mae
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        loss = model(images, noise) if plain else model(images, "sentinel-2", noise).mean()
        loss.backward()
    assert 2 * bench.train_flop(ARCH, DECODER, 9, 0.75, plain) == pytest.approx(counter.get_total_flops(), rel=0.01)


def test_savings_as_counted_at_the_papers_size():
    arch, decoder = Config().architecture, Config().decoder
    ratios = {
        n: bench.train_flop(arch, decoder, n, 0.75, True) / bench.train_flop(arch, decoder, n, 0.75) for n in (3, 224)
    }
    assert 1.0 < ratios[3] < 1.02 and 1.3 < ratios[224] < 1.5


def run(capsys, *arguments, code=0):
    assert bench.main([*SMALL, *arguments]) == code
    out = capsys.readouterr()
    return json.loads(out.out) if code == 0 else out.err


def test_figures_of_random_values(capsys):
    facts = run(capsys, "--sensors", "naip", "enmap", "--reference")
    assert facts["device"] == "cpu" and facts["precision"] == "fp32" and facts["batch"] == 2
    assert list(facts["sensors"]) == ["naip", "enmap"] and facts["peak_tflops"] > 0
    for sensor in facts["sensors"].values():
        assert {key for key, value in sensor.items() if value is None} == {
            "real_images_s",
            "loader_images_s",
            "real_ratio",
            "data_wait_share",
            "limit",
        }
        assert sensor["synthetic_images_s"] > 0 and sensor["mfu"] >= 0 and sensor["peak_memory_mb"] > 100
        low, middle, high = (sensor[f"reference_ratio{end}"] for end in ("_min", "", "_max"))
        assert 0 < low <= middle <= high and sensor["counted_ratio"] > 1


def test_figures_of_prepared_samples(prepared, capsys):
    facts = run(capsys, "--data", str(prepared(["naip"], count=6)))
    (sensor,) = facts["sensors"].values()
    assert None not in sensor.values() and "reference_ratio" not in sensor
    assert sensor["limit"] in ("loader", "compute") and 0 <= sensor["data_wait_share"] <= 1


def test_no_samples_is_the_users_error(tmp_path, capsys):
    assert "expected prepared samples" in run(capsys, "--data", str(tmp_path), code=2)


def test_turns_alternate():
    order = []
    turn = {key: (lambda seconds, key=key: order.append(key) or bench.Timed(4, 2.0)) for key in "ab"}
    done = bench.alternate(turn, 1.0, rounds=3)
    assert order == list("ab" * 4) and len(done["a"]) == len(done["b"]) == 3 and done["a"][0].rate == 2.0


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
    assert bench.peak_tflops(torch.device("cuda"), "bf16") == tflops
    assert bench.peak_tflops(torch.device("cuda"), "fp32") is None
