"""What the options page and the set-up dialog show: the engine in use, the user's environment, one created here."""

from pathlib import Path

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QFont, QGuiApplication
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..engine.client import SETTING
from ..i18n.texts import tr
from .engine_setup import EngineSetup
from .environment_check import diagnosis
from .python_finder import FoundPython
from .venv_installer import CPU, CUDA, DISK_MB, FOREIGN, NONE, OUTDATED, PARTIAL, READY, InstallPlan

_GOOD, _BAD, _BUSY = "#2a9d5c", "#c8402f", "#5c6b7a"
_LINES = 400  # of pip's that the window keeps


def _wrapped(text: str = "") -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _gigabytes(megabytes: int) -> str:
    return tr("{size:.1f} GB").format(size=megabytes / 1000)


class SetupPanel(QWidget):
    def __init__(self, setup: EngineSetup, parent=None):
        super().__init__(parent)
        self._setup = setup
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(
            _wrapped(
                tr(
                    "OFA-Net computes in a Python environment of its own, outside of QGIS. Nothing is "
                    "installed into QGIS's Python, and nothing is downloaded before you press "
                    "Create."
                )
            )
        )
        self.in_use, self.status = _wrapped(), _wrapped()
        layout.addWidget(self.in_use)
        layout.addWidget(self.status)
        layout.addWidget(self._own_box())
        layout.addWidget(self._create_box())
        layout.addWidget(self._progress_row())
        layout.addWidget(self._details_box(), 1)
        layout.addStretch(0)
        setup.changed.connect(self._show)
        setup.printed.connect(self._printed)
        setup.progressed.connect(self._progressed)
        setup.ended.connect(self._ended)
        setup.search()
        self._verdict = ("", "")
        self._show()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _own_box(self) -> QWidget:
        box = QGroupBox(tr("Use an existing environment"))
        self.path = QgsFileWidget()
        self.path.setDialogTitle(tr("Python of the engine's environment"))
        self.path.setFilePath(str(self._setup.python_in_use() or QgsSettings().value(SETTING, "", type=str)))
        self.path.lineEdit().setPlaceholderText(tr("The environment's python, or its folder"))
        self.path.lineEdit().setAccessibleName(tr("Python of the engine's environment"))
        self.use = QPushButton(tr("Check and &use"))
        self.use.setAutoDefault(False)
        self.use.clicked.connect(lambda: self._setup.use(self.path.filePath().strip()))
        self.path.fileChanged.connect(self._show)
        row = QHBoxLayout(box)
        row.addWidget(self.path, 1)
        row.addWidget(self.use)
        return box

    def _create_box(self) -> QWidget:
        box = QGroupBox(tr("Let the plugin create one"))
        self.base, self.build = QComboBox(), QComboBox()
        self.base.setAccessibleName(tr("Created with"))
        self.build.setAccessibleName(tr("Computes on"))
        other = QPushButton(tr("Other..."))
        other.setAutoDefault(False)
        other.setAccessibleName(tr("Another Python to create it with"))
        other.clicked.connect(self._choose_base)
        base_row = QHBoxLayout()
        base_row.addWidget(self.base, 1)
        base_row.addWidget(other)
        self.offline = QCheckBox(tr("Without network, from a &folder of wheels"))
        self.wheels = QgsFileWidget()
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels.lineEdit().setAccessibleName(tr("Folder of wheels"))
        self.wheels.setVisible(False)
        self.offline.toggled.connect(self.wheels.setVisible)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Created with"), base_row)
        form.addRow(tr("Computes on"), self.build)
        form.addRow(self.offline)
        form.addRow(self.wheels)
        self.summary = _wrapped()
        self.create, self.remove = QPushButton(tr("&Create")), QPushButton(tr("&Remove..."))
        self.create.clicked.connect(lambda: self._setup.create(self.plan()))
        self.remove.clicked.connect(self._remove)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.remove, self.create):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(box)
        layout.addLayout(form)
        layout.addWidget(self.summary)
        layout.addLayout(buttons)
        for changed in (self.base.activated, self.build.activated, self.offline.toggled, self.wheels.fileChanged):
            changed.connect(self._show)
        return box

    def _progress_row(self) -> QWidget:
        self.running = QWidget()
        self.doing = _wrapped()
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(tr("Progress"))
        self.cancel = QPushButton(tr("Cance&l"))
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self._setup.cancel)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addWidget(self.cancel)
        layout = QVBoxLayout(self.running)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.doing)
        layout.addLayout(row)
        return self.running

    def _details_box(self) -> QWidget:
        self.details = QToolButton()
        self.details.setText(tr("Show &log"))
        self.details.setCheckable(True)
        self.details.setArrowType(Qt.ArrowType.RightArrow)
        self.details.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.details.setAutoRaise(True)
        self.details.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.details.toggled.connect(self._show_log)
        self.log = QPlainTextEdit()
        self.log.setVisible(False)
        self.log.setReadOnly(True)
        self.log.setMaximumBlockCount(_LINES)
        self.log.setMinimumHeight(160)
        self.log.setTabChangesFocus(True)
        self.log.setAccessibleName(tr("Log"))
        font = QFont("monospace")
        font.setStyleHint(QFont.StyleHint.TypeWriter)
        font.setPointSizeF(self.font().pointSizeF() * 0.9)
        self.log.setFont(font)
        self.copy = QPushButton(tr("Copy &diagnosis"))
        self.copy.setAutoDefault(False)
        self.copy.setToolTip(tr("What a bug report needs: versions, the environment's packages, the end of the log"))
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.diagnosis()))
        row = QHBoxLayout()
        row.addWidget(self.details)
        row.addStretch(1)
        row.addWidget(self.copy)
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.log, 1)
        return box

    def _show_log(self, shown: bool):
        self.details.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.log.setVisible(shown)

    # --- what it shows ------------------------------------------------------------------------------------------

    def plan(self) -> InstallPlan | None:
        """What Create would do; None where something is still missing."""
        base, build = self.base.currentData(), self.build.currentData()
        folder = self.wheels.filePath().strip()
        if not base or not build or (self.offline.isChecked() and not folder):
            return None
        return InstallPlan(Path(base), build, Path(folder) if self.offline.isChecked() else None, self._setup.cuda)

    def diagnosis(self) -> str:
        return diagnosis(self._setup.report, self._setup.environment.log_text())

    def _show(self, *_):
        busy, state = bool(self._setup.busy), self._setup.environment.state()
        self._show_status()
        self._fill()
        self.running.setVisible(busy)
        if busy and not self.doing.text():
            self.doing.setText(self._setup.busy)
            self.progress.setRange(0, 0)
        self.use.setEnabled(not busy and bool(self.path.filePath().strip()))
        plan = self.plan()
        words = {PARTIAL: tr("&Continue"), OUTDATED: tr("&Update"), READY: tr("Re&pair")}
        self.create.setText(words.get(state, tr("&Create")))
        self.create.setEnabled(not busy and plan is not None and state != FOREIGN)
        self.remove.setVisible(state not in (NONE, FOREIGN))
        self.remove.setEnabled(not busy)
        self.summary.setText(self._summary(state, plan))

    def _show_status(self):
        """What is in use, and how the last task ended."""
        python = self._setup.python_in_use()
        used = tr("In use: {python}").format(python=python) if python else tr("No engine is set up yet")
        self.in_use.setText(used)
        self.in_use.setStyleSheet(f"color: {_GOOD if python else _BAD}; font-weight: 600;")
        line, color = (self._setup.busy + "...", _BUSY) if self._setup.busy else self._verdict
        self.status.setText(line)
        self.status.setStyleSheet(f"color: {color};")
        self.status.setVisible(bool(line))

    def _fill(self):
        """Fills in what the search has found; the user's choices stay."""
        if self.base.count() or self._setup.pythons is None:
            return
        for found in self._setup.pythons:
            self._add_base(found)
        self.base.setCurrentIndex(0 if self.base.count() and self.base.itemData(0) else -1)
        cuda = self._setup.cuda
        if cuda and cuda >= (12, 0):
            driver = ".".join(map(str, cuda))
            self.build.addItem(tr("NVIDIA GPU (its driver has CUDA {driver})").format(driver=driver), CUDA)
        self.build.addItem(
            tr("Processor (CPU); no NVIDIA GPU was found") if cuda is None else tr("Processor (CPU)"), CPU
        )

    def _add_base(self, found: FoundPython):
        title = found.title() + (f": {found.problem}" if found.problem else "")
        self.base.addItem(title, None if found.problem else str(found.path))
        if found.problem:
            self.base.model().item(self.base.count() - 1).setEnabled(False)

    def _summary(self, state: str, plan: InstallPlan | None) -> str:
        """Size and folder, before anything is done."""
        if self._setup.pythons is None:
            return tr("Looking for Pythons on this machine...")
        folder = self._setup.environment.folder
        if state == FOREIGN:
            text = tr("The folder {folder} holds files that are not the plugin's: move them away.")
            return text.format(folder=folder)
        if not any(self.base.itemData(i) for i in range(self.base.count())):
            return tr(
                "No Python was found that can create one: install Python 3.10 or newer from python.org (on "
                "Debian and Ubuntu: python3-venv), or choose one with Other..."
            )
        if plan is None:
            return tr("Choose the folder of wheels.") if self.offline.isChecked() else ""
        earlier = {
            PARTIAL: tr("An earlier attempt was not finished; Continue completes it. "),
            OUTDATED: tr("It was created for another version of the plugin and must be updated. "),
        }.get(state, "")
        free_mb = self._setup.environment.free_mb()
        text = tr("Takes about {disk} in {folder} ({free} are free)").format(
            disk=_gigabytes(DISK_MB[plan.build]), folder=folder, free=_gigabytes(free_mb)
        )
        if state == READY:
            text = tr("It is in {folder}").format(folder=folder)
        source = tr("; about {size} are downloaded from pypi.org and pytorch.org.").format(
            size=_gigabytes(plan.download_mb)
        )
        if plan.wheels:
            source = tr("; nothing is downloaded.")
        elif state in (READY, OUTDATED):
            source = tr("; missing packages are downloaded from pypi.org and pytorch.org.")
        too_small = free_mb < DISK_MB[plan.build] and state == NONE
        return earlier + text + source + (tr(" There is not enough space.") if too_small else "")

    # --- tasks --------------------------------------------------------------------------------------------------

    def _printed(self, line: str):
        self.log.appendPlainText(line)

    def _progressed(self, fraction: float, text: str):
        self.doing.setText(text)
        self.progress.setRange(0, 0 if fraction < 0 else 1000)
        self.progress.setValue(int(1000 * fraction))

    def _ended(self, ok: bool, line: str):
        self._verdict = (line, _GOOD if ok else _BAD)
        self.doing.setText("")
        self.log.appendPlainText(line)
        if ok:
            self.path.setFilePath(str(self._setup.python_in_use() or ""))

    def _choose_base(self):
        chosen, _ = QFileDialog.getOpenFileName(self, tr("A Python 3.10 or newer"))
        if chosen:
            self.add_base(chosen)

    def add_base(self, path: str):
        """Adds a Python that the search has not found; it is checked when it is used."""
        self.base.addItem(path, path)
        self.base.setCurrentIndex(self.base.count() - 1)
        self._show()

    def _remove(self):
        question = tr(
            "Remove the engine's environment? The folder {folder} is deleted; OFA-Net needs an engine to "
            "compute, so you would have to set up another one."
        )
        question = question.format(folder=self._setup.environment.folder)
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(self, "OFA-Net", question, buttons.Yes | buttons.Cancel, buttons.Cancel)
        if answer == buttons.Yes:
            self._setup.remove()
