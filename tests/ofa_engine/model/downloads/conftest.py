import hashlib
import json

import pytest

from ofa_engine.core.catalog import resources_dir
from ofa_engine.core.foundation_models import find_foundation_model

from .bad_server import BadServer

CONTENT = bytes(range(256)) * 4000  # 1 MB


@pytest.fixture
def server():
    running = BadServer(CONTENT)
    yield running
    running.close()


@pytest.fixture
def entry(server) -> dict:
    """Of the catalogue, for the server's file."""
    real = json.loads((resources_dir() / "foundation_models.json").read_text(encoding="utf-8"))["models"][0]
    digest = hashlib.sha256(server.content).hexdigest()
    own = {"name": "local", "address": f"{server.root}/files/weights.pth", "checksum": f"sha256:{digest}"}
    return real | own | {"size_bytes": len(server.content)}


@pytest.fixture
def model(entry, tmp_path, monkeypatch):
    """model(**changes) is that entry, found by its name "local"."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "catalogue.json"
    monkeypatch.setenv("OFANET_FOUNDATION_MODELS", str(path))

    def make(**changes):
        path.write_text(json.dumps({"format": 1, "models": [entry | changes]}), encoding="utf-8")
        return find_foundation_model("local")

    return make
