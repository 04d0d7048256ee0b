"""Public weights of each layout, of any size, against the same model written out with matrix products."""

import argparse
import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from ofa_engine.core.errors import InputError
from ofa_engine.model.dofa import generate
from ofa_engine.model.imports.layouts import build, convert
from ofa_engine.model.imports.rename_map import read_rename_map

from . import layouts_at_random as public

DOFA_UM = {
    "sentinel-1": [3.75, 3.75],
    "sentinel-2": [0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19],
    "gaofen": [0.665, 0.56, 0.49, 0.83],
    "naip": [0.665, 0.56, 0.49],
}
PLANETSCOPE_UM = [0.443, 0.49, 0.531, 0.565, 0.61, 0.665, 0.705, 0.865]
LANDSAT_UM = [0.443, 0.482, 0.562, 0.655, 0.865, 1.61, 2.2]


def saved(folder, tensors, name="weights.pth"):
    torch.save(tensors, folder / name)
    return folder / name


def pixels_of(bands, seed=0, size_px=64):
    return torch.randn(2, bands, size_px, size_px, generator=torch.Generator().manual_seed(seed))


def assert_equal(found, wanted):
    """To 1e-5 of the largest value, in single precision."""
    assert found.shape == wanted.shape
    assert wanted.abs().max() > 0.1, "a reference of zeros shows nothing"
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def assert_same_model(model, sensor_id, tensors, pixels, kernel, bias, *, pad, heads, positions=None):
    """Embeddings, tokens after the last block, and features after the norm."""
    seen = {}
    handle = model.backbone.blocks[-1].register_forward_hook(lambda block, before, after: seen.update(tokens=after))
    with torch.no_grad():
        embedded = model.embedders[sensor_id](pixels, model.sensors[sensor_id].usable_bands)
        features = model(pixels, sensor_id)
    handle.remove()
    wanted = public.embed(pixels, kernel, bias, pad)
    tokens = public.after_blocks(tensors, wanted, heads, positions)
    assert_equal(embedded, wanted)
    assert_equal(seen["tokens"], tokens)
    assert_equal(features, public.final_norm(tensors, tokens)[:, 1:])


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("hub", [True, False])
def test_dofa_is_the_same_for_each_of_its_sensors(seed, hub, tmp_path):
    tensors = public.dofa(seed, width=128, hub=hub)
    found = convert(saved(tmp_path, tensors))
    model = build(found)
    assert set(found.sensors) == {*DOFA_UM, "enmap"} and found.architecture.patch_pad == 1
    for sensor_id, wavelengths_um in DOFA_UM.items():
        kernel, bias = public.dofa_kernel(tensors, "patch_embed", public.encode_um(wavelengths_um))
        pixels = pixels_of(len(wavelengths_um), seed)
        assert_same_model(model, sensor_id, tensors, pixels, kernel, bias, pad=1, heads=2)
    assert set(found.left) == ({"projector.weight", "projector.bias", "mask_token"} if hub else set())
    assert any("no final norm" in note for note in found.notes) != hub


def test_dofa_reads_enmap_without_the_bands_of_water_vapour(tmp_path):
    tensors = public.dofa(3, width=64)
    found = convert(saved(tmp_path, tensors))
    enmap = found.sensors["enmap"]
    used = [band.wavelength_um for i, band in enumerate(enmap.bands, 1) if i not in enmap.never]
    assert len(used) == 202 and len(enmap.bands) == 224
    kernel, bias = public.dofa_kernel(tensors, "patch_embed", public.encode_um(used))
    assert_same_model(build(found), "enmap", tensors, pixels_of(202), kernel, bias, pad=1, heads=1)
    never = [number - 1 for number in enmap.never]
    assert (found.embedders["enmap"].weight[:, never] == 0).all()


@pytest.mark.parametrize("wavelengths_um", [PLANETSCOPE_UM, LANDSAT_UM, [0.56], [3.75]])
def test_an_embedder_for_any_sensor_from_its_wavelengths(wavelengths_um, tmp_path):
    tensors = public.dofa(4)
    kernel, bias = generate(convert(saved(tmp_path, tensors)).generator, wavelengths_um)
    wanted = public.dofa_kernel(tensors, "patch_embed", public.encode_um(wavelengths_um))
    assert_equal(kernel, wanted[0])
    assert_equal(bias, wanted[1])


