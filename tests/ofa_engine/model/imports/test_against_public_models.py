"""The same at the published sizes, against the public implementations: timm's ViT, and torchgeo's DOFA and
Copernicus-FM where torchgeo is installed (`pip install -e '.[reference]'`)."""

import warnings
from functools import partial

import pytest
import timm
import torch
from torch import nn

from ofa_engine.model.dofa import generate
from ofa_engine.model.imports.layouts import build, convert

SENSORS_UM = {
    "sentinel-1": [3.75, 3.75],
    "sentinel-2": [0.665, 0.56, 0.49, 0.705, 0.74, 0.783, 0.842, 1.61, 2.19],
    "gaofen": [0.665, 0.56, 0.49, 0.83],
    "naip": [0.665, 0.56, 0.49],
}
OTHERS_UM = {
    "PlanetScope, 8 bands": [0.443, 0.49, 0.531, 0.565, 0.61, 0.665, 0.705, 0.865],
    "Landsat 8, 7 bands": [0.443, 0.482, 0.562, 0.655, 0.865, 1.61, 2.2],
}


@pytest.fixture(scope="module")
def torchgeo():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies
        return pytest.importorskip("torchgeo.models", reason="torchgeo is not installed", exc_type=ImportError)


def randomised(model: nn.Module, seed: int) -> nn.Module:
    """With values at which each layer shows in the result; a fresh model has zeros in many places."""
    numbers = torch.Generator().manual_seed(seed)
    for name, value in model.state_dict().items():
        if value.ndim > 1:
            gain = 5.0 if "fc_weight" in name else 1.0
            value.copy_(torch.randn(value.shape, generator=numbers) * gain / value.shape[-1] ** 0.5)
        else:
            value.copy_(float("norm" in name and "weight" in name) + 0.1 * torch.randn(value.shape, generator=numbers))
    return model.eval().requires_grad_(False)


def after_blocks(blocks: nn.Module, run) -> torch.Tensor:
    seen = {}
    handle = blocks[-1].register_forward_hook(lambda block, before, after: seen.update(tokens=after))
    run()
    handle.remove()
    return seen["tokens"]


def assert_equal(found, wanted):
    """To 1e-5 of the largest value, in single precision."""
    assert found.shape == wanted.shape and wanted.abs().max() > 0.1
    assert (found - wanted).abs().max() <= 1e-5 * wanted.abs().max()


def assert_same_tokens(ours, sensor_id, pixels, blocks, run):
    assert_equal(after_blocks(ours.backbone.blocks, lambda: ours(pixels, sensor_id)), after_blocks(blocks, run))


@pytest.mark.parametrize(("size", "seed"), [("base", 0), pytest.param("base", 1, marks=pytest.mark.slow),
                                            pytest.param("large", 2, marks=pytest.mark.slow)])  # fmt: skip
def test_dofa(size, seed, torchgeo, tmp_path):
    """For five sensors, embeddings and tokens after the last block; with the hub's norm, features."""
    public = randomised(getattr(torchgeo, f"dofa_{size}_patch16_224")(num_classes=0), seed)
    tensors = {name: value for name, value in public.state_dict().items() if not name.startswith("fc_norm.")}
    hub = {f"norm.{part}": value for part, value in public.fc_norm.state_dict().items()}
    torch.save(tensors | hub, tmp_path / "dofa.pth")
    found = convert(tmp_path / "dofa.pth")
    (tmp_path / "dofa.pth").unlink()
    ours = build(found)
    enmap = found.sensors["enmap"]
    for sensor_id, um in (SENSORS_UM | {"enmap": [enmap.bands[i].wavelength_um for i in enmap.usable_bands]}).items():
        pixels = torch.randn(1, len(um), 224, 224, generator=torch.Generator().manual_seed(seed))
        embedded, _ = public.patch_embed(pixels, torch.tensor(um))
        assert_equal(
            ours.embedders[sensor_id](pixels, enmap.usable_bands if sensor_id == "enmap" else range(len(um))), embedded
        )
        assert_same_tokens(ours, sensor_id, pixels, public.blocks, lambda p=pixels, um=um: public(p, um))
        tokens = after_blocks(public.blocks, lambda p=pixels, um=um: public(p, um))
        assert_equal(ours(pixels, sensor_id), public.fc_norm(tokens)[:, 1:])
    for um in OTHERS_UM.values():
        pixels = torch.randn(1, len(um), 224, 224, generator=torch.Generator().manual_seed(seed))
        kernel, bias = generate(found.generator, um)
        embedded = nn.functional.conv2d(pixels, kernel, bias, stride=16, padding=1).flatten(2).transpose(1, 2)
        assert_equal(embedded, public.patch_embed(pixels, torch.tensor(um))[0])


def test_copernicus_fm(torchgeo, tmp_path):
    """torchgeo's class has another epsilon in its norms by default than the authors' model, which is ours."""
    public = randomised(torchgeo.copernicusfm_base(norm_layer=partial(nn.LayerNorm, eps=1e-6)), 3)
    tensors = {name: value for name, value in public.state_dict().items() if not name.startswith("fc_norm.")}
    torch.save(tensors, tmp_path / "copernicus.pth")
    ours = build(convert(tmp_path / "copernicus.pth"))
    bands = {
        "sentinel-1": ([5e7, 5e7], [1e9, 1e9]),
        "sentinel-2": (
            [440, 490, 560, 665, 705, 740, 783, 842, 860, 940, 1370, 1610, 2190],
            [20, 65, 35, 30, 15, 15, 20, 115, 20, 20, 30, 90, 180],
        ),
    }
    unknown = torch.full((1, 4), torch.nan)  # place, date and area
    for sensor_id, (centers_nm, widths_nm) in bands.items():
        pixels = torch.randn(1, len(centers_nm), 224, 224, generator=torch.Generator().manual_seed(4))
        assert_same_tokens(
            ours, sensor_id, pixels, public.blocks, lambda p=pixels, c=centers_nm, w=widths_nm: public(p, unknown, c, w)
        )


@pytest.mark.parametrize(
    ("name", "bands", "sensor_id"),
    [
        ("vit_small_patch16_224", 13, "sentinel-2"),
        ("vit_tiny_patch16_224", 3, "naip"),
        ("vit_small_patch16_224", 2, "sentinel-1"),
    ],
)
def test_timm(name, bands, sensor_id, tmp_path):
    """SSL4EO's ViTs are timm's with 13 and 2 bands."""
    public = randomised(timm.create_model(name, in_chans=bands, num_classes=5), bands)
    torch.save(public.state_dict(), tmp_path / "vit.pth")
    ours = build(convert(tmp_path / "vit.pth"))
    pixels = torch.randn(2, bands, 224, 224, generator=torch.Generator().manual_seed(5))
    assert_same_tokens(ours, sensor_id, pixels, public.blocks, lambda: public.forward_features(pixels))
    assert_equal(ours(pixels, sensor_id), public.forward_features(pixels)[:, 1:])
