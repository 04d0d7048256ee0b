"""The verbs that write layers: `segment`, `classify` and `embed`, a raster in and a layer out."""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.enums import Resampling
from torch import Tensor

from ..core.callbacks import QUIET, Callbacks
from ..core.errors import Cancelled, OfaError, OutputError
from ..core.messages import option
from ..core.options import ClassifyOptions, EmbedOptions, MapOptions, SegmentOptions, value_of
from ..pipeline import stages as pl
from ..pipeline.journal import Record
from ..raster.geotiff import NODATA, check_whole, class_colormap, create_tiff, write_class_names
from ..raster.polygons import PolygonWriter, dissolve
from ..raster.source import coarser, place
from .area_report import areas_page, small_view
from .class_raster import ClassWriter, Finished, Tally, create_class_layer, make_quick, merge_small
from .partitions import join, share
from .resume import begin
from .session import Job, gdal_limits, open_job, plan_for, run_pipeline


def _finish(
    job: Job, options: MapOptions, tags: dict[str, str], shown: NDArray[np.uint8] | None = None, **rest: object
) -> dict:
    """The answer; `shown` is the class map for the report where one is wanted, (h, w) class values."""
    answer = {
        "input": options.input,
        "output": options.output,
        "sensor": job.sensor.id,
        "detection": job.detection.to_json(),
        "device": str(job.device),
        "tile_px": job.tile_px,
        "computing_s": round(job.computing_s, 3),
        "provenance": tags,
    }
    if job.head_file:
        answer |= {"head": str(job.head_file.path), "head_name": job.head_file.header["name"]}
    answer |= rest
    report = value_of(options, "report")
    if report and shown is not None:
        page = areas_page(answer, tags, shown, time.monotonic() - job.started)
        job.pending.beside(Path(report)).write_text(page, encoding="utf-8")
    job.pending.commit()
    return answer


def _verb(task: str | None, keeps: bool = False) -> Callable:
    """Opens the job for a verb's body, and closes it: nothing half-written is left, whatever happened. Where something
    broke on the way, the journal of what was finished stays, for `resume`; with `keeps` it does at the end, too."""

    def decorate(body: Callable[..., dict]) -> Callable[..., dict]:
        @functools.wraps(body)
        def verb(options: MapOptions, callbacks: Callbacks = QUIET, **rest: int) -> dict:
            job = open_job(options, task, callbacks)
            keep = False
            try:
                answer = body(job, options, callbacks, **rest)
                keep = keeps
                return answer
            except Cancelled:
                raise
            except Exception as error:
                keep = True
                advise = job.journal.kept and not keeps
                if isinstance(error, OfaError) and advise and option("resume") not in error.message.marked:
                    more = f"the same again with {option('resume')} goes on where it stopped"
                    raise type(error)(f"{error.message.marked}; {more}") from error
                raise
            finally:
                job.journal.close(keep)
                job.source.close()
                job.pending.discard()

        return verb

    return decorate


# --- segment ----------------------------------------------------------------------------------------------------