def test_kernels_follow_their_bands_and_depend_on_all_of_them(tmp_path):
    generator = convert(saved(tmp_path, public.dofa(5))).generator
    kernel, bias = generate(generator, LANDSAT_UM)
    order = [4, 2, 6, 0, 1, 5, 3]
    shuffled, same_bias = generate(generator, [LANDSAT_UM[i] for i in order])
    torch.testing.assert_close(shuffled, kernel[:, order], atol=2e-6, rtol=1e-5)
    torch.testing.assert_close(same_bias, bias, atol=2e-6, rtol=1e-5)
    part, _ = generate(generator, LANDSAT_UM[:3])
    assert (part - kernel[:, :3]).abs().max() > 0.01 * kernel.abs().max()


def test_what_dofa_was_given_in_pretraining(tmp_path):
    """Means and deviations in the units of the sensors, from the published ones of bytes."""
    sensors = convert(saved(tmp_path, public.dofa(6))).sensors
    assert sensors["sentinel-2"].mean == pytest.approx(
        (0.1592, 0.1602, 0.1767, 0.2699, 0.3131, 0.3326, 0.3246, 0.2314, 0.1813), abs=1e-4
    )
    assert sensors["sentinel-1"].mean == pytest.approx((166.363, 88.455), abs=1e-3)
    assert sensors["gaofen"].mean == pytest.approx((92.581, 97.281, 90.315, 123.949), abs=1e-3)  # R, G, B, NIR
    assert sensors["naip"].std == (58.395, 57.12, 57.375)
    assert sensors["enmap"].mean[0] == pytest.approx(0.04904891, abs=1e-5)
    assert sensors["enmap"].std[-1] == pytest.approx(0.10822126, abs=1e-5)


@pytest.mark.parametrize("seed", [0, 1])
def test_copernicus_fm_with_its_constants_in_the_positions(seed, tmp_path):
    tensors = public.copernicus_fm(seed, width=128)
    model = build(convert(saved(tmp_path, {"model": tensors})))
    positions = tensors["pos_embed"].clone()
    for name in ("coord", "scale", "time"):
        positions += tensors[f"{name}_token"] @ tensors[f"{name}_fc.weight"].T + tensors[f"{name}_fc.bias"]
    centers = {
        "sentinel-1": [5e7, 5e7],
        "sentinel-2": [440, 490, 560, 665, 705, 740, 783, 842, 860, 940, 1370, 1610, 2190],
    }
    widths = {"sentinel-1": [1e9, 1e9], "sentinel-2": [20, 65, 35, 30, 15, 15, 20, 115, 20, 20, 30, 90, 180]}
    for sensor_id, centers_nm in centers.items():
        encoded = public.encode_copernicus(centers_nm, widths[sensor_id])
        kernel, bias = public.dofa_kernel(tensors, "patch_embed_spectral", encoded)
        pixels = pixels_of(len(centers_nm), seed)
        assert_same_model(model, sensor_id, tensors, pixels, kernel, bias, pad=1, heads=2, positions=positions)


@pytest.mark.parametrize(
    ("bands", "name", "sensor_id", "title"),
    [
        (2, "B2_vits16_mae_ep99_enc.pth", "sentinel-1", "SSL4EO-S12"),
        (13, "B13_vits16_mae_ep99_enc.pth", "sentinel-2", "SSL4EO-S12"),
        (7, "vits16_landsat_oli_sr_moco-c9b8898d.pth", "landsat-oli-sr", "SSL4EO-L"),
        (7, "vits16_landsat_tm_toa_moco-a1c967d8.pth", "landsat-tm-toa", "SSL4EO-L"),
        (6, "vits16_landsat_etm_sr_moco-eaa4674e.pth", "landsat-etm-sr", "SSL4EO-L"),
        (9, "vits16_landsat_etm_toa_moco-26d19bcf.pth", "landsat-etm-toa", "SSL4EO-L"),
        (11, "vits16_landsat_oli_tirs_toa_moco-c7c2cceb.pth", "landsat-oli-toa", "SSL4EO-L"),
        (3, "mae_pretrain_vit_base.pth", "naip", "MAE on ImageNet"),
        (3, "weights.pth", "naip", "Vision Transformer"),
    ],
)
def test_plain_vits_by_their_bands(bands, name, sensor_id, title, tmp_path):
    tensors = public.plain_vit(bands, bands, width=128)
    found = convert(saved(tmp_path, tensors, name))
    assert (found.family.title, list(found.sensors)) == (title, [sensor_id]) and found.left == ()
    kernel, bias = (tensors[f"patch_embed.proj.{part}"] for part in ("weight", "bias"))
    assert_same_model(build(found), sensor_id, tensors, pixels_of(bands), kernel, bias, pad=0, heads=2)


