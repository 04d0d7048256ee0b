"""Many scenes with one head: each is one call of `segment` or `classify` on a Dask worker; one folder of results.
Where there are more workers than scenes, a large one is shared out among them.

The folder's manifest tells what is done; the same command again does what is missing, changed or broke on the way.
"""

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psutil
import torch

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import Cancelled, InputError, ModelFileError, OfaError
from ..core.messages import Message, option
from ..core.option_schema import options_of
from ..core.options import TYPES, BatchOptions, ClassifyOptions, SegmentOptions
from ..core.version import __version__
from ..inference import segment as predict
from ..pipeline.stages import default_budget_bytes
from ..raster.source import Source
from . import dask_workers as cluster
from .folder_lock import alone_in
from .manifest import DONE, FAILED, JSON_NAME, SKIPPED, Manifest, digest, file_digest, stamp, table_text, write_whole
from .mosaic import write_mosaics
from .scenes import Scene, find_scenes, recorded, without_keys
from .stac import footprint, item_collection

ITEMS_NAME, AREAS_NAME = "items.json", "areas.csv"
AREA_COLUMNS = ("id", "input", "value", "name", "pixels", "tiles", "area_ha")
PARTS = 1000  # that progress is told in, a scene
_LEAST_MB = 64  # a worker's memory budget, as the verbs want it
_SHARE_PX = 2048**2  # a share of a scene has at least so many pixels: one that is smaller takes longer to begin
_FILES = ("head", "checkpoint", "mask", "valid_mask")  # the first two may be names, too


def batch(options: BatchOptions, callbacks: Callbacks) -> dict:
    """Classifies all scenes. One that fails is tried once more, told in the answer, and stops no other.

    Raises InputError for what concerns all scenes, Cancelled with the manifest in order.
    """
    _check(options)
    started, folder = time.monotonic(), Path(options.output)
    cluster.dask()
    with alone_in(folder):
        manifest = Manifest(folder)
        scenes = find_scenes(options.inputs, manifest.ids(), folder)
        work = _Work(options, folder, manifest, scenes, callbacks)
        try:
            if work.todo:
                work.run()
        finally:
            manifest.save()
        return work.finish() | {"seconds": round(time.monotonic() - started, 3)}


def _check(options: BatchOptions) -> None:
    if options.task not in ("segment", "classify"):
        raise InputError(f"expected the task segment or classify, found {options.task!r}")
    if options.format not in ("tif", "gpkg") or options.format == "gpkg" and options.task == "segment":
        raise InputError(f"expected the format tif, or for classify gpkg, found {options.format!r} for {options.task}")
    of_segment = options_of(SegmentOptions).keys() - options_of(TYPES[options.task]).keys()
    for f in fields(options):
        if f.name in of_segment and getattr(options, f.name) != f.default:
            raise InputError(f"expected {option(f.name)} with the task segment only, found classify")
    if options.workers is not None and options.workers < 1:
        raise InputError(f"expected at least one worker, found {options.workers}")
    if options.workers and options.scheduler:
        raise InputError(
            f"expected {option('workers')} or {option('scheduler')}, found both: "
            "a cluster of one's own has its own workers"
        )
    if options.head:
        catalog.find_head(options.head, options.sensor or "", options.task)  # known to be wrong before work starts


def scene_options(options: BatchOptions) -> dict[str, Any]:
    """Options of the verb for each scene, without input and output."""
    names = options_of(TYPES[options.task]).keys() & {f.name for f in fields(options)} - {"input", "output"}
    told = {name: getattr(options, name) for name in sorted(names) if getattr(options, name) is not None}
    return {k: os.path.abspath(v) if k in _FILES and os.path.exists(v) else v for k, v in told.items()}


def recorded_settings(options: BatchOptions) -> dict[str, Any]:
    """The same for the manifest, without keys of addresses."""
    return {k: recorded(v) if k in _FILES else v for k, v in scene_options(options).items()}


def options_digest(options: BatchOptions) -> str:
    """Of what changes a result, the head aside: that is told apart by its content. What is as by default does not
    count, so that options of later versions do not."""
    plain = {f.name: f.default for f in fields(options)}
    wanted = scene_options(options).items()
    kept = {k: v for k, v in wanted if k not in ("head", "device", "memory_mb") and v != plain[k]}
    files = {k: stamp(kept[k]) for k in _FILES if k in kept}
    return digest(kept | {"task": options.task, "format": options.format, "files": files})


