"""`python -m training.starter -o resources/models [--data DIR]`: trains the small starter model and its heads.

Backbone, embedders and linear token heads learn together, with labels, on simulated scenes of all sensors and, where
DIR has them, on labelled public samples: `s1_floods/` (Sen1Floods11), `chesapeake/` (Chesapeake land cover, NAIP),
`enmap_potsdam/`, `s2_scene/`, and `eurosat_rgb/` for a head for whole tiles. The held-out part of each is never trained
on, and its scores go into the model's header and card. No masked image modelling: that is `training.pretrain`'s.
"""

import argparse
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ofa_engine import sensors
from ofa_engine.checkpoint import load_checkpoint, load_head, save_checkpoint, save_head
from ofa_engine.heads import LinearHead, class_table
from ofa_engine.model import Architecture, OFANet, usable_bands
from ofa_engine.preprocess import normalise, resize, to_canonical
from training.simulate import CLASSES, simulate, usual_gsd_m

ARCHITECTURE = Architecture(width=128, depth=8, heads=4)
TILE_PX = {"sentinel-1": 112, "sentinel-2": 64, "gaofen": 96, "naip": 128, "enmap": 32}
WHOLE_TILE_PX = 64  # of heads that classify tiles
# land cover comes first by name, and so is the default
TILE_FILES = {"landcover": "naip_tiles.safetensors", "eurosat": "naip_tiles_eurosat.safetensors"}
WATER, LAND = 1, 254  # LAND: labelled as anything but water
EUROSAT_COLORS = ("#f0d264", "#1f6b36", "#a5b86b", "#8a8a8a", "#7a4b9a", "#9ccf6b", "#e39a3b", "#c8434b", "#3f7fd1",
                  "#2a52a0")  # fmt: skip


@dataclass
class Scene:
    """Canonical bands (C, H, W) of a sensor with labels (H, W): class values, 0 unlabelled, LAND."""

    sensor: str
    bands: NDArray[np.float16]
    labels: NDArray[np.uint8]


def simulated(sensor: str, seeds: range, size_px: int) -> list[Scene]:
    """Scenes with pixels of 0.6 to 1.5 times the usual size."""
    scenes = []
    for seed in seeds:
        gsd_m = usual_gsd_m(sensors.get(sensor)) * (1, 1.5, 0.6, 1)[seed % 4]
        bands, labels = simulate(sensor, size_px, seed, gsd_m)
        scenes.append(Scene(sensor, bands.astype(np.float16), labels))
    return scenes


def real_scenes(folder: Path) -> tuple[list[Scene], list[Scene]]:
    """(training, held-out) labelled public scenes found in the folder."""
    import rasterio

    train: list[Scene] = []
    held: list[Scene] = []

    def add(held_out: bool, sensor: str, pixels: NDArray, units: str, labels: NDArray, values: dict[int, int]) -> None:
        table = sensors.get(sensor)
        canonical = to_canonical(torch.from_numpy(pixels.astype(np.float32)), table, units).numpy()
        mapped = np.zeros(labels.shape, np.uint8)
        for found, value in values.items():
            mapped[labels == found] = value
        (held if held_out else train).append(Scene(sensor, canonical.astype(np.float16), mapped))

    for path in sorted((folder / "s1_floods" / "images").glob("*.tif")):
        with rasterio.open(path) as image:
            pixels = image.read()
        with rasterio.open(path.parent.parent / "labels" / path.name.replace("S1Hand", "LabelHand")) as image:
            add("Somalia" in path.name, "sentinel-1", pixels, "db", image.read(1), {1: WATER, 0: LAND})
    for path in sorted((folder / "enmap_potsdam" / "images").glob("*.tif")):
        with rasterio.open(path) as image:
            pixels = image.read()
            pixels[pixels == image.nodata] = np.nan
        with rasterio.open(path.parent.parent / "labels" / path.name) as image:
            column = path.stem.split("_")[-2]
            add(column == "128", "enmap", pixels, "dn", image.read(1), {1: 6, 2: 6, 3: 3, 4: 2, 5: 5, 6: 1})
    for path in (folder / "s2_scene").glob("sen2_12band.tif"):
        with rasterio.open(path) as image:
            pixels = image.read([4, 3, 2, 5, 6, 7, 8, 11, 12])
        with rasterio.open(path.with_name("sen2_labels.tif")) as image:
            labels, half = image.read(1), image.width // 2  # the eastern half is held out
        values = {1: 5, 2: 2, 3: 6, 4: 1}  # dryout, forest, village, water
        add(False, "sentinel-2", pixels[..., :half], "reflectance+0.1", labels[:, :half], values)
        add(True, "sentinel-2", pixels[..., half:], "reflectance+0.1", labels[:, half:], values)
    for path in sorted((folder / "chesapeake").glob("*.npz")):
        stack = np.load(path)["arr_0"][0]
        for sensor, count in (("naip", 3), ("gaofen", 4)):
            held_out = path.stem.endswith(("-0", "-3"))
            add(held_out, sensor, stack[:count], "8-bit", stack[8], {1: WATER, 2: 2, 3: 3, 5: 6, 6: 6})
    return train, held


