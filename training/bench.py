"""`python -m training.bench`: how fast pretraining is on this machine, by sensor, and what bounds it.

synthetic: whole steps (normalising, cropping, forward, backward, optimizer) on one batch that stays on the device;
real: the same with samples from prepared shards through pretraining's own loader; loader: that loader alone. Shards
that were read before come from the system's cache. `--reference` sets beside our step a plain one in the style of the
MAE code that the paper builds on: all patches are embedded before the visible ones are picked, the decoder projects all
tokens, AdamW goes from tensor to tensor and the loss is fetched each step. Both get the same normalised pixels.
What is compared is measured in turns, so that a change of the machine's mood meets both.
"""

import argparse
import contextlib
import copy
import gc
import itertools
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psutil
import torch
from torch import Tensor, nn

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.model.mae import DecoderSize, MaskedAutoencoder
from ofa_engine.model.ofanet import Architecture, usable_bands
from training.data.shards import Manifest, ShardSet, find_sets
from training.pretrain import DTYPES, Ranks, Trainer, batches, ranks
from training.pretraining.config import SIZES, Config
from training.pretraining.report import machine
from training.pretraining.schedule import Plan, Step
from training.pretraining.state import parameter_groups

_ROUNDS = 5
_WARM_STEPS = 2
# dense bf16 TFLOP/s with fp32 accumulation from NVIDIA's data sheets; the first name that occurs in the device's counts
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


# --- the plain step beside ours ---------------------------------------------------------------------------------


class PlainMAE(nn.Module):
    """One sensor's masked autoencoder without our savings, with the weights of `mae` for the bands `present`."""

    def __init__(self, mae: MaskedAutoencoder, sensor_id: str, present: Sequence[int]):
        super().__init__()
        embedder: Any = mae.model.embedders[sensor_id]
        decoder: Any = mae.decoders[sensor_id]
        backbone, self.visible, self.patch_px = mae.model.backbone, mae.visible, mae.model.arch.patch_px
        bands, values = list(present), mae.model.arch.patch_px**2
        kernel = embedder.weight.detach()[:, bands] * (embedder.usable / len(bands))
        self.patch_embed = nn.Conv2d(len(bands), len(kernel), self.patch_px, self.patch_px)
        self.patch_embed.weight = nn.Parameter(kernel.clone())
        self.patch_embed.bias = _copy(embedder.bias)
        self.cls_token, self.mask_token = _copy(backbone.cls_token), _copy(decoder.mask_token)
        self.register_buffer("positions", backbone.pos_embed.clone())  # type: ignore[operator]
        self.register_buffer("decoder_positions", decoder.pos_embed.clone())
        self.blocks, self.norm = copy.deepcopy(backbone.blocks), copy.deepcopy(backbone.norm)
        self.decoder_embed, self.decoder_norm = copy.deepcopy(decoder.embed), copy.deepcopy(decoder.norm)
        self.decoder_blocks = copy.deepcopy(decoder.blocks)
        width = decoder.predict.in_features
        self.predict = nn.Linear(width, len(bands) * values)
        self.predict.weight = _copy(decoder.predict.weight.view(-1, values, width)[bands].flatten(0, 1))
        self.predict.bias = _copy(decoder.predict.bias.view(-1, values)[bands].flatten())

    def forward(self, images: Tensor, noise: Tensor | None = None) -> Tensor:
        """Mean loss of images (B, C, H, W); the patches with the largest noise (B, L) are hidden."""
        positions: Tensor = self.positions  # type: ignore[assignment]
        decoder_positions: Tensor = self.decoder_positions  # type: ignore[assignment]
        tokens = self.patch_embed(images).flatten(2).transpose(1, 2) + positions[:, 1:]  # (B, L, D)
        b, length, width = tokens.shape
        noise = torch.rand(b, length, device=images.device) if noise is None else noise
        shuffled = noise.argsort(1)
        restore = shuffled.argsort(1)
        x = tokens.gather(1, shuffled[:, : self.visible, None].expand(-1, -1, width))  # (B, V, D)
        x = torch.cat([(self.cls_token + positions[:, :1]).expand(b, -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))
        hidden = self.mask_token.expand(b, length - self.visible, -1).to(x.dtype)
        rest = torch.cat([x[:, 1:], hidden], 1).gather(1, restore[..., None].expand(-1, -1, x.shape[2]))
        x = torch.cat([x[:, :1], rest], 1) + decoder_positions
        for block in self.decoder_blocks:
            x = block(x)
        prediction = self.predict(self.decoder_norm(x))[:, 1:]  # (B, L, C * P): of all patches
        target = self._targets(images)
        mask = (restore >= self.visible).to(target.dtype)
        loss = (prediction - target).square().mean(2)  # (B, L)
        return (loss * mask).sum() / mask.sum()

    def _targets(self, images: Tensor) -> Tensor:
        """(B, L, C * P) patches, each normalised."""
        b, c, h, w = images.shape
        p = self.patch_px
        patches = images.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * p * p)
        mean, variance = patches.mean(2, keepdim=True), patches.var(2, keepdim=True)
        return (patches - mean) / (variance + 1e-6).sqrt()