# --- one scene, on a worker ----------------------------------------------------------------------------------------


def run_scene(job: dict, stopped: cluster.Stopped, tell: cluster.Tell) -> dict:
    """One call of the verb; `job` is {task, params}, with "share" for one of several shares, with "shares" to put so
    many together. An outcome for the manifest, whatever happens."""

    def progress(done: int, total: int, seconds_left: float | None) -> None:
        tell(done / max(total, 1))

    started = time.monotonic()
    try:
        options = TYPES[job["task"]](**job["params"])
        callbacks = Callbacks(progress, cancelled=stopped)
        if "share" in job:
            number, of = job["share"]
            outcome = {"state": DONE} | predict.share_of_segment(options, callbacks, number=number, of=of)
        elif job["task"] == "segment":
            outcome = _described(options, predict.segment(options, callbacks, shares=job.get("shares", 0)))
        else:
            outcome = _described(options, predict.classify(options, callbacks))
    except Cancelled:
        return {"state": "cancelled"}
    except Exception as error:  # a scene may fail, for whatever reason; the others go on
        line = error.message.marked if isinstance(error, OfaError) else f"unexpected: {type(error).__name__}: {error}"
        outcome = {
            "state": FAILED,
            "why": " ".join(line.split()),
            "input_error": isinstance(error, InputError),
        }
    return outcome | {"seconds": round(time.monotonic() - started, 3), "engine": __version__}


def _described(options: SegmentOptions | ClassifyOptions, answer: dict) -> dict:
    raster = Path(options.output).suffix == ".tif"
    with Source(options.output if raster else options.input) as source:
        if options.bounds and not raster:
            source.crop(options.bounds)
        bbox, geometry = footprint(source)
    head = {"name": answer["head_name"], "path": answer["head"], "sha256": file_digest(answer["head"])}
    kept = {key: answer[key] for key in ("sensor", "classes", "tiles", "tile_px", "device")}
    return {"state": DONE, "why": None, "head": head, "bbox": bbox, "geometry": geometry} | kept


# --- all scenes, here ----------------------------------------------------------------------------------------------


