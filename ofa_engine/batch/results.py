"""Results over all scenes of a batch: mosaics, STAC items, the table of areas, and a summary."""

import json
from datetime import datetime, timezone
from pathlib import Path

from ..core.callbacks import Callbacks
from .manifest import DONE, FAILED, JSON_NAME, csv_text, write_whole
from .mosaic import write_mosaics
from .stac import item_collection

ITEMS_NAME, AREAS_NAME = "items.json", "areas.csv"
AREA_COLUMNS = ("id", "input", "value", "name", "pixels", "tiles", "area_ha")


def write_results(folder: Path, entries: list[dict], callbacks: Callbacks) -> dict:
    """Writes what covers all scenes that are done, of manifest entries. Returns counts, failures and the paths of what
    was written. Raises OutputError."""
    done = [entry for entry in entries if entry["state"] == DONE]
    failed = [entry for entry in entries if entry["state"] == FAILED]
    layers = [(folder / e["output"], e["classes"]) for e in done if e["output"].endswith(".tif")]
    mosaics = write_mosaics(folder, layers, lambda text: callbacks.log("warning", text))
    created = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    write_whole(folder / ITEMS_NAME, json.dumps(item_collection(done, created), ensure_ascii=False, indent=1))
    write_whole(folder / AREAS_NAME, csv_text(AREA_COLUMNS, _area_rows(done)))
    return {
        "manifest": str(folder / JSON_NAME),
        "scenes": len(entries),
        "done": len(done),
        "failed": len(failed),
        "failures": [{key: e[key] for key in ("id", "input", "why")} for e in failed],
        "mosaics": [str(path) for path in mosaics],
        "items": str(folder / ITEMS_NAME),
        "areas": str(folder / AREAS_NAME),
    }


def _area_rows(entries: list[dict]) -> list[dict]:
    return [
        {"id": entry["id"], "input": entry["input"]} | {key: c.get(key) for key in AREA_COLUMNS[2:]}
        for entry in entries
        for c in entry["classes"]
    ]