@pytest.mark.parametrize("width, heads", [(384, 6), (192, 3), (256, 4)])
def test_attention_heads_by_width(width, heads, tmp_path):
    tensors = public.plain_vit(1, 2, width=width, depth=1, grid=2)
    model = build(convert(saved(tmp_path, tensors)))
    kernel, bias = (tensors[f"patch_embed.proj.{part}"] for part in ("weight", "bias"))
    assert_same_model(model, "sentinel-1", tensors, pixels_of(2, size_px=32), kernel, bias, pad=0, heads=heads)


@pytest.mark.parametrize(
    ("prefix", "wrapper", "more"),
    [
        ("backbone.", "teacher", "head.mlp.0.weight"),  # DINO
        ("module.base_encoder.", "state_dict", "module.momentum_encoder.cls_token"),  # MoCo v3
        ("", "model", "decoder_pred.weight"),  # MAE
        ("", "", "head.weight"),  # timm, torchgeo
    ],
)
def test_the_wrappings_of_training_scripts(prefix, wrapper, more, tmp_path):
    tensors = public.plain_vit(2, 13)
    inside = {prefix + name: value for name, value in tensors.items()} | {more: torch.zeros(1, 1, 48)}
    whole = {wrapper: inside, "args": argparse.Namespace(lr=1), "epoch": 99} if wrapper else inside
    found = convert(saved(tmp_path, whole))
    assert torch.equal(found.backbone["blocks.1.mlp.fc1.weight"], tensors["blocks.1.mlp.fc1.weight"])
    assert torch.equal(found.embedders["sentinel-2"].weight, tensors["patch_embed.proj.weight"])
    assert found.left == (() if "." in prefix else (more,))


def test_safetensors_and_half_precision(tmp_path):
    tensors = public.plain_vit(3, 3)
    save_file({name: value.half() for name, value in tensors.items()}, tmp_path / "vit.safetensors")
    found = convert(tmp_path / "vit.safetensors")
    assert found.backbone["cls_token"].dtype == torch.float32
    assert torch.equal(found.backbone["cls_token"], tensors["cls_token"].half().float())


def test_others_by_a_map_of_names_bands_and_heads(tmp_path):
    tensors = public.plain_vit(4, 5, width=96)
    renamed = {f"trunk.{name.replace('blocks', 'layers')}": value for name, value in tensors.items()}
    path = saved(tmp_path, renamed | {"trunk.pooler.weight": torch.zeros(3)})
    with pytest.raises(InputError, match="blocks.0.mlp.fc1.weight .* names that need a map"):
        convert(path)
    names = tmp_path / "names.yaml"
    names.write_text("rename: {'^trunk\\.': '', '^layers\\.': 'blocks.'}\n")
    with pytest.raises(InputError, match="what its bands are, found 5 bands"):
        convert(path, read_rename_map(names))
    names.write_text(
        names.read_text()
        + "heads: 3\nsensor: {id: kestrel, title: Kestrel, mean: [0, 0, 0, 0, 0], std: [1, 1, 1, 1, 1], bands: ["
        + ", ".join(f"{{name: k{i}, wavelength_um: {0.5 + i / 10}}}" for i in range(5))
        + "]}\n"
    )
    found = convert(path, read_rename_map(names))
    assert found.sensors["kestrel"].band_names == ("k0", "k1", "k2", "k3", "k4") and found.left == ("pooler.weight",)
    kernel, bias = (tensors[f"patch_embed.proj.{part}"] for part in ("weight", "bias"))
    assert_same_model(build(found), "kestrel", tensors, pixels_of(5), kernel, bias, pad=0, heads=3)


def test_a_map_may_name_a_known_sensor_and_be_names_alone(tmp_path):
    tensors = {f"enc/{name}": value for name, value in public.plain_vit(5, 7).items()}
    (tmp_path / "names.yaml").write_text("'^enc/': ''\n")
    assert "landsat-oli-sr" in convert(saved(tmp_path, tensors), read_rename_map(tmp_path / "names.yaml")).sensors
    (tmp_path / "names.yaml").write_text("rename: {'^enc/': ''}\nsensor: ssl4eo-l/landsat-tm-toa\n")
    assert "landsat-tm-toa" in convert(saved(tmp_path, tensors), read_rename_map(tmp_path / "names.yaml")).sensors


