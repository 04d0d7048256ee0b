"""The dialog "Get a foundation model": what the catalogue offers, and downloading one of it. Nothing is downloaded, and
no connection opened, before its button is pressed."""

from pathlib import Path
from urllib.parse import urlsplit

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..engine.client import EngineCancelled, EngineError
from ..engine.modules import ICON, errors
from ..i18n.texts import duration, tr
from ..runs.function_task import FunctionTask
from . import foundation_files
from .foundation_card import RASTER_PX, card, raster_seconds, size
from .foundation_files import Offer
from .machine_speed import MachineSpeed

_GOOD, _BAD = "#2a9d5c", "#c8402f"
_NUMBERS = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_TIME = 4  # its column; sizes stand before it
_OFFER = Qt.ItemDataRole.UserRole


class FoundationDialog(QDialog):
    fetched = pyqtSignal(object)  # the checkpoint, a Path

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setObjectName("ofanetFoundationModels")
        self.setWindowTitle(tr("Get a foundation model"))
        self.setWindowIcon(QIcon(str(ICON)))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1240, 680)
        self._task: FunctionTask | None = None
        self._speed = MachineSpeed(self)
        self._speed.changed.connect(self._measured)
        self._build()
        self.refresh()
        self._speed.measure()

    # --- widgets ------------------------------------------------------------------------------------------------

    def _build(self):
        intro = QLabel(
            tr(
                "Backbones that others have pretrained on millions of satellite images. A model that you download "
                "becomes a checkpoint; heads for it are trained from your own labels, or fitted anew."
            )
        )
        intro.setWordWrap(True)
        self.list = QTreeWidget()
        self.list.setAccessibleName(tr("Foundation models"))
        self.list.setHeaderLabels([tr("Model"), tr("Sensors"), tr("Download"), tr("Memory"), tr("Time"), ""])
        hint = tr("For a raster of {px} x {px} pixels on this computer, estimated").format(px=RASTER_PX)
        self.list.headerItem().setToolTip(_TIME, hint)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setSectionResizeMode(_TIME + 1, QHeaderView.ResizeMode.Stretch)
        self.list.currentItemChanged.connect(self._show)
        self.page = QTextBrowser()
        self.page.setOpenLinks(False)
        self.page.setAccessibleName(tr("About the model"))
        self.page.anchorClicked.connect(QDesktopServices.openUrl)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self.page)
        split.setStretchFactor(1, 1)
        split.setSizes([700, 540])
        layout = QVBoxLayout(self)
        layout.addWidget(intro)
        layout.addWidget(split, 1)
        layout.addWidget(self._progress())
        layout.addWidget(self._status())
        layout.addLayout(self._buttons())

    def _progress(self) -> QWidget:
        self.running, self.doing, self.progress = QWidget(), QLabel(), QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(10)
        self.progress.setAccessibleName(tr("Progress"))
        layout = QVBoxLayout(self.running)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.doing)
        layout.addWidget(self.progress)
        self.running.setVisible(False)
        return self.running

    def _status(self) -> QLabel:
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return self.status

    def _buttons(self) -> QHBoxLayout:
        self.download, self.cancel = QPushButton(tr("&Download")), QPushButton(tr("&Pause"))
        self.forget = QPushButton(tr("D&iscard the part"))
        self.forget.setToolTip(tr("Deletes what an interrupted download has left"))
        self.download.clicked.connect(self._start)
        self.cancel.clicked.connect(self._cancel)
        self.forget.clicked.connect(self._forget)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        row = QHBoxLayout()
        for button in (self.download, self.cancel, self.forget):
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(close)
        return row

    # --- the list -----------------------------------------------------------------------------------------------

    def refresh(self, chosen: str = ""):
        """Reads the catalogue again, and what of it is here; the entry of that name is selected."""
        self.list.clear()
        try:
            found = foundation_files.offers()
        except errors.InputError as error:
            found = []
            self._say(str(error), _BAD)
        for offer in found:
            item = _item(offer, self._speed.gflops)
            self.list.addTopLevelItem(item)
            if offer.model.name == chosen:
                self.list.setCurrentItem(item)
        if self.list.currentItem() is None:
            self.list.setCurrentItem(self.list.topLevelItem(0))
        self._show()

    def _measured(self):
        if self._task is None:
            self.refresh(self.offer().model.name if self.offer() else "")

    def offer(self) -> Offer | None:
        item = self.list.currentItem()
        return item.data(0, _OFFER) if item is not None else None

    def _show(self, *_):
        offer, idle = self.offer(), self._task is None
        self.page.setHtml(card(offer, self._speed.gflops) if offer else "")
        self.running.setVisible(not idle)
        self.cancel.setVisible(not idle)
        kept = offer.kept_bytes if offer else 0
        self.forget.setVisible(idle and bool(kept))
        self.download.setVisible(idle)
        self.download.setEnabled(offer is not None and offer.checkpoint is None)
        self.download.setText(tr("&Resume the download") if kept else tr("&Download"))
        if idle and offer is not None:
            self._say(_before(offer))

    def _say(self, text: str, color: str = ""):
        self.status.setText(text)
        self.status.setStyleSheet(f"color: {color};" if color else "")

    # --- a download ---------------------------------------------------------------------------------------------

    def _start(self):
        offer = self.offer()
        if offer is None or self._task is not None:
            return
        model = offer.model
        try:
            variables = foundation_files.network_variables(model)
        except (EngineError, OSError) as error:
            self._say(str(error), _BAD)
            return

        def work(task):
            def progress(message):
                task.progress(message["fraction"], _progress_text(message))

            return foundation_files.fetch(model, variables, progress, lambda _, line: task.log(line), task.cancelled)

        self._task = FunctionTask(tr("Download {model}").format(model=model.title), work)
        self._task.progressed.connect(self._progressed)
        self._task.logged.connect(self._say)
        self._task.ended.connect(lambda path, error: self._ended(offer, path, error))
        self.progress.setRange(0, 0)
        self.doing.setText(tr("Starting..."))
        self._show()
        self._say("")

    def _progressed(self, share: float, text: str):
        self.progress.setRange(0, 0 if share < 0 or share >= 1 else 1000)  # checked and imported after the last byte
        self.progress.setValue(int(1000 * share))
        self.doing.setText(text)

    def _ended(self, offer: Offer, path: Path | None, error: Exception | None):
        self._task = None
        self.refresh(offer.model.name)
        kept = self.offer().kept_bytes if self.offer() else 0
        if path is not None and error is None:
            self._say(tr("{model} is among your models now.").format(model=offer.model.title), _GOOD)
            self.fetched.emit(path)
        elif isinstance(error, EngineCancelled) or error is None:
            text = tr("Paused; {size} are kept, and Resume continues there.") if kept else tr("Cancelled")
            self._say(text.format(size=size(kept)))
        else:
            self._say(str(error), _BAD)

    def _cancel(self):
        if self._task is not None:
            self.doing.setText(tr("Pausing..."))
            self._task.cancel()

    def _forget(self):
        offer = self.offer()
        try:
            foundation_files.forget(offer.model)
        except errors.ModelFileError as error:
            self._say(str(error), _BAD)
            return
        self.refresh(offer.model.name)

    def done(self, result):
        """Closing pauses a download; what has come is kept."""
        self._speed.cancel()
        if self._task is not None:
            self._task.ended.disconnect()
            self._task.cancel()
            self._task.wait(3.0)
            self._task = None
        super().done(result)


