"""From files of public weights to checkpoints that the engine loads."""

import json
from dataclasses import replace

import pytest
import torch

from ofa_engine.core import catalog
from ofa_engine.core.errors import InputError, ModelFileError, OutputError
from ofa_engine.core.files import sha256
from ofa_engine.core.sensors import PRODUCTS, SENSORS, Band, get_sensor
from ofa_engine.model.checkpoint import load_checkpoint, save_checkpoint
from ofa_engine.model.imports import import_weights
from ofa_engine.model.imports.own_embedders import own_embedders
from ofa_engine.model.ofanet import Architecture, OFANet
from ofa_engine.model.onednn import pack

from . import layouts_at_random as public


@pytest.fixture(scope="module")
def dofa_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("dofa") / "DOFA_ViT_base_e100.pth"
    torch.save(public.dofa(0), path)
    return path


@pytest.fixture(scope="module")
def with_generator(dofa_file):
    """A checkpoint of DOFA that keeps its generator."""
    return load_checkpoint(import_weights(dofa_file, dofa_file.with_name("kept.safetensors"), keep_generator=True))


@pytest.fixture(scope="module")
def without_generator(dofa_file):
    return load_checkpoint(import_weights(dofa_file, dofa_file.with_name("plain.safetensors"), name="mine"))


def embedding(kernel, bias, pixels):
    return public.embed(pixels, kernel, bias, pad=1)


def assert_equal(found, wanted):
    assert found.shape == wanted.shape and wanted.abs().max() > 0.1
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def test_a_checkpoint_says_where_it_comes_from(dofa_file, tmp_path):
    lines = []
    path = import_weights(dofa_file, tmp_path / "new" / "dofa.safetensors", log=lambda *line: lines.append(line))
    header = catalog.read_header(path)
    source = header["source"]
    assert source["sha256"] == sha256(dofa_file) and source["file"] == "DOFA_ViT_base_e100.pth"
    assert source["licence"] == "CC-BY-4.0" and "Xiong" in source["attribution"] and "arXiv" in source["citation"]
    assert source["licence_url"].startswith("https://") and source["address"].startswith("https://")
    assert header["name"] == "DOFA" and "generator" not in header
    text = "\n".join(line for _, line in lines)
    assert "left: projector.weight" in text and "CC-BY-4.0" in text and "Xiong" in text
    assert "near infrared" in text  # which kernel Gaofen's bands have
    assert [entry.name for entry in path.parent.iterdir()] == ["dofa.safetensors"]


def test_loading_gives_the_same_numbers(without_generator):
    tensors, checkpoint = public.dofa(0), without_generator
    assert checkpoint.header["name"] == "mine" and checkpoint.sensor("sentinel-1").unit == "8-bit-amplitude"
    pixels = torch.randn(2, 2, 64, 64)
    kernel, bias = public.dofa_kernel(tensors, "patch_embed", public.encode_um([3.75, 3.75]))
    tokens = public.after_blocks(tensors, embedding(kernel, bias, pixels), heads=1)
    with torch.no_grad():
        assert_equal(checkpoint.model(pixels, "sentinel-1"), public.final_norm(tensors, tokens)[:, 1:])


def test_missing_bands_are_generated_for(with_generator):
    tensors, model = public.dofa(0), with_generator.model
    um = [0.665, 0.56, 0.49, 0.842, 1.61, 2.19]
    pixels = torch.randn(2, 6, 64, 64)
    wanted = embedding(*public.dofa_kernel(tensors, "patch_embed", public.encode_um(um)), pixels)
    assert_equal(model.embedders["sentinel-2"](pixels, (0, 1, 2, 6, 7, 8)), wanted)
    assert_equal(model.embedders["sentinel-2"](pixels[:, [5, 0]], (8, 0)), embedding(
        *public.dofa_kernel(tensors, "patch_embed", public.encode_um([2.19, 0.665])), pixels[:, [5, 0]]
    ))  # fmt: skip


