import json
import os
import pickle
import struct

import pytest
import torch

from ofa_engine.core import catalog
from ofa_engine.core.errors import ModelFileError, OutputError
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import load_checkpoint, load_head, save_checkpoint, save_head
from ofa_engine.model.ofanet import OFANet
from ofa_engine.model.pixel_head import PixelMLPHead

from ..conftest import CLASSES, TINY


def test_round_trip_in_half_precision(models, tmp_path):
    torch.manual_seed(3)
    model = OFANet(TINY)
    save_checkpoint(tmp_path / "a.safetensors", model, "a", {"epochs": 1}, half=True)
    save_checkpoint(tmp_path / "b.safetensors", model, "b", {}, statistics={"naip": ([1.0] * 3, [2.0] * 3)})
    half, full = load_checkpoint(tmp_path / "a.safetensors"), load_checkpoint(tmp_path / "b.safetensors")
    assert half.header["fingerprints"] == full.header["fingerprints"]
    assert half.model.arch == TINY and half.header["training"] == {"epochs": 1}
    assert full.statistics("naip") == ([1.0] * 3, [2.0] * 3)
    assert full.statistics("enmap")[0] == list(get_sensor("enmap").mean)
    for key, value in full.model.state_dict().items():
        torch.testing.assert_close(value, model.state_dict()[key])
    assert (tmp_path / "a.safetensors").stat().st_size < 0.6 * (tmp_path / "b.safetensors").stat().st_size
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.safetensors", "b.safetensors"]


def test_decoders_do_not_matter(models, tmp_path):
    from safetensors.torch import load_file, save_file

    header = catalog.read_header(models / "tiny.safetensors")
    tensors = load_file(models / "tiny.safetensors") | {"decoders.naip.weight": torch.zeros(3)}
    save_file(tensors, tmp_path / "c.safetensors", {"ofanet": json.dumps(header)})
    assert load_checkpoint(tmp_path / "c.safetensors").header["fingerprints"] == header["fingerprints"]


def test_heads_are_refused_on_the_wrong_backbone_sensor_or_task(models, tmp_path):
    torch.manual_seed(4)
    save_checkpoint(tmp_path / "other.safetensors", OFANet(TINY), "other", {})
    other, tiny = load_checkpoint(tmp_path / "other.safetensors"), load_checkpoint(models / "tiny.safetensors")
    path = models / "naip_segment.safetensors"
    head, header = load_head(path, tiny, "naip", "segment")
    assert head.weight.shape == (3, 32) and header["classes"][2]["name"] == "bare & dry"
    with pytest.raises(ModelFileError, match="another backbone"):
        load_head(path, other, "naip")
    with pytest.raises(ModelFileError, match="expected a head for gaofen, found one for naip"):
        load_head(path, tiny, "gaofen")
    with pytest.raises(ModelFileError, match="expected a head to classify"):
        load_head(path, tiny, "naip", "classify")
    with pytest.raises(ModelFileError, match="expected a checkpoint, found a head"):
        load_checkpoint(path)
    with pytest.raises(ModelFileError, match="expected a head, found a checkpoint"):
        catalog.find_head(str(models / "tiny.safetensors"), "naip", "segment")


def test_a_head_of_other_bands_is_refused(models, tmp_path):
    path = models / "naip_segment.safetensors"
    header = catalog.read_header(path)
    changed = tmp_path / "changed.safetensors"
    catalog.rewrite_header(path, header | {"bands": header["bands"] + ["extra"]}, changed)
    with pytest.raises(ModelFileError, match="expected 3 bands of naip, found 4"):
        load_head(changed, load_checkpoint(models / "tiny.safetensors"), "naip")


def write_pixel_head(path, checkpoint, **more):
    head = PixelMLPHead(TINY.width, 3, 3, hidden=16, windows=(3, 7))
    backbone = checkpoint.header["fingerprints"]["naip"]
    save_head(
        path,
        head,
        "p",
        sensor=get_sensor("naip"),
        classes=CLASSES,
        tile_px=16,
        backbone=backbone,
        training={"seed": 1},
        **more,
    )
    return head


