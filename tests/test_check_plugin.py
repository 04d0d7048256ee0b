"""The check of the package finds what it is there for."""

import io
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ci"))

import check_plugin  # noqa: E402
import check_qt6  # noqa: E402

from ofa_engine.core.version import __version__ as VERSION  # noqa: E402

METADATA = (ROOT / "qgis_plugin" / "metadata.txt").read_text("utf-8")
ICON = {"ofanet/icon.png"}


def package_of(**files: bytes | str) -> zipfile.ZipFile:
    """A package with these files; names without a folder stand in the plugin's."""
    whole = {"__init__.py": "", "metadata.txt": METADATA, "LICENSE": "GPL", **files}
    target = zipfile.ZipFile(io.BytesIO(), "w")
    for name, data in whole.items():
        target.writestr(zipfile.ZipInfo(name if "/" in name else f"ofanet/{name}"), data)
    return target


def layout(size_bytes: int = 1, **files: bytes | str) -> list[str]:
    return list(check_plugin.check_layout(package_of(**files), size_bytes))


def test_metadata_as_they_are():
    assert list(check_plugin.check_metadata(METADATA, VERSION, ICON)) == []


@pytest.mark.parametrize("key", check_plugin.REQUIRED)
def test_missing_metadata(key):
    without = "\n".join(line for line in METADATA.splitlines() if not line.startswith(f"{key}="))
    assert f"metadata.txt: expected {key}, found none" in check_plugin.check_metadata(without, VERSION, ICON)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (f"version={VERSION}", "version=9.9.9", f"version={VERSION}"),
        ("qgisMaximumVersion=4.99", "", "qgisMaximumVersion=4.99"),
        ("hasProcessingProvider=yes", "", "hasProcessingProvider=yes"),
        ("tracker=https://", "tracker=", "tracker"),
        ("repository=https://github.com/", "repository=https://github/", "repository"),
        ("homepage=https", "homepage=http", "homepage"),
        (f"changelog={VERSION}", "changelog=news", "changelog"),
        ("External dependency", "Something", "dependency"),
        ("icon=icon.png", "icon=none.png", "icon none.png"),
        ("author=OFA-Net", "author=OFA/Net", "slashes"),
        ("@", " at ", "email"),
        ("deprecated=False", "supportsQt6=yes", "supportsQt6"),
        ("about=One model", "about=100 % of one model", "configparser"),
        ("[general]", "[plugin]", "configparser"),
    ],
)
def test_wrong_metadata(old, new, named):
    assert old in METADATA
    found = list(check_plugin.check_metadata(METADATA.replace(old, new), VERSION, ICON))
    assert len(found) == 1 and named in found[0]


def test_layout_of_a_good_package():
    assert layout(**{"model.safetensors": b"\x10\0\0\0\0\0\0\0{}", "ofanet/resources/a.txt": ""}) == []


@pytest.mark.parametrize(
    ("name", "data", "named"),
    [
        ("a.pyc", b"", "compiled"),
        ("tool.SO", b"", "compiled"),
        ("run.sh", b"", "shell"),
        ("ofanet/__pycache__/a.txt", b"", "caches"),
        ("ofanet/.git/config", b"", "hidden"),
        (".env", b"", "hidden"),
        ("ofanet/../a.txt", b"", "in the folder"),
        ("other/a.txt", b"", "in the folder"),
        ("data.bin", b"\x7fELF\2\1\1", "ELF"),
        ("data.bin", b"MZ\x90\0", "PE"),
        ("data.bin", b"\xcf\xfa\xed\xfe\7\0", "Mach-O"),
    ],
)
def test_what_may_not_be_in_a_package(name, data, named):
    assert any(named in text for text in layout(**{name: data}))


