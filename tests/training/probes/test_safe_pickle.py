"""Nothing that a pickle names is run or found; plain values come back as they were."""

import collections
import datetime
import os
import pickle

import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from training.probes import safe_pickle
from training.probes.safe_pickle import read_pickle, read_pickle_text

from ..make_geobench import instance, numpy_1, package


class Runs:
    """Pickles to a call of `function`."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def state(attributes):
    """A pickle that sets attributes on a stand-in."""
    with package("ccb.io") as types:
        return pickle.dumps(instance(types["Accuracy"], **attributes), protocol=4)


MULTIARRAY = b"\x8c\x15numpy.core.multiarray\x8c\x0c_reconstruct\x93"
STAND_IN = b"\x8c\x0bccb.io.task\x8c\x08Accuracy\x93"
HOSTILE = {
    "os.system": pickle.dumps(Runs(os.mkdir, "bomb"), 4),
    "builtins.eval": pickle.dumps(Runs(eval, "__import__('os').mkdir('bomb')"), 4),
    "getattr": pickle.dumps(Runs(getattr, {}, "keys"), 4),
    "open": pickle.dumps(Runs(open, "bomb", "w"), 4),
    "a numpy function": pickle.dumps(Runs(np.fromfile, "bomb"), 4),
    "numpy loads": b"\x80\x04\x8c\x05numpy\x8c\x04load\x93\x8c\x04bomb\x85R.",
    "copyreg": b"\x80\x04\x8c\x07copyreg\x8c\x0e_reconstructor\x93.",
    "copyreg's pickle": b"\x80\x04\x8c\x07copyreg\x8c\x06pickle\x93.",
    "an old-style class": pickle.dumps(Runs(os.mkdir, "bomb"), 0),
    "a nested name": b"\x80\x04\x8c\x0bccb.io.task\x8c\x0eos.path.exists\x93.",
    "a module like ours": b"\x80\x04\x8c\x07ccbeval\x8c\x04Mask\x93.",
    "an ordered dictionary": pickle.dumps(collections.OrderedDict(a=1), 4),
    "an extension": b"\x80\x04\x82\x01.",
    "a persistent id": b"\x80\x04K\x01Q.",
    "INST": b"(S'bomb'\nios\nmkdir\n.",
    "memory through a memo number": b"\x80\x04Nr\xff\xff\xff\x7f.",
    "__setstate__ on a stand-in": state({"__setstate__": 1}),
    "__reduce__ on a stand-in": state({"__reduce__": 1}),
    "__class__ on a stand-in": state({"__class__": 1}),
    "attributes on the stand-in's class": b"\x80\x04" + STAND_IN + b"}\x8c\x01aK\x01sb.",
    "slots on the stand-in's class": b"\x80\x04" + STAND_IN + b"N}\x8c\x08__call__K\x01s\x86b.",
    "slots on a stand-in": b"\x80\x04" + STAND_IN + b")\x81N}\x8c\x08__call__K\x01s\x86b.",
    "a call of a stand-in": b"\x80\x04" + STAND_IN + b")\x81)R.",
    "items of a stand-in": b"\x80\x04" + STAND_IN + b")\x81K\x01K\x02s.",
    "an array of objects": pickle.dumps(np.array([{}], object), 4),
    "a huge array": pickle.dumps(np.zeros(3), 4).replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85"),
    "an array with a wild type": b"\x80\x04" + MULTIARRAY + b")R(K\x01K\x01\x85\x8c\x02O8\x89C\x08aaaaaaaatb.",
    "cut short": pickle.dumps({"label": 1}, 4)[:-3],
    "nothing": b"",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_pickles_that_try_something_are_refused(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="might run code or is damaged"):
        read_pickle(HOSTILE[what], "here")
    assert not list(tmp_path.iterdir())


NOT_BYTES = {
    "empty": "",
    "a number": "1",
    "a call": "__import__('os').mkdir('bomb')",
    "a method": "b''.join([])",
    "a list": "[b'']",
    "a choice": "b'a' if 1 else 2",
    "cut short": "b'\\x80",
    "deep": "b'' + " + "(" * 5000,
    "two": "b'a', b'b'",
    "long": "b'" + "a" * 2**20 + "'",
}


@pytest.mark.parametrize("what", NOT_BYTES)
def test_texts_that_are_not_bytes_are_refused(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="text of bytes"):
        read_pickle_text(NOT_BYTES[what], "here")
    assert not list(tmp_path.iterdir())


def test_plain_values_and_numpys_come_back():
    date = datetime.date(2019, 3, 5)
    values = {"a": [1, -2, 3.5, None, True, "ü", b"x"], "b": (1, (2, 3)), "n": 2**40, "date": date}
    found = read_pickle(pickle.dumps(values, 4), "here")
    assert {k: v for k, v in found.items() if k != "date"} == {k: v for k, v in values.items() if k != "date"}
    assert found["date"].args == date.__reduce__()[1] and not isinstance(found["date"], datetime.date)
    arrays = [
        np.arange(6).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.array([1, 0], ">i2"),
        np.array(3, np.uint8),
        np.array([], np.float32),
        np.array([True]),
    ]
    for array in arrays:
        for data in (pickle.dumps(array, 4), numpy_1(pickle.dumps(array, 4))):
            found = read_pickle(data, "here")
            assert np.array_equal(found.value, array) and found.value.dtype == array.dtype
    for number in (np.float64(0.25), np.int64(-3), np.bool_(True)):
        assert read_pickle(pickle.dumps(number, 4), "here").value == number


def test_it_finds_no_class_of_any_module():
    """Whatever the allow-list answers with is one of ours."""
    assert all(issubclass(kind, safe_pickle.Inert) for kind in safe_pickle._ALLOWED.values())
    kind = read_pickle(b"\x80\x04" + STAND_IN + b".", "here")
    assert issubclass(kind, safe_pickle.Inert)
