"""The set-up as the user sees it: creating, cancelling, continuing, removing; the options page."""

import pytest
from conftest import ROOT, sample
from fake_environments import PYTHON
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtWidgets import QMessageBox, QPushButton

from qgis_plugin.engine.client import SETTING, engine_python
from qgis_plugin.setup.engine_setup import EngineSetup
from qgis_plugin.setup.setup_pages import SetupDialog
from qgis_plugin.setup.venv_installer import CPU, PARTIAL, READY, InstallPlan

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def setup(engine_environment, fake_check, settings):
    """For which every environment works."""
    return EngineSetup(engine_environment, fake_check)


def dialog_of(setup, qtbot) -> SetupDialog:
    """The dialog of the set-up, with the machine's Pythons found."""
    dialog = SetupDialog(setup)
    dialog.show()
    qtbot.waitUntil(lambda: setup.pythons is not None, timeout=60000)
    return dialog


@pytest.fixture
def panel(setup, qtbot):
    dialog = dialog_of(setup, qtbot)
    yield dialog.panel
    dialog.close()
    setup.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def checking_panel(engine_environment, settings, qtbot):
    """A panel that checks for real what a small engine requires, and finds that it is missing."""
    setup = EngineSetup(engine_environment)
    dialog = dialog_of(setup, qtbot)
    yield dialog.panel
    dialog.close()
    setup.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait_idle(panel, qtbot, seconds=120):
    qtbot.waitUntil(lambda: not panel._setup.busy, timeout=seconds * 1000)


def choose(panel, wheels):
    """Without network, with the system's Python."""
    panel.add_base(str(PYTHON))
    panel.offline.setChecked(True)
    panel.wheels.setFilePath(str(wheels))


def type_path(panel, qtbot):
    panel.path.lineEdit().clear()
    qtbot.keyClicks(panel.path.lineEdit(), str(PYTHON))
    qtbot.mouseClick(panel.use, LEFT)
    wait_idle(panel, qtbot)


def test_nothing_starts_before_the_click_and_size_and_folder_are_shown(panel, engine_environment):
    assert not engine_environment.folder.exists()
    summary = panel.summary.text()
    assert str(engine_environment.folder) in summary and "GB" in summary and "pypi.org" in summary
    assert panel.create.text() == "&Create" and not panel.remove.isVisible()


def test_created_from_a_folder_of_wheels_then_removed(panel, engine_environment, wheels, settings, qtbot, monkeypatch):
    folder = engine_environment.folder
    choose(panel, wheels)
    assert "nothing is downloaded" in panel.summary.text() and panel.create.isEnabled()
    qtbot.mouseClick(panel.create, LEFT)
    assert panel._setup.busy and panel.cancel.isVisible() and not panel.create.isEnabled()
    wait_idle(panel, qtbot)
    assert "works" in panel.status.text(), panel.log.toPlainText()
    assert engine_python() == engine_environment.python and engine_environment.state() == READY
    assert list((folder / "env").rglob("ofanet_tiny.py"))
    assert "ofanet-tiny" in panel.log.toPlainText() and "ofanet-tiny" in panel.diagnosis()
    assert panel.create.text() == "Re&pair"
    (folder / "notes.txt").write_text("the user's own")
    questions, yes = [], QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *words: questions.append(words[2]) or yes)
    qtbot.mouseClick(panel.remove, LEFT)
    wait_idle(panel, qtbot)
    assert str(folder) in questions[0]
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert not settings.contains(SETTING)


def test_cancelled_then_continued(panel, engine_environment, wheels, qtbot):
    choose(panel, wheels)
    qtbot.mouseClick(panel.create, LEFT)
    qtbot.waitUntil(lambda: (engine_environment.folder / "env").exists(), timeout=60000)
    qtbot.mouseClick(panel.cancel, LEFT)
    wait_idle(panel, qtbot, 10)
    assert panel.status.text() == "Cancelled" and engine_environment.state() == PARTIAL
    assert not panel.running.isVisible()
    assert panel.create.text() == "&Continue" and "earlier attempt" in panel.summary.text()
    qtbot.mouseClick(panel.create, LEFT)
    wait_idle(panel, qtbot)
    assert engine_environment.state() == READY, panel.log.toPlainText()


def test_closing_ends_what_is_under_way(setup, engine_environment, wheels, qtbot):
    setup.create(InstallPlan(PYTHON, CPU, wheels))
    qtbot.waitUntil(lambda: (engine_environment.folder / "env").exists(), timeout=60000)
    task = setup._task
    setup.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qtbot.waitUntil(lambda: task._task is None, timeout=5000)
    assert engine_environment.state() == PARTIAL


def test_a_folder_with_other_files_cannot_be_used(panel, engine_environment):
    engine_environment.folder.mkdir(parents=True)
    (engine_environment.folder / "thesis.docx").write_text("mine")
    panel._setup.changed.emit()
    assert not panel.create.isEnabled() and "not the plugin's" in panel.summary.text()


def test_a_path_that_works_is_kept(panel, settings, qtbot):
    type_path(panel, qtbot)
    assert settings.value(SETTING) == str(PYTHON) and "works" in panel.status.text()


def test_a_path_that_does_not_work_is_not_kept(checking_panel, settings, qtbot):
    type_path(checking_panel, qtbot)
    assert "missing" in checking_panel.status.text() and not settings.contains(SETTING)
    qtbot.mouseClick(checking_panel.copy, LEFT)
    assert "ofanet-tiny: missing" in checking_panel.diagnosis()


def test_everything_that_can_be_used_has_a_name(panel):
    for widget in (panel.base, panel.build, panel.log, panel.progress, panel.path.lineEdit(), panel.wheels.lineEdit()):
        assert widget.accessibleName()
    for button in panel.findChildren(QPushButton):
        assert button.text() or button.accessibleName()


# --- from the plugin ------------------------------------------------------------------------------------------------


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