def eurosat(folder: Path, seed: int = 0) -> tuple[list[str], Tensor, Tensor, Tensor, Tensor]:
    """(class names, training chips (N, 3, 64, 64) uint8, labels, held-out chips, labels): 100 a class held out,
    those whose names have the smallest SHA-256."""
    from PIL import Image

    names = sorted(p.name for p in folder.iterdir() if p.is_dir())
    chips: dict[bool, list[Tensor]] = {True: [], False: []}
    labels: dict[bool, list[int]] = {True: [], False: []}
    for value, name in enumerate(names):
        files = sorted((folder / name).glob("*.jpg"), key=lambda p: hashlib.sha256(p.name.encode()).hexdigest())
        for position, path in enumerate(files):
            chip = torch.from_numpy(np.asarray(Image.open(path).convert("RGB")).copy()).permute(2, 0, 1)
            chips[position < 100].append(chip)
            labels[position < 100].append(value)
    return (names, torch.stack(chips[False]), torch.tensor(labels[False]), torch.stack(chips[True]),
            torch.tensor(labels[True]))  # fmt: skip


class Learner:
    """The model with a token head a sensor and heads for whole tiles, and how it sees scenes."""

    def __init__(self, tile_classes: dict[str, int], seed: int):
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        self.model = OFANet(ARCHITECTURE)
        width = ARCHITECTURE.width
        self.token_heads = torch.nn.ModuleDict({k: LinearHead(width, len(CLASSES), "segment") for k in sensors.SENSORS})
        self.tile_heads = torch.nn.ModuleDict({k: LinearHead(width, n, "classify") for k, n in tile_classes.items()})

    def parameters(self) -> list[torch.nn.Parameter]:
        return [p for m in (self.model, self.token_heads, self.tile_heads) for p in m.parameters()]

    def crop(self, scene: Scene, tile_px: int) -> tuple[Tensor, Tensor]:
        """A random tile (C, tile_px, tile_px), turned and flipped, with its labels; small scenes are reflected."""
        h, w = scene.labels.shape
        y, x = self.rng.integers(0, max(h - tile_px, 0) + 1), self.rng.integers(0, max(w - tile_px, 0) + 1)
        if self.rng.random() < 0.5:  # around a pixel of a random class: rare ones, and tiles that hold nothing else
            there = np.unique(scene.labels[scene.labels > 0])
            rows, columns = np.nonzero(scene.labels == self.rng.choice(there)) if len(there) else ([y], [x])
            middle = self.rng.integers(len(rows))
            y = int(np.clip(rows[middle] - tile_px // 2, 0, max(h - tile_px, 0)))
            x = int(np.clip(columns[middle] - tile_px // 2, 0, max(w - tile_px, 0)))
        bands = scene.bands[:, y : y + tile_px, x : x + tile_px].astype(np.float32)
        labels = scene.labels[y : y + tile_px, x : x + tile_px]
        if min(h, w) < tile_px:
            missing = ((0, max(tile_px - h, 0)), (0, max(tile_px - w, 0)))
            bands, labels = np.pad(bands, ((0, 0), *missing), "reflect"), np.pad(labels, missing, "reflect")
        turns, flip = int(self.rng.integers(4)), bool(self.rng.integers(2))
        bands, labels = np.rot90(bands, turns, (1, 2)), np.rot90(labels, turns)
        if flip:
            bands, labels = bands[:, :, ::-1], labels[:, ::-1]
        return torch.from_numpy(bands.copy()), torch.from_numpy(labels.copy())

    def tokens(self, sensor: str, pixels: Tensor, jitter: bool) -> Tensor:
        """Token features of canonical tiles (B, C, H, W); with jitter, brightness varies and bands go missing."""
        present = list(usable_bands(sensor))
        if jitter and self.rng.random() < 0.25 and len(present) > 2:
            count = int(self.rng.integers(max(2, len(present) // 2), len(present) + 1))
            present = sorted(self.rng.choice(present, count, replace=False).tolist())
        table = sensors.get(sensor)
        x = normalise(pixels[:, present], [table.mean[i] for i in present], [table.std[i] for i in present])
        if jitter:
            gain = 1 + 0.12 * torch.randn(len(x), 1, 1, 1) + 0.04 * torch.randn(len(x), len(present), 1, 1)
            x = x * gain + 0.25 * torch.randn(len(x), 1, 1, 1) + 0.08 * torch.randn(len(x), len(present), 1, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=jitter):  # twice as fast where the CPU has bfloat16
            return self.model(resize(x, ARCHITECTURE.input_px), sensor, present).float()

    def segment_loss(self, sensor: str, scenes: list[Scene]) -> Tensor:
        tile_px = int(TILE_PX[sensor] * self.rng.uniform(0.7, 1.4))
        crops = [self.crop(scene, tile_px) for scene in scenes]
        tokens = self.tokens(sensor, torch.stack([c[0] for c in crops]), jitter=True)
        labels = torch.stack([c[1] for c in crops]).long()
        logits = F.interpolate(self.token_heads[sensor](tokens), size=(tile_px, tile_px), mode="bilinear")
        scores = logits.log_softmax(1)
        picked = -scores.gather(1, (labels - 1).clamp(0, len(CLASSES) - 1)[:, None])[:, 0]
        not_water = -torch.logsumexp(scores[:, WATER:], 1)
        loss = torch.where(labels == LAND, not_water, picked)[labels > 0]
        return loss.mean() if len(loss) else logits.sum() * 0

    def tile_loss(self, head: str, pixels: Tensor, labels: Tensor) -> Tensor:
        logits: Tensor = self.tile_heads[head](self.tokens("naip", pixels, jitter=True))
        return F.cross_entropy(logits, labels, label_smoothing=0.05)

    @torch.inference_mode()
    def predict(self, scene: Scene) -> NDArray[np.uint8]:
        """Class values of a scene, tile beside tile."""
        tile_px = TILE_PX[scene.sensor]
        h, w = scene.labels.shape
        answer = np.zeros((h, w), np.uint8)
        for y in range(0, h, tile_px):
            for x in range(0, w, tile_px):
                top, left = max(min(y, h - tile_px), 0), max(min(x, w - tile_px), 0)
                tile = torch.from_numpy(scene.bands[None, :, top : top + tile_px, left : left + tile_px].astype("f4"))
                head: LinearHead = self.token_heads[scene.sensor]  # type: ignore[assignment]
                scores = head.scores(self.tokens(scene.sensor, tile, False), tile.shape[-1])
                answer[top : top + tile_px, left : left + tile_px] = 1 + scores[0].argmax(0).numpy()
        return answer


def dominant(labels: Tensor) -> Tensor:
    """(B, H, W) labels to the class index that fills most of each."""
    counts = [torch.bincount(one.flatten().long(), minlength=len(CLASSES) + 1)[1:] for one in labels]
    return torch.stack(counts).argmax(1)


def scores(learner: Learner, scenes: list[Scene]) -> dict:
    """Accuracy and mean IoU by sensor over labelled pixels; water against the rest where only that is labelled."""
    pooled: dict[str, list[tuple[NDArray, NDArray]]] = {}
    for scene in scenes:
        known = scene.labels > 0
        truth, found = scene.labels[known], learner.predict(scene)[known]
        if LAND in truth:
            truth, found = np.where(truth == LAND, 2, 1), np.where(found == WATER, 1, 2)
        pooled.setdefault(scene.sensor, []).append((truth, found))
    table = {}
    for sensor, pairs in pooled.items():
        truth, found = (np.concatenate([p[i] for p in pairs]) for i in (0, 1))
        ious = {int(v): float(((truth == v) & (found == v)).sum() / ((truth == v) | (found == v)).sum())
                for v in np.unique(truth)}  # fmt: skip
        table[sensor] = {"accuracy": round(float((truth == found).mean()), 4), "pixels": int(truth.size),
                         "miou": round(float(np.mean(list(ious.values()))), 4),
                         "iou": {str(k): round(v, 4) for k, v in ious.items()}}  # fmt: skip
    return table


@torch.inference_mode()
def tile_accuracy(learner: Learner, head: str, pixels: Tensor, labels: Tensor) -> float:
    hits = sum(
        int((learner.tile_heads[head](learner.tokens("naip", pixels[i : i + 64].float(), False)).argmax(1)
             == labels[i : i + 64]).sum()) for i in range(0, len(pixels), 64)
    )  # fmt: skip
    return round(hits / len(labels), 4)


def load(learner: Learner, folder: Path) -> dict:
    """Puts a saved starter's weights into the learner; returns its training facts."""
    checkpoint = load_checkpoint(folder / "ofanet_starter.safetensors")
    learner.model.load_state_dict(checkpoint.model.state_dict())
    for sensor in sensors.SENSORS:
        head, _ = load_head(folder / f"{sensor}_landcover.safetensors", checkpoint, sensor)
        learner.token_heads[sensor].load_state_dict(head.state_dict())
    for name in learner.tile_heads:
        head, _ = load_head(folder / TILE_FILES[name], checkpoint, "naip")
        learner.tile_heads[name].load_state_dict(head.state_dict())
    return checkpoint.header["training"]


def train(minutes: float, data: Path | None, batch: int, seed: int, scenes_each: int, peak_lr: float,
          start: Path | None, say: Callable = print) -> tuple:  # fmt: skip
    """(learner, training facts for the header, EuroSAT's class names). Stops after so many minutes of training."""
    say("simulating scenes")
    sizes = {"enmap": 128}
    pool = {k: simulated(k, range(1000, 1000 + scenes_each), sizes.get(k, 384)) for k in sensors.SENSORS}
    held_sim = [s for k in sensors.SENSORS for s in simulated(k, range(9000, 9004), sizes.get(k, 256))]
    real, held_real = real_scenes(data) if data else ([], [])
    chips = eurosat(data / "eurosat_rgb") if data and (data / "eurosat_rgb").is_dir() else None
    learner = Learner({"landcover": len(CLASSES)} | ({"eurosat": len(chips[0])} if chips else {}), seed)
    before = load(learner, start) if start else None
    rng, started, step, last = learner.rng, time.monotonic(), 0, {}
    # the parameters that a patch embedder or a block multiplies with decay; biases, norms and tokens do not
    parameters = learner.parameters()
    groups = [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.05},
              {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}]  # fmt: skip
    optimizer = torch.optim.AdamW(groups, lr=peak_lr, betas=(0.9, 0.95))
    tasks = [*sensors.SENSORS, "tiles", *(["eurosat", "eurosat"] if chips else [])]
    while (spent := (time.monotonic() - started) / (minutes * 60)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = peak_lr * min(1, (step + 1) / 200) * (0.5 + 0.5 * np.cos(np.pi * spent))
        task = tasks[step % len(tasks)]
        if task == "eurosat" and chips:
            index = torch.from_numpy(rng.integers(0, len(chips[1]), batch))
            pixels = torch.rot90(chips[1][index], int(rng.integers(4)), (2, 3)).float()
            loss = learner.tile_loss("eurosat", pixels, chips[2][index])
        elif task == "tiles":
            drawn = [learner.crop(pool["naip"][int(rng.integers(scenes_each))], WHOLE_TILE_PX) for _ in range(batch)]
            loss = learner.tile_loss("landcover", torch.stack([d[0] for d in drawn]),
                                     dominant(torch.stack([d[1] for d in drawn])))  # fmt: skip
        else:
            mine = [s for s in real if s.sensor == task]
            choices = [mine if mine and rng.random() < 0.35 else pool[task] for _ in range(batch)]
            loss = learner.segment_loss(task, [c[int(rng.integers(len(c)))] for c in choices])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        last[task] = loss.detach()
        step += 1
        if step % 100 == 0:
            losses = ", ".join(f"{k} {float(v):.3f}" for k, v in last.items())
            say(f"step {step}, {100 * spent:.0f} %: {losses}", flush=True)
    facts: dict = {"recipe": "supervised, simulated scenes and labelled public samples", "steps": step, "batch": batch,
             "minutes": minutes, "seed": seed, "peak_lr": peak_lr, "before": before and _recipe(before),
             "simulated_scenes": scenes_each * len(sensors.SENSORS),
             "real_scenes": len(real), "held_out_simulated": scores(learner, held_sim),
             "held_out_real": scores(learner, held_real)}  # fmt: skip
    tiles = [learner.crop(s, WHOLE_TILE_PX) for s in held_sim if s.sensor == "naip" for _ in range(100)]
    facts["held_out_tiles"] = {
        "landcover": tile_accuracy(learner, "landcover", torch.stack([t[0] for t in tiles]),
                                   dominant(torch.stack([t[1] for t in tiles])))
    }  # fmt: skip
    if chips:
        facts["held_out_tiles"]["eurosat"] = tile_accuracy(learner, "eurosat", chips[3], chips[4])
    return learner, facts, chips[0] if chips else []


def _recipe(facts: dict) -> dict:
    return {key: value for key, value in facts.items() if not key.startswith("held_out")}


def save(learner: Learner, facts: dict, eurosat_names: list[str], folder: Path) -> None:
    """The checkpoint in half precision, and each head with the fingerprint of what it stands on."""
    folder.mkdir(parents=True, exist_ok=True)
    model = learner.model
    save_checkpoint(folder / "ofanet_starter.safetensors", model, "OFA-Net starter", facts, half=True)
    cover = class_table([c.value for c in CLASSES], [c.name for c in CLASSES], [c.color for c in CLASSES])
    for sensor, table in sensors.SENSORS.items():
        own = {part: facts[part].get(sensor) for part in ("held_out_simulated", "held_out_real")}
        save_head(folder / f"{sensor}_landcover.safetensors", learner.token_heads[sensor],  # type: ignore[arg-type]
                  f"{table.title}: land cover", sensor_id=sensor, classes=cover, tile_px=TILE_PX[sensor],
                  backbone=model.fingerprint(sensor), training=own)  # fmt: skip
    kinds = {"landcover": cover}
    if eurosat_names:
        kinds["eurosat"] = class_table(range(1, 11), eurosat_names, EUROSAT_COLORS)
    for name, classes in kinds.items():
        save_head(folder / TILE_FILES[name], learner.tile_heads[name],  # type: ignore[arg-type]
                  f"RGB tiles: {name}", sensor_id="naip", classes=classes, tile_px=WHOLE_TILE_PX,
                  backbone=model.fingerprint("naip"),
                  training={"held_out_accuracy": facts["held_out_tiles"][name]})  # fmt: skip


def main() -> None:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("training.starter", description=__doc__, formatter_class=raw)
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the checkpoint and its heads")
    parser.add_argument("--data", type=Path, help="folder with the public samples")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--scenes", type=int, default=32, help="simulated scenes a sensor")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lr", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--start", type=Path, help="go on from the starter in this folder")
    args = parser.parse_args()
    learner, facts, names = train(args.minutes, args.data, args.batch, args.seed, args.scenes, args.lr, args.start)
    save(learner, facts, names, args.output)
    print(facts)


if __name__ == "__main__":
    main()