def test_heads_with_a_hidden_layer_come_back_as_they_were(models, tmp_path):
    tiny, path = load_checkpoint(models / "tiny.safetensors"), tmp_path / "p.safetensors"
    head = write_pixel_head(path, tiny)
    found, header = load_head(path, tiny, "naip", "segment")
    assert (header["kind"], header["hidden"], header["windows"]) == ("mlp+pixels", 16, [3, 7])
    tokens, pixels = torch.randn(2, 16, TINY.width), torch.randn(2, 3, 20, 20)
    assert torch.equal(found.scores(tokens, pixels), head.scores(tokens, pixels))
    write_pixel_head(path, tiny, half=True)
    assert load_head(path, tiny, "naip")[0].token_weight.shape == (16, TINY.width)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"hidden": 17}, "expected tensor"),
        ({"windows": [3]}, "expected tensor pixel_weight"),
        ({"hidden": 10**12}, "complete head header"),
        ({"hidden": None}, "complete head header"),
        ({"windows": [3, 10**9 + 1]}, "complete head header"),
        ({"windows": [4, 7]}, "complete head header"),
        ({"windows": "37"}, "complete head header"),
        ({"kind": "forest"}, "expected a head of kind linear or linear.pixels or mlp.pixels, found 'forest'"),
        ({"task": "classify"}, "found 'mlp.pixels'"),
    ],
)
def test_a_hidden_layer_that_its_header_does_not_describe_is_refused(models, tmp_path, change, message):
    tiny, path = load_checkpoint(models / "tiny.safetensors"), tmp_path / "p.safetensors"
    write_pixel_head(path, tiny)
    catalog.rewrite_header(path, catalog.read_header(path) | change, path)
    with pytest.raises(ModelFileError, match=message):
        load_head(path, tiny, "naip")


def test_damage_is_noticed(models, tmp_path):
    data = bytearray((models / "tiny.safetensors").read_bytes())
    data[-2000] ^= 0x40
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(data)
    with pytest.raises(ModelFileError, match="damaged"):
        load_checkpoint(broken)
    broken.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelFileError):
        load_checkpoint(broken)


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("bomb-went-off",)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        pickle.dumps(Bomb()),
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 4) + b"[[[]",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 34) + b'{"__metadata__":{"ofanet":"[1,2]"}}',
    ],
)
def test_strangers_files_are_refused_and_never_run(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "strange.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        load_checkpoint(path)
    assert not (tmp_path / "bomb-went-off").exists()


def test_newer_formats_say_so(models, tmp_path):
    header = catalog.read_header(models / "tiny.safetensors") | {"format": 99}
    text = json.dumps({"__metadata__": {"ofanet": json.dumps(header)}}).encode()
    path = tmp_path / "new.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ModelFileError, match="expected format version 1, found 99"):
        catalog.read_header(path)


def test_another_header_leaves_the_tensors_as_they_are(models, tmp_path):
    def tensors(path):
        data = path.read_bytes()
        start = 8 + struct.unpack("<Q", data[:8])[0]
        assert start % 8 == 0
        return data[start:]

    source, target = models / "tiny.safetensors", tmp_path / "new.safetensors"
    header = catalog.read_header(source)
    for number in range(8):  # each length of the header, as the format aligns what follows
        other = header | {"name": "n" * number + "Dächer", "training": {"epochs": number}}
        catalog.rewrite_header(source, other, target)
        assert catalog.read_header(target) == other and tensors(target) == tensors(source)
    catalog.rewrite_header(target, header, target)
    assert catalog.read_header(target) == header and tensors(target) == tensors(source)
    assert load_checkpoint(target).header == header
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


def test_a_header_that_cannot_be_written_leaves_nothing(models, tmp_path):
    header = catalog.read_header(models / "tiny.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(OSError):
        catalog.rewrite_header(models / "tiny.safetensors", header, tmp_path / "folder.safetensors")
    stranger = tmp_path / "stranger.safetensors"
    stranger.write_bytes(b"text")
    with pytest.raises(ModelFileError, match="another file"):
        catalog.rewrite_header(stranger, header, stranger)
    assert stranger.read_bytes() == b"text" and len(list(tmp_path.iterdir())) == 2


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(ModelFileError, match="cannot read"):
        load_checkpoint(tmp_path / "none.safetensors")
    with pytest.raises(OutputError):
        save_checkpoint(tmp_path / "no" / "x.safetensors", OFANet(TINY), "x", {})


def test_catalog_finds_by_name_default_and_fingerprint(models):
    assert catalog.find_head(None, "enmap", "segment").name == "enmap_segment"
    assert catalog.find_head("naip_classify", "naip", "classify").header["task"] == "classify"
    fingerprint = catalog.find_head(None, "naip", "segment").header["backbone"]
    assert catalog.find_checkpoint(fingerprint, "naip").name == "tiny"
    with pytest.raises(ModelFileError, match="expected a head file or one of"):
        catalog.find_head("nonsense", "naip", None)
    with pytest.raises(ModelFileError, match="fingerprint 000000000000"):
        catalog.find_checkpoint("0" * 64, "naip")


@pytest.mark.parametrize("claim", [{"depth": 10**9}, {"width": 4 * 10**7}, {"input_px": 2 * 10**7}, {"mlp_ratio": 1e9}])
def test_a_header_that_claims_a_huge_model_is_refused_before_memory_is_taken(claim, models, tmp_path):
    path = models / "tiny.safetensors"
    header = catalog.read_header(path)
    header["architecture"] |= claim
    catalog.rewrite_header(path, header, tmp_path / "huge.safetensors")
    with pytest.raises(ModelFileError, match="expected") as caught:
        load_checkpoint(tmp_path / "huge.safetensors")
    assert "\n" not in str(caught.value)