@_verb("segment")
def segment(job: Job, options: SegmentOptions, callbacks: Callbacks, shares: int = 0) -> dict:
    """One class a pixel: a GeoTIFF on the input's grid; optionally confidence and dissolved polygons. With `shares`,
    of what so many calls of `share_of_segment` have left beside the output.

    Raises InputError for what the user can mend, OfaError for what broke on the way, Cancelled.
    """
    part = job.pending.beside(Path(options.output))
    plan = (
        join(job, options, _plan(job, options), shares)
        if shares
        else (begin(job, options, part, functools.partial(_plan, job, options), callbacks))
    )
    confidence_part = job.pending.beside(Path(options.confidence)) if options.confidence else None
    polygons_part = job.pending.beside(Path(options.polygons)) if options.polygons else None
    source, tags = job.source, job.tags(options) | {"OVERLAP": str(plan.rows.overlap)}
    confidence = None
    if confidence_part:
        confidence = create_tiff(
            confidence_part,
            source,
            source.width,
            source.height,
            source.transform,
            dtype="float32",
            nodata=float("nan"),
            tags=tags,
        )
    with create_class_layer(part, job, tags) as layer:
        writer = ClassWriter(job, layer, confidence)
        blender = pl.Blender(plan, len(job.classes), writer, job.journal, job.device)

        def replay(record: Record) -> None:
            writer.write(*plan.place(record.stripe, record.row), *record.arrays)

        try:
            computed = run_pipeline(job, plan, blender, replay, callbacks, options.flips)
        finally:
            if confidence:
                confidence.close()
    for path, name in ((part, options.output), (confidence_part, options.confidence)):
        if path:
            check_whole(path, Path(name or "").name)
    tally = writer.tally
    if options.min_area:
        callbacks.log("info", f"merging areas under {options.min_area:g} ha")
        tally = merge_small(part, job, options.min_area, tally, tags, callbacks)
    make_quick(part, job, options.cog)
    if confidence_part:
        make_quick(confidence_part, job, options.cog, Resampling.average)
    table = tally.table()
    write_class_names(part, table, [entry["pixels"] for entry in table])
    if polygons_part:
        callbacks.log("info", "dissolving polygons")
        _write_polygons(polygons_part, part, job, options, callbacks)
    shown = small_view(part) if options.report else None
    return _finish(
        job,
        options,
        tags,
        shown,
        confidence=options.confidence,
        polygons=options.polygons,
        report=options.report,
        classes=table,
        tiles=computed,
    )


@_verb("segment", keeps=True)
def share_of_segment(job: Job, options: SegmentOptions, callbacks: Callbacks, number: int, of: int) -> dict:
    """The rows of tiles of one of several shares, from 0; they stay beside the output, for `segment` to put together.

    Raises as `segment` does. A share that was broken off, or done before, is gone on with.
    """
    plan = share(job, options, replace(_plan(job, options), part=(number, of)))
    blender = pl.Blender(plan, len(job.classes), Finished(job, bool(options.confidence)), job.journal, job.device)
    tiles = run_pipeline(job, plan, blender, lambda record: None, callbacks, options.flips)
    with gdal_limits(job):  # what the disk says of it is told as of all writing
        job.journal.commit()
    return {"tiles": tiles}


def _plan(job: Job, options: SegmentOptions) -> pl.Plan:
    return plan_for(job, options.overlap, len(job.classes), passes=4 if options.flips else 1)


def show(answer: dict) -> str | None:
    """A table of the classes, for people; None where the answer has none."""
    if "classes" not in answer:
        return None
    tiles = "tiles" in answer["classes"][0]
    unit = "tiles" if tiles else "pixels"
    total = sum(entry[unit] for entry in answer["classes"])
    wide = max(4, *(len(entry["name"]) for entry in answer["classes"]))
    files = [answer[key] for key in ("output", "confidence", "polygons", "report") if answer.get(key)]
    lines = [
        f"{', '.join(files)}: {answer['sensor']}, {answer['head_name']}, {answer['tiles']} tiles",
        f"{'class':>5} {'name':{wide}} {unit if tiles else 'ha':>14} {'%':>6}",
    ]
    for entry in answer["classes"]:
        area = entry["tiles"] if tiles else "-" if entry["area_ha"] is None else f"{entry['area_ha']:.1f}"
        share = f"{100 * entry[unit] / total:.1f}" if total else "-"
        lines.append(f"{entry['value']:5} {entry['name']:{wide}} {area:>14} {share:>6}")
    return "\n".join(lines)


def _write_polygons(path: Path, class_layer: Path, job: Job, options: SegmentOptions, callbacks: Callbacks) -> None:
    with _polygons(path, Path(options.polygons or "").stem, job, confidence=False) as writer:
        for polygon, value in dissolve(class_layer):
            if callbacks.cancelled():
                raise Cancelled
            writer.add(polygon, value)


@contextlib.contextmanager
def _polygons(path: Path, layer: str, job: Job, confidence: bool) -> Iterator[PolygonWriter]:
    """A layer of polygons that was found to be writable before: what breaks now is not the user's."""
    writer = PolygonWriter(path, layer, job.source.crs, job.classes, confidence)
    try:
        yield writer
        writer.close()
    except OutputError as error:
        raise OfaError(error.message.marked) from error


# --- classify ---------------------------------------------------------------------------------------------------


