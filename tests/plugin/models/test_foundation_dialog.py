"""The dialog that downloads foundation models, with the real engine and a server of this machine."""

import hashlib
import json
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtNetwork import QNetworkProxy

from qgis_plugin.engine.client import ENGINE
from qgis_plugin.models import foundation_files, model_files, model_manager
from qgis_plugin.models.foundation_dialog import FoundationDialog
from tests.ofa_engine.model.downloads.bad_server import BadServer, answers, stalls

LEFT = Qt.MouseButton.LeftButton
CONTENT = bytes(range(256)) * 4000  # 1 MB that is no model
REAL = json.loads((ROOT / "resources" / "foundation_models.json").read_text(encoding="utf-8"))["models"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch, settings) -> Path:
    """The user's own folder, empty."""
    own = tmp_path / "profile" / "models"
    for module in (model_files, model_manager, foundation_files):
        monkeypatch.setattr(module, "models_dir", lambda: own)
    monkeypatch.setenv("OFANET_MODELS", str(own))
    settings.setValue("ofanet/machine_gflops", 50.0)
    return own


@pytest.fixture
def server():
    running = BadServer(CONTENT)
    yield running
    running.close()


@pytest.fixture
def catalogue(server, tmp_path, monkeypatch):
    """catalogue(**changes) makes the server's file the first entry, "Local model"."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "catalogue.json"
    monkeypatch.setenv("OFANET_FOUNDATION_MODELS", str(path))

    def write(**changes):
        checksum = f"sha256:{hashlib.sha256(server.content).hexdigest()}"
        own = {"name": "local", "title": "Local model", "address": f"{server.root}/w.pth", "checksum": checksum}
        entry = REAL[0] | own | {"size_bytes": len(server.content)} | changes
        path.write_text(json.dumps({"format": 1, "models": [entry]}), encoding="utf-8")

    write()
    return write


@pytest.fixture
def dialog(catalogue, qtbot):
    made = FoundationDialog()
    made.show()
    yield made
    made.close()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def press(dialog, qtbot, button="download"):
    qtbot.mouseClick(getattr(dialog, button), LEFT)


def wait_until_it_ends(dialog, qtbot):
    qtbot.waitUntil(lambda: dialog.download.isVisibleTo(dialog), timeout=60000)


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# --- what it shows -------------------------------------------------------------------------------------------------


def test_the_catalogue_is_shown_with_figures_costs_and_licences(dialog):
    rows = [dialog.list.topLevelItem(i) for i in range(dialog.list.topLevelItemCount())]
    assert [row.text(0) for row in rows] == ["Local model", *(entry["title"] for entry in REAL)]
    dialog.list.setCurrentItem(rows[1])
    shown = dialog.page.toPlainText()
    entry = REAL[0]
    for expected in (
        *(entry["title"], entry["good_at"], *entry["sensors"], *entry["figures"]["values"], entry["licence"]),
        *(*entry["figures"]["values"].values(), entry["figures"]["source"], entry["attribution"], "448 MB"),
        entry["checksum"].removeprefix("sha256:"),
    ):
        assert expected in shown, expected
    assert f'href="{entry["licence_url"]}"' in dialog.page.toHtml()
    assert "about 1.4 GB" in shown and "for a raster of 2000 x 2000 pixels" in shown
    assert rows[1].text(4) and rows[1].text(4) != rows[2].text(4), "the larger one takes longer"
    assert "448 MB come from huggingface.co" in dialog.status.text()


def test_nothing_is_asked_before_the_button_is_pressed(catalogue, server, plugin, window, qtbot):
    seen = []

    def watch(event, details):
        if event in ("socket.connect", "socket.getaddrinfo"):
            seen.append((event, details))

    sys.addaudithook(watch)  # for good: what comes later is not looked at
    plugin.setup_menu.show_models()
    manager = plugin.setup_menu.manager
    qtbot.mouseClick(manager.get, LEFT)
    dialog = manager.foundation_dialog
    for row in range(dialog.list.topLevelItemCount()):
        dialog.list.setCurrentItem(dialog.list.topLevelItem(row))
    qtbot.wait(300)
    assert not seen and not server.requests
    assert dialog.download.isEnabled()
    manager.close()
    assert manager.foundation_dialog is None
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_wrong_catalogue_of_the_users_is_said_in_one_line(catalogue, qtbot):
    catalogue(checksum="md5:1")
    dialog = FoundationDialog()
    assert "expected sha256:" in dialog.status.text() and dialog.list.topLevelItemCount() == 0
    assert not dialog.download.isEnabled()
    dialog.close()


# --- downloads -----------------------------------------------------------------------------------------------------


def test_a_pause_keeps_the_part_and_resume_continues(dialog, server, qtbot, folder):
    server.mishaps = [stalls(server, 400_000, 60.0)]
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: "0 MB of 1 MB" in dialog.doing.text() and dialog.progress.value() > 300, timeout=30000)
    assert dialog.cancel.isVisibleTo(dialog) and not dialog.download.isVisibleTo(dialog)
    started = time.monotonic()
    press(dialog, qtbot, "cancel")
    wait_until_it_ends(dialog, qtbot)
    assert time.monotonic() - started < 3  # a second, and the time to end the engine
    assert "Paused" in dialog.status.text() and left(folder) == [".local.download"]
    assert "39% here" in dialog.list.currentItem().text(5) and "Resume" in dialog.download.text()
    press(dialog, qtbot)
    wait_until_it_ends(dialog, qtbot)
    assert server.requests[-1].headers["Range"] == "bytes=400000-"


def test_a_part_can_be_discarded(dialog, server, qtbot, folder):
    server.mishaps = [stalls(server, 400_000, 60.0)]
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.progress.value() > 300, timeout=30000)
    press(dialog, qtbot, "cancel")
    wait_until_it_ends(dialog, qtbot)
    assert dialog.forget.isVisibleTo(dialog)
    press(dialog, qtbot, "forget")
    assert left(folder) == [] and not dialog.forget.isVisibleTo(dialog)
    assert dialog.download.text() == "&Download"


def test_closing_the_window_pauses(catalogue, server, qtbot, folder):
    server.mishaps = [stalls(server, 400_000, 60.0)]
    dialog = FoundationDialog()
    dialog.show()
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.progress.value() > 300, timeout=30000)
    dialog.close()
    assert left(folder) == [".local.download"]
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_maps_can_be_made_meanwhile(dialog, server, qtbot):
    server.mishaps = [stalls(server, 400_000, 60.0)]
    press(dialog, qtbot)
    qtbot.waitUntil(lambda: dialog.progress.value() > 300, timeout=30000)
    assert ENGINE.run("hello", {})["version"]
    press(dialog, qtbot, "cancel")
    wait_until_it_ends(dialog, qtbot)


@pytest.mark.parametrize(
    "change, line",
    [
        ({"checksum": "sha256:0123456789"}, "SHA-256"),
        ({"size_bytes": 10**6}, "expected a file of 1000000 bytes"),
        ({}, "expected a file of weights"),
    ],
)
def test_a_wrong_file_is_one_line_and_leaves_nothing(catalogue, dialog, qtbot, folder, change, line):
    catalogue(**change)
    dialog.refresh("local")
    press(dialog, qtbot)
    wait_until_it_ends(dialog, qtbot)
    assert line in dialog.status.text() and "\n" not in dialog.status.text()
    assert left(folder) == []


def test_a_refusal_of_the_server_is_said(dialog, server, qtbot, folder):
    server.mishaps = [answers(404)]
    press(dialog, qtbot)
    wait_until_it_ends(dialog, qtbot)
    assert "404" in dialog.status.text() and left(folder) == []


def test_the_proxy_of_qgis_is_used(dialog, server, qtbot):
    proxy = BadServer(b"no")
    manager = QgsNetworkAccessManager.instance()
    before = manager.fallbackProxy(), manager.excludeList(), manager.noProxyList()
    port = int(proxy.root.rpartition(":")[2])
    kinds = QNetworkProxy.ProxyType
    manager.setFallbackProxyAndExcludes(QNetworkProxy(kinds.HttpProxy, "127.0.0.1", port, "me", "secret"), [], [])
    try:
        proxy.mishaps = [answers(403)]
        press(dialog, qtbot)
        wait_until_it_ends(dialog, qtbot)
        assert proxy.requests[0].path == f"{server.root}/w.pth" and not server.requests
        assert proxy.requests[0].headers["Proxy-Authorization"] and "secret" not in dialog.status.text()
        manager.setFallbackProxyAndExcludes(QNetworkProxy(kinds.Socks5Proxy, "socks.example", 1), [], [])
        press(dialog, qtbot)
        assert "SOCKS" in dialog.status.text() and "import it" in dialog.status.text()
    finally:
        manager.setFallbackProxyAndExcludes(*before)
        proxy.close()
