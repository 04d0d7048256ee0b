import json
import subprocess
import sys

import pytest

from ofa_engine.core.catalog import resources_dir
from ofa_engine.core.errors import InputError
from ofa_engine.core.foundation_models import (
    default_output,
    find_foundation_model,
    foundation_models,
    is_secure,
    read_catalogue,
)

ENTRIES = json.loads((resources_dir() / "foundation_models.json").read_text(encoding="utf-8"))["models"]


def write(path, *entries, **more):
    path.write_text(json.dumps({"format": 1, "models": list(entries)} | more), encoding="utf-8")
    return path


def test_the_catalogue_is_complete():
    models = foundation_models()
    assert [model.name for model in models] == [entry["name"] for entry in ENTRIES]
    assert len({model.sha256 for model in models}) == len(models)
    for model in models:
        assert len(model.sha256) == 64 and model.fits(model.size_bytes) and model.file_name.endswith(".pth")
        size = model.architecture
        parameters = 12 * size["depth"] * size["width"] ** 2  # of the blocks
        assert 1 < model.size_bytes / (4 * parameters) < 1.7, f"{model.name}: float32, and little besides the blocks"
        assert (size["input_px"], size["patch_px"]) == (224, 16) and size["width"] / size["heads"] == 64
        assert "/resolve/main/" not in model.address, "a revision is pinned"


def test_it_needs_only_the_standard_library():
    code = (
        "import sys; from ofa_engine.core.foundation_models import foundation_models; foundation_models();"
        "print(sorted({'torch', 'numpy', 'urllib.request', 'http.client', 'ssl'} & set(sys.modules)))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_users_entries_come_first(tmp_path, monkeypatch):
    mirror = ENTRIES[0] | {"address": "https://mirror.example/dofa.pth"}
    monkeypatch.setenv("OFANET_FOUNDATION_MODELS", str(write(tmp_path / "own.json", mirror, mirror | {"name": "ours"})))
    assert find_foundation_model(mirror["name"]).address == mirror["address"]
    names = [model.name for model in foundation_models()]
    assert names[:2] == [mirror["name"], "ours"] and len(names) == len(ENTRIES) + 1


WRONG = {
    "name": ["a b", "../x", "", 3, None],
    "title": ["", 3],
    "sensors": ["sentinel-2", [], [3]],
    "address": ["http://example.org/x.pth", "file:///x.pth", "https://h/", "https://h/a b", "https:///x.pth", 3],
    "size_bytes": ["3", 0, -1, 1.5, True],
    "size_is_rounded": ["yes", 1],
    "checksum": ["sha256:abc", "md5:0123456789", "0123456789", "sha256:ABCDEF0123", "sha256:" + "0" * 65],
    "architecture": [None, {}, {"width": 1}, ENTRIES[0]["architecture"] | {"depth": "12"}],
    "figures": [None, {}, ENTRIES[0]["figures"] | {"values": {}}, ENTRIES[0]["figures"] | {"more": 1}],
    "licence_url": ["CC-BY", ""],
    "unknown": [1],
}


@pytest.mark.parametrize("field, value", [(field, value) for field, values in WRONG.items() for value in values])
def test_a_wrong_field_is_named(tmp_path, field, value):
    path = write(tmp_path / "own.json", ENTRIES[1], ENTRIES[0] | {field: value})
    with pytest.raises(InputError) as raised:
        read_catalogue(path)
    line = str(raised.value)
    assert field in line and str(path) in line and "entry 2" in line and "\n" not in line


@pytest.mark.parametrize("field", [name for name in ENTRIES[0] if name != "size_is_rounded"])
def test_a_missing_field_is_named(tmp_path, field):
    entry = {name: value for name, value in ENTRIES[0].items() if name != field}
    with pytest.raises(InputError, match=f"as {field} in .*entry 1.*found none"):
        read_catalogue(write(tmp_path / "own.json", entry))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2, "models": []}', '{"format": 1, "models": {}}', "{"])
def test_another_file_is_refused(tmp_path, text):
    path = tmp_path / "own.json"
    path.write_text(text)
    with pytest.raises(InputError, match="expected a catalogue of foundation models"):
        read_catalogue(path)
    with pytest.raises(InputError, match="cannot read"):
        read_catalogue(tmp_path / "gone.json")


def test_a_rounded_size_is_good_for_three_digits():
    rounded = next(model for model in foundation_models() if model.size_is_rounded)
    exact = next(model for model in foundation_models() if not model.size_is_rounded)
    assert rounded.fits(round(rounded.size_bytes * 1.004)) and not rounded.fits(round(rounded.size_bytes * 1.02))
    assert not exact.fits(exact.size_bytes + 1) and not exact.fits(exact.size_bytes - 1)


def test_cost_follows_the_architecture():
    base, large = find_foundation_model("dofa_base"), find_foundation_model("dofa_large")
    assert base.gflop == pytest.approx(17.5, rel=0.05), "ViT-B/16 on 224 px, as published"
    assert large.gflop == pytest.approx(61, rel=0.05)
    assert base.memory_mb == pytest.approx(1379, rel=0.05), "as measured"
    assert large.memory_mb > base.memory_mb + 4 * 220  # 307 million weights instead of 86


def test_the_checkpoint_goes_to_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OFANET_MODELS", str(tmp_path))
    assert default_output(foundation_models()[0]) == tmp_path / "dofa_base.safetensors"
    monkeypatch.delenv("OFANET_MODELS")
    monkeypatch.chdir(tmp_path)
    assert default_output(foundation_models()[0]) == tmp_path / "dofa_base.safetensors"


def test_addresses_of_this_machine_need_no_https():
    assert is_secure("https://a.example/x") and is_secure("http://127.0.0.1:8000/x") and is_secure("http://localhost/x")
    for address in ("http://a.example/x", "http://127.0.0.1.example/x", "ftp://127.0.0.1/x", "https://", "x", "", None):
        assert not is_secure(address)
