"""Style and metadata files that the plugin writes next to an output, for QGIS to read with the layer.

They describe one output: who replaces it removes them. Standard library only.
"""

from pathlib import Path

MARK = b"ofanet"  # occurs in each of them, in the plugin's custom properties and keywords
ENDINGS = (".qml", ".qmd")
_RASTERS = (".tif", ".tiff")


def remove_stale(target: Path) -> None:
    """Removes the plugin's own sidecars of the output that `target` is about to replace.

    Files without the mark are the user's and stay. So do those of a raster where a GeoPackage of the same stem is
    written: QGIS reads them with the raster.
    """
    of_a_raster = any(target.with_suffix(ending).exists() for ending in _RASTERS)
    if target.suffix.lower() not in (_RASTERS if of_a_raster else (*_RASTERS, ".gpkg")):
        return
    for sidecar in map(target.with_suffix, ENDINGS):
        if sidecar.is_file() and MARK in sidecar.read_bytes():
            sidecar.unlink()