def test_missing_bands_without_the_generator_are_left_out(without_generator, with_generator):
    model = without_generator.model
    pixels, present = torch.randn(1, 6, 64, 64), (0, 1, 2, 6, 7, 8)
    embedder = model.embedders["sentinel-2"]
    scaled = embedder.weight[:, present] * (9 / 6)
    assert_equal(embedder(pixels, present), embedding(scaled, embedder.bias, pixels))
    kept = with_generator.model.embedders["sentinel-2"]
    assert not torch.allclose(embedder(pixels, present), kept(pixels, present), atol=0.1)
    whole = torch.randn(1, 9, 64, 64)
    assert torch.equal(embedder(whole, range(9)), kept(whole, range(9)))


@pytest.mark.parametrize(
    ("product", "um"),
    [
        ("planetscope-8", [0.443, 0.49, 0.531, 0.565, 0.61, 0.665, 0.705, 0.865]),
        ("landsat-8-9-l2", [0.443, 0.482, 0.562, 0.655, 0.865, 1.61, 2.2]),
        ("worldview-2-3", [0.425, 0.48, 0.545, 0.605, 0.66, 0.725, 0.8325, 0.95]),
        ("five-band", [0.475, 0.56, 0.665, 0.715, 0.83]),
    ],
)
def test_products_have_embedders_of_their_own(product, um, with_generator):
    sensor = with_generator.sensor(product)
    assert [band.wavelength_um for band in sensor.bands] == um
    pixels = torch.randn(1, len(um), 64, 64)
    wanted = embedding(*public.dofa_kernel(public.dofa(0), "patch_embed", public.encode_um(um)), pixels)
    assert_equal(with_generator.model.embedders[product](pixels, range(len(um))), wanted)
    mean, std = with_generator.statistics(product)
    stands_in = with_generator.sensor("sentinel-2" if sensor.unit == "reflectance" else "gaofen")
    assert min(stands_in.mean) <= min(mean) and max(mean) <= max(stands_in.mean) and min(std) > 0


def test_a_sensor_that_the_user_added_has_an_embedder_by_its_wavelengths(with_generator):
    """As of $OFANET_SENSORS; radar, and what is read by another sensor's embedder at the same wavelengths, has none."""
    um = (0.56, 0.66, 0.715, 0.86)
    bands = tuple(Band(f"k{i}", wavelength) for i, wavelength in enumerate(um))
    kestrel = replace(get_sensor("gaofen"), id="kestrel", bands=bands)
    radar = replace(get_sensor("sentinel-1"), id="other-radar")
    model, readings = with_generator.model, dict(with_generator.model.sensors)
    sensors, embedders, wavelengths = own_embedders(
        model.generator, readings, PRODUCTS, {**SENSORS, "kestrel": kestrel, "other-radar": radar}
    )
    assert set(sensors) == set(embedders) == {"kestrel"} and wavelengths == {"kestrel": um}
    wanted = public.dofa_kernel(public.dofa(0), "patch_embed", public.encode_um(list(um)))
    assert_equal(embedders["kestrel"].weight, wanted[0])
    assert not {"hls-l30", "landsat-8-9-l2-part", "rgb", "hyperspectral"} & set(readings)


def test_packed_layers_compute_the_same(dofa_file, with_generator, tmp_path):
    model = load_checkpoint(import_weights(dofa_file, tmp_path / "kept.safetensors", keep_generator=True)).model
    pack(model)
    pixels = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        for present in ((0, 1, 2), (3, 4, 8), (0, 1, 2)):
            found = model(pixels, "sentinel-2", present)
            torch.testing.assert_close(found, with_generator.model(pixels, "sentinel-2", present), atol=2e-4, rtol=1e-4)


def test_the_fingerprint_covers_the_generator(without_generator, with_generator):
    """A head that was fitted where missing bands are generated for does not fit where they are left out."""
    for key in without_generator.model.sensors:
        assert without_generator.model.fingerprint(key) != with_generator.model.fingerprint(key)
    assert with_generator.model.fingerprints() == with_generator.header["fingerprints"]


