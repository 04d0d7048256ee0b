"""`classify`: one class per tile."""

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from torch import Tensor

from ..core.callbacks import QUIET, Callbacks
from ..core.options import ClassifyOptions
from ..pipeline.journal import JournalRecord
from ..pipeline.tile_reader import TileBatch
from ..raster.class_names import NODATA, class_colormap, write_class_names
from ..raster.georeference import coarser, place
from ..raster.geotiff import create_tiff
from ..tiling.plan import TilePlan
from .area_report import areas_text, write_report
from .class_raster import Tally, class_polygons
from .lifecycle import map_answer, opened_run
from .resume import begin
from .runner import InferenceRun, RunLimits, run_pipeline
from .session import GPKG, HTML, TIFF, Session

show = areas_text  # how the command line prints an answer


def classify(options: ClassifyOptions, callbacks: Callbacks = QUIET, limits: RunLimits = RunLimits()) -> dict:
    """Classifies tiles that lie edge to edge, clipped at the raster's edge: to polygons (.gpkg), or one cell per tile
    (.tif).

    Args:
        options: what the user wants, see `core.options`.
        callbacks: progress in tiles, log, cancelling.
        limits: what the run keeps to besides its memory budget.

    Returns:
        The answer as a JSON object: outputs, sensor, detection, provenance, and `classes`, each with `tiles` and
        `area_ha` (ellipsoidal; None without a CRS).

    Raises:
        InputError: what the user can mend.
        OfaError: what broke on the way.
        Cancelled: where the user has cancelled.
    """
    outputs = [(options.output, (*GPKG, *TIFF)), (options.report, HTML)]
    with opened_run(options, "classify", outputs, callbacks, limits) as run:
        target = Path(options.output)
        part = run.pending.add(target)
        plan = begin(run, part, lambda: run.plan(0.0, 0, clipped=True))
        tiles = _TileClasses(run, plan)
        computed = run_pipeline(run, plan, tiles, tiles.replay)
        classes, tags = _class_areas(run.session, plan, tiles.winners), run.session.tags(options)
        if target.suffix.lower() == ".gpkg":
            _write_polygons(run, part, target.stem, plan, tiles)
        else:
            _write_cells(run.session, part, classes, tags, tiles.winners)
        answer = map_answer(run, tags, classes, computed, report=options.report)
        if options.report:
            write_report(run, options.report, answer, tiles.winners)
        return answer


class _TileClasses:
    """A sink of classes and confidence, (rows, columns) of tiles each."""

    def __init__(self, run: InferenceRun, plan: TilePlan):
        shape = len(plan.rows.starts), len(plan.columns.starts)
        self.plan, self.journal = plan, run.journal
        self.winners = np.full(shape, NODATA, np.uint8)
        self.confidence = np.full(shape, np.nan, np.float32)
        self.values = np.array([entry["value"] for entry in run.session.classes], np.uint8)

    def __call__(self, batch: TileBatch, scores: Tensor | None) -> None:
        row = batch.row
        if scores is not None:
            best, index = scores.max(1)
            self.winners[row.index, batch.tiles] = self.values[index.cpu().numpy()]
            self.confidence[row.index, batch.tiles] = best.cpu().numpy()
        if batch.last:
            own = row.index, slice(row.columns.start, row.columns.stop)
            self.journal.put(self.winners[own], self.confidence[own])

    def replay(self, record: JournalRecord) -> None:
        columns = self.plan.tiles_of(self.plan.stripes[record.stripe])
        self.winners[record.row, columns], self.confidence[record.row, columns] = record.arrays


def _class_areas(session: Session, plan: TilePlan, winners: NDArray[np.uint8]) -> list[dict]:
    """The classes with their tiles and area_ha; a tile counts with all of its pixels, as its polygon does."""
    tally = Tally(session.source, session.classes)
    widths = [plan.columns.length(column) for column in range(winners.shape[1])]
    for row, values in enumerate(winners):
        across = np.repeat(values, widths)
        tally.add(np.broadcast_to(across, (plan.rows.length(row), len(across))), 0, plan.rows.starts[row])
    return [
        {key: entry[key] for key in entry if key != "pixels"} | {"tiles": int((winners == entry["value"]).sum())}
        for entry in tally.class_areas()
    ]


def _write_cells(
    session: Session, part: Path, classes: list[dict], tags: dict[str, str], winners: NDArray[np.uint8]
) -> None:
    rows, columns = winners.shape
    transform = coarser(session.source.transform, session.tile_px)
    with create_tiff(part, session.source, columns, rows, transform, dtype="uint8", nodata=NODATA, tags=tags) as layer:
        layer.write_colormap(1, class_colormap(session.classes))
        layer.write(winners, 1)
    write_class_names(part, classes, [entry["tiles"] for entry in classes])


def _write_polygons(run: InferenceRun, path: Path, layer: str, plan: TilePlan, tiles: _TileClasses) -> None:
    transform = run.session.source.transform
    with class_polygons(run, path, layer, confidence=True) as writer:
        for i, j in zip(*np.nonzero(tiles.winners != NODATA), strict=True):
            x, y = plan.columns.starts[j], plan.rows.starts[i]
            right, bottom = x + plan.columns.length(int(j)), y + plan.rows.length(int(i))
            corners = [place(transform, *c) for c in ((x, y), (right, y), (right, bottom), (x, bottom))]
            writer.add(shapely.Polygon(corners), int(tiles.winners[i, j]), float(tiles.confidence[i, j]))