@_verb("classify")
def classify(job: Job, options: ClassifyOptions, callbacks: Callbacks) -> dict:
    """One class a tile, tiles side by side, those at the edge clipped: polygons (.gpkg) or cells (.tif)."""
    target = Path(options.output)
    part = job.pending.beside(target)
    plan = begin(job, options, part, lambda: plan_for(job, 0.0, 0, clipped=True), callbacks)
    rows, columns = len(plan.rows.starts), len(plan.columns.starts)
    winners = np.full((rows, columns), NODATA, np.uint8)
    confidence = np.full((rows, columns), np.nan, np.float32)
    values = np.array([entry["value"] for entry in job.classes], np.uint8)

    def sink(batch: pl.Batch, scores: Tensor | None) -> None:
        if scores is not None:
            best, index = scores.max(1)
            winners[batch.row.index, batch.tiles] = values[index.cpu().numpy()]
            confidence[batch.row.index, batch.tiles] = best.cpu().numpy()
        if batch.last:
            mine = batch.row.index, slice(batch.row.columns.start, batch.row.columns.stop)
            job.journal.put(winners[mine], confidence[mine])

    def replay(record: Record) -> None:
        columns = plan.tiles_of(plan.stripes[record.stripe])
        winners[record.row, columns], confidence[record.row, columns] = record.arrays

    computed = run_pipeline(job, plan, sink, replay, callbacks)
    table, tags = _tile_table(job, plan, winners), job.tags(options)
    if target.suffix.lower() == ".gpkg":
        _write_tiles(part, target.stem, job, plan, winners, confidence)
    else:
        transform = coarser(job.source.transform, job.tile_px)
        with create_tiff(part, job.source, columns, rows, transform, dtype="uint8", nodata=NODATA, tags=tags) as layer:
            layer.write_colormap(1, class_colormap(job.classes))
            layer.write(winners, 1)
        write_class_names(part, table, [entry["tiles"] for entry in table])
    return _finish(job, options, tags, winners, report=options.report, classes=table, tiles=computed)


def _tile_table(job: Job, plan: pl.Plan, winners: NDArray[np.uint8]) -> list[dict]:
    """The classes with their tiles and area_ha; a tile counts whole, as its polygon does."""
    tally = Tally(job.source, job.classes)
    widths = [plan.columns.length(column) for column in range(winners.shape[1])]
    for row, values in enumerate(winners):
        across = np.repeat(values, widths)
        tally.add(np.broadcast_to(across, (plan.rows.length(row), len(across))), 0, plan.rows.starts[row])
    return [
        {key: entry[key] for key in entry if key != "pixels"} | {"tiles": int((winners == entry["value"]).sum())}
        for entry in tally.table()
    ]


def _write_tiles(path: Path, layer: str, job: Job, plan: pl.Plan, winners: NDArray, confidence: NDArray) -> None:
    with _polygons(path, layer, job, confidence=True) as writer:
        for i, j in zip(*np.nonzero(winners != NODATA), strict=True):
            x, y = plan.columns.starts[j], plan.rows.starts[i]
            right, bottom = x + plan.columns.length(int(j)), y + plan.rows.length(int(i))
            corners = [place(job.source.transform, *c) for c in ((x, y), (right, y), (right, bottom), (x, bottom))]
            writer.add(shapely.Polygon(corners), int(winners[i, j]), float(confidence[i, j]))


# --- embed ------------------------------------------------------------------------------------------------------


