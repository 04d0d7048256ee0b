"""Nothing opens a connection but what the user asked to download: by what the sources import, and by what runs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ("socket", "ssl", "urllib.request", "http", "ftplib", "smtplib", "asyncio", "requests", "httpx", "aiohttp")
NETWORK += ("huggingface_hub", "torch.hub", "timm.models.hub", "qgis.PyQt.QtNetwork")
ALLOWED = {
    "ofa_engine/model/downloads": "what the user asks to download",
    "ofa_engine/learning/public_chips": "public imagery and labels, where the user asks for them",
    "qgis_plugin/engine/network.py": "reads QGIS's settings of the proxy",
}
# Python's own record of each connection and each name that is looked up
WATCH = """
import sys
def watch(event, details):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise SystemExit(f"a connection: {event} {details}")
sys.addaudithook(watch)
sys.argv = ["ofa", *sys.argv[1:]]
from ofa_engine.interfaces.cli import main
sys.exit(main())
"""


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("package", ["ofa_engine", "qgis_plugin"])
def test_modules_that_could_are_known(package):
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        network = {word for word in imported(path) if any(word == n or word.startswith(n + ".") for n in NETWORK)}
        if network and not any(name == place or name.startswith(place + "/") for place in ALLOWED):
            found[name] = network
    assert not found


def ofa(*words, watch=WATCH):
    command = [sys.executable, "-c", watch, *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_listing_detecting_and_mapping_connect_to_nothing(scene, tmp_path, models):
    head = models / "naip_segment.safetensors"
    raster = scene("naip", 60, 60)
    for words in (
        ["models"],
        ["models", "fetch", "--help"],
        ["detect", raster],
        ["segment", raster, "-o", tmp_path / "map.tif", "--head", head],
    ):
        done = ofa(*words)
        assert done.returncode == 0, done.stderr


def test_the_watch_sees_a_connection(tmp_path):
    done = ofa("models", "fetch", "ssl4eo_s12_dino_small", "-o", tmp_path / "x.safetensors")
    assert "a connection: socket." in done.stderr and done.returncode != 0
