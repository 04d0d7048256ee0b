import ast
import copy
import json
import re
from pathlib import Path

import pytest

from ofa_engine.core import messages
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, SensorError
from ofa_engine.core.messages import Message, command, option, options, render
from ofa_engine.core.option_schema import options_of
from ofa_engine.core.options import TYPES
from ofa_engine.core.sensors import Detection

ENGINE = Path(messages.__file__).parents[1]
KNOWN = {name for kind in TYPES.values() for name in options_of(kind)}


def test_a_message_reads_as_on_the_command_line_and_keeps_its_marks():
    marked = f"set {option('tile_px')}, or {options(sensor='gaofen', bands='1,2,-')}, see {command('sample')}"
    message = Message(marked)
    assert message == "set --tile-px, or --sensor gaofen --bands 1,2,-, see `ofa sample`"
    assert message.marked == marked and message.field == "tile_px"
    assert Message(message) is message
    titles = render(marked, lambda name, value: f"<{name}>{value}", lambda verb: f"<{verb}>", between=", ")
    assert titles == "set <tile_px>, or <sensor>gaofen, <bands>1,2,-, see <sample>"


def test_text_without_marks_stays_as_it_is():
    for text in ("", "plain", "a --bands b", "⟦", "⟦⟧", "100 % {x}"):
        assert Message(text) == text and Message(text).field is None


def test_errors_carry_their_field_through_quotes_copies_and_json():
    error = SensorError(f"expected {option('bands')} with 3 entries, found 4")
    assert str(error) == "expected --bands with 3 entries, found 4" and error.message.field == "bands"
    quoted = InputError(f"a.tif: {error.message.marked}")
    assert str(quoted) == "a.tif: expected --bands with 3 entries, found 4" and quoted.message.field == "bands"
    again = copy.deepcopy(error)
    assert type(again) is SensorError and again.message.marked == error.message.marked
    assert json.loads(json.dumps({"message": error.message})) == {"message": str(error)}
    assert str(Cancelled()) == "cancelled" and Cancelled().message.field is None


def test_logs_and_detections_are_messages():
    heard = []
    Callbacks(log=lambda level, message: heard.append((level, message))).log("info", f"set {option('units')}")
    assert heard == [("info", "set --units")] and heard[0][1].field == "units"
    found = Detection(None, f"set {option('units')}")
    assert found.reason == "set --units" and found.marked_reason == f"set {option('units')}"
    assert found.to_json() == {"sensor": None, "reason": "set --units"}


def test_every_mark_in_the_engine_names_an_option():
    named = {"option": set(), "options": set(), "command": set()}
    for path in sorted(ENGINE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in named:
                texts = [part.value for part in node.args[:1] if isinstance(part, ast.Constant)]
                named[node.func.id].update(texts, [keyword.arg for keyword in node.keywords])
    assert {"bands", "resume", "valid_mask"} <= named["option"] <= KNOWN
    assert named["options"] <= KNOWN and named["command"] <= set(TYPES)


def docstrings(tree: ast.AST) -> set[int]:
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    return {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}


@pytest.mark.parametrize("path", sorted(ENGINE.rglob("*.py")), ids=lambda path: path.name)
def test_no_message_spells_an_option_as_one_interface_does(path):
    """The command line's own texts aside."""
    if path.parent.name == "interfaces" or path.name in ("options.py", "option_schema.py"):
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            flags = {flag.replace("-", "_") for flag in re.findall(r"--([a-z][a-z-]*)", node.value)}
            assert "ofa evaluate" in node.value or not flags & KNOWN, node.value
