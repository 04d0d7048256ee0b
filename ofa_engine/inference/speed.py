"""How many tiles this machine computes per second with a model: measured on a batch in memory, before a run."""

import time
from collections.abc import Sequence

import torch

from ..core import catalog
from ..core.model_cost import HEAVY_GFLOP, duration
from ..model.checkpoint import Checkpoint, Head, choose_device, load_head
from ..tiling.plan import TilePlan, largest_batch
from .predictor import token_features
from .session import Session, cached_checkpoint

_ENOUGH_S = 0.25  # of measuring, where a batch takes less
_WORTH_BATCHES = 20  # fewer are over soon, and measuring takes two of them
_measured: dict[tuple, tuple[int, float]] = {}  # a process that stays warm measures each model once


def measure_speed(head: str, device: str = "auto") -> dict:
    """Measures a head and its backbone, for the estimate that a panel shows before a run.

    Args:
        head: file or name.
        device: auto, cpu or cuda.

    Returns:
        {"tiles", "computing_s", "device"}: how many tiles were computed, in how many seconds, on which device.

    Raises:
        ModelFileError: the head, or the checkpoint that it was fitted on, cannot be used.
        InputError: there is no such device.
    """
    file, place = catalog.find_head(head, "", None), choose_device(device)
    sensor_id = file.header["sensor"]
    path = catalog.find_checkpoint(file.header.get("backbone"), sensor_id, file.path.parent).path
    checkpoint = cached_checkpoint(str(path), path.stat().st_mtime_ns, str(place))
    model, header = load_head(file.path, checkpoint, sensor_id, None, place)
    present = checkpoint.sensor(sensor_id).usable_bands
    batch = largest_batch(checkpoint.model.tile_gflop(len(present)), place.type == "cpu")
    tiles, seconds = _measure(checkpoint, model, sensor_id, present, header["tile_px"], batch, place)
    return {"tiles": tiles, "computing_s": round(seconds, 4), "device": place.type}


def expected_time(session: Session, plan: TilePlan, tiles: int, passes: int = 1) -> str:
    """A line for the log before a run of a heavy model: how long it will take on this machine. "" where the model is
    light, or there is too little to do for an estimate.

    Args:
        session: raster, model and head.
        plan: batch and tile size.
        tiles: how many are to be computed, if all of them have valid pixels.
        passes: how often the model sees each tile.
    """
    gflop = session.checkpoint.model.tile_gflop(len(session.present))
    if gflop < HEAVY_GFLOP or tiles * passes < _WORTH_BATCHES * plan.batch:
        return ""
    model = session.checkpoint, session.head, session.sensor.id, session.present
    computed, seconds = _measure(*model, session.tile_px, plan.batch, session.device)
    on_cpu = session.device.type == "cpu"
    where = "this processor" if on_cpu else torch.cuda.get_device_name(session.device)
    return f"{tiles:,} tiles, at most about {duration(tiles * passes * seconds / computed)} on {where}"


def _measure(
    checkpoint: Checkpoint,
    head: Head | None,
    sensor_id: str,
    present: Sequence[int],
    tile_px: int,
    batch: int,
    device: torch.device,
) -> tuple[int, float]:
    """Tiles computed, and the seconds that they took; a batch before them warms up."""
    fingerprint, sizes = checkpoint.header["fingerprints"][sensor_id], (tuple(present), tile_px, batch)
    key = fingerprint, str(device), *sizes, head.kind if head else None, torch.get_num_threads()
    if key not in _measured:
        pixels = torch.ones(batch, len(present), tile_px, tile_px, device=device)
        _compute(checkpoint, head, sensor_id, present, pixels)
        tiles, started = 0, time.perf_counter()
        while not tiles or time.perf_counter() - started < _ENOUGH_S:
            _compute(checkpoint, head, sensor_id, present, pixels)
            tiles += batch
        _measured[key] = tiles, time.perf_counter() - started
    return _measured[key]


@torch.inference_mode()
def _compute(
    checkpoint: Checkpoint, head: Head | None, sensor_id: str, present: Sequence[int], pixels: torch.Tensor
) -> None:
    tokens = token_features(checkpoint.model, sensor_id, present, pixels)
    if head is not None:
        head.scores(tokens, pixels, present)
    if pixels.is_cuda:
        torch.cuda.synchronize(pixels.device)
