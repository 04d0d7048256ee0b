"""Labelled chips of public imagery in a folder that `training.quality` and `ofa heads refit` read.

request.json    what was asked for, and the places that were drawn for it: the same call goes on with them
images/, labels/, places.csv, classes.json, reading.json    the layout of docs/quality.md
README.md       scenes, dates, attribution and licences
"""

import functools
import itertools
import json
import math
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from ...core.callbacks import QUIET, Callbacks
from ...core.errors import InputError, OfaError, OutputError
from ...core.files import write_text
from .catalogue import Catalogue, read_catalogue
from .chip import CHIP_PX, is_complete, write_chip
from .crew import Crew
from .description import write_description
from .places import Place, draw_places, read_overview
from .web import PublicDataError, Unreachable, Web

_THREADS = 4  # that wait for servers
_SPARE = 0.5  # further places, for those where nothing is clear
_ENOUGH = 0.5  # share of the chips, or the run has failed
_MAPS_IN_A_ROW, _CHIPS_IN_A_ROW = 4, 8  # failures of servers, after which they count as out of reach
_REQUEST = "request.json"


@dataclass(frozen=True)
class FetchedChips:
    """Attributes:
    folder: with images, labels, places.csv and classes.json.
    chips: how many it holds.
    skipped: places that were skipped, and why.
    attribution: who is to be named, one line for each source.
    """

    folder: Path
    chips: int
    skipped: dict[str, str]
    attribution: tuple[str, ...]


def fetch_labelled_chips(
    output: str | Path,
    *,
    chips: int,
    seed: int = 0,
    catalogue: Catalogue | str | Path | None = None,
    callbacks: Callbacks = QUIET,
) -> FetchedChips:
    """Fetches windows of Sentinel-2 and of a land-cover map as labelled chips of 256 x 256 pixels of 10 m.

    The same call goes on where an earlier one stopped: complete chips stay, the others are fetched again.

    Args:
        output: a folder: a new one, an empty one, or that of an earlier call with the same arguments.
        chips: how many. Where only half of them or more can be had, a warning says so.
        seed: of the places.
        catalogue: one, or its file; the public one by default.
        callbacks: progress in chips, log, cancelling.

    Raises:
        InputError: where the folder holds something else, or the catalogue cannot be used.
        OutputError: where the folder cannot be written to.
        OfaError: where too few chips came; those that did stay.
        Cancelled: where the user has cancelled; complete chips stay.
    """
    if chips < 1:
        raise InputError(f"expected one chip or more, found {chips}")
    if not isinstance(catalogue, Catalogue):
        catalogue = read_catalogue(Path(catalogue) if catalogue else None)
    folder = Path(output)
    places = _places_of_request(folder, chips, seed, catalogue)
    if places is None:
        places = _draw(catalogue, chips, seed, callbacks)
        _start_folder(folder, _request(chips, seed, catalogue), places)
    _remove_incomplete(folder)
    with Crew(_THREADS, callbacks.cancelled) as crew, Web(catalogue, crew.stopped, _THREADS) as web:
        make = functools.partial(write_chip, web, catalogue, folder=folder)
        skipped = _fetch(crew, places, chips, make, functools.partial(is_complete, folder), callbacks)
    done = [place for place in places if is_complete(folder, place.name)]
    _check_enough(len(done), chips, skipped, callbacks)
    write_description(folder, done, catalogue)
    terms = (catalogue.image_terms, catalogue.label_terms)
    return FetchedChips(folder, len(done), skipped, tuple(term.attribution for term in terms))


def _request(chips: int, seed: int, catalogue: Catalogue) -> dict[str, Any]:
    """What decides the content of chips, as JSON gives it back."""
    keys = (
        "search",
        "collection",
        "period",
        "max_cloud_percent",
        "bands",
        "scene_classes",
        "label_tiles",
        "label_classes",
    )
    source = {key: getattr(catalogue, key) for key in keys}
    return json.loads(json.dumps({"chips": chips, "seed": seed, "chip_px": CHIP_PX, "catalogue": source}))


