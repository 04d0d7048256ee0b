"""The tables of options in docs are those that the declarations make."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "options_docs", Path(__file__).resolve().parents[1] / ".ci" / "options_docs.py"
)
options_docs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(options_docs)


def test_the_tables_are_up_to_date():
    for path, text in options_docs.pages().items():
        assert path.read_text(encoding="utf-8") == text, f"run .ci/options_docs.py: it renews {path.name}"


def test_every_option_is_on_the_page():
    page = options_docs.PAGE.read_text(encoding="utf-8")
    for kind in options_docs.options.TYPES.values():
        for one in options_docs.options_of(kind).values():
            assert one.help in page and (one.positional or f"`{one.flag}" in page)