@_verb(None)
def embed(job: Job, options: EmbedOptions, callbacks: Callbacks) -> dict:
    """Token features: a GeoTIFF of one band a feature and one cell a token; optionally a picture of 3 components."""
    part = job.pending.beside(Path(options.output))
    picture_part = job.pending.beside(Path(options.picture)) if options.picture else None
    arch = job.checkpoint.model.arch
    token_px = job.tile_px / arch.grid
    source = job.source
    width, height = (max(1, round(size / token_px)) for size in (source.width, source.height))
    transform = coarser(source.transform, token_px)
    scores = max(1, arch.width // int(max(token_px, 1)) ** 2)
    plan = begin(job, options, part, lambda: plan_for(job, 0.0, scores, clipped=True), callbacks)
    tags = job.tags(options)
    with create_tiff(
        part, source, width, height, transform, dtype="float32", count=arch.width, nodata=float("nan"), tags=tags
    ) as layer:
        writer = _TokenWriter(job, layer, plan)
        computed = run_pipeline(job, plan, writer, writer.replay, callbacks)
    if picture_part:
        _write_picture(part, picture_part, job, tags)
    return _finish(
        job, options, tags, picture=options.picture, width=width, height=height, features=arch.width, tiles=computed
    )


class _TokenWriter:
    """Collects a row of tiles and writes their tokens; tokens without a valid pixel are NaN."""

    def __init__(self, job: Job, layer: rasterio.io.DatasetWriter, plan: pl.Plan):
        self.layer, self.plan, self.journal = layer, plan, job.journal
        self.grid = job.checkpoint.model.arch.grid
        self._tokens: NDArray | None = None

    def __call__(self, batch: pl.Batch, scores: Tensor | None) -> None:
        row, grid = batch.row, self.grid
        if self._tokens is None:
            self._tokens = np.full((self.layer.count, grid, len(row.columns) * grid), np.nan, np.float32)
        for column, tokens in zip(batch.tiles, scores if scores is not None else (), strict=True):
            x = (column - row.columns[0]) * grid
            self._tokens[:, :, x : x + grid] = tokens.cpu().numpy()
        if not batch.last:
            return
        if row.valid is not None:
            self._tokens[:, ~self._any_valid(row.valid, *self._tokens.shape[1:])] = np.nan
        self.journal.put(self._tokens)
        self._write(row.columns[0], row.index, self._tokens)
        self._tokens = None

    def replay(self, record: Record) -> None:
        self._write(self.plan.tiles_of(self.plan.stripes[record.stripe])[0], record.row, *record.arrays)

    def _write(self, column: int, row: int, tokens: NDArray) -> None:
        """(D, grid, w) tokens from a tile on, as far as the layer reaches."""
        first, top = column * self.grid, row * self.grid
        height, width = min(self.grid, self.layer.height - top), min(tokens.shape[2], self.layer.width - first)
        if height > 0 and width > 0:
            area = rasterio.windows.Window(first, top, width, height)
            self.layer.write(tokens[:, :height, :width], window=area)

    def _any_valid(self, valid: NDArray, height: int, width: int) -> NDArray:
        """(height, width) tokens that hold a valid pixel."""
        token_px = self.plan.tile_px / self.grid
        down = np.floor(np.arange(height) * token_px).astype(int).clip(0, valid.shape[0] - 1)
        across = np.floor(np.arange(width) * token_px).astype(int).clip(0, valid.shape[1] - 1)
        return np.logical_or.reduceat(np.logical_or.reduceat(valid, down, 0), across, 1)


def _write_picture(features: Path, path: Path, job: Job, tags: dict[str, str]) -> None:
    """The first three principal components of the features as red, green and blue (2nd to 98th percentile)."""
    with rasterio.open(features) as layer:
        windows = [w for _, w in layer.block_windows(1)]
        chosen = windows[:: max(1, len(windows) // 16)]  # a sample is enough for three directions
        sample = np.concatenate([layer.read(window=w).reshape(layer.count, -1).T for w in chosen])
        sample = sample[np.isfinite(sample).all(1)].astype(np.float64)
        center = sample.mean(0) if len(sample) else np.zeros(layer.count)
        directions = np.linalg.eigh(np.cov(sample.T))[1][:, :-4:-1] if len(sample) > 1 else np.eye(layer.count)[:, :3]
        directions = directions * np.sign(directions.sum(0))  # eigenvectors have no sign of their own
        projected = (sample - center) @ directions
        low, high = np.percentile(projected, [2, 98], axis=0) if len(sample) else (np.zeros(3), np.ones(3))
        grid = (job.source, layer.width, layer.height, layer.transform)
        with create_tiff(path, *grid, dtype="uint8", count=3, nodata=0, tags=tags) as picture:
            for window in windows:
                block = layer.read(window=window)
                part = np.moveaxis(block, 0, 2) - center
                scaled = 1 + 254 * ((part @ directions - low) / np.maximum(high - low, 1e-12)).clip(0, 1)
                shown = np.where(np.isfinite(scaled), scaled, 0).round().astype(np.uint8)
                picture.write(np.moveaxis(shown, 2, 0), window=window)
