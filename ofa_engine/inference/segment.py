"""`segment`: one class per pixel."""

import contextlib
import functools
from dataclasses import replace
from pathlib import Path

import rasterio
from rasterio.enums import Resampling

from ..core.callbacks import QUIET, Callbacks
from ..core.options import SegmentOptions
from ..pipeline.blender import Blender
from ..pipeline.journal import JournalRecord
from ..pipeline.memory import gdal_limits
from ..raster.class_names import write_class_names
from ..raster.geotiff import check_complete, create_tiff
from ..raster.polygons import dissolve
from ..raster.source import Source
from ..tiling.plan import TilePlan
from .area_report import areas_text, thumbnail, write_report
from .class_raster import ClassRecorder, ClassWriter, class_polygons, create_class_layer, merge_small, optimise
from .lifecycle import map_answer, opened_run
from .partitions import begin_partition, join_partitions
from .resume import begin
from .runner import InferenceRun, RunLimits, run_pipeline
from .session import GPKG, HTML, TIFF, Outputs, check_min_area, check_overlap

show = areas_text  # how the command line prints an answer


def segment(
    options: SegmentOptions, callbacks: Callbacks = QUIET, limits: RunLimits = RunLimits(), *, partitions: int = 0
) -> dict:
    """Writes a GeoTIFF of classes on the input's grid; optionally confidence, dissolved polygons and a report.

    Args:
        options: what the user wants, see `core.options`.
        callbacks: progress in tiles, log, cancelling.
        limits: what the run keeps to besides its memory budget.
        partitions: put together what so many calls of `segment_partition` have left next to the output.

    Returns:
        The answer as a JSON object: outputs, sensor, detection, provenance, and `classes`, each with `pixels` and
        `area_ha` (ellipsoidal; None without a CRS).

    Raises:
        InputError: what the user can mend.
        OfaError: what broke on the way.
        Cancelled: where the user has cancelled.
    """
    outputs, check = _outputs(options), functools.partial(_check, options)
    with opened_run(options, "segment", outputs, callbacks, limits, check=check) as run:
        part = run.pending.add(Path(options.output))
        if partitions:
            plan = join_partitions(run, _plan(run, options), partitions)
        else:
            plan = begin(run, part, lambda: _plan(run, options))
        confidence_part = run.pending.add(Path(options.confidence)) if options.confidence else None
        polygons_part = run.pending.add(Path(options.polygons)) if options.polygons else None
        tags = run.session.tags(options, **_own_tags(options)) | {"OVERLAP": str(plan.rows.overlap)}
        writer, computed = _write_layers(run, options, plan, part, confidence_part, tags)
        tally = writer.tally
        if options.min_area:
            callbacks.log("info", f"merging areas under {options.min_area:g} ha")
            tally = merge_small(part, run, options.min_area, tally, tags)
        optimise(part, run, options.cog)
        if confidence_part:
            optimise(confidence_part, run, options.cog, Resampling.average)
        classes = tally.class_areas()
        write_class_names(part, classes, [entry["pixels"] for entry in classes])
        if polygons_part:
            callbacks.log("info", "dissolving polygons")
            _write_polygons(run, polygons_part, Path(options.polygons or "").stem, part)
        paths = {"confidence": options.confidence, "polygons": options.polygons, "report": options.report}
        answer = map_answer(run, tags, classes, computed, **paths)
        if options.report:
            write_report(run, options.report, answer, thumbnail(part))
        return answer


def segment_partition(
    options: SegmentOptions, callbacks: Callbacks = QUIET, limits: RunLimits = RunLimits(), *, number: int, of: int
) -> dict:
    """Computes the rows of tiles of partition `number` (from 0) `of` several; they stay next to the output, for
    `segment` to put together. A partition that was broken off, or done before, is continued.

    Returns:
        {"tiles": how many were computed}.

    Raises:
        As `segment` does.
    """
    outputs, check = _outputs(options), functools.partial(_check, options)
    with opened_run(options, "segment", outputs, callbacks, limits, check=check, keep_journal=True) as run:
        session = run.session
        plan = begin_partition(run, replace(_plan(run, options), partition=(number, of)))
        recorder = ClassRecorder(session.classes, run.journal, bool(options.confidence))
        blender = Blender(plan, len(session.classes), recorder, run.journal, session.device)
        tiles = run_pipeline(run, plan, blender, lambda record: None, options.flips)
        with gdal_limits(session.source, run.budget_bytes):  # errors of the disk are reported as those of all writing
            run.journal.commit()
        return {"tiles": tiles}


def _outputs(options: SegmentOptions) -> Outputs:
    return [(options.output, TIFF), (options.confidence, TIFF), (options.polygons, GPKG), (options.report, HTML)]


def _check(options: SegmentOptions, source: Source) -> None:
    check_overlap(options.overlap)
    if options.min_area is not None:
        check_min_area(options.min_area, source)


def _plan(run: InferenceRun, options: SegmentOptions) -> TilePlan:
    return run.plan(options.overlap, len(run.session.classes), passes=4 if options.flips else 1)


def _own_tags(options: SegmentOptions) -> dict[str, str]:
    area = {"MIN_AREA_HA": f"{options.min_area:g}"} if options.min_area else {}
    return area | ({"FLIPS": "4"} if options.flips else {})


def _write_layers(
    run: InferenceRun,
    options: SegmentOptions,
    plan: TilePlan,
    part: Path,
    confidence_part: Path | None,
    tags: dict[str, str],
) -> tuple[ClassWriter, int]:
    """Computes all tiles into the class layer, and into the confidence layer where one is wanted."""
    session = run.session
    with (
        _confidence_layer(confidence_part, session.source, tags) as confidence,
        create_class_layer(part, session, tags) as layer,
    ):
        writer = ClassWriter(session, run.journal, layer, confidence)
        blender = Blender(plan, len(session.classes), writer, run.journal, session.device)

        def replay(record: JournalRecord) -> None:
            writer.write(*plan.origin(record.stripe, record.row), *record.arrays)

        computed = run_pipeline(run, plan, blender, replay, options.flips)
    for path, name in ((part, options.output), (confidence_part, options.confidence)):
        if path:
            check_complete(path, Path(name or "").name)
    return writer, computed


def _confidence_layer(
    path: Path | None, source: Source, tags: dict[str, str]
) -> contextlib.AbstractContextManager[rasterio.io.DatasetWriter | None]:
    if path is None:
        return contextlib.nullcontext()
    grid = (source.width, source.height, source.transform)
    return create_tiff(path, source, *grid, dtype="float32", nodata=float("nan"), tags=tags)


def _write_polygons(run: InferenceRun, path: Path, layer: str, class_layer: Path) -> None:
    with class_polygons(run, path, layer, confidence=False) as writer:
        for polygon, value in dissolve(class_layer):
            run.check_cancelled()
            writer.add(polygon, value)