class _Work:
    """What is to be done, and what comes of it."""

    def __init__(
        self, options: BatchOptions, folder: Path, manifest: Manifest, scenes: Sequence[Scene], callbacks: Callbacks
    ):
        self.options, self.folder, self.manifest, self.callbacks = options, folder, manifest, callbacks
        self.scenes = {scene.id: scene for scene in scenes}
        self.options_digest, self.models = options_digest(options), _models_digest()
        self._heads: dict[str, str | None] = {}
        self._stamps = {scene.id: stamp(scene.input) for scene in scenes}  # before: it may change while it is read
        old = manifest.entries
        self.todo = [s for s in scenes if not self._settled(old.get(s.recorded), s)]
        waiting = {scene.id for scene in self.todo}
        for scene in scenes:
            if scene.id in waiting:
                old[scene.recorded] = self._entry(scene, {"state": SKIPPED, "why": "not its turn yet"})
            else:
                old[scene.recorded] |= {"times": scene.times}
        manifest.arrange(scene.recorded for scene in scenes)
        manifest.about = {"task": options.task, "settings": recorded_settings(options)}

    def _entry(self, scene: Scene, outcome: dict) -> dict:
        """Key by key in the order in which a person wants to read them."""
        keys = ("state", "why", "seconds", "attempts", "tiles", "sensor", "head", "engine", "classes")
        about: dict[str, Any] = {"id": scene.id, "input": scene.recorded, "output": f"{scene.id}.{self.options.format}"}
        about |= {key: outcome.get(key) for key in keys} | outcome
        return about | {
            "times": scene.times,
            "stamp": self._stamps[scene.id],
            "options": self.options_digest,
            "models": self.models,
        }

    def _settled(self, entry: dict | None, scene: Scene) -> bool:
        """Whether a run now would come to the same."""
        if entry is None or entry["stamp"] != self._stamps[scene.id] or entry["options"] != self.options_digest:
            return False
        if entry["state"] == DONE:
            return self.manifest.has_output(entry) and self._head_digest(entry["sensor"]) == entry["head"]["sha256"]
        same = entry["state"] == FAILED and entry.get("input_error") and entry["models"] == self.models
        return bool(same) and not self.options.rerun_failed

    def _head_digest(self, sensor: str) -> str | None:
        """Of the head that would be used now; None where there is none."""
        if sensor not in self._heads:
            try:
                self._heads[sensor] = file_digest(catalog.find_head(self.options.head, sensor, self.options.task).path)
            except (ModelFileError, OSError):
                self._heads[sensor] = None
        return self._heads[sensor]

    def run(self) -> None:
        options, already = self.options, len(self.scenes) - len(self.todo)
        if already:
            self.callbacks.log("info", f"{already} of {len(self.scenes)} scenes need nothing")
        self.manifest.save()
        params, shares = scene_options(options), None
        if options.scheduler:
            crew = cluster.connected(options.scheduler)
        else:
            gpus = _gpus() if options.device != "cpu" else []
            shares = self._shares(options.workers or len(gpus) or 1)
            workers = min(options.workers or len(gpus) or 1, sum(shares.values()))
            if workers > 1 and options.memory_mb is None:  # the verbs' default counts on having the machine alone
                share = psutil.virtual_memory().available // (4 * workers) // 2**20
                params["memory_mb"] = max(_LEAST_MB, min(1024, share))
            self.callbacks.log("info", f"{len(self.todo)} scenes on {workers} worker{'s' * (workers > 1)}")
            crew = cluster.local(workers, gpus)
        jobs = {s.id: {"task": options.task, "params": params | self._paths(s)} for s in self.todo}
        self.callbacks.progress(0, PARTS * len(self.todo), None)
        mine = False
        try:
            with crew as members:
                self._give_out(members, jobs, shares or self._shares(members.workers()))
            mine = True
        except (KeyboardInterrupt, Cancelled):
            done = sum(self.manifest.entries[s.recorded]["state"] == DONE for s in self.scenes.values())
            raise Cancelled(
                f"cancelled: {done} of {len(self.scenes)} scenes are done; the same command does the rest"
            ) from None
        finally:
            # on another machine a worker may still be taking its own away, but not shares that are finished
            self._sweep(whole_scenes=mine or not options.scheduler)

    def _shares(self, workers: int) -> dict[str, int]:
        """In how many shares each scene is computed: where scenes are fewer than workers, in several."""
        most = -(-workers // len(self.todo)) if self.options.task == "segment" else 1
        return {scene.id: min(most, _large(scene.input)) if most > 1 else 1 for scene in self.todo}

    def _give_out(self, members: cluster.Crew, jobs: dict[str, dict], shares: dict[str, int]) -> None:
        """Scenes that are computed whole, and the shares of others; then each of those is put together."""
        first: dict[str, dict] = {}
        weights: dict[str, float] = {}
        scene_of, seconds, over = {name: name for name in jobs}, dict.fromkeys(jobs, 0.0), set()
        for name, job in jobs.items():
            of, weight = shares[name], _weight(self._stamps[name])
            if of == 1:
                first[name], weights[name] = job, weight
                continue
            # the default may be another on each machine, and with it what a share is
            job["params"].setdefault("memory_mb", default_budget_bytes() // 2**20)
            self.callbacks.log("info", f"{name} is shared out in {of}")
            for number in range(of):
                share = f"{name}, share {number + 1} of {of}"
                first[share], weights[share], scene_of[share] = job | {"share": [number, of]}, weight / of, name
        progress = cluster.Progress(weights, PARTS * len(jobs), self.callbacks.progress)

        def finished(name: str, outcome: dict) -> None:
            scene = scene_of[name]
            progress.over(name)
            seconds[scene] += outcome.get("seconds", 0.0)
            if scene not in over and (name == scene or outcome["state"] != DONE):
                over.add(scene)
                self._finished(scene, outcome | {"seconds": round(seconds[scene], 3) or None})

        def run(some: dict[str, dict]) -> None:
            members.run(
                run_scene,
                some,
                finished,
                self.callbacks.cancelled,
                lambda text: self.callbacks.log("warning", text),
                progress.running,
            )

        run(first)
        shared = {name: job | {"shares": shares[name]} for name, job in jobs.items() if name not in over}
        if shared:
            run(shared)

    def _paths(self, scene: Scene) -> dict[str, str]:
        """Absolute, since a worker may stand elsewhere."""
        return {"input": scene.input, "output": str(self.folder.resolve() / f"{scene.id}.{self.options.format}")}

    def _finished(self, name: str, outcome: dict) -> None:
        scene = self.scenes[name]
        if outcome["state"] == "cancelled":  # by a scheduler that stops, not by us
            outcome |= {"state": FAILED, "why": "its worker was stopped"}
        why = Message(without_keys(outcome.get("why") or ""))
        if why:
            outcome |= {"why": str(why)}
        self.manifest.entries[scene.recorded] = self._entry(scene, outcome)
        self.manifest.saved_now_and_then()
        if outcome["state"] == FAILED:
            self.callbacks.log("warning", f"{name} failed: {why.marked}")

    def _sweep(self, whole_scenes: bool) -> None:
        """Removes shares, and what workers that were killed have left of this run's outputs."""
        stems, share = {scene.id for scene in self.todo}, r"(?:\.share\d+of\d+)" + "?" * whole_scenes
        for path in self.folder.glob(".*"):
            match = re.fullmatch(rf"\.(.+?){share}\.\d+\.(?:scratch\.)?part\b.*", path.name)
            if match and match[1] in stems:
                path.unlink(missing_ok=True)

    # --- results over all ------------------------------------------------------------------------------------------

    def finish(self) -> dict:
        """Mosaics, items and areas of the command's scenes; then the answer."""
        entries = [self.manifest.entries[scene.recorded] for scene in self.scenes.values()]
        done = [entry for entry in entries if entry["state"] == DONE]
        failed = [entry for entry in entries if entry["state"] == FAILED]
        layers = [(self.folder / e["output"], e["classes"]) for e in done if e["output"].endswith(".tif")]
        mosaics = write_mosaics(self.folder, layers, lambda text: self.callbacks.log("warning", text))
        created = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        write_whole(self.folder / ITEMS_NAME, json.dumps(item_collection(done, created), ensure_ascii=False, indent=1))
        rows = [
            {"id": e["id"], "input": e["input"]} | {k: c.get(k) for k in AREA_COLUMNS[2:]}
            for e in done
            for c in e["classes"]
        ]
        write_whole(self.folder / AREAS_NAME, table_text(AREA_COLUMNS, rows))
        return {
            "output": self.options.output,
            "manifest": str(self.folder / JSON_NAME),
            "scenes": len(entries),
            "done": len(done),
            "failed": len(failed),
            "run": len(self.todo),
            "failures": [{key: e[key] for key in ("id", "input", "why")} for e in failed],
            "mosaics": [str(path) for path in mosaics],
            "items": str(self.folder / ITEMS_NAME),
            "areas": str(self.folder / AREAS_NAME),
        }


def _weight(found: list[int] | None) -> int:
    """Bytes stand for work in the time that is left; addresses all weigh the same."""
    return max(1, found[0]) if found else 1


def _large(path: str) -> int:
    """How many shares a scene is large enough for."""
    try:
        with Source(path) as source:
            return max(1, source.width * source.height // _SHARE_PX)
    except OfaError:  # told by the worker that tries it
        return 1


def _gpus() -> list[str]:
    """What CUDA calls the GPUs that this process may use."""
    count = torch.cuda.device_count()
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return (shown.split(",") if shown else [str(i) for i in range(count)])[:count]


def _models_digest() -> str:
    """Changes when a head or checkpoint comes or goes, which may mend a scene that failed."""
    return digest([[str(m.path), stamp(str(m.path))] for m in (*catalog.list_heads(), *catalog.list_checkpoints())])


def failure_line(answer: dict) -> str | None:
    """One line for the command line's stderr where scenes failed."""
    if not answer["failed"]:
        return None
    return f"{answer['failed']} of {answer['scenes']} scenes failed: see {answer['manifest']}"


def show(answer: dict) -> str:
    """The answer, for people."""
    lines = [
        f"{answer['done']} of {answer['scenes']} scenes are done ({answer['run']} were run now, in "
        f"{answer['seconds']:.0f} s): {answer['output']}"
    ]
    lines += [f"failed: {entry['id']}: {entry['why']}" for entry in answer["failures"]]
    return "\n".join(
        [
            *lines,
            *(f"mosaic: {path}" for path in answer["mosaics"]),
            f"items: {answer['items']}",
            f"areas: {answer['areas']}",
            f"manifest: {answer['manifest']}",
        ]
    )
