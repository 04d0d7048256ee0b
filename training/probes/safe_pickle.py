"""Pickles read with an allow-list: classes and functions that a file names are never looked up but replaced by inert
stand-ins, so that nothing can run. For GEO-Bench's side files, which exist in no other format.
"""

import ast
import io
import math
import pickle
import pickletools
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.errors import InputError

_TEXT_LIMIT = 2**20  # bytes; a sample's is 1 to 3 KB
_FILE_LIMIT = 2**26  # the largest task_specs.pkl, which names every sample, is about 1 MB
# What Python writes for plain values and simple objects. Others (extension codes, persistent ids, large memo numbers,
# which reserve memory) are not in GEO-Bench's files and are refused before anything is read.
_OPCODES = frozenset(
    "PROTO FRAME MARK STOP MEMOIZE BINPUT BINGET LONG_BINGET NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 "
    "BINFLOAT BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES EMPTY_TUPLE TUPLE1 TUPLE2 TUPLE3 TUPLE EMPTY_LIST "
    "APPEND APPENDS EMPTY_DICT SETITEM SETITEMS GLOBAL STACK_GLOBAL REDUCE NEWOBJ BUILD".split()
)


class Inert:
    """Replaces any class that a file may name: holds its arguments, and does nothing."""

    def __init__(self, *args: Any):
        self.args = args

    def __setstate__(self, state: Any) -> None:
        """Sets attributes, unless a special method is among them, which could be called later."""
        if isinstance(state, dict) and all(isinstance(key, str) and not key.startswith("__") for key in state):
            self.__dict__.update(state)
        elif isinstance(state, (dict, tuple)):
            raise pickle.UnpicklingError("attributes that are not plain")


class _Dtype(Inert):
    """numpy.dtype of plain numbers, as text: numpy itself is never called with values from a file."""

    def __init__(self, code: str = "", *_: Any):
        if not isinstance(code, str) or not re.fullmatch(r"[biuf][1248]", code):
            raise pickle.UnpicklingError("a data type that is not of plain numbers")
        self.code = code

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ("<", ">", "|"):
            raise pickle.UnpicklingError("a data type without byte order")
        self.code = state[1] + self.code[-2:]


def _numbers(data: bytes, dtype: _Dtype) -> NDArray:
    if not isinstance(data, bytes) or not isinstance(dtype, _Dtype):
        raise pickle.UnpicklingError("an array without bytes or type")
    return np.frombuffer(data, dtype.code)


class Scalar(Inert):
    """A numpy number: (data type, its bytes)."""

    def __init__(self, dtype: _Dtype, data: bytes):
        self.value = _numbers(data, dtype)[0]


class Array(Inert):
    """A numpy array, which pickles create empty and fill by its state. Takes no more memory than its bytes."""

    value: NDArray

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        values = _numbers(data, dtype)
        if not all(isinstance(n, int) and n >= 0 for n in shape) or math.prod(shape) != values.size:
            raise pickle.UnpicklingError("an array of another shape than its values")
        self.value = values.reshape(shape, order="F" if fortran else "C")


# GEO-Bench's own classes: the package was called ccb when the data were written; ccb.io.task holds an obsolete Accuracy
_OWN_MODULES = re.compile(r"(ccb|geobench)(\.\w+)*")
_ALLOWED: dict[tuple[str, str], type[Inert]] = {
    # labels of m-bigearthnet are arrays, some resolutions numpy numbers; both names of numpy's module are in use
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): type("ndarray", (Inert,), {}),
    **{(module, "_reconstruct"): Array for module in ("numpy.core.multiarray", "numpy._core.multiarray")},
    **{(module, "scalar"): Scalar for module in ("numpy.core.multiarray", "numpy._core.multiarray")},
    # dates of bands
    ("datetime", "date"): type("date", (Inert,), {}),
    ("datetime", "datetime"): type("datetime", (Inert,), {}),
    # later versions of the converters store the georeference of a band
    ("affine", "Affine"): type("Affine", (Inert,), {}),
    ("rasterio.crs", "CRS"): type("CRS", (Inert,), {}),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[Inert]:
        """A stand-in. Nothing is imported or looked up, whatever the file names."""
        if _OWN_MODULES.fullmatch(module) and name.isidentifier():
            return type(name, (Inert,), {})
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"the name {module}.{name}")
        return _ALLOWED[module, name]


def read_pickle(data: bytes, where: str) -> Any:
    """The plain values and stand-ins that a pickle holds. Raises InputError for any that holds something else."""
    try:
        for opcode, _, _ in pickletools.genops(data):
            if opcode.name not in _OPCODES:
                raise pickle.UnpicklingError(f"the operation {opcode.name}")
        return _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # damaged pickles raise almost anything
        line = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"expected plain values of GEO-Bench in {where}, found a pickle that might run code or is "
            f"damaged ({line}): download the file again from its source"
        ) from error


def read_pickle_text(text: str, where: str) -> Any:
    """The same for a pickle written as Python writes bytes, b'...'. Raises InputError."""
    if len(text) > _TEXT_LIMIT or not re.match("b['\"]", text):
        raise InputError(f"expected a pickle as the text of bytes up to {_TEXT_LIMIT} in {where}, found {text[:20]!r}")
    try:
        data = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise InputError(f"expected the text of bytes in {where}, found {text[:20]!r} ({error})") from error
    if not isinstance(data, bytes):
        raise InputError(f"expected the text of bytes in {where}, found {type(data).__name__}")
    return read_pickle(data, where)


def read_pickle_file(path: Path) -> Any:
    """The same for a file. Raises InputError."""
    if path.stat().st_size > _FILE_LIMIT:
        raise InputError(f"expected specifications up to {_FILE_LIMIT} bytes, found {path.stat().st_size} in {path}")
    return read_pickle(path.read_bytes(), str(path))
