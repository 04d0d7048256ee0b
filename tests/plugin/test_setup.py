"""The set-up of the engine: verified by running it, made from a folder of wheels (no network), cancelled, removed."""

import json
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, Window, sample
from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtNetwork import QNetworkProxy
from qgis.PyQt.QtWidgets import QMessageBox, QPushButton

from qgis_plugin.engine.client import SETTING, EngineCancelled, EngineError, engine_python
from qgis_plugin.menu import SetupMenu
from qgis_plugin.setup import environment_check as check_module
from qgis_plugin.setup import (
    pip_proxy as proxy,
)
from qgis_plugin.setup import (
    python_finder as pythons,
)
from qgis_plugin.setup import (
    requirements as needs,
)
from qgis_plugin.setup import (
    venv_installer as install,
)
from qgis_plugin.setup.environment_check import Report, check, diagnosis
from qgis_plugin.setup.subprocess_lines import run_lines

PYTHON = Path("/usr/bin/python3")
NEVER = lambda: False  # noqa: E731
LEFT = Qt.MouseButton.LeftButton
# what the check's child says where all is well, so that a tiny environment can pass for an engine
FAKE_CHILD = """import json, sys
print(json.dumps({"ofanet": {"python": "3.11.2", "packages": [{"name": "torch", "version": "9"}], "engine": "%s",
                             "device": "cpu", "finite": True}}))"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The engine's folder of an empty profile; a folder with a space, as users have."""
    own = tmp_path / "my profile" / "engine"
    monkeypatch.setattr(install, "engine_dir", lambda: own)
    return own


@pytest.fixture
def tiny(monkeypatch):
    """The engine needs one tiny package only."""
    for which in ("packages", "installed"):
        monkeypatch.setattr(needs, which, lambda: ["ofanet-tiny>=1.0"])
    monkeypatch.setattr(needs, "names", lambda: [("ofanet-tiny", "1.0")])