def _copy(parameter: Tensor) -> nn.Parameter:
    return nn.Parameter(parameter.detach().clone())


class PlainTrainer:
    """The plain model's step: nothing fused, nothing compiled, the loss fetched each time."""

    def __init__(self, trainer: Trainer, sensor_id: str):
        self.model = PlainMAE(trainer.mae, sensor_id, trainer.sets[sensor_id].bands_present)
        self.model.to(trainer.ranks.device, DTYPES[trainer.config.precision])
        self.device, self.half = trainer.ranks.device.type, trainer.config.precision == "bf16"
        groups = parameter_groups(self.model, trainer.config.weight_decay)
        self.optimizer = torch.optim.AdamW(groups, trainer.peak_lr, betas=(0.9, 0.95), foreach=False, fused=False)

    def step(self, pixels: Tensor) -> float:
        self.optimizer.zero_grad()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            loss = self.model(pixels)
        loss.backward()
        self.optimizer.step()
        return loss.item()


# --- counting ---------------------------------------------------------------------------------------------------


def train_flop(arch: Architecture, decoder: DecoderSize, bands: int, mask_ratio: float, plain: bool = False) -> float:
    """Floating-point operations of one image's forward and backward pass, a multiply-add being two: matrix products
    only. Backward is twice forward, but once for the embedder, since nobody asks for gradients of pixels. `plain`: with
    all patches embedded and all tokens projected."""
    length, values = arch.grid**2, bands * arch.patch_px**2
    visible = int(length * (1 - mask_ratio))
    embedded, projected = (length, length + 1) if plain else (visible, length - visible)
    forward = arch.depth * _block(arch.width, arch.mlp_ratio, visible + 1)
    forward += (visible + 1) * arch.width * decoder.width
    forward += decoder.depth * _block(decoder.width, 4.0, length + 1) + projected * decoder.width * values
    return 2.0 * (3 * forward + 2 * embedded * arch.width * values)


def _block(width: int, mlp_ratio: float, tokens: int) -> float:
    """Multiply-adds of a transformer block."""
    return (4 + 2 * mlp_ratio) * width**2 * tokens + 2 * tokens**2 * width


def peak_tflops(device: torch.device, precision: str) -> float | None:
    """What the device does at best: by its name on NVIDIA, for bf16; measured on a CPU; None where it is not known."""
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


class _Memory:
    """Peak memory within a `with` block in MB: allocated on a GPU, the process's resident memory on a CPU."""

    def __init__(self, device: torch.device):
        self.device, self.peak_mb, self._over = device, 0.0, threading.Event()

    def __enter__(self) -> "_Memory":
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        else:
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()
        return self

    def _look(self) -> None:
        process = psutil.Process()
        while not self._over.wait(0.02):
            self.peak_mb = max(self.peak_mb, process.memory_info().rss / 2**20)

    def __exit__(self, *error: object) -> None:
        if self.device.type == "cuda":
            self.peak_mb = torch.cuda.max_memory_allocated(self.device) / 2**20
        else:
            self._over.set()
            self._thread.join()


