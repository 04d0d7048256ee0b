"""Engine set-up and model manager: their menu entries, the options page, the offer in the message bar."""

from qgis.core import Qgis
from qgis.PyQt.QtWidgets import QAction, QPushButton

from .i18n.texts import tr
from .setup.engine_setup import EngineSetup, engine_missing
from .setup.setup_pages import SetupDialog, SetupPageFactory


class SetupMenu:
    def __init__(self, iface, show_message, engine_changed, queue):
        """`show_message(text, level, seconds)` puts a message into the message bar; `engine_changed()` is called when a
        set-up has ended; `queue` takes the runs that fit heads."""
        self._iface, self._show_message, self._engine_changed, self._queue = iface, show_message, engine_changed, queue
        self.setup = EngineSetup()
        self.setup.ended.connect(self._ended)
        self.setup_dialog = self.manager = None
        self._offer = None
        self._page = SetupPageFactory(self.setup)
        iface.registerOptionsWidgetFactory(self._page)
        self.actions = [
            self._action(tr("Models and heads..."), "ofanetModels", self.show_models),
            self._action(tr("Set up engine..."), "ofanetSetUpEngine", self.set_up_engine),
        ]

    def _action(self, text: str, name: str, slot) -> QAction:
        action = QAction(text, self._iface.mainWindow())
        action.setObjectName(name)
        action.triggered.connect(slot)
        return action

    def close(self):
        """The plugin takes the actions out of the menu, with its own."""
        for window in (self.setup_dialog, self.manager):
            if window is not None:
                window.close()
        self._withdraw_offer()
        self._iface.unregisterOptionsWidgetFactory(self._page)
        self.setup.close()

    def set_up_engine(self, *_):
        if self.setup_dialog is None:
            self.setup_dialog = SetupDialog(self.setup, self._iface.mainWindow())
            self.setup_dialog.finished.connect(self._forget_setup_dialog)
        _to_front(self.setup_dialog)

    def _forget_setup_dialog(self, *_):
        self.setup_dialog = None

    def show_models(self, *_):
        from .models.model_manager import ModelManager

        if self.manager is None:
            self.manager = ModelManager(self._queue, self._iface.mainWindow())
            self.manager.finished.connect(self._forget_manager)
        _to_front(self.manager)

    def _forget_manager(self, *_):
        self.manager = None

    def offer_set_up(self):
        """Where there is no engine, the message bar leads to the set-up."""
        if not engine_missing() or self._offer is not None:
            return
        bar = self._iface.messageBar()
        self._offer = bar.createMessage("OFA-Net", tr("An engine is needed to compute; none was found."))
        self._offer.destroyed.connect(self._forget_offer)  # the user may close it
        button = QPushButton(tr("Set up engine..."))
        button.clicked.connect(self.set_up_engine)
        button.clicked.connect(self._withdraw_offer)
        self._offer.layout().addWidget(button)
        bar.pushWidget(self._offer, Qgis.MessageLevel.Warning)

    def _forget_offer(self, *_):
        self._offer = None

    def _withdraw_offer(self, *_):
        if self._offer is not None:
            item, self._offer = self._offer, None
            self._iface.messageBar().popWidget(item)

    def _ended(self, ok: bool, line: str):
        if ok:
            self._withdraw_offer()
        if self.setup_dialog is None:  # no window shows it
            self._show_message(line, Qgis.MessageLevel.Success if ok else Qgis.MessageLevel.Warning, 8)
        self._engine_changed()


def _to_front(window):
    window.show()
    window.raise_()
    window.activateWindow()