@pytest.fixture
def fake_child(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text(FAKE_CHILD % check_module.VERSION)
    monkeypatch.setattr(check_module, "CHILD", child)
    return child


@pytest.fixture
def wheels(tmp_path) -> Path:
    """A folder with the tiny package as a wheel: a fake index that needs no network."""
    place = tmp_path / "wheels"
    place.mkdir()
    info = "ofanet_tiny-1.0.dist-info"
    with zipfile.ZipFile(place / "ofanet_tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ofanet_tiny.py", "x = 1\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: ofanet-tiny\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"ofanet_tiny.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return place


@pytest.fixture
def panel(plugin, window, settings, qtbot):
    """The window of the menu entry, with the machine's Pythons found."""
    next(a for a in window.menu.actions() if a.objectName() == "ofanetSetUpEngine").trigger()
    dialog = plugin.setup_menu.setup_dialog
    qtbot.waitUntil(lambda: plugin.setup_menu.setup.pythons is not None, timeout=60000)
    yield dialog.panel
    plugin.setup_menu.setup.report = None
    if plugin.setup_menu.setup_dialog is not None:
        plugin.setup_menu.setup_dialog.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    window.messageBar().clearWidgets()


def say_python(path: Path, words: str) -> Path:
    """A program called python that says this, whatever it is asked."""
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{words}\nEND\n")
    path.chmod(0o755)
    return path


def wait_idle(panel, qtbot, seconds=120):
    qtbot.waitUntil(lambda: not panel._setup.busy, timeout=seconds * 1000)


def choose(panel, wheels):
    """Without network, with the system's Python."""
    panel.add_base(str(PYTHON))
    panel.offline.setChecked(True)
    panel.wheels.setFilePath(str(wheels))


# --- the check ------------------------------------------------------------------------------------------------------


def test_an_environment_that_works(qgis_app):
    report = check(engine_python(), NEVER)
    assert report.ok, report.problem
    assert "torch" in report.line() and report.facts["engine"] == check_module.VERSION
    assert {package["name"] for package in report.facts["packages"]} >= {"torch", "timm", "rasterio", "scikit-learn"}
    assert not any("problem" in package for package in report.facts["packages"])


def test_an_environment_may_be_named_by_its_folder(qgis_app, fake_child):
    report = check(engine_python().parent.parent, NEVER)
    assert report.ok and Path(report.python) == engine_python()


def test_a_python_without_torch_says_what_is_missing_and_how_to_install_it(qgis_app):
    report = check(PYTHON, NEVER)
    assert "torch is missing" in report.problem and "\n" not in report.problem
    assert "create an environment" in report.problem
    assert f'"{PYTHON}" -m pip install' in diagnosis(report) and '"torch>=' in diagnosis(report)


def test_packages_that_are_too_old_are_named(qgis_app, monkeypatch):
    monkeypatch.setattr(needs, "names", lambda: [("numpy", "99.1")])
    report = check(engine_python(), NEVER)
    assert "numpy is" in report.problem and "expected 99.1 or newer" in report.problem


@pytest.mark.parametrize("kind", ["missing", "text", "program", "other name"])
def test_a_path_that_is_no_python(qgis_app, tmp_path, kind):
    path = tmp_path / "python"
    if kind == "text":
        path.write_text("hello")
    elif kind == "program":
        path = say_python(path, "I am something else")
    elif kind == "other name":  # it is never run: QGIS itself would open a window
        path = say_python(tmp_path / "qgis", "ran")
    report = check(path, NEVER)
    words = {
        "missing": "found no file",
        "text": "could not be started",
        "program": "I am something else",
        "other name": "called python",
    }
    assert words[kind] in report.problem and "create an environment" in report.problem
    assert "ran" not in report.said


def test_an_old_python(qgis_app, tmp_path):
    path = say_python(tmp_path / "python", json.dumps({"ofanet": {"python": "3.8.1"}}))
    assert "Expected Python 3.10 or newer, found 3.8.1" in check(path, NEVER).problem


def test_an_engine_of_another_version_says_what_to_do(qgis_app, fake_child):
    fake_child.write_text(FAKE_CHILD % "0.0.1")
    report = check(PYTHON, NEVER)
    assert "version 0.0.1" in report.problem and check_module.VERSION in report.problem
    assert "pip uninstall ofanet" in report.problem


def test_a_model_that_cannot_be_computed_is_told(qgis_app, fake_child):
    fake_child.write_text('print(\'{"ofanet": {"python": "3.11.2", "packages": [], "failed": "CUDA is too old"}}\')')
    assert "CUDA is too old" in check(PYTHON, NEVER).problem


def test_the_check_can_be_cancelled(qgis_app, fake_child):
    fake_child.write_text("import time; time.sleep(60)")
    start = time.monotonic()
    with pytest.raises(EngineCancelled):
        check(PYTHON, lambda: time.monotonic() - start > 0.3)
    assert time.monotonic() - start < 5


def test_diagnosis_without_a_check_and_with_a_log(qgis_app):
    assert "no engine was checked yet" in diagnosis(None)
    text = diagnosis(Report("/p/python", "it is broken", {}, ("last words",)), "line 1\nline 2")
    for expected in ("/p/python", "it is broken", "last words", "line 2", check_module.VERSION, "QGIS"):
        assert expected in text


def test_a_child_of_a_cancelled_child_ends_too(qgis_app, tmp_path):
    mark = tmp_path / "pid"
    code = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); \
open({str(mark)!r}, 'w').write(str(p.pid)); p.wait()"
    with pytest.raises(EngineCancelled):
        run_lines([PYTHON, "-c", code], lambda line: None, lambda: mark.exists() and mark.read_text() != "")
    time.sleep(0.3)
    state = Path(f"/proc/{mark.read_text()}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


# --- what the machine has -------------------------------------------------------------------------------------------


def test_pythons_are_found_and_say_what_they_are(qgis_app):
    found = pythons.find(NEVER)
    assert any(python.version.startswith("3.") and not python.problem for python in found)
    assert len({python.path.resolve() for python in found}) == len(found)
    assert [bool(python.problem) for python in found] == sorted(bool(python.problem) for python in found)


def test_pythons_that_cannot_make_an_environment_say_why(qgis_app, tmp_path):
    old = say_python(tmp_path / "python3", f"version 3.6.9\nfile {tmp_path / 'python3'}\nable")
    assert "older" in pythons.ask(old, NEVER).problem
    bare = say_python(tmp_path / "python", f"version 3.12.1\nfile {tmp_path / 'python'}")
    assert "python3-venv" in pythons.ask(bare, NEVER).problem
    assert pythons.ask(say_python(tmp_path / "python3.11", "hello"), NEVER) is None


@pytest.mark.parametrize(
    "path",
    [
        "C:/Program Files/QGIS 3.40/apps/Python312/python.exe",
        "C:/OSGeo4W/bin/python.exe",
        "/Applications/QGIS.app/Contents/MacOS/bin/python3",
    ],
)
def test_qgis_own_python_is_never_taken(monkeypatch, path):
    monkeypatch.setattr(sys, "platform", "win32")
    assert pythons.is_qgis_own(Path(path))
    assert not pythons.is_qgis_own(Path("C:/Users/me/AppData/Local/Programs/Python/Python312/python.exe"))


def test_the_driver_tells_which_cuda_it_runs(qgis_app, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    say_python(tmp_path / "nvidia-smi", "| NVIDIA-SMI 570.1   Driver Version: 570.1   CUDA Version: 12.8 |")
    assert pythons.cuda_of_driver() == (12, 8)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho failed\nexit 9\n")
    assert pythons.cuda_of_driver() is None


@pytest.mark.parametrize(
    ("system", "build", "cuda", "index"),
    [
        ("linux", "cpu", None, "cpu"),
        ("linux", "cuda", (13, 0), None),
        ("linux", "cuda", (12, 4), "cu126"),
        ("win32", "cpu", None, None),
        ("win32", "cuda", (13, 1), "cu130"),
        ("darwin", "cpu", None, None),
    ],
)
def test_torch_comes_in_the_build_for_the_machine(monkeypatch, system, build, cuda, index):
    monkeypatch.setattr(sys, "platform", system)
    found = install.torch_index(build, cuda)
    assert found is None if index is None else found.endswith(f"/{index}")


def test_packages_come_from_setup_cfg(qgis_app):
    packages = needs.packages()
    assert any(package.startswith("torch>=") for package in packages) and "torchvision" in packages
    assert [name for name, _ in needs.names()] == [package.split(">")[0] for package in packages]
    assert needs.least_python() == (3, 10)
    more = [package.split(">")[0] for package in needs.installed()[len(packages) :]]
    assert needs.installed()[: len(packages)] == packages and "distributed" in more


# --- an environment of its own --------------------------------------------------------------------------------------


def test_nothing_begins_before_the_click_and_size_and_folder_are_told(panel, folder):
    assert not folder.exists()
    assert str(folder) in panel.told.text() and "GB" in panel.told.text() and "pypi.org" in panel.told.text()
    assert panel.create.text() == "&Create" and not panel.remove.isVisible()


def test_created_from_a_folder_of_wheels_then_removed(
    panel, plugin, folder, tiny, fake_child, wheels, settings, qtbot, monkeypatch
):
    choose(panel, wheels)
    assert "nothing is downloaded" in panel.told.text() and panel.create.isEnabled()
    qtbot.mouseClick(panel.create, LEFT)
    assert panel._setup.busy and panel.cancel.isVisible() and not panel.create.isEnabled()
    wait_idle(panel, qtbot)
    assert "works" in panel.status.text(), panel.log.toPlainText()
    assert engine_python() == install.env_python() and install.state() == install.READY
    assert list((folder / "env").rglob("ofanet_tiny.py"))
    assert "ofanet-tiny" in panel.log.toPlainText() and "ofanet-tiny" in panel.diagnosis()
    assert panel.create.text() == "Re&pair"
    (folder / "notes.txt").write_text("the user's own")
    asked, yes = [], QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *words: asked.append(words[2]) or yes)
    qtbot.mouseClick(panel.remove, LEFT)
    wait_idle(panel, qtbot)
    assert str(folder) in asked[0]
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert not settings.contains(SETTING)


def test_cancelled_then_continued(panel, folder, tiny, fake_child, wheels, qtbot):
    choose(panel, wheels)
    qtbot.mouseClick(panel.create, LEFT)
    qtbot.waitUntil(lambda: (folder / "env").exists(), timeout=60000)
    qtbot.mouseClick(panel.cancel, LEFT)
    wait_idle(panel, qtbot, 10)
    assert panel.status.text() == "Cancelled" and install.state() == install.PARTIAL
    assert not panel.running.isVisible()
    assert panel.create.text() == "&Continue" and "earlier attempt" in panel.told.text()
    qtbot.mouseClick(panel.create, LEFT)
    wait_idle(panel, qtbot)
    assert install.state() == install.READY, panel.log.toPlainText()


def test_unload_ends_what_is_under_way(qgis_app, folder, tiny, fake_child, wheels, qtbot):
    menu = SetupMenu(Window(), None, None)
    menu.set_up_engine()
    menu.setup.create(install.Plan(PYTHON, install.CPU, wheels))
    qtbot.waitUntil(lambda: (folder / "env").exists(), timeout=60000)
    task = menu.setup._task
    start = time.monotonic()
    menu.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert time.monotonic() - start < 5
    qtbot.waitUntil(lambda: task._task is None, timeout=5000)
    assert install.state() == install.PARTIAL


def test_a_wheel_that_is_missing_is_named_and_the_log_is_kept(qgis_app, folder, wheels, monkeypatch):
    monkeypatch.setattr(needs, "installed", lambda: ["ofanet-tiny>=2.0"])
    lines = []
    with pytest.raises(EngineError, match="has no wheel of ofanet-tiny>=2.0") as caught:
        install.create(install.Plan(PYTHON, install.CPU, wheels), lines.append, lambda *_: None, NEVER)
    assert "\n" not in str(caught.value) and str(wheels) in str(caught.value)
    assert install.state() == install.PARTIAL and "No matching distribution" in install.log_text()


def test_made_for_other_packages_it_asks_for_an_update(qgis_app, folder, tiny, wheels, monkeypatch):
    install.create(install.Plan(PYTHON, install.CPU, wheels), lambda line: None, lambda *_: None, NEVER)
    monkeypatch.setattr(needs, "installed", lambda: ["ofanet-tiny>=1.0", "other"])
    assert install.state() == install.OUTDATED
    install.remove()
    assert not folder.exists()


def test_a_folder_that_is_not_ours_is_left_alone(panel, folder, tiny, wheels):
    folder.mkdir(parents=True)
    (folder / "thesis.docx").write_text("mine")
    with pytest.raises(EngineError, match="other files"):
        install.create(install.Plan(PYTHON, install.CPU, wheels), lambda line: None, lambda *_: None, NEVER)
    with pytest.raises(EngineError, match="not made by this plugin"):
        install.remove()
    panel._show()
    assert not panel.create.isEnabled() and "not the plugin's" in panel.told.text()
    assert [path.name for path in folder.iterdir()] == ["thesis.docx"]


def test_another_build_is_begun_anew(qgis_app, folder):
    folder.mkdir(parents=True)
    install._write_mark(install.Plan(PYTHON, install.CUDA), complete=False)
    assert "--clear" in install.steps(install.Plan(PYTHON, install.CPU))[0][1]
    assert "--clear" not in install.steps(install.Plan(PYTHON, install.CUDA))[0][1]


def test_progress_follows_pips_bytes(qgis_app):
    told = []
    watch = install._Progress(install.Plan(PYTHON, install.CPU), lambda *words: told.append(words))
    assert watch.line("Collecting torch>=2.11") and "torch" in told[-1][1]
    watch.line("  Downloading https://x.org/whl/torch-2.14.1%2Bcpu-cp311.whl (190 MB)")
    assert not watch.line(f"Progress {100 * 2**20} of {190 * 2**20}")
    assert told[-1][1] == "Downloading torch: 100 of 190 MB" and 0.2 < told[-1][0] < 0.3
    watch.line("Installing collected packages: a, b, c")
    assert told[-1] == (None, "Unpacking 3 packages; this takes minutes")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        ("NameResolutionError(...)", "network was not reached"),
        ("ProxyError('Cannot connect to proxy.', ...)", "proxy refused"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED]", "not trusted"),
        ("ERROR: something new", "something new"),
    ],
)
def test_failures_are_told_with_what_to_do(qgis_app, said, advice):
    assert advice in install.explain("Installing", ["a", said], install.Plan(PYTHON, install.CPU))