# --- timing -----------------------------------------------------------------------------------------------------


@dataclass
class Timed:
    images: int
    seconds: float
    waited: float = 0.0  # seconds of it in which the next batch was not there

    @property
    def rate(self) -> float:
        return self.images / self.seconds


Turn = Callable[[float], Timed]  # seconds to go on for -> what was done


def alternate(turns: dict[str, Turn], seconds: float, rounds: int = _ROUNDS) -> dict[str, list[Timed]]:
    """Each turn `rounds` times, A B A B ..., together `seconds` for each; before, each once to warm up."""
    done: dict[str, list[Timed]] = {key: [] for key in turns}
    for turn in turns.values():
        turn(0.0)
    for _ in range(rounds):
        for key, turn in turns.items():
            done[key].append(turn(seconds / rounds))
    return done


def _ratios(above: list[Timed], below: list[Timed]) -> list[float]:
    return [a.rate / b.rate for a, b in zip(above, below, strict=True)]


def _median_rate(turns: list[Timed]) -> float:
    return statistics.median(turn.rate for turn in turns)


def _steps_for(work: Callable[[], object], batch: int, device: torch.device, seconds: float) -> Timed:
    """The same work again and again, at least once."""
    started, images = time.perf_counter(), 0
    while images == 0 or time.perf_counter() - started < seconds:
        work()
        images += batch
    _wait_for(device)
    return Timed(images, time.perf_counter() - started)


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# --- one sensor -------------------------------------------------------------------------------------------------


class _Drawn:
    """Stands in for prepared samples: random values of the model's input size, in the sensor's canonical unit."""

    def __init__(self, sensor_id: str, size_px: int):
        sensor = get_sensor(sensor_id)
        self.bands_present = list(usable_bands(sensor_id))
        self.manifest = Manifest(
            sensor_id,
            sensor.unit,
            [len(sensor.bands), size_px, size_px],
            "float32",
            "random",
            0,
            mean=list(sensor.mean),
            std=list(sensor.std),
        )

    def __len__(self) -> int:
        return 2**20

    def read(self, numbers: Sequence[int]) -> Any:
        mean, std = (torch.tensor(getattr(self.manifest, n))[self.bands_present, None, None] for n in ("mean", "std"))
        size = self.manifest.shape[1:]
        return (mean + std * torch.randn(len(numbers), len(self.bands_present), *size)).numpy()


