"""Samples of GEO-Bench, one HDF5 file each. Band data are plain HDF5; class labels are in a pickle, which is read by
`safe_pickle`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError
from training.probes.safe_pickle import Array, Scalar, read_pickle_text

_UNLABELLED = (-1, 255)  # in a raster of labels; the published tasks define none and count every class


class HDF5Split:
    """The samples of one split by number, see `task.Split`; each file is opened when it is read."""

    def __init__(self, folder: Path, names: Sequence[str], bands: Sequence[str], kind: str, classes: int):
        """`bands` are the stored names of the bands that are read, `classes` is their number."""
        self.folder, self.names, self.bands, self.kind, self.classes = folder, list(names), bands, kind, classes

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> tuple[NDArray[np.float32], Any]:
        """Pixels (C, H, W) in the data's unit and the label. Raises IndexError, InputError."""
        with SampleFile(self._path(number)) as file:
            pixels = file.pixels(self.bands)
            if self.kind == "segment":
                return pixels, file.label_raster(self.classes, pixels.shape[1:])
            return pixels, file.label(self.classes, self.kind == "multilabel")

    def pixels(self, number: int) -> NDArray[np.float32]:
        """The pixels alone."""
        with SampleFile(self._path(number)) as file:
            return file.pixels(self.bands)

    def _path(self, number: int) -> Path:
        if not 0 <= number < len(self.names):
            raise IndexError(f"expected a sample number below {len(self.names)}, found {number}")
        return self.folder / f"{self.names[number]}.hdf5"


class SampleFile:
    """The file of one sample. `keys` maps band names, without the date that some have, to names of datasets."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self) -> "SampleFile":
        try:
            self.file = h5py.File(self.path, "r")
        except OSError as error:
            raise InputError(f"expected a GEO-Bench sample in HDF5, found: {self.path} ({error})") from error
        self.keys: dict[str, str] = {}
        for key in self.file:
            self.keys[re.sub(r"_\d{4}-\d\d-\d\d$", "", str(key))] = str(key)
        if len(self.keys) < len(self.file):
            self.file.close()
            raise InputError(f"expected each band once, found several dates of one band in {self.path}")
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def _band(self, name: str) -> NDArray:
        """(H, W) in the stored data type."""
        if name not in self.keys:
            raise InputError(f"expected {name!r} in {self.path}, found {', '.join(self.keys)}")
        try:
            values = self.file[self.keys[name]][()]
        except (OSError, KeyError, TypeError) as error:
            raise InputError(f"expected {name!r} to be readable in {self.path}, found: {error}") from error
        values = values[..., 0] if np.ndim(values) == 3 and values.shape[2] == 1 else values
        if np.ndim(values) != 2 or not values.size or values.dtype.kind not in "biuf":
            raise InputError(f"expected {name!r} as a 2-D array of numbers in {self.path}, found {np.shape(values)}")
        return values

    def pixels(self, names: Sequence[str]) -> NDArray[np.float32]:
        """(C, H, W) of the bands with these names, in the data's unit."""
        bands = [self._band(name) for name in names]
        if len({band.shape for band in bands}) > 1:
            raise InputError(f"expected bands of one size in {self.path}, found {[b.shape for b in bands]}")
        return np.stack(bands).astype(np.float32)

    def label_raster(self, classes: int, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """(H, W) int64, -1 where unlabelled."""
        labels = self._band("label")
        if labels.shape != shape:
            raise InputError(f"expected labels of {shape} pixels in {self.path}, found {labels.shape}")
        labels = np.where(np.isin(labels, _UNLABELLED) | ~np.isfinite(labels), -1, labels).astype(np.int64)
        if labels.min() < -1 or labels.max() >= classes:
            raise InputError(f"expected labels below {classes} in {self.path}, found {np.unique(labels).tolist()}")
        return labels

    def label(self, classes: int, multi: bool) -> Any:
        """An int, or (K,) float32 of 0 and 1."""
        found = self.facts().get("label")
        if isinstance(found, (Array, Scalar)):
            found = found.value
        elif isinstance(found, (list, tuple)) and not all(isinstance(value, int) for value in found):
            found = None
        value = np.asarray(found)
        if multi and value.shape == (classes,) and value.dtype.kind in "biuf" and np.isin(value, (0, 1)).all():
            return value.astype(np.float32)
        if not multi and value.shape == () and value.dtype.kind in "iu" and 0 <= value < classes:
            return int(value)
        wanted = f"{classes} labels of 0 and 1" if multi else f"a label below {classes}"
        raise InputError(f"expected {wanted} in {self.path}, found {np.array2string(value, threshold=5)}")

    def facts(self) -> dict[str, Any]:
        """The file's pickle: facts per dataset, "bands_order" and, for classification, "label"."""
        text = self.file.attrs.get("pickle", "")
        facts = read_pickle_text(text if isinstance(text, str) else "", str(self.path))
        if not isinstance(facts, dict):
            raise InputError(f"expected a dictionary in the pickle of {self.path}, found {type(facts).__name__}")
        return facts
