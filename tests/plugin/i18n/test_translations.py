"""The plugin in other languages: every text is translated, with its placeholders, and QGIS shows it."""

import ast
import importlib.util
import json
import string
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from conftest import ROOT, sample

from qgis_plugin.i18n import translations

_SPEC = importlib.util.spec_from_file_location("i18n", ROOT / ".ci" / "i18n.py")
i18n = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(i18n)
LANGUAGES = tuple(i18n.LANGUAGES)
SHOWN = {
    "QLabel",
    "QPushButton",
    "QToolButton",
    "QCheckBox",
    "QRadioButton",
    "QGroupBox",
    "QAction",
    "QDockWidget",
    "setText",
    "setToolTip",
    "setStatusTip",
    "setWindowTitle",
    "setPlaceholderText",
    "setAccessibleName",
    "setTitle",
    "addRow",
    "addItem",
    "addAction",
    "addButton",
    "addTab",
    "pushMessage",
    "pushWarning",
    "pushInfo",
}

# Run in a process of its own, since texts are made once, when the plugin is loaded.
SCRIPT = """
import json, sys
from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsSettings
sys.path[:0] = sys.argv[1:3]
app = QgsApplication([], True, sys.argv[3])
app.initQgis()
QgsSettings().setValue("locale/overrideFlag", True)
QgsSettings().setValue("locale/userLocale", sys.argv[4])
from conftest import Window
from qgis.PyQt.QtWidgets import QLabel
from qgis_plugin import classFactory
window = Window()
window.layer = QgsProject.instance().addMapLayer(QgsRasterLayer(sys.argv[5], "scene"))
plugin = classFactory(window)
plugin.initGui()
classify, training, similar = plugin.actions[:3]
from qgis_plugin.widgets.raster_facts_loader import RasterFactsLoader
RasterFactsLoader.wait_s = 20.0
window.mainWindow().show()
classify.trigger()
panel = plugin.panels["classify"]
panel.source.reading.setCollapsed(False)
panel.more.setCollapsed(False)
app.processEvents()
cut = [part.text() for part in panel.findChildren(QLabel)
       if part.isVisible() and not part.wordWrap() and part.width() < part.sizeHint().width()]
detect = plugin.provider.algorithm("detectsensor")
shown_texts = {"action": training.text(), "title": panel.windowTitle(), "cut": cut,
        "labels": [label.text() for label in panel.findChildren(QLabel)],
        "algorithm": detect.displayName(), "id": detect.id()}
plugin.unload()
print("answer " + json.dumps(shown_texts))
"""


def placeholders(text: str) -> list:
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_its_placeholders(language):
    known, texts = translations.messages(language), i18n.extract()
    missing = [text for text in texts if not known.get(text, "").strip()]
    assert not missing, "run .ci/i18n.py and translate what it names"
    assert not set(known) - set(texts), "run .ci/i18n.py: these are in no source any more"
    for text in texts:
        assert placeholders(known[text]) == placeholders(text), text
        assert known[text].count("&") == text.count("&"), text
        assert ("*." in text) == ("*." in known[text]) and text.count(";;") == known[text].count(";;"), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_read_as_xml_parsers_read_them(language):
    path = translations.FOLDER / f"ofanet_{language}.ts"
    found = {
        message.findtext("source"): message.findtext("translation")
        for message in ET.parse(path).getroot().iter("message")
    }
    assert translations.messages(language) == found


def test_an_unfinished_text_stays_english_and_spoils_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr(i18n, "PLUGIN", tmp_path)
    (tmp_path / "i18n").mkdir()
    texts = {"a & b": "", "not yet": "", "<c>\n": ""}
    i18n.write("de", texts, {"a & b": 'A & "B"', "<c>\n": "<C>\n"})
    (tmp_path / "i18n" / "ofanet_de.ts").rename(tmp_path / "ofanet_de.ts")
    assert translations.messages("de") == {"a & b": 'A & "B"', "<c>\n": "<C>\n"}


def test_locales():
    for name in ("de", "de_AT", "de-CH"):
        assert translations.messages(name)["Band order"] == "Bandreihenfolge"
    for name in ("zh-Hans", "zh_CN", "zh-Hans-SG"):
        assert translations.messages(name)["Band order"] == "波段顺序"
    for name in ("C", "", "en_US", "zh-Hant", "zh_TW", "fr", "../de"):
        assert translations.messages(name) == {}


def test_no_text_is_shown_past_the_translation():
    """A literal with a letter in it that a widget is given as it is."""
    past = []
    for path in sorted((ROOT / "qgis_plugin").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in SHOWN:
                texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
                texts = [text for text in texts if isinstance(text, str) and any(map(str.isalpha, text))]
                past += [(path.name, text) for text in texts]
    assert {text for _, text in past} <= {"OFA-Net"}, past


@pytest.mark.parametrize(
    "name, shown",
    [
        ("de", ("Mit Polygonen trainieren", "Layer klassifizieren", "Bandreihenfolge", "Sensor erkennen")),
        ("zh-Hans", ("用多边形训练", "分类图层", "波段顺序", "识别传感器")),
        ("fr", ("Train from polygons", "Classify layer", "Band order", "Detect sensor")),
    ],
)
def test_the_plugin_speaks_the_language_of_qgis(environment, tmp_path, name, shown):
    folders = [str(ROOT), str(ROOT / "tests" / "plugin"), str(tmp_path)]
    command = [sys.executable, "-c", SCRIPT, *folders, name, sample("naip")]
    environ = environment | {"QT_QPA_PLATFORM": "offscreen", "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("answer ")]
    assert lines, done.stderr[-3000:]
    shown_texts = json.loads(lines[0].removeprefix("answer "))
    assert (shown_texts["action"], shown_texts["title"], shown_texts["algorithm"]) == (shown[0], shown[1], shown[3])
    assert shown[2] in shown_texts["labels"] and shown_texts["id"] == "ofanet:detectsensor"
    assert not shown_texts["cut"]