class _Sensor:
    """What is measured of one sensor."""

    def __init__(self, config: Config, sensor_id: str, data: ShardSet | None, here: Ranks):
        self.config, self.key, self.here, self.data = config, sensor_id, here, data
        source = data or cast(ShardSet, _Drawn(sensor_id, config.input_px))
        self.trainer = Trainer(config, {sensor_id: source}, here, lambda text: None)
        numbers = torch.arange(config.batch) % len(source)
        self.step = Step(0, 0, sensor_id, numbers.numpy())
        self.samples = numbers.to(here.device)
        values = source.read(numbers.tolist())
        values = values.astype("int32") if values.dtype == "uint16" else values
        self.raw = torch.from_numpy(values).to(here.device)
        self.flop = self._flop(plain=False)

    def _flop(self, plain: bool) -> float:
        config, bands = self.config, len(self.trainer.sets[self.key].bands_present)
        return train_flop(config.architecture, config.decoder, bands, config.mask_ratio, plain)

    def synthetic(self, seconds: float) -> Timed:
        work = lambda: self.trainer.step(self.step, self.samples, self.raw)  # noqa: E731
        return _steps_for(work, self.config.batch, self.here.device, seconds)

    def _loader(self, data: ShardSet) -> Iterator[tuple[Step, Tensor, Tensor]]:
        plan = Plan({self.key: len(data)}, batch=self.config.batch, epochs=2**20, seed=self.config.seed)
        steps = list(itertools.islice(plan.walk(0, plan.steps), 2**12))
        for index, samples, raw in batches({self.key: data}, steps, self.here, self.config.workers):
            yield steps[index], samples, raw

    def real(self, seconds: float) -> Timed:
        """Steps on samples from shards; the loader's start is not timed."""
        assert self.data is not None
        loader = self._loader(self.data)
        for batch in itertools.islice(loader, _WARM_STEPS):
            self.trainer.step(*batch)
        _wait_for(self.here.device)
        started, done = time.perf_counter(), Timed(0, 0.0)
        while done.images == 0 or time.perf_counter() - started < seconds:
            waiting = time.perf_counter()
            batch = next(loader)
            done.waited += time.perf_counter() - waiting
            self.trainer.step(*batch)
            done.images += self.config.batch
        _wait_for(self.here.device)
        done.seconds = time.perf_counter() - started
        return done

    def loader(self, seconds: float) -> Timed:
        assert self.data is not None
        loader = self._loader(self.data)
        for _ in range(_WARM_STEPS):
            next(loader)
        return _steps_for(lambda: next(loader), self.config.batch, torch.device("cpu"), seconds)

    def beside_reference(self, seconds: float) -> dict[str, Any]:
        """Our step and the plain one in turns, both from normalised pixels that stay on the device."""
        with torch.no_grad():
            pixels = self.trainer.images(self.step, self.samples, self.raw)
        plain, batch, device = PlainTrainer(self.trainer, self.key), self.config.batch, self.here.device
        self.trainer.images = lambda step, samples, raw: raw  # type: ignore[method-assign]  # they are ready
        turns: dict[str, Turn] = {
            "ours": lambda s: _steps_for(lambda: self.trainer.step(self.step, self.samples, pixels), batch, device, s),
            "reference": lambda s: _steps_for(lambda: plain.step(pixels), batch, device, s),
        }
        try:
            done = alternate(turns, seconds)
        finally:
            del self.trainer.images  # the class's own again
        ratios = _ratios(done["ours"], done["reference"])
        return {
            "ours_images_s": round(_median_rate(done["ours"]), 2),
            "reference_images_s": round(_median_rate(done["reference"]), 2),
            "reference_ratio": round(statistics.median(ratios), 3),
            "reference_ratio_min": round(min(ratios), 3),
            "reference_ratio_max": round(max(ratios), 3),
            "counted_ratio": round(self._flop(plain=True) / self.flop, 3),
        }

    def measure(self, seconds: float, peak: float | None, reference: bool) -> dict[str, Any]:
        with _Memory(self.here.device) as memory:
            turns: dict[str, Turn] = {"synthetic": self.synthetic}
            if self.data:
                turns |= {"real": self.real, "loader": self.loader}
            done = alternate(turns, seconds)
        rates = {key: _median_rate(timed) for key, timed in done.items()}
        tflops = rates["synthetic"] * self.flop / 1e12
        real = done.get("real")
        return {
            "bands": self.raw.shape[1],
            "synthetic_images_s": round(rates["synthetic"], 2),
            "real_images_s": round(rates["real"], 2) if real else None,
            "loader_images_s": round(rates["loader"], 2) if real else None,
            "real_ratio": round(statistics.median(_ratios(real, done["synthetic"])), 3) if real else None,
            "data_wait_share": round(sum(t.waited for t in real) / sum(t.seconds for t in real), 4) if real else None,
            "limit": ("loader" if rates["loader"] < rates["synthetic"] else "compute") if real else None,
            "gflop_image": round(self.flop / 1e9, 2),
            "tflops": round(tflops, 3),
            "mfu": round(tflops / peak, 3) if peak else None,
            "peak_memory_mb": round(memory.peak_mb),
        } | (self.beside_reference(seconds) if reference else {})


