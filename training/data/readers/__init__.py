"""Readers of pretraining sets in their layouts as downloaded, one module per set, and the registry of their names.

A module's `open_source` yields, for each sensor that the set holds, a reader with the list of its samples. Modules are
imported when their source is opened: only those that read TIFF files need rasterio.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass

from ofa_engine.core.errors import InputError
from training.data.readers.reader import ReaderAndListing, SourceOptions


@dataclass(frozen=True)
class ReaderEntry:
    """A module of this package, the options that only some sources have, and whether it reads a folder."""

    module: str
    options: tuple[str, ...] = ()
    reads_folder: bool = True


SOURCES = {
    "satlas": ReaderEntry("satlas"),
    "five-billion-pixels": ReaderEntry("five_billion_pixels", ("variant",)),
    "hyspecnet": ReaderEntry("hyspecnet", ("split",)),
    "ssl4eo": ReaderEntry("ssl4eo", ("variant",)),
    "images": ReaderEntry("rgb_images"),
    "geotiffs": ReaderEntry("geotiffs", ("bands", "units")),
    "simulate": ReaderEntry("simulated", reads_folder=False),
    "starter": ReaderEntry("starter_mixture"),
}
_SPECIAL_OPTIONS = ("bands", "units", "split", "variant")


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    """A reader and its samples for each sensor that the source holds, or for the wanted one.

    Raises InputError where the folder has not the source's layout, or for an option that the source does not have.
    """
    for option in _SPECIAL_OPTIONS:
        if getattr(options, option) and option not in SOURCES[options.source].options:
            sources = " or ".join(name for name, entry in SOURCES.items() if option in entry.options)
            raise InputError(f"expected --{option} with {sources} only, found it with {options.source}")
    module = importlib.import_module(f"{__name__}.{SOURCES[options.source].module}")
    return module.open_source(options)