def test_a_map_may_give_dofas_bands_other_wavelengths(tmp_path):
    tensors = public.dofa(9)
    path = saved(tmp_path, tensors)
    (tmp_path / "other.yaml").write_text("generator_um: {gaofen: [0.56, 0.665, 0.83, 0.49]}\n")
    found = convert(path, read_rename_map(tmp_path / "other.yaml"))
    kernel, _ = public.dofa_kernel(tensors, "patch_embed", public.encode_um([0.56, 0.665, 0.83, 0.49]))
    assert_equal(found.embedders["gaofen"].weight, kernel)
    assert found.sensors["gaofen"].bands[3].wavelength_um == 0.83 and found.generator_um["gaofen"][3] == 0.49
    (tmp_path / "other.yaml").write_text("generator_um: {gaofen: [0.56]}\n")
    with pytest.raises(InputError, match="found 1 for gaofen"):
        convert(path, read_rename_map(tmp_path / "other.yaml"))


@pytest.mark.parametrize(
    "content",
    ["- a list", "rename: {'(': x}", "sensor: no-such", "rename: {}\ncolour: red", "sensor: {like: x}", "a: ["],
)
def test_maps_that_cannot_be(content, tmp_path):
    (tmp_path / "names.yaml").write_text(content)
    with pytest.raises(InputError, match="names.yaml") as caught:
        read_rename_map(tmp_path / "names.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_embed.weight_generator.fc_weight.weight": torch.zeros(128, 256)}, "fc_weight.weight of shape"),
        (
            {"patch_embed.weight_generator.weight_tokens": torch.zeros(64, 128)},
            "weight_tokens of shape 128 x 128, found 64",
        ),
        ({"patch_embed.fclayer.w1.weight": None}, "w1.weight of shape 128 x 128, found none"),
        ({"blocks.1.attn.qkv.bias": None}, "qkv.bias of shape 144, found none"),
        ({"pos_embed": torch.zeros(1, 16, 48)}, "square of tokens"),
        ({"cls_token": torch.full((1, 1, 48), torch.nan)}, "cls_token: the file is damaged"),
        ({"blocks.0.ls1.gamma": torch.ones(48)}, "layer scale"),
        ({"cls_token": torch.zeros(1, 1, 48).to_sparse()}, "another kind in cls_token"),
        ({"cls_token": torch.zeros(1, 1, 48, dtype=torch.complex64)}, "another kind in cls_token"),
        ({"pos_embed": torch.zeros(1, 17, 48, device="meta")}, "another kind in pos_embed"),
        ({"pos_embed": torch.zeros(1, 1, 1).expand(1, 10**12 + 1, 48)}, "another kind in pos_embed"),
    ],
)
def test_other_versions_of_dofa_are_refused_by_shape(change, message, tmp_path):
    tensors = {name: value for name, value in (public.dofa(7) | change).items() if value is not None}
    with pytest.raises(InputError, match=message) as caught:
        convert(saved(tmp_path, tensors))
    assert "\n" not in str(caught.value)


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("bomb-went-off",)


def test_hostile_damaged_and_other_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = saved(tmp_path, public.plain_vit(8, 3)).read_bytes()
    torch.save({"model": public.plain_vit(8, 3), "args": Bomb()}, "bomb.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "cut.pth").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.pth").write_text("<html>404</html>")
    (tmp_path / "empty.pth").touch()
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    torch.save([1, 2], "list.pth")
    torch.save({"epoch": 3}, "no_tensors.pth")
    torch.save({"layer1.0.conv1.weight": torch.zeros(3)}, "resnet.pth")
    expected = {
        "bomb.pth": "not safe to read.*mkdir, which is code",
        "bare.pth": "not a pickle of tensors",
        "cut.pth": "cut off",
        "text.pth": "not safe to read",
        "empty.pth": "an empty one",
        "cut.safetensors": "damaged",
        "list.pth": "found list",
        "no_tensors.pth": "found none",
        "resnet.pth": "found layer1.0.conv1.weight",
        "missing.pth": "found no file",
    }
    for name, words in expected.items():
        with pytest.raises(InputError, match=words) as caught:
            convert(tmp_path / name)
        assert "\n" not in str(caught.value), name
    assert not (tmp_path / "bomb-went-off").exists()
