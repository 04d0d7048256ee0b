"""A session: a raster opened and understood, and the model for it. It is frozen; what changes belongs to a run."""

import functools
import math
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from ..core import catalog
from ..core.callbacks import Callbacks
from ..core.errors import InputError, RasterError, SensorError
from ..core.messages import option
from ..core.options import MAX_OVERLAP, MAX_TILE_PX, MIN_MEMORY_MB, MIN_TILE_PX, MapOptions, value_of
from ..core.sensors import Detection, Sensor
from ..core.version import __version__
from ..model.checkpoint import Checkpoint, Head, check_head, choose_device, load_checkpoint, load_head
from ..model.onednn import pack
from ..pipeline.memory import default_budget_bytes
from ..raster.atomic import check_output
from ..raster.gdal import display_name
from ..raster.georeference import crs_name, gsd_m, to_degrees
from ..raster.masks import PolygonMask, RasterMask
from ..raster.source import Source, detect_source

TIFF, GPKG, HTML = (".tif", ".tiff"), (".gpkg",), (".html", ".htm")
Outputs = Sequence[tuple[str | None, tuple[str, ...]]]  # paths with the endings they may have; None: not wanted
_TILE_PX = (16, 8192)
_LEAST_BUDGET_MB = 64


@dataclass(frozen=True)
class Session:
    """A raster opened and understood, with the model for it."""

    source: Source
    detection: Detection
    checkpoint: Checkpoint
    head: Head | None
    head_file: catalog.ModelFile | None
    device: torch.device
    gsd_m: float | None  # of the middle of the whole raster; None without a place on the Earth
    tile_px: int
    budget_bytes: int  # of memory, as the user has limited it or as is free

    @property
    def sensor(self) -> Sensor:
        return self.checkpoint.sensor(self.detection.sensor or "")

    @property
    def present(self) -> list[int]:
        """0-based embedder bands that the raster has."""
        return [i for i, band in enumerate(self.detection.bands) if band]

    @property
    def source_bands(self) -> list[int]:
        """1-based bands of the raster, in the order of the embedder's bands that are present."""
        return [band for band in self.detection.bands if band]

    @property
    def classes(self) -> list[dict]:
        """The head's classes {value, name, color} in the order of its outputs; empty without a head."""
        return self.head_file.header["classes"] if self.head_file else []

    @property
    def fingerprint(self) -> str:
        """Of the backbone with the sensor's embedder."""
        return self.checkpoint.header["fingerprints"][self.sensor.id]

    def tags(self, options: MapOptions, **more: str) -> dict[str, str]:
        """Provenance for an output's metadata; `more` are tags of a single verb's options."""
        found = self.detection
        tags = {
            "ENGINE": f"ofanet {__version__}",
            "SOURCE": self.source.name,
            "SENSOR": found.sensor or "",
            "BANDS": ",".join(str(b or "-") for b in found.bands),
            "UNITS": found.units or "",
            "CHECKPOINT": self.checkpoint.header["name"],
            "BACKBONE": self.fingerprint,
            "TILE_PX": str(self.tile_px),
        }
        if self.head_file:
            tags["HEAD"] = self.head_file.header["name"]
        for key, value in (("VALID_MASK", options.valid_mask), ("MASK", options.mask)):
            if value:
                tags[key] = display_name(value)
        if options.nodata:
            tags["NODATA"] = ",".join(f"{value:g}" for value in options.nodata)
        if options.mask_values:
            tags["MASK_VALUES"] = ",".join(f"{float(value):g}" for value in options.mask_values)
        if found.product:
            tags["PRODUCT"] = found.product
        tags |= more
        if found.mapped:
            tags["MAPPED_BANDS"] = "bands of another sensor, or in another order than was found"
        return tags


@functools.lru_cache(maxsize=2)
def cached_checkpoint(path: str, stamp: int, device: str) -> Checkpoint:
    """A checkpoint that was read before stays in memory; on a CPU its layers are packed for oneDNN."""
    checkpoint = load_checkpoint(path, device)
    if torch.device(device).type == "cpu":
        pack(checkpoint.model)
    return checkpoint


def open_session(
    options: MapOptions,
    task: str | None,
    callbacks: Callbacks,
    outputs: Outputs | None = None,
    check: Callable[[Source], None] = lambda source: None,
) -> Session:
    """Opens and checks everything that the options name.

    Args:
        options: of a verb; what concerns input, model and masks is read.
        task: the head's, "segment" or "classify"; None where no head is used.
        callbacks: log what was detected, once nothing is left to complain of.
        outputs: what will be written, if anything is.
        check: raises InputError where other options do not fit the raster.

    Returns:
        The session; its source is open, and for the caller to close.

    Raises:
        InputError: whatever can be found out on opening. Nothing stays open then.
    """
    source = Source(options.input, options.crs, options.nodata)
    try:
        _check_place(source)
        found = _detect(source, options)
        if outputs is not None:
            _check_outputs(outputs, options, source.dataset.files)
        check(source)
        notes = _restrict(source, options)
        # of the whole raster: in degrees a part of it may have another
        pixel_m = gsd_m(source.transform, source.crs, source.width, source.height)
        if options.bounds:
            source.crop(options.bounds)
        session = _with_model(source, found, options, task, pixel_m)
    except BaseException:
        source.close()
        raise
    # only now that nothing is left to complain of: an error is one line
    callbacks.log("info", f"{found.sensor} ({found.confidence}): {found.marked_reason}")
    for level, message in notes:
        callbacks.log(level, message)
    if note := _other_gsd(session):
        callbacks.log("warning", note)
    if outputs is not None and (note := _placeless(source)):
        callbacks.log("warning", note)
    return session