def _places_of_request(folder: Path, chips: int, seed: int, catalogue: Catalogue) -> list[Place] | None:
    """The places that an earlier call drew; None where the folder is new or empty. Raises InputError, OutputError."""
    path = folder / _REQUEST
    try:
        if not path.exists():
            if folder.exists() and any(folder.iterdir()):
                raise InputError(f"expected a new or empty folder for chips, found other files in {folder}")
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        places = [Place(**place) for place in found.pop("places")]
    except OSError as error:
        raise OutputError(f"expected a folder for chips, found {folder}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"expected what was asked for in {path}, found another form: {error}") from error
    if found != _request(chips, seed, catalogue):
        raise InputError(
            f"expected a folder of the same request, found one of {found.get('chips')} chips with seed "
            f"{found.get('seed')}, or of another catalogue, in {folder}: name another folder"
        )
    return places


def _start_folder(folder: Path, request: dict[str, Any], places: list[Place]) -> None:
    """Raises OutputError."""
    try:
        for part in ("images", "labels"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        text = json.dumps(request | {"places": [asdict(place) for place in places]}, indent=1, ensure_ascii=False)
        write_text(folder / _REQUEST, text + "\n", durable=True)
    except OSError as error:
        raise OutputError(f"expected a folder that can be written to, found {folder}: {error.strerror}") from error


def _remove_incomplete(folder: Path) -> None:
    """What processes that are gone left half written."""
    for path in folder.glob("*/.*.part.*"):
        pid = re.search(r"\.(\d+)\.part\.", path.name)
        if pid and (int(pid[1]) == os.getpid() or not psutil.pid_exists(int(pid[1]))):
            path.unlink(missing_ok=True)


def _draw(catalogue: Catalogue, chips: int, seed: int, callbacks: Callbacks) -> list[Place]:
    """Places for all chips and some to spare. Raises OfaError where there are too few, Cancelled."""
    count = chips + max(4, math.ceil(chips * _SPARE))
    callbacks.log("info", f"drawing {count} places on the overviews of {catalogue.label_terms.title}")
    with Crew(_THREADS, callbacks.cancelled) as crew, Web(catalogue, crew.stopped, _THREADS) as web:
        overviews = functools.partial(_overviews, crew, web, catalogue, callbacks)
        places = draw_places(count, seed, overviews, catalogue.label_classes)
    if len(places) < chips:
        raise OfaError(f"expected places for {chips} chips on {catalogue.label_terms.title}, found {len(places)}")
    return places


def _overviews(
    crew: Crew, web: Web, catalogue: Catalogue, callbacks: Callbacks, tiles: Iterator[str]
) -> Iterator[tuple[str, NDArray[np.uint8] | None]]:
    """Tiles of the label map, several of which are read at a time. Raises OfaError where too many fail, Cancelled."""
    names, asked = itertools.tee(tiles)
    jobs = (functools.partial(read_overview, web, catalogue, tile) for tile in asked)
    failures = 0
    for tile, (values, error) in zip(names, crew.in_order(jobs), strict=True):
        if error is None:
            failures = 0
        elif isinstance(error, PublicDataError):
            failures += 1
            if failures == _MAPS_IN_A_ROW:
                raise OfaError(f"the label map cannot be read: {error.message.marked}") from error
            callbacks.log("warning", f"tile {tile} skipped: {error.message.marked}")
        else:
            raise error
        yield tile, values


def _fetch(
    crew: Crew,
    places: list[Place],
    chips: int,
    make: Callable[[Place], None],
    complete: Callable[[str], bool],
    callbacks: Callbacks,
) -> dict[str, str]:
    """Makes chips of the first places that yield one; returns why the others did not.

    At no time are more under way than are needed, so that the same places are used however fast each one is.
    """
    missing = [place for place in places if not complete(place.name)]
    before = done = len(places) - len(missing)
    waiting, under_way, failures, started = iter(missing), 0, 0, time.monotonic()
    skipped: dict[str, str] = {}
    callbacks.progress(done, chips, None)
    while True:
        while done + under_way < chips and (place := next(waiting, None)):
            crew.submit(place, functools.partial(make, place))
            under_way += 1
        if not under_way:
            return skipped
        place, error = crew.take()
        under_way -= 1
        if error is None:
            done, failures = done + 1, 0
            rate = (time.monotonic() - started) / (done - before)
            callbacks.progress(done, chips, rate * (chips - done) if done - before >= _THREADS else None)
            continue
        if not isinstance(error, PublicDataError):
            raise error
        skipped[place.name] = str(error)
        callbacks.log("warning", f"{place.name} skipped: {error.message.marked}")
        failures = failures + 1 if isinstance(error, Unreachable) else 0
        if failures == _CHIPS_IN_A_ROW:
            raise OfaError(f"{failures} chips in a row failed; the same call goes on from here: {error.message.marked}")


def _check_enough(done: int, chips: int, skipped: dict[str, str], callbacks: Callbacks) -> None:
    if done >= chips:
        return
    reason, times = Counter(skipped.values()).most_common(1)[0] if skipped else ("", 0)
    least = math.ceil(chips * _ENOUGH)
    if done < least:
        raise OfaError(
            f"expected {least} labelled chips or more, found {done}; {len(skipped)} places were skipped, {times} of "
            f"them since: {reason}; the same call tries those again"
        )
    callbacks.log("warning", f"{done} of {chips} chips came; {len(skipped)} places were skipped")