def bench(
    config: Config, seconds: float = 10.0, reference: bool = False, log: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Figures of this machine and of each sensor. Raises InputError."""
    with ranks(config.device) as here:
        try:
            sets = find_sets(config.data, config.sensors or None) if config.data else {}
        except (OSError, ValueError) as error:
            raise InputError(str(error)) from error
        peak = peak_tflops(here.device, config.precision)
        facts: dict[str, Any] = {
            "machine": machine(here.device.type),
            "device": here.device.type,
            "model": config.model,
            "precision": config.precision,
            "batch": config.batch,
            "compile": config.compile,
            "peak_tflops": peak and round(peak, 3),
            "sensors": {},
        }
        log(f"{facts['machine']}; {config.model}, {config.precision}, batches of {config.batch}")
        for key in config.sensors or list(sets) or list(SENSORS):
            with contextlib.ExitStack() as stack:
                stack.callback(gc.collect)  # one sensor's model goes before the next one's comes
                found = _Sensor(config, key, sets.get(key), here).measure(seconds, peak, reference)
            facts["sensors"][key] = found
            log(f"{key}: " + ", ".join(f"{name} {value}" for name, value in found.items() if value is not None))
        return facts


# --- command line -----------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser("training.bench", description="Speed of pretraining on this machine, by sensor.")
    p.add_argument("--data", default="", help="folder of prepared samples; without it random values only")
    p.add_argument("--sensors", nargs="+", default=[], choices=SENSORS, metavar="S", help="[all]")
    p.add_argument("--model", choices=SIZES, default="base", help="[%(default)s]")
    p.add_argument("--batch", type=int, help="samples a step [256 on a GPU, 16 on a CPU]")
    p.add_argument("--input-px", type=int, default=224, help="side of the model's input [%(default)s]")
    p.add_argument("--decoder-width", type=int, default=512, help="[%(default)s]")
    p.add_argument("--decoder-depth", type=int, default=8, help="[%(default)s]")
    p.add_argument("--decoder-heads", type=int, default=16, help="[%(default)s]")
    p.add_argument("--precision", choices=DTYPES, help="[bf16 on a GPU, fp32 on a CPU]")
    p.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="[%(default)s]")
    p.add_argument("--compile", action="store_true", help="torch.compile for our step")
    p.add_argument("--workers", type=int, default=2, help="processes that read samples [%(default)s]")
    p.add_argument("--seconds", type=float, default=20.0, help="of each measurement [%(default)s]")
    p.add_argument("--reference", action="store_true", help="a plain MAE step beside ours")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return p


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code (0 done, 2 the user's, 3 ours)."""
    told = _parser().parse_args(arguments)
    cuda = told.device != "cpu" and torch.cuda.is_available()
    config = Config(
        data=told.data,
        sensors=told.sensors,
        model=told.model,
        batch=told.batch or (256 if cuda else 16),
        input_px=told.input_px,
        decoder_width=told.decoder_width,
        decoder_depth=told.decoder_depth,
        decoder_heads=told.decoder_heads,
        precision=told.precision or ("bf16" if cuda else "fp32"),
        device=told.device,
        compile=told.compile,
        workers=told.workers,
    )
    try:
        facts = bench(config, told.seconds, told.reference, lambda text: print(text, file=sys.stderr, flush=True))
    except OfaError as error:
        print(f"training.bench: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(facts) if told.json else _table(facts))
    return 0


def _table(facts: dict[str, Any]) -> str:
    """A line a figure, a column a sensor."""
    columns = facts["sensors"]
    names = [n for n in next(iter(columns.values())) if any(c[n] is not None for c in columns.values())]
    lines = [["", *columns], *([n, *(str(c[n]) for c in columns.values())] for n in names)]
    peak = facts["peak_tflops"]
    return "\n".join(
        [
            f"{facts['machine']}; peak {peak or 'unknown'} TFLOP/s; {facts['model']}, {facts['precision']}, "
            f"batches of {facts['batch']}"
        ]
        + [f"{line[0]:20}" + "".join(f"{cell:>12}" for cell in line[1:]) for line in lines]
    )


if __name__ == "__main__":
    sys.exit(main())