def _placeless(source: Source) -> str:
    """What a CRS without a place on the Earth means for the result; "" where it has one."""
    if source.crs is None:
        return "the raster has no CRS: the result has none either, and no areas"
    if to_degrees(source.crs) is None:
        return f"the raster lies in {crs_name(source.crs)}, which has no place on the Earth: areas are not known"
    return ""


def _other_gsd(session: Session) -> str:
    """That the head was fitted for pixels of another size; "" where it was not, or the sizes are not known."""
    head = session.head_file
    if head is None or head.gsd_m is None or head.gsd_factor(session.gsd_m) == 1:
        return ""
    low, high = head.gsd_m
    return f"the head {head.name} was fitted for {low:.3g}-{high:.3g} m, this raster has {session.gsd_m:.3g} m"


def _check_place(source: Source) -> None:
    """Raises RasterError for a raster that control points or a camera model place, as its results could not be."""
    how = source.placed_by
    if how:
        flag = {"ground control points": "-tps", "a camera model (RPC)": "-rpc"}[how]
        raise RasterError(
            f"expected a raster on a grid in a CRS, found {source.name} placed by {how} only: bring it to one first, "
            f"gdalwarp {flag} {shlex.quote(source.name)} warped.tif"
        )


def _detect(source: Source, options: MapOptions) -> Detection:
    """The raster's sensor, bands and units. Raises SensorError where they are unknown or ambiguous."""
    found = detect_source(source, options.sensor, options.bands, options.units)
    if found.sensor is None:
        raise SensorError(found.marked_reason)
    if found.units is None or found.confidence == "ambiguous" and not (options.sensor or options.bands):
        others = ", ".join(found.candidates)
        raise SensorError(
            f"{source.name} is ambiguous ({others}): {found.marked_reason}; set {option('sensor')}, "
            f"{option('bands')} or {option('units')}"
        )
    return found


def _with_model(
    source: Source, found: Detection, options: MapOptions, task: str | None, pixel_m: float | None
) -> Session:
    """The session with head, checkpoint, device, tile size and budget. Raises ModelFileError, InputError."""
    sensor, head_file, head = found.sensor or "", None, None
    if task:
        head_file = catalog.find_head(value_of(options, "head"), sensor, task, pixel_m, found.band_names)
        check_head(head_file.header, head_file.path, sensor, task)
    if options.checkpoint:
        file = catalog.named_checkpoint(options.checkpoint, sensor)
    elif head_file:
        file = catalog.find_checkpoint(head_file.header.get("backbone"), sensor, head_file.path.parent)
    else:
        file = catalog.find_checkpoint(None, sensor)
    device = choose_device(options.device)
    checkpoint = cached_checkpoint(str(file.path), file.path.stat().st_mtime_ns, str(device))
    if head_file:
        head = load_head(head_file.path, checkpoint, sensor, task, device)[0]
    tile_px = options.tile_px or (head_file.header["tile_px"] if head_file else checkpoint.tile_px(sensor))
    if not MIN_TILE_PX <= tile_px <= MAX_TILE_PX:
        expected = f"{MIN_TILE_PX} to {MAX_TILE_PX} px"
        raise InputError(f"expected a tile of {expected} ({option('tile_px')}), found {tile_px}")
    budget = options.memory_mb * 2**20 if options.memory_mb else default_budget_bytes()
    if budget < MIN_MEMORY_MB * 2**20:
        raise InputError(f"expected a memory budget of at least {MIN_MEMORY_MB} MB, found {options.memory_mb}")
    return Session(source, found, checkpoint, head, head_file, device, pixel_m, tile_px, budget)


def _restrict(source: Source, options: MapOptions) -> list[tuple[str, str]]:
    """Applies the user's masks to the source; returns (level, message) to log. Raises InputError."""
    notes: list[tuple[str, str]] = []
    if options.mask_values is not None and not options.valid_mask:
        raise InputError(f"expected {option('valid_mask')} with {option('mask_values')}, found none")
    if options.valid_mask:
        source.restrict(RasterMask(source, options.valid_mask, options.mask_values, lambda *note: notes.append(note)))
    if options.mask:
        source.restrict(PolygonMask(source, options.mask))
    return notes


def _check_outputs(outputs: Outputs, options: MapOptions, files: Sequence[str]) -> None:
    """All that can be found out about outputs before work starts; `files` are what the input consists of. Raises
    OutputError."""
    taken = [path for path in (options.input, *files, options.valid_mask, options.mask) if path]
    for path, endings in outputs:
        if path is not None:
            check_output(path, taken, endings)
            taken.append(path)


def check_overlap(overlap: float | None) -> None:
    """Raises InputError for an overlap that tiles cannot have."""
    if overlap is not None and not 0 <= overlap <= MAX_OVERLAP:
        raise InputError(f"expected an overlap of 0 to {MAX_OVERLAP}, found {overlap}")


def check_min_area(hectares: float, source: Source) -> None:
    """Raises InputError where areas under so many hectares cannot be found."""
    if not (0 < hectares < math.inf):
        raise InputError(f"expected a smallest area above 0 ha, found {hectares}")
    if gsd_m(source.transform, source.crs, source.width, source.height) is None:
        raise InputError(
            f"expected a raster in a CRS of the Earth for {option('min_area')}, found none: without it no area is known"
        )