@pytest.fixture
def network(qgis_app):
    manager = QgsNetworkAccessManager.instance()
    before = manager.fallbackProxy(), manager.excludeList(), manager.noProxyList()
    yield manager
    manager.setFallbackProxyAndExcludes(*before)


def test_the_proxy_of_qgis_is_used(network):
    kinds = QNetworkProxy.ProxyType
    http = QNetworkProxy(kinds.HttpProxy, "proxy.example.org", 3128, "me@work", "s:e")
    network.setFallbackProxyAndExcludes(http, [], ["https://intranet.example.org/"])
    found = proxy.proxy_variables()
    assert found["HTTPS_PROXY"] == "http://me%40work:s%3Ae@proxy.example.org:3128"
    assert found["NO_PROXY"] == "intranet.example.org"
    network.setFallbackProxyAndExcludes(QNetworkProxy(kinds.Socks5Proxy, "socks.example.org", 1), [], [])
    with pytest.raises(EngineError, match="SOCKS"):
        proxy.proxy_variables()
    network.setFallbackProxyAndExcludes(QNetworkProxy(kinds.NoProxy), [], [])
    assert proxy.proxy_variables() == {}


def test_a_password_of_the_proxy_is_kept_out_of_the_log(qgis_app, folder, tiny, wheels):
    loud = say_python(folder.parent.parent / "python", "trying http://me:secret@proxy:1")
    extra = {"HTTPS_PROXY": "http://me:secret@proxy:1"}
    with pytest.raises((EngineError, OSError)):
        install.create(install.Plan(loud, install.CPU, wheels), lambda line: None, lambda *_: None, NEVER, extra)
    assert "trying" in install.log_text() and "secret" not in install.log_text()