def test_a_checkpoint_of_ours_is_taken_as_it_is(tmp_path):
    model = OFANet(Architecture(32, 1, 2, input_px=64), ["naip"])
    save_checkpoint(tmp_path / "own.safetensors", model, "own", {"note": "x"})
    path = import_weights(tmp_path / "own.safetensors", tmp_path / "copy.safetensors", name="renamed")
    header = catalog.read_header(path)
    assert (header["name"], header["training"]) == ("renamed", {"note": "x"})
    assert load_checkpoint(path).model.fingerprint("naip") == model.fingerprint("naip")
    content = (tmp_path / "own.safetensors").read_bytes()
    (tmp_path / "damaged.safetensors").write_bytes(content[:-8] + b"\x11" * 8)
    with pytest.raises(ModelFileError, match="damaged"):
        import_weights(tmp_path / "damaged.safetensors", tmp_path / "bad.safetensors")
    assert not (tmp_path / "bad.safetensors").exists()


@pytest.mark.parametrize("begin", ["7cc0f413", "fbd47fa9"])
def test_the_first_files_of_dofa_are_refused(begin, dofa_file, tmp_path):
    old = tmp_path / f"dofa_base_patch16_224-{begin}.pth"
    old.write_bytes(dofa_file.read_bytes())
    with pytest.raises(InputError, match="layout was wrong: use DOFA_ViT_base_e100.pth"):
        import_weights(old, tmp_path / "old.safetensors")
    assert list(tmp_path.iterdir()) == [old]


def test_what_cannot_be_imported_leaves_nothing(dofa_file, tmp_path):
    weights = tmp_path / "vit.pth"
    torch.save(public.plain_vit(1, 3), weights)
    with pytest.raises(InputError, match="generator of embedders, .* found plain ViT of 3 bands"):
        import_weights(weights, tmp_path / "vit.safetensors", keep_generator=True)
    with pytest.raises(InputError, match="found no file"):
        import_weights(tmp_path / "none.pth", tmp_path / "vit.safetensors")
    with pytest.raises(OutputError, match="cannot write"):
        import_weights(weights, weights / "vit.safetensors")
    with pytest.raises(OutputError, match="another file to write"):
        import_weights(weights, weights)
    assert list(tmp_path.iterdir()) == [weights]


def test_a_damaged_generator_is_one_line(with_generator, dofa_file, tmp_path):
    path = import_weights(dofa_file, tmp_path / "kept.safetensors", keep_generator=True)
    header = catalog.read_header(path)
    header["generator"]["wavelengths_um"]["naip"] = [0.6]
    catalog.rewrite_header(path, header, path)
    with pytest.raises(ModelFileError, match="generator of embedders") as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value) and json.dumps(header)


def test_definitions_stand_in_the_header(with_generator):
    """Not those of the table: other wavelengths, units and statistics."""
    gaofen = with_generator.sensor("gaofen")
    assert [band.wavelength_um for band in gaofen.bands] == [0.665, 0.56, 0.49, 0.83] != get_sensor("gaofen").bands
    assert with_generator.header["sensors"]["gaofen"]["mean"] == list(gaofen.mean)


def test_the_generator_is_as_exact_under_autocast(with_generator):
    embedder, pixels = with_generator.model.embedders["gaofen"], torch.randn(1, 2, 64, 64)
    tensors = public.dofa(0)
    with torch.autocast("cpu", torch.bfloat16):
        kernel, bias = embedder.convolution((3, 0))
        assert embedder(pixels, (3, 0)).dtype == torch.bfloat16
    wanted = public.dofa_kernel(tensors, "patch_embed", public.encode_um([0.83, 0.665]))
    assert_equal(kernel, wanted[0])
    assert_equal(bias, wanted[1])
