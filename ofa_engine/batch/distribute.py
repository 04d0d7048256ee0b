"""Scenes to workers: how many there are, which scenes are split into partitions, and progress over all."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import psutil
import torch

from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, OfaError
from ..core.messages import Message
from ..pipeline.memory import default_budget_bytes
from ..raster.source import Source
from . import dask_workers
from .manifest import DONE, FAILED
from .scene_task import run_scene, scene_options
from .work_list import WorkList

PROGRESS_STEPS = 1000  # per scene
_LEAST_MB = 64  # the smallest memory budget that the verbs accept


@dataclass(frozen=True)
class BatchLimits:
    """Sizes and times that a batch is bound by."""

    partition_px: int = 2048**2  # the smallest partition of a scene: below, starting one takes longer than it saves
    connect_s: float = 10.0  # to reach a scheduler


DEFAULT_LIMITS = BatchLimits()


def compute(work: WorkList, callbacks: Callbacks, limits: BatchLimits) -> None:
    """Computes all scenes that are to do. Raises Cancelled, after running ones have stopped and their partial files are
    gone; InputError where there is no scheduler."""
    options = work.options
    finished = False
    try:
        pool, params, partitions = _workers(work, callbacks, limits)
        callbacks.progress(0, PROGRESS_STEPS * len(work.todo), None)
        with pool as workers:
            if partitions is None:
                partitions = _partition_counts(work, workers.count(), limits)
            _Distribution(work, params, partitions, callbacks).run(workers)
        finished = True
    except (KeyboardInterrupt, Cancelled):
        done = sum(entry["state"] == DONE for entry in work.entries())
        raise Cancelled(
            f"cancelled: {done} of {len(work.scenes)} scenes are done; the same command does the rest"
        ) from None
    finally:
        # a worker on another machine may still be removing its own files, but not partitions that were complete
        work.remove_leftovers(whole_scenes=finished or not options.scheduler)


def _workers(
    work: WorkList, callbacks: Callbacks, limits: BatchLimits
) -> tuple[AbstractContextManager[dask_workers.WorkerPool], dict[str, Any], dict[str, int] | None]:
    """(workers, options of each scene, partitions per scene or None where the cluster's size decides)."""
    options, params = work.options, scene_options(work.options)
    if options.scheduler:
        return dask_workers.cluster_pool(options.scheduler, limits.connect_s), params, None
    gpus = visible_gpus() if options.device != "cpu" else []
    wanted = options.workers or len(gpus) or 1
    partitions = _partition_counts(work, wanted, limits)
    count = min(wanted, sum(partitions.values()))
    if count > 1 and options.memory_mb is None:  # the verbs' default assumes that they have the machine to themselves
        each_mb = psutil.virtual_memory().available // (4 * count) // 2**20
        params["memory_mb"] = max(_LEAST_MB, min(1024, each_mb))
    callbacks.log("info", f"{len(work.todo)} scenes on {count} worker{'s' * (count > 1)}")
    return dask_workers.local_pool(count, gpus), params, partitions


def _partition_counts(work: WorkList, workers: int, limits: BatchLimits) -> dict[str, int]:
    """Partitions of each scene: more than one where there are fewer scenes than workers."""
    most = -(-workers // len(work.todo)) if work.options.task == "segment" else 1
    if most <= 1:  # 0 where a cluster has no workers yet
        return {scene.id: 1 for scene in work.todo}
    return {scene.id: min(most, _most_partitions(scene.input, limits.partition_px)) for scene in work.todo}


def _most_partitions(path: str, partition_px: int) -> int:
    try:
        with Source(path) as source:
            return max(1, source.width * source.height // partition_px)
    except OfaError:  # the worker that tries to open it reports why
        return 1


class _Distribution:
    """Scenes that are computed whole, and partitions of others, in one go; then partitions are merged."""

    def __init__(self, work: WorkList, params: dict[str, Any], partitions: dict[str, int], callbacks: Callbacks):
        self.work, self.partitions, self.callbacks = work, partitions, callbacks
        self.scenes: dict[str, dict] = {}
        for scene in work.todo:
            # absolute paths, since a worker may have another working directory
            paths = {"input": scene.input, "output": str(work.folder.resolve() / work.output(scene))}
            self.scenes[scene.id] = {"task": work.options.task, "params": params | paths}
        self.scene_of = {name: name for name in self.scenes}
        self.seconds = dict.fromkeys(self.scenes, 0.0)
        self.recorded: set[str] = set()
        self.tasks: dict[str, dict] = {}
        weights: dict[str, float] = {}
        for name, scene_task in self.scenes.items():
            count, weight = partitions[name], _weight(work.stamps[name])
            if count == 1:
                self.tasks[name], weights[name] = scene_task, weight
                continue
            # the default differs between machines, and partitions depend on it
            scene_task["params"].setdefault("memory_mb", default_budget_bytes() // 2**20)
            callbacks.log("info", f"{name} is split into {count} partitions")
            for number in range(count):
                part = f"{name}, partition {number + 1} of {count}"
                self.tasks[part], self.scene_of[part] = scene_task | {"partition": [number, count]}, name
                weights[part] = weight / count
        steps = PROGRESS_STEPS * len(self.scenes)
        self.progress = dask_workers.WeightedProgress(weights, steps, callbacks.progress)

    def run(self, workers: dask_workers.WorkerPool) -> None:
        self._run(workers, self.tasks)
        merges = {
            name: scene_task | {"partitions": self.partitions[name]}
            for name, scene_task in self.scenes.items()
            if name not in self.recorded
        }
        if merges:
            self._run(workers, merges)

    def _run(self, workers: dask_workers.WorkerPool, tasks: dict[str, dict]) -> None:
        workers.run(
            run_scene,
            tasks,
            self._finished,
            self.callbacks.cancelled,
            lambda text: self.callbacks.log("warning", text),
            self.progress.running,
        )

    def _finished(self, name: str, outcome: dict) -> None:
        scene = self.scene_of[name]
        self.progress.finished(name)
        self.seconds[scene] += outcome.get("seconds", 0.0)
        if scene in self.recorded or name != scene and outcome["state"] == DONE:
            return  # failed already, or still to be merged
        self.recorded.add(scene)
        entry = self.work.record(scene, outcome | {"seconds": round(self.seconds[scene], 3) or None})
        self.work.manifest.save_if_due()
        if entry["state"] == FAILED:
            self.callbacks.log("warning", f"{scene} failed: {Message(entry['why']).marked}")


def _weight(stamp: list[int] | None) -> int:
    """The work that a scene takes, for the time left: its bytes. All addresses count the same."""
    return max(1, stamp[0]) if stamp else 1


def visible_gpus() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    count = torch.cuda.device_count()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return (visible.split(",") if visible else [str(i) for i in range(count)])[:count]
