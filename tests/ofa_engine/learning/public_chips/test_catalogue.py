"""The data file of public servers."""

import json

import pytest

from ofa_engine.core.classes import MEDIUM_RESOLUTION
from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.learning.public_chips import read_catalogue

from .public_server import ROOT

PUBLIC = json.loads((ROOT / "resources" / "public_chips.json").read_text(encoding="utf-8"))


def test_the_public_one_has_the_sensors_bands_and_only_secure_servers():
    catalogue = read_catalogue()
    assert list(catalogue.bands) == [band.name for band in get_sensor("sentinel-2").bands]
    assert set(MEDIUM_RESOLUTION) - set(catalogue.label_classes.values()) == {"cloud"}
    assert all(server.startswith("https://") for server in catalogue.servers)
    assert "CC BY 4.0" in catalogue.label_terms.licence and "WorldCover" in catalogue.label_terms.attribution


@pytest.mark.parametrize(
    "server", ["http://example.org", "http://10.0.0.1", "file:///data", "https://example.org/path", "ftp://h", "h", ""]
)
def test_a_server_is_https_or_this_machine(tmp_path, server):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(PUBLIC | {"servers": [*PUBLIC["servers"], server]}), encoding="utf-8")
    with pytest.raises(InputError, match="can be one"):
        read_catalogue(path)


def test_this_machine_can_be_a_server(tmp_path):
    path = tmp_path / "own.json"
    local = ["http://127.0.0.1:8000", "http://[::1]:8000"]
    path.write_text(json.dumps(PUBLIC | {"servers": PUBLIC["servers"] + local}), encoding="utf-8")
    assert set(local) < set(read_catalogue(path).servers)


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        ("{", "in JSON"),
        ("[]", "another form"),
        (json.dumps(PUBLIC | {"images": {}}), "another form"),
        (json.dumps(PUBLIC | {"labels": PUBLIC["labels"] | {"classes": {"10": "forest"}}}), "forest"),
        (json.dumps(PUBLIC | {"servers": PUBLIC["servers"][1:]}), "found it missing"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(tmp_path, spoiled, words):
    path = tmp_path / "own.json"
    path.write_text(spoiled, encoding="utf-8")
    with pytest.raises(InputError, match=words) as error:
        read_catalogue(path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputError, match="none.json"):
        read_catalogue(tmp_path / "none.json")
