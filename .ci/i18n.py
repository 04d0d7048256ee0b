"""Brings qgis_plugin/i18n/*.ts in line with the texts of the plugin's sources: new ones come in without a translation,
those that are gone go out. Run it after a text has changed, and translate what it names.

    .venv/bin/python .ci/i18n.py
"""

import ast
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "qgis_plugin"
LANGUAGES = {"de": "de_DE", "zh": "zh_CN"}
CONTEXT = "OFA-Net"
MARKED = {"TITLE", "HELP", "TAGS", "SAMPLE_POINTS"}  # names whose texts go through `tr` where they are used
LOOKED_UP = re.compile(
    r"self\.(TITLE|HELP)|tag|title|(sensor|product)\.title|SAMPLE_POINTS|sensors\.UNITS\b.*"
    r"|sensor|(offer\.)?model\.good_at|figures\.measure"
)  # and how, there
sys.path.insert(0, str(ROOT))


def extract() -> dict[str, str]:
    """Text -> the file where it stands first. Raises ValueError for a `tr` of what cannot be found here."""
    from ofa_engine.core import foundation_models, sensors

    found = {}
    for path in sorted(PLUGIN.rglob("*.py")):
        name = path.relative_to(PLUGIN).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr":
                texts = _branches(node.args[0])
                for text in texts:
                    if not isinstance(text, ast.Constant) and not LOOKED_UP.fullmatch(ast.unparse(text)):
                        raise ValueError(f"expected tr() of a literal, found {ast.unparse(node)} in {name}")
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in MARKED:
                texts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            else:
                continue
            for text in texts:
                if isinstance(text, ast.Constant) and text.value:
                    found.setdefault(text.value, name)
    entries = (*sensors.SENSORS.values(), *sensors.PRODUCTS.values())
    for text in (*(entry.title for entry in entries), *sensors.UNITS.values()):
        found.setdefault(text, "sensors.py")
    for model in foundation_models.foundation_models():
        for text in (model.good_at, *model.sensors, model.figures.measure):
            found.setdefault(text, "foundation_models.json")
    return found


def _branches(node: ast.expr) -> list[ast.expr]:
    """Both answers of an "a if b else c"."""
    return [*_branches(node.body), *_branches(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def translations(language: str) -> dict[str, str]:
    path = PLUGIN / "i18n" / f"ofanet_{language}.ts"
    if not path.exists():
        return {}
    found = {}
    for message in ET.parse(path).getroot().iter("message"):
        if message.find("translation").get("type") is None:
            found[message.findtext("source")] = message.findtext("translation")
    return found


def write(language: str, texts: dict[str, str], known: dict[str, str]):
    root = ET.Element("TS", version="2.1", language=LANGUAGES[language], sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for text, place in sorted(texts.items(), key=lambda item: item[1]):  # stable: as they stand in the file
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "location", filename=place)
        ET.SubElement(message, "source").text = text
        translation = ET.SubElement(message, "translation")
        if known.get(text):
            translation.text = known[text]
        else:
            translation.set("type", "unfinished")
    ET.indent(root, "    ")
    body = ET.tostring(root, encoding="unicode")
    path = PLUGIN / "i18n" / f"ofanet_{language}.ts"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n', encoding="utf-8")


def main() -> int:
    texts = extract()
    missing = 0
    for language in LANGUAGES:
        known = translations(language)
        write(language, texts, known)
        for text in texts:
            if not known.get(text):
                missing += 1
                print(f"{language}: {text!r} is not translated")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