def _item(offer: Offer, gflops: float | None) -> QTreeWidgetItem:
    model, sensors = offer.model, [tr(sensor) for sensor in offer.model.sensors]
    more = tr("{first} and {count} more").format(first=sensors[0], count=len(sensors) - 1)
    memory = tr("{gb:.1f} GB").format(gb=model.memory_mb / 1000)
    time = duration(raster_seconds(model, gflops)) if gflops else ""
    few = more if len(sensors) > 2 else ", ".join(sensors)
    item = QTreeWidgetItem([model.title, few, size(model.size_bytes), memory, time, _state(offer)])
    item.setData(0, _OFFER, offer)
    item.setToolTip(0, tr(model.good_at))
    item.setToolTip(1, ", ".join(sensors))
    for column in (_TIME - 2, _TIME - 1, _TIME):
        item.setTextAlignment(column, _NUMBERS)
    return item


def _state(offer: Offer) -> str:
    if offer.checkpoint is not None:
        return tr("installed")
    return tr("{share:.0%} here").format(share=offer.kept_bytes / offer.model.size_bytes) if offer.kept_bytes else ""


def _before(offer: Offer) -> str:
    """What the button will do, before it is pressed."""
    if offer.checkpoint is not None:
        return tr("Installed as {name}.").format(name=offer.checkpoint.name)
    text = tr(
        "Nothing is downloaded before you press Download: then {size} come from {host} ({free} are free on your disk)."
    )
    if offer.kept_bytes:
        text = tr("{kept} are here already; the other {size} come from {host} ({free} are free on your disk).")
    return text.format(
        size=size(offer.to_download_bytes, offer.model.size_is_rounded),
        host=urlsplit(offer.model.address).netloc,
        free=size(foundation_files.free_bytes()),
        kept=size(offer.kept_bytes),
    )


def _progress_text(message: dict) -> str:
    done, total, left = message["done"], message["total"], message.get("seconds_left")
    if done >= total:
        return tr("Checking and importing...")
    text = tr("{done} of {total}").format(done=size(done), total=size(total))
    return text if left is None else tr("{text}, {time} left").format(text=text, time=duration(left))
