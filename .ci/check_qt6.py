"""Finds in Python sources what Qt 6 or QGIS 4 no longer has: short names of enums, removed names, imports from PyQt5.

QGIS's own converter needs PyQt6 and a QGIS built with it; this one needs neither, so it runs with every `make lint`.
It goes by the shape of names: a class of Qt or QGIS (Qt, Qgis, QWidget, QgsTask), then a capital letter.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

CLASS = re.compile(r"Qt|Qgis|Q(gs)?[A-Z]\w+")
CAMEL = re.compile(r"[A-Z]\w*[a-z]\w*")
# Attributes of classes that are no enum. QVariant's stay short: qgis.PyQt gives them to Qt 6 too, while the scoped
# QMetaType.Type is understood by QgsField from 3.38 on only.
CONSTANTS = {"QgsProcessing.TEMPORARY_OUTPUT"} | {
    f"QVariant.{name}" for name in ("Bool", "Int", "LongLong", "Double", "String", "Date", "DateTime")
}
GDAL = {"RasterXSize", "RasterYSize", "RasterCount", "XSize", "YSize", "DataType"}  # attributes of GDAL's objects
REMOVED = {
    "exec_": "exec",
    "print_": "print",
    "desktop": "screen",
    "setMargin": "setContentsMargins",
    "setTabStopWidth": "setTabStopDistance",
    "toTime_t": "toSecsSinceEpoch",
    "fromTime_t": "fromSecsSinceEpoch",
}
REMOVED_CLASSES = {
    "QRegExp": "QRegularExpression",
    "QRegExpValidator": "QRegularExpressionValidator",
    "QDesktopWidget": "QScreen",
    "QMatrix": "QTransform",
    "QTextCodec": "Python's codecs",
    "QGLWidget": "QOpenGLWidget",
    "qApp": "QApplication.instance()",
}
# qgis.PyQt offers these in QtWidgets under Qt 5 and Qt 6, in QtGui only in newer releases of QGIS.
IN_WIDGETS = {"QAction", "QActionGroup", "QShortcut"}
# These did move to QtGui, and qgis.PyQt does not bridge it: import them where they are used, by Qt's version.
MOVED = {"QUndoStack", "QUndoCommand", "QUndoGroup", "QFileSystemModel"}


def problems(source: str, name: str) -> list[str]:
    """`name:line: what to write instead`, in the order of the lines."""
    tree = ast.parse(source, name)
    found = [*_imports(tree), *_names(tree), *_enums(tree)]
    return [f"{name}:{line}: {text}" for line, text in sorted(found)]


def in_folder(folder: Path) -> list[str]:
    """The problems of all Python files below `folder`."""
    paths = sorted(folder.rglob("*.py"))
    return [text for path in paths for text in problems(path.read_text("utf-8"), str(path.relative_to(folder)))]


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            if module.split(".")[0] in ("PyQt5", "PyQt6", "PySide2", "PySide6", "sip"):
                yield node.lineno, f"import from qgis.PyQt, not from {module}"
            if module == "qgis.PyQt.Qt" or module.startswith("qgis.PyQt.QtWebKit"):
                yield node.lineno, f"{module} is not in Qt 6"
            for alias in node.names if isinstance(node, ast.ImportFrom) else []:
                if module.startswith("qgis.PyQt") and alias.name in MOVED:
                    yield node.lineno, f"{alias.name} is in QtWidgets in Qt 5, and in QtGui in Qt 6"
                if module == "qgis.PyQt.QtGui" and alias.name in IN_WIDGETS:
                    yield node.lineno, f"import {alias.name} from qgis.PyQt.QtWidgets: its QtGui lacks it in QGIS 3.34"
                if alias.name.endswith("resources_rc"):
                    yield node.lineno, "compiled resources are not in Qt 6: load files by their path"


def _names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in REMOVED:
            yield node.lineno, f"{node.attr} is not in Qt 6: use {REMOVED[node.attr]}"
        elif isinstance(node, ast.FunctionDef) and node.name == "exec_":
            yield node.lineno, "exec_ is not in Qt 6: call it exec"
        elif isinstance(node, ast.alias) and node.name in REMOVED_CLASSES:
            yield node.lineno, f"{node.name} is not in Qt 6: use {REMOVED_CLASSES[node.name]}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "QVariant":
            yield node.lineno, "QVariant cannot be made in Qt 6: use Python's values, and NULL of qgis.core"
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
            if node.value.attr in ("activated", "currentIndexChanged", "buttonClicked", "valueChanged"):
                yield node.lineno, f"{node.value.attr}[...]: Qt 6 has no such overloads of the signal"


def _enums(tree: ast.AST) -> Iterator[tuple[int, str]]:
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    annotations = {id(part) for hint in _hints(tree) for part in ast.walk(hint)}
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    own, aliases = _defined(tree), _aliases(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or isinstance(parents.get(node), ast.Attribute):
            continue
        parts = _dotted(node)
        called = isinstance(call := parents.get(node), ast.Call) and call.func is node
        called = called or node in aliases.values()  # used as a whole enum or class under a short name
        at = next((i for i, part in enumerate(parts) if CLASS.fullmatch(part)), None)
        if at is not None:
            text = ".".join(parts[at:])
            members = parts[at + 1 :]
            if text.startswith("QVariant.Type."):
                yield node.lineno, f"{text} is not in Qt 6: write QVariant.{members[1]}"
            elif len(members) == 1 and not called and id(node) not in annotations and text not in CONSTANTS:
                if members[0][0].isupper() or parts[at] == "Qt":
                    yield node.lineno, f"{text} is not in Qt 6: name its enum, too ({parts[at]}.SomeEnum.{members[0]})"
        elif len(parts) == 2 and CAMEL.fullmatch(parts[1]) and not called and id(node) not in annotations:
            if parts[0] not in imported | aliases.keys() and parts[1] not in own | GDAL:
                yield node.lineno, f"{'.'.join(parts)} looks like an enum of an object's class: name class and enum"


def _dotted(node: ast.Attribute) -> list[str]:
    """a.b.c as [a, b, c]; what is no name at its root as ["", ...]."""
    parts = [node.attr]
    inner: ast.expr = node.value
    while isinstance(inner, ast.Attribute):
        parts.append(inner.attr)
        inner = inner.value
    return [*([inner.id] if isinstance(inner, ast.Name) else [""]), *reversed(parts)]


def _aliases(tree: ast.AST) -> dict[str, ast.expr]:
    """name -> Class.Enum of `name = Class.Enum`, where the file goes on with name.Member or name(...)."""
    whole = set()
    for node in ast.walk(tree):
        inner = node.value if isinstance(node, ast.Attribute) else node.func if isinstance(node, ast.Call) else None
        if isinstance(inner, ast.Name):
            whole.add(inner.id)
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=False) if both else [(target, value)]
            found.update(
                {name.id: assigned for name, assigned in pairs if isinstance(name, ast.Name) and name.id in whole}
            )
    return found


def _hints(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        for field in ("annotation", "returns"):
            if isinstance(hint := getattr(node, field, None), ast.expr):
                yield hint


def _defined(tree: ast.AST) -> set[str]:
    """Names that the file itself gives to classes and attributes."""
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return found