def test_size_licence_and_rights():
    assert any("25000000" in text for text in layout(size_bytes=25_000_000))
    target = zipfile.ZipFile(io.BytesIO(), "w")
    entry = zipfile.ZipInfo("ofanet/__init__.py")
    entry.external_attr = 0o755 << 16
    target.writestr(entry, "")
    found = "\n".join(check_plugin.check_layout(target, 1))
    assert "ofanet/LICENSE, found none" in found and "right to execute" in found


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("exec('a')", "B102"),
        ("eval('a')", "B307"),
        ("import pickle\npickle.loads(b'')", "B301"),
        ("import subprocess\nsubprocess.run('ls', shell=True)", "B602"),
        ("import os\nos.chmod('a', 0o777)  # nosec", "B103"),
        ("import tempfile\ntempfile.mktemp()", "B306"),
        ("import tarfile\ntarfile.open('a').extractall('b')", "B202"),
        ("import ssl\nssl._create_unverified_context()", "B323"),
        ("password = 'hunter2'", "B105"),
        ("from huggingface_hub import snapshot_download\nsnapshot_download('a/b')", "B615"),
    ],
)
def test_code_that_the_site_refuses(tmp_path, code, named):
    (tmp_path / "ofanet").mkdir()
    (tmp_path / "ofanet" / "children.py").write_text(code)
    assert any(named in text for text in check_plugin.check_security(tmp_path))
    assert named not in check_plugin.REVIEWED


def test_secrets(tmp_path):
    (tmp_path / "a.py").write_text("KEY = 'AKIA" + "IOSFODNN7EXAMPLQ'\n")
    assert any("AWS" in text for text in check_plugin.check_secrets(tmp_path))


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("label.setAlignment(Qt.AlignTop)", "Qt.AlignTop"),
        ("pen = Qt.transparent", "Qt.transparent"),
        ("if QMessageBox.question(w, 'a', 'b') == QMessageBox.Yes: pass", "QMessageBox.Yes"),
        ("p = QgsProcessing.TypeRaster", "QgsProcessing.TypeRaster"),
        ("bar.pushMessage('a', level=Qgis.Critical)", "Qgis.Critical"),
        ("x = QtCore.Qt.UserRole + 1", "Qt.UserRole"),
        ("flags = QgsTask.CanCancel | QgsTask.Flag.Silent", "QgsTask.CanCancel"),
        ("b = box.Yes", "box.Yes"),
        ("def f(self): return self.FlagHideFromToolbox", "self.FlagHideFromToolbox"),
        ("QgsField('a', QVariant.Type.String)", "write QVariant.String"),
        ("a = QVariant()", "QVariant"),
        ("from PyQt5.QtCore import Qt", "qgis.PyQt"),
        ("import PyQt6", "qgis.PyQt"),
        ("from qgis.PyQt.QtCore import QRegExp", "QRegularExpression"),
        ("from qgis.PyQt.QtWidgets import QDesktopWidget", "QScreen"),
        ("from qgis.PyQt.QtGui import QAction", "QtWidgets"),
        ("from qgis.PyQt.QtWidgets import QUndoStack", "QtGui"),
        ("from qgis.PyQt.QtWebKitWidgets import QWebView", "not in Qt 6"),
        ("from . import resources_rc", "resources"),
        ("dialog.exec_()", "use exec"),
        ("layout.setMargin(0)", "setContentsMargins"),
        ("QApplication.desktop()", "screen"),
        ("box.activated[str].connect(f)", "overloads"),
    ],
)
def test_what_qt_6_lacks(code, named):
    found = check_qt6.problems(f"a = 1\n{code}\n", "a.py")
    assert len(found) == 1 and found[0].startswith("a.py:2: ") and named in found[0]


@pytest.mark.parametrize(
    "code",
    [
        "label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)",
        "kinds = QNetworkProxy.ProxyType\nif a == kinds.NoProxy: pass",
        "entry = QgsPalettedRasterRenderer.Class\nentry(1)",
        "p, kinds = q(), QNetworkProxy.ProxyType\nif a == kinds.NoProxy: pass",
        "options = QgsVectorFileWriter.SaveVectorOptions()",
        "def f(option: QgsVectorFileWriter.SaveVectorOptions) -> None: pass",
        "a = [QgsProcessing.TEMPORARY_OUTPUT, QgsProject.instance(), dataset.RasterXSize, self.INPUT]",
        "QgsField('a', QVariant.String)",
        "from qgis.PyQt.QtWidgets import QAction\ndialog.exec()",
        "from qgis.PyQt import QtWidgets\nlabel = QtWidgets.QLabel\nlabel('a')",
        "import queue\ntry: pass\nexcept queue.Empty: pass",
    ],
)
def test_what_qt_6_has(code):
    assert check_qt6.problems(code, "a.py") == []


def test_files_that_are_here():
    for folder in ("qgis_plugin", "tests/plugin", ".ci"):
        assert check_qt6.in_folder(ROOT / folder) == []