# --- windows --------------------------------------------------------------------------------------------------------


def test_a_path_that_works_is_kept(panel, settings, qtbot, fake_child):
    panel.path.lineEdit().clear()
    qtbot.keyClicks(panel.path.lineEdit(), str(PYTHON))
    qtbot.mouseClick(panel.use, LEFT)
    wait_idle(panel, qtbot)
    assert settings.value(SETTING) == str(PYTHON) and "works" in panel.status.text()


def test_a_path_that_does_not_work_is_not_kept(panel, settings, qtbot):
    panel.path.lineEdit().clear()
    qtbot.keyClicks(panel.path.lineEdit(), str(PYTHON))
    qtbot.mouseClick(panel.use, LEFT)
    wait_idle(panel, qtbot)
    assert "missing" in panel.status.text() and not settings.contains(SETTING)
    qtbot.mouseClick(panel.copy, LEFT)
    assert "torch: missing" in panel.diagnosis()


def test_without_an_engine_the_message_bar_leads_to_the_set_up(plugin, window, layer, settings, qtbot):
    settings.setValue(SETTING, "/nowhere/python")
    window.layer = layer(sample("naip"))
    window.toolbar.actions()[0].trigger()
    button = next(b for b in window.messageBar().findChildren(QPushButton) if b.text() == "Set up engine...")
    classify = plugin.panels["classify"]
    assert "Set up engine" in classify.hint.text() and not classify.run.isEnabled()
    qtbot.mouseClick(button, LEFT)
    panel = plugin.setup_menu.setup_dialog.panel
    panel.path.setFilePath(str(ROOT / ".venv"))
    qtbot.mouseClick(panel.use, LEFT)
    wait_idle(panel, qtbot)
    assert classify.run.isEnabled(), panel.status.text()
    plugin.setup_menu.setup_dialog.close()
    classify.close()
    window.layer = None
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_the_options_page_keeps_what_was_typed(plugin, window, settings):
    page = window.options[0].createWidget(None)
    page.apply()
    assert not settings.contains(SETTING)  # nothing was changed
    page.panel.path.setFilePath(str(PYTHON))
    page.apply()
    assert settings.value(SETTING) == str(PYTHON)
    page.panel.path.setFilePath("")
    page.apply()
    assert not settings.contains(SETTING)
    page.deleteLater()


def test_everything_that_can_be_used_has_a_name(panel):
    for widget in (panel.base, panel.build, panel.log, panel.progress, panel.path.lineEdit(), panel.wheels.lineEdit()):
        assert widget.accessibleName()
    for button in panel.findChildren(QPushButton):
        assert button.text() or button.accessibleName()
