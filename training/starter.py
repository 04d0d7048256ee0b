"""`python -m training.starter RUN DATA -o resources/models`: the starter's files from a run of `training.finetune`.

Stores the checkpoint in half precision, with an EnMAP embedder made by wavelength. Then makes its heads: those
of its tasks (`finetuning.default_heads`); with `ofa fit` land cover of EnMAP (Potsdam), and tiles by EuroSAT's classes.
`data.readers.starter_mixture` has the layout of DATA. Prints the scores of each head.
"""

import argparse
import math
import shutil
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from ofa_engine.core import catalog
from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.classes import LAND_COVER
from ofa_engine.core.options import ClassifyOptions, FitOptions, SegmentOptions
from ofa_engine.inference.classify import classify
from ofa_engine.inference.segment import segment
from ofa_engine.learning.fit import fit, format_fit_summary
from ofa_engine.learning.metrics import confusion, scores
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.raster.class_names import write_class_names
from ofa_engine.raster.source import Source
from training import console
from training.data.readers.held_out_chips import chip_digest, held_out_chips
from training.data.readers.pixels import read_image
from training.finetuning.chip_heads import refitted_heads
from training.finetuning.default_head_files import write_default_heads
from training.finetuning.default_heads import S2_TASK
from training.finetuning.dense_sets import dense_tasks
from training.finetuning.run import NAME as FINETUNED
from training.finetuning.run import losses_svg
from training.finetuning.spectral import embedder_by_wavelength

NAME = "ofanet_starter.safetensors"
EUROSAT_COLORS = (
    "#f0d264",
    "#1f6b36",
    "#a5b86b",
    "#8a8a8a",
    "#7a4b9a",
    "#9ccf6b",
    "#e39a3b",
    "#c8434b",
    "#3f7fd1",
    "#2a52a0",
)
_POTSDAM = (
    (1, "roof", LAND_COVER["building"]),
    (2, "pavement", LAND_COVER["other sealed"]),
    (3, "low vegetation", LAND_COVER["low vegetation"]),
    (4, "tree", LAND_COVER["tree"]),
    (5, "soil", LAND_COVER["bare soil"]),
    (6, "water", LAND_COVER["water"]),
)

Classes = Sequence[tuple[int, str, str]]


