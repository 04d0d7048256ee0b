"""The plugin's texts in the language of QGIS, from i18n/ofanet_<language>.ts.

The files are read as they are: Qt's translators take compiled ones only, and one in Python would be called for every
text of QGIS, by every thread. Nothing is installed, so nothing is left behind when QGIS unloads the plugin.
"""

import html
import re
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QLocale

FOLDER = Path(__file__).resolve().parent
_MESSAGE = re.compile(r"<source>(.*?)</source>.*?<translation( [^>]*?)?(?:/>|>(.*?)</translation>)", re.DOTALL)
_TRADITIONAL = ("hant", "tw", "hk", "mo")  # Chinese of another script than the file's


def locale() -> str:
    """QGIS's language: that of its settings where it is set there, else the system's."""
    settings = QgsSettings()
    chosen = settings.value("locale/userLocale", "") if settings.value("locale/overrideFlag", False, type=bool) else ""
    return chosen or QLocale().name()


def messages(name: str) -> dict[str, str]:
    """English text -> its translation for a locale such as de, de_CH, zh-Hans; nothing where there is none."""
    language, *more = name.replace("-", "_").lower().split("_")
    path = FOLDER / f"ofanet_{language}.ts"
    if set(more) & set(_TRADITIONAL) or not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    finished = (found for found in _MESSAGE.finditer(text) if not found[2])  # others have a type: unfinished, obsolete
    return {html.unescape(found[1]): html.unescape(found[3]) for found in finished}
