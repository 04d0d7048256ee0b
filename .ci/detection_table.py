"""Writes the table of answers in docs/detection.md from a folder of rasters. Run it after detection has changed.

.venv/bin/python .ci/detection_table.py FOLDER
"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "detection.md"
sys.path.insert(0, str(ROOT))

from ofa_engine.core.errors import OfaError  # noqa: E402
from ofa_engine.raster.source import Source, detect_source  # noqa: E402

_TABLE = re.compile(r"\| folder \|.*?\n\n", re.DOTALL)
_HEAD = "| folder | files | product > read as | answer |\n| --- | --- | --- | --- |\n"


def answer(path: Path) -> tuple[str, str]:
    """(product > sensor, confidence and unit) of a raster, or why it is refused."""
    with Source(path) as source:
        count = source.dataset.count
        try:
            found = detect_source(source)
        except OfaError as error:
            return "", f"error: {error}"
    if found.sensor:
        unit = f"unit `{found.units}`" if found.units else "unit asked"
        return f"`{found.product}` > `{found.sensor}`", f"{found.confidence}; {unit}"
    if "found 1 and a mask" in found.reason:
        return "", "refused: one band and its mask; stack single-band files first"
    if count == 1:
        return "", "refused: one band; stack single-band files first"
    return "", f"refused: {count} bands that do not say which they are; `--sensor`, `--bands`"


def table(folder: Path) -> str:
    """Class layers, of one band each in folders and files named so, are left out."""
    rasters = [p for p in folder.rglob("*") if p.suffix.lower() in (".tif", ".tiff")]
    counted: Counter[tuple[str, str, str]] = Counter()
    for path in sorted(rasters):
        if not any("label" in part or "mask" in part for part in path.relative_to(folder).parts):
            counted[(str(path.parent.relative_to(folder)), *answer(path))] += 1
    rows = sorted(counted.items())
    return _HEAD + "".join(f"| `{where}` | {n} | {read} | {said} |\n" for (where, read, said), n in rows) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(str(__doc__))
    made = table(Path(sys.argv[1]))
    PAGE.write_text(_TABLE.sub(lambda match: made, PAGE.read_text(encoding="utf-8"), count=1), encoding="utf-8")
