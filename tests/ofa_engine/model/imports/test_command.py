"""The whole way: a file of weights, `ofa models import`, a head fitted on the checkpoint, a map."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch

from ofa_engine.interfaces.cli import main
from ofa_engine.model.checkpoint import load_checkpoint

from ...conftest import write_raster
from . import layouts_at_random as public

LANDSAT = [f"SR_B{i}" for i in range(1, 8)]


def call(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder of models, and the current one."""
    monkeypatch.setenv("OFANET_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    torch.save(public.dofa(1, width=32), tmp_path / "DOFA_small.pth")
    return tmp_path


def test_import_says_what_it_did(folder, capsys):
    code, out, err = call(capsys, "models", "import", "DOFA_small.pth", "-o", "dofa", "--json")
    answer = json.loads(out)
    assert code == 0 and not err
    assert answer["checkpoint"] == str(folder / "models" / "dofa.safetensors") and not answer["generator"]
    assert answer["sensors"] == ["sentinel-1", "sentinel-2", "gaofen", "naip", "enmap"]
    assert answer["source"]["licence"] == "CC-BY-4.0"
    code, out, err = call(capsys, "models", "import", "DOFA_small.pth", "-o", "here/x.safetensors", "--name", "my DOFA")
    assert code == 0 and "CC-BY-4.0" in err and "left: projector.weight" in err and "my DOFA" in out
    assert (folder / "here" / "x.safetensors").exists()
    code, out, _ = call(capsys, "models", "--json")
    assert "dofa" in [checkpoint["name"] for checkpoint in json.loads(out)["checkpoints"]]


def test_what_cannot_be_imported_is_one_line(folder, capsys):
    (folder / "cut.pth").write_bytes((folder / "DOFA_small.pth").read_bytes()[:5000])
    outputs = [["DOFA_small.pth", "-o", output] for output in ("x.pth", ".", "..", "/", "there/..")]
    for words in (["cut.pth"], ["none.pth"], ["DOFA_small.pth", "--map", "no.yaml"], *outputs):
        code, out, err = call(capsys, "models", "import", *words)
        assert code == 2 and not out and len(err.splitlines()) <= 2, err  # what is read, and the error
        assert err.splitlines()[-1].startswith("ofa: expected")
    assert not (folder / "models").exists()


@pytest.mark.parametrize(
    "output", ["../x", "here/x", ".", "..", "n" * 300, "taken.safetensors", "a_file/x.safetensors"]
)
def test_an_output_that_is_no_name_or_cannot_be_written_leaves_nothing(folder, capsys, output):
    """A name stays inside the folder of models; elsewhere only a file is written, whose ending says so."""
    (folder / "taken.safetensors").mkdir()
    (folder / "a_file").touch()
    before = {*folder.parent.rglob("*")}
    code, out, err = call(capsys, "models", "import", "DOFA_small.pth", "-o", output)
    errors = [line for line in err.splitlines() if line.startswith("ofa: ")]
    assert code == 2 and not out and len(errors) == 1 and ".part." not in err, err
    assert errors[0].startswith(("ofa: expected a name or a file", "ofa: cannot write"))
    assert {*folder.parent.rglob("*")} - {folder / "models"} == before


class RunsCode:
    def __reduce__(self):
        return Path.touch, (Path("it_ran"),)


def test_a_pickle_that_names_code_is_refused_without_advice_to_run_it(folder, capsys):
    torch.save({"weights": RunsCode()}, folder / "hostile.pth")
    (folder / "empty.pth").touch()
    for file, why in (("hostile.pth", "not safe to read"), ("empty.pth", "an empty one")):
        code, out, err = call(capsys, "models", "import", file)
        assert code == 2 and not out and why in err
        assert "weights_only" not in err and "()" not in err
    assert not (folder / "it_ran").exists() and not (folder / "models").exists()


def test_a_head_on_landsats_own_embedder_maps_a_scene(folder, capsys):
    """A scene whose halves differ in coastal blue alone, which the embedder of Sentinel-2 does not read."""
    pixels = np.random.default_rng(0).normal(0.15, 0.02, (7, 96, 128))
    pixels[0, :, 64:] += 0.3
    labels = np.where(np.arange(128) < 64, 1, 2)[None, None].repeat(96, 1).astype(np.uint8)
    at = {"transform": rasterio.Affine(30, 0, 500000, 0, -30, 5800000)}
    scene = write_raster(folder / "s.tif", ((pixels + 0.2) / 0.0000275).astype(np.uint16), names=LANDSAT, **at)
    write_raster(folder / "labels.tif", labels, nodata=0, **at)
    code, _, err = call(capsys, "models", "import", "DOFA_small.pth", "-o", "dofa", "--keep-generator", "--json")
    assert code == 0, err
    checkpoint = folder / "models" / "dofa.safetensors"
    code, out, _ = call(capsys, "detect", scene, "--checkpoint", checkpoint, "--json")
    found = json.loads(out)
    assert (found["sensor"], found["product"], found["mapped"]) == ("landsat-8-9-l2", "landsat-8-9-l2", False)
    assert found["bands"] == [1, 2, 3, 4, 5, 6, 7] and found["units"] == "landsat-c2"
    words = ["--labels", "labels.tif", "--checkpoint", checkpoint, "--tile-px", "32", "-o", "head.safetensors"]
    code, _, err = call(capsys, "fit", scene, *words)
    assert code == 0, err
    code, _, err = call(capsys, "segment", scene, "--head", "head.safetensors", "-o", "map.tif", "--device", "cpu")
    assert code == 0, err
    with rasterio.open("map.tif") as made:
        assert (made.read(1) == labels[0]).mean() > 0.9
        assert made.tags(ns="OFANET")["SENSOR"] == "landsat-8-9-l2"
        assert "MAPPED_BANDS" not in made.tags(ns="OFANET")


def test_a_scene_without_some_bands_has_features_of_its_subset(folder, capsys):
    """`embed` gives those of the kernels that were generated for the bands there are."""
    code, _, err = call(capsys, "models", "import", "DOFA_small.pth", "-o", "dofa", "--keep-generator", "--json")
    assert code == 0, err
    pixels = np.random.default_rng(1).normal(120, 30, (3, 64, 64)).clip(0, 255).astype(np.uint8)
    write_raster(folder / "rg.tif", pixels)
    checkpoint = folder / "models" / "dofa.safetensors"
    words = ["--sensor", "naip", "--bands", "1,2,-", "--tile-px", "64", "--checkpoint", checkpoint, "--device", "cpu"]
    code, _, err = call(capsys, "embed", "rg.tif", *words, "-o", "features.tif")
    assert code == 0, err
    model = load_checkpoint(checkpoint).model
    mean, std = (torch.tensor(values)[:2, None, None] for values in load_checkpoint(checkpoint).statistics("naip"))
    normalised = ((torch.from_numpy(pixels[:2]).float() - mean) / std)[None]
    tensors = public.dofa(1, width=32)
    embedded = public.embed(normalised, *public.dofa_kernel(tensors, "patch_embed", public.encode_um([0.665, 0.56])), 1)
    wanted = public.final_norm(tensors, public.after_blocks(tensors, embedded, heads=1))[:, 1:]
    with torch.no_grad():
        torch.testing.assert_close(model(normalised, "naip", (0, 1)), wanted, atol=1e-4, rtol=1e-4)
    with rasterio.open("features.tif") as made:
        found = torch.from_numpy(made.read()).flatten(1).T
    torch.testing.assert_close(found, wanted[0], atol=2e-3, rtol=1e-3)
