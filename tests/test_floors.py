"""Each floor imports only what stands below it."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGINE_ORDER = ["errors", "_version", "sensors", "colors", "catalog", "tiling", "products", "raster", "layers", "masks",
                "preprocess", "model", "heads", "packing", "mae", "checkpoint", "vector", "sieve", "labels", "journal",
                "plan", "reading", "pipeline", "job", "resume", "shares",
                "classlayer", "accuracy", "page", "areas_page", "predict", "logistic", "fit", "mapped", "points",
                "evaluate", "sample", "scenes", "manifest", "mosaic", "stac", "cluster", "alone", "batch", "verbs",
                "example", "bench", "peers", "worker", "cli", "__main__"]  # fmt: skip
RASTERIO = {"raster", "layers", "masks", "sieve", "classlayer", "job", "vector", "labels", "predict", "sample",
            "areas_page", "example", "peers"}  # fmt: skip
STANDARD_ONLY = {"errors", "_version", "sensors", "colors", "catalog", "__init__"}


def imports(path: Path) -> set[str]:
    """Top-level names and, for relative imports, '.module'."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
        elif isinstance(node, ast.ImportFrom):
            found |= {f".{node.module}"} if node.module else {f".{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "ofa_engine").glob("*.py")), ids=lambda p: p.stem)
def test_engine(path):
    if path.stem == "__init__":
        assert path.read_text() == "", "importing the package imports nothing"
        return
    assert path.stem in ENGINE_ORDER, "say where the new module stands"
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in ("qgis", "PyQt5", "PyQt6", "training", "qgis_plugin"), name
        if name.startswith("."):
            assert ENGINE_ORDER.index(name[1:].split(".")[0]) < ENGINE_ORDER.index(path.stem), f"{path.stem} > {name}"
        elif path.stem in STANDARD_ONLY:
            assert top in sys.stdlib_module_names, name
        if top == "rasterio" and "raster" not in (path.stem,):
            assert path.stem in RASTERIO, "raster opens rasters"
        if path.stem == "tiling":
            assert top in ("numpy", "collections", "dataclasses", "functools"), name


@pytest.mark.parametrize("path", sorted((ROOT / "qgis_plugin").rglob("*.py")), ids=lambda p: p.stem)
def test_plugin(path):
    for name in imports(path):
        parts = name.lstrip(".").split(".")
        assert "check_child" not in parts, "it runs in another Python, by its path"
        if path.stem == "check_child":
            continue
        assert parts[0] not in ("torch", "timm", "rasterio", "shapely", "training", "PyQt5", "PyQt6"), name
        if parts[0] == "ofa_engine" and len(parts) > 1:
            assert parts[1] in STANDARD_ONLY, name


@pytest.mark.parametrize("path", sorted((ROOT / "training").rglob("*.py")), ids=lambda p: p.stem)
def test_training(path):
    for name in imports(path):
        assert name.split(".")[0] not in ("qgis", "PyQt5", "PyQt6", "qgis_plugin"), name
        if path.stem not in ("readers_raster", "readers_starter", "simulate", "starter", "baselines"):
            assert not name.startswith(("rasterio", "ofa_engine.raster", "pyogrio", "shapely")), name
