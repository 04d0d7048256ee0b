"""From a file of public weights to a checkpoint, with its origin and licence in the header."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from safetensors import SafetensorError, safe_open

from ...core import catalog, files
from ...core.errors import InputError, OutputError
from ...core.messages import option
from ...core.sensors import Sensor
from ..checkpoint import load_checkpoint, save_checkpoint
from .conversion import Conversion
from .dynamic import refuse_old_dofa
from .layouts import build, convert
from .own_embedders import own_embedders
from .rename_map import read_rename_map

Log = Callable[[str, str], None]
_NAMED = 6  # of the tensors that were left


def import_weights(
    path: str | Path,
    output: str | Path,
    *,
    name: str | None = None,
    keep_generator: bool = False,
    rename_map: str | Path | None = None,
    log: Log = lambda level, message: None,
) -> Path:
    """Makes a checkpoint of a file of weights: public ones of a known layout, others by a map, or one of ours.

    Args:
        path: a PyTorch or safetensors file. Nothing in it is run.
        output: checkpoint to create or replace, complete or not at all.
        name: stands in the header; that of the model by default.
        keep_generator: keep DOFA's generator of embedders: for a raster that lacks bands an embedder is then generated,
            and products of the table get embedders of their own.
        rename_map: YAML file for weights that are not recognised, see `imports.rename_map`.
        log: gets (level, message): what it is, what was taken and left, and its licence.

    Returns:
        The checkpoint's path.

    Raises:
        InputError: the file is not there, damaged, not safe to read, of no layout that is known, or the map is wrong.
        ModelFileError: it is a damaged checkpoint of ours, or a head.
        OutputError: the checkpoint cannot be written.
    """
    path, output = Path(path), Path(output)
    names = read_rename_map(rename_map)
    if not path.is_file():
        raise InputError(f"expected a file of weights, found no file {path}")
    if os.path.exists(output) and output.samefile(path):  # which takes a name that is too long for one that is free
        raise OutputError(f"expected another file to write than the one to import, found {output}")
    checksum = files.sha256(path)
    refuse_old_dofa(path, checksum)
    if _is_ours(path):
        return _copy(path, output, name, keep_generator, log)
    found = _with_generator(convert(path, names)) if keep_generator else _without_generator(convert(path, names))
    for line in _report(found):
        log("info", line)
    title = name or found.title
    source = _source(found, path, checksum)
    _make_folder(output)
    save_checkpoint(
        output, build(found), title, {"imported_from": found.layout, "notes": [*found.notes]}, source=source
    )
    log("info", f"wrote {output}: {title}, for {_listed(found.sensors)}")
    return output


def _without_generator(found: Conversion) -> Conversion:
    return replace(found, generator=None, generator_um={})


def _with_generator(found: Conversion) -> Conversion:
    """With embedders for the products and sensors that the weights do not name. Raises InputError without one."""
    if found.generator is None:
        raise InputError(
            f"expected weights with a generator of embedders, as DOFA's, for {option('keep_generator')}, "
            f"found {found.layout}"
        )
    sensors, embedders, um = own_embedders(found.generator, found.sensors)
    return replace(
        found,
        sensors={**found.sensors, **sensors},
        embedders={**found.embedders, **embedders},
        generator_um={**found.generator_um, **um},
    )


def _is_ours(path: Path) -> bool:
    try:
        with safe_open(path, "pt") as file:
            return "ofanet" in (file.metadata() or {})
    except (OSError, SafetensorError):
        return False


def _copy(path: Path, output: Path, name: str | None, keep_generator: bool, log: Log) -> Path:
    """A checkpoint of ours, once it is known to be whole."""
    header = load_checkpoint(path).header
    if keep_generator and "generator" not in header:
        raise InputError(f"expected a checkpoint with a generator for {option('keep_generator')}, found none in {path}")
    _make_folder(output)
    try:
        catalog.rewrite_header(path, header | ({"name": name} if name else {}), output)
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror or error}") from error
    log("info", f"wrote {output}: a checkpoint of OFA-Net, for {', '.join(header['sensors'])}")
    return output


def _make_folder(output: Path) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror or error}") from error


def _report(found: Conversion) -> Iterator[str]:
    a = found.architecture
    yield f"{found.layout}: {a.depth} blocks of width {a.width}, patches of {a.patch_px} px, tiles of {a.input_px} px"
    left = ", ".join(found.left[:_NAMED]) + (" and others" if len(found.left) > _NAMED else "")
    yield f"{len(found.taken)} tensors taken, {len(found.left)} left{f': {left}' if left else ''}"
    yield from found.notes
    family = found.family
    if family.licence:
        yield f"licence {family.licence} ({family.licence_url}): {family.attribution}; say so where you publish results"
    else:
        yield "the file does not show its licence: look it up where you got it"


def _source(found: Conversion, path: Path, checksum: str) -> dict[str, str]:
    family = found.family
    return {
        "name": found.title,
        "file": path.name,
        "sha256": checksum,
        "licence": family.licence,
        "licence_url": family.licence_url,
        "attribution": family.attribution,
        "address": family.address,
        "citation": family.citation,
    }


def _listed(sensors: Mapping[str, Sensor]) -> str:
    return ", ".join(f"{key} ({len(sensor.usable_bands)} bands)" for key, sensor in sensors.items())
