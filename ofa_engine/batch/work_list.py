"""Which scenes of a batch are to be computed, and what the manifest records of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core import catalog
from ..core.errors import ModelFileError
from ..core.messages import Message
from ..core.options import BatchOptions
from ..core.partial_names import stem_of, whole_stem
from .manifest import DONE, FAILED, SKIPPED, BatchManifest, file_digest, file_stamp, json_digest
from .scene_task import manifest_settings, options_digest
from .scenes import Scene, redact_message


class WorkList:
    """The scenes of one command. `todo` are those whose results are missing, outdated or failed on the way.

    The manifest's entries are updated as outcomes are recorded; saving it is up to the caller.
    """

    def __init__(self, options: BatchOptions, folder: Path, manifest: BatchManifest, scenes: Sequence[Scene]):
        self.options, self.folder, self.manifest = options, folder, manifest
        self.scenes = {scene.id: scene for scene in scenes}
        self._options_digest, self._models_digest = options_digest(options), _models_digest()
        self._head_digests: dict[tuple, str | None] = {}
        self.stamps = {scene.id: file_stamp(scene.input) for scene in scenes}  # now: files may change while read
        entries = manifest.entries
        self.todo = [scene for scene in scenes if not self._is_settled(entries.get(scene.key), scene)]
        waiting = {scene.id for scene in self.todo}
        for scene in scenes:
            if scene.id in waiting:
                entries[scene.key] = self._entry(scene, {"state": SKIPPED, "why": "not computed yet"})
            else:
                entries[scene.key] |= {"times": scene.times}
        manifest.arrange(scene.key for scene in scenes)
        manifest.about = {"task": options.task, "settings": manifest_settings(options)}

    def entries(self) -> list[dict]:
        """Those of the command's scenes, in its order."""
        return [self.manifest.entries[scene.key] for scene in self.scenes.values()]

    def output(self, scene: Scene) -> str:
        """The name of its result in the folder."""
        return f"{scene.id}.{self.options.format}"

    def record(self, name: str, outcome: dict) -> dict:
        """Enters the outcome of a scene into the manifest; returns the entry."""
        scene = self.scenes[name]
        if outcome["state"] == "cancelled":  # by a scheduler that shuts down, not by the user
            outcome |= {"state": FAILED, "why": "its worker was stopped"}
        if outcome.get("why"):
            outcome |= {"why": Message(redact_message(outcome["why"]))}
        entry = self.manifest.entries[scene.key] = self._entry(scene, outcome)
        return entry

    def remove_leftovers(self, whole_scenes: bool) -> None:
        """Removes partitions, and with `whole_scenes` also the partial files that killed workers left."""
        stems = {scene.id for scene in self.todo}
        for path in self.folder.glob(".*"):
            stem = stem_of(path.name) or ""
            whole = whole_stem(stem)
            if whole in stems and (whole_scenes or whole != stem):
                path.unlink(missing_ok=True)

    def _entry(self, scene: Scene, outcome: dict) -> dict:
        """Keys in the order in which a person wants to read them."""
        keys = ("state", "why", "seconds", "attempts", "tiles", "sensor", "head", "engine", "classes")
        entry: dict[str, Any] = {"id": scene.id, "input": scene.key, "output": self.output(scene)}
        entry |= {key: outcome.get(key) for key in keys} | outcome
        return entry | {
            "times": scene.times,
            "stamp": self.stamps[scene.id],
            "options": self._options_digest,
            "models": self._models_digest,
        }

    def _is_settled(self, entry: dict | None, scene: Scene) -> bool:
        """Whether computing the scene now would give the same outcome as before."""
        if entry is None or entry["stamp"] != self.stamps[scene.id] or entry["options"] != self._options_digest:
            return False
        if entry["state"] == DONE:
            return self.manifest.has_output(entry) and self._head_digest(entry) == entry["head"]["sha256"]
        same_models = entry["state"] == FAILED and entry.get("input_error") and entry["models"] == self._models_digest
        return bool(same_models) and not self.options.rerun_failed

    def _head_digest(self, entry: dict) -> str | None:
        """Of the head that would be used now for a scene that is done; None where there is none."""
        sensor, gsd_m, bands = entry["sensor"], entry.get("gsd_m"), entry.get("bands")
        scene = (sensor, gsd_m, tuple(bands or ()))
        if scene not in self._head_digests:
            try:
                head = catalog.find_head(self.options.head, sensor, self.options.task, gsd_m, bands)
                self._head_digests[scene] = file_digest(head.path)
            except (ModelFileError, OSError):
                self._head_digests[scene] = None
        return self._head_digests[scene]


def _models_digest() -> str:
    """Changes when a head or checkpoint is added or removed, which may make a failed scene succeed."""
    files = (*catalog.list_heads(), *catalog.list_checkpoints())
    return json_digest([[str(file.path), file_stamp(str(file.path))] for file in files])