class HeadMaker:
    """Fits heads into a folder; `scratch` gets temporary files, `facts` the scores by head."""

    def __init__(self, checkpoint: Path, data: Path, output: Path, scratch: Path):
        self.checkpoint, self.data, self.output, self.scratch = str(checkpoint), data, output, scratch
        self.facts: dict[str, dict] = {}

    def head(self, name: str, title: str, pairs: Sequence[tuple[str, str]], **more: Any) -> None:
        """A head from (raster, labels) pairs."""
        labels = list(dict.fromkeys(label for _, label in pairs))
        options = FitOptions(
            [raster for raster, _ in pairs],
            labels,
            str(self.output / f"{name}.safetensors"),
            name=title,
            checkpoint=self.checkpoint,
            **more,
        )
        answer = fit(options, QUIET)
        print(format_fit_summary(answer), flush=True)
        kept = {key: answer[key] for key in ("kind", "tile_px", "labelled", "samples", "groups", "validation", "tried")}
        self.facts[name] = kept

    def describe(self, name: str, gsd_m: tuple[float, float] | None = None, **training: Any) -> None:
        """Adds to the header of a head: `gsd_m` where its rasters had no CRS; `fitted_on`, `held_out`, `simulated`."""
        path = self.output / f"{name}.safetensors"
        header = catalog.read_header(path)
        header["training"] |= training
        header["training"].pop("fit_again", None)  # paths of the machine it was made on
        catalog.rewrite_header(path, header | ({"gsd_m": list(gsd_m)} if gsd_m else {}), path)

    def held_out(self, name: str, task: str, sensor: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Scores the map of a head on label rasters (0 is unlabelled) that were held out."""
        truth, found = [], []
        for raster, labels in pairs:
            head = str(self.output / f"{name}.safetensors")
            if task == "segment":
                out = "map.tif"
                segment(SegmentOptions(raster, str(self.scratch / out), head=head, sensor=sensor))
            else:
                out = "tiles.tif"
                classify(ClassifyOptions(raster, str(self.scratch / out), head=head, sensor=sensor))
            with Source(self.scratch / out) as s:
                mapped = s.dataset.read(1)
            with Source(labels) as s:
                known = s.dataset.read(1)
            if task == "classify":  # labels of whole tiles
                side = self.facts[name]["tile_px"]
                known = known[side // 2 :: side, side // 2 :: side]
            truth.append(known[known > 0])
            found.append(mapped[known > 0])
        values = np.unique(np.concatenate([*truth, *found]))
        reference, mapped = (np.searchsorted(values, np.concatenate(v)) for v in (truth, found))
        matrix = confusion(reference, mapped, len(values))
        result = scores(matrix)
        kept = {k: result[k] for k in ("accuracy", "miou", "kappa")}
        self.facts[name]["held_out"] = kept | {"samples": int(matrix.sum())}
        print(f"  held out: accuracy {result['accuracy']:.3f}, mean IoU {result['miou']:.3f}", flush=True)

    def real(self) -> None:
        tiles = sorted((self.data / "enmap_potsdam" / "images").glob("*.tif"))
        if tiles:
            pairs = [self._named(p, p.parent.parent / "labels" / p.name, _POTSDAM) for p in tiles]
            self.head(
                "enmap_landcover_potsdam",
                "EnMAP: land cover (Potsdam)",
                pairs,
                sensor="enmap",
                units="dn",
                ignore=["0"],
            )
            self.describe("enmap_landcover_potsdam", fitted_on=f"{len(tiles)} tiles of one scene around Potsdam")
        if (self.data / "eurosat_rgb").is_dir():
            self._eurosat(self.data / "eurosat_rgb")

    def _named(self, image: Path, labels: Path, classes: Classes) -> tuple[str, str]:
        """The pair with a copy of the labels that has names and colours."""
        with Source(labels) as s:
            values = s.dataset.read(1)
        copy = self.scratch / f"{image.stem}_named.tif"
        _write(copy, values[None], classes)
        return str(image), str(copy)

    def _eurosat(self, folder: Path) -> None:
        """A mosaic of chips per class: each chip is a tile."""
        held_out = held_out_chips()
        names = sorted(p.name for p in folder.iterdir() if p.is_dir())
        classes = [(i, name, EUROSAT_COLORS[i - 1]) for i, name in enumerate(names, 1)]
        train: list[tuple[str, str]] = []
        held: list[tuple[str, str]] = []
        for value, name, _ in classes:
            files = sorted((folder / name).glob("*.jpg"))
            held_files = [p for p in files if chip_digest(p) in held_out]
            rest = [p for p in files if p not in held_files]
            held.append(self._mosaic(f"eurosat_held_{name}", held_files, value, classes))
            train.append(self._mosaic(f"eurosat_train_{name}", rest, value, classes))
        self.head(
            "naip_tiles",
            "RGB tiles: EuroSAT's classes",
            train,
            sensor="naip",
            bands="1,2,3",
            units="8-bit",
            task="classify",
            tile_px=64,
            ignore=["0"],
        )
        self.held_out("naip_tiles", "classify", "naip", held)
        about = f"{len(names)} classes of Sentinel-2 chips in true colour, 10 m, from 34 European countries (EuroSAT)"
        self.describe("naip_tiles", (6.67, 15), fitted_on=about)

    def _mosaic(self, name: str, files: Sequence[Path], value: int, classes: Classes) -> tuple[str, str]:
        side = math.ceil(math.sqrt(len(files)))
        pixels = np.zeros((3, 64 * side, 64 * side), np.uint8)
        labels = np.zeros((1, 64 * side, 64 * side), np.uint8)
        for number, path in enumerate(files):
            y, x = 64 * (number // side), 64 * (number % side)
            pixels[:, y : y + 64, x : x + 64] = read_image(path)
            labels[:, y : y + 64, x : x + 64] = value
        image, truth = self.scratch / f"{name}.tif", self.scratch / f"{name}_labels.tif"
        _write(image, pixels)
        _write(truth, labels, classes)
        return str(image), str(truth)


def _write(path: Path, pixels: NDArray, classes: Classes = ()) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=len(pixels),
            height=pixels.shape[1],
            tiled=True,
            width=pixels.shape[2],
            dtype=pixels.dtype,
            photometric="minisblack",
            alpha="NO",
        ) as target:
            target.write(pixels)
            if classes and pixels.dtype == np.uint8:
                target.write_colormap(1, {v: tuple(bytes.fromhex(color[1:])) for v, _, color in classes})
    if classes:
        table = [{"value": v, "name": name, "color": color} for v, name, color in classes]
        write_class_names(path, table, [0] * len(table))


def store(run: Path, output: Path) -> Path:
    """The run's checkpoint in half precision. EnMAP's embedder is made from Sentinel-2's by wavelength: there are too
    few labelled hyperspectral scenes to learn one from, and that of pretraining no longer fits the backbone."""
    loaded = load_checkpoint(run / FINETUNED)
    statistics = {key: loaded.statistics(key) for key in loaded.model.sensors}
    embedder_by_wavelength(loaded.model, statistics)
    target = output / NAME
    save_checkpoint(
        target,
        loaded.model,
        "OFA-Net starter",
        _without_paths(loaded.header["training"]),
        half=True,
        statistics=statistics,
        tile_px={key: loaded.tile_px(key) for key in statistics},
    )
    return target


def _without_paths(training: dict) -> dict:
    """How a model was trained, without the files on the machine that each stage started from."""
    kept = {key: value for key, value in training.items() if key != "checkpoint"}
    return kept | ({"start": _without_paths(kept["start"])} if isinstance(kept.get("start"), dict) else {})


def make(run: Path, data: Path, output: Path, steps: int) -> dict[str, dict]:
    """Writes all files of the starter; returns the scores of each head by its name."""
    checkpoint = store(run, output)
    tasks, held_out = dense_tasks(data), dense_tasks(data, held_out=True)
    with tempfile.TemporaryDirectory() as scratch:
        chips = next((task for task in tasks if task.name == S2_TASK), None)
        refitted = refitted_heads(checkpoint, chips, Path(scratch)) if chips else {}
        write_default_heads(run, load_checkpoint(checkpoint), tasks, held_out, output, steps, console.log, refitted)
        maker = HeadMaker(checkpoint, data, output, Path(scratch))
        maker.real()
    heads = (path for path in sorted(output.glob("*.safetensors")) if path.name != NAME)
    return {path.stem: catalog.read_header(path)["training"] for path in heads}


def heads_table(facts: dict[str, dict]) -> str:
    """The heads and their scores as Markdown, for the model card."""
    lines = [
        "| head | classes | labelled | places | cross-validated | places held out | there |",
        "|---" * 7 + "|",
    ]
    for name, found in facts.items():
        held = found.get("held_out", {})
        cells = [
            f"`{name}`",
            ", ".join(found["labelled"]),
            f"{sum(found['labelled'].values()):,}",
            found.get("places") or sum(found["groups"].values()),
            _scores(found.get("validation", {})),
            held.get("places", "-"),
            _scores(held),
        ]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _scores(found: dict) -> str:
    return f"{found['miou']:.2f}, {found['accuracy']:.2f}" if found.get("miou") else "-"


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser("training.starter", description=__doc__, formatter_class=raw)
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of training.finetune")
    parser.add_argument("data", type=Path, metavar="DATA", help="folder with the public samples")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the checkpoint and its heads")
    parser.add_argument("--losses", type=Path, metavar="FILE.svg", help="also draw the run's losses")
    parser.add_argument("--steps", type=console.positive_int, default=120, help="of each default head [%(default)s]")
    return parser


def _command(args: argparse.Namespace) -> None:
    if args.losses:
        args.losses.write_text(losses_svg(args.run), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:  # all files or none
        facts = make(args.run, args.data, Path(folder), args.steps)
        args.output.mkdir(parents=True, exist_ok=True)
        for old in args.output.glob("*.safetensors"):
            old.unlink()
        for path in sorted(Path(folder).glob("*.safetensors")):
            shutil.move(path, args.output / path.name)
    print(heads_table(facts))


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code."""
    return console.run(_parser(), _command, arguments)


if __name__ == "__main__":
    sys.exit(main())
