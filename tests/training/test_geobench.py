"""Tables of a made-up GEO-Bench: what is there is run, the rest is named, a stopped run ends as one never stopped."""

import csv
import json

import pytest
import torch

from ofa_engine.core.errors import InputError
from ofa_engine.model.checkpoint import save_checkpoint
from ofa_engine.model.ofanet import Architecture, OFANet
from training import geobench
from training.geobench import main
from training.probes.geobench_files import TASKS
from training.probes.geobench_published import PAPER, TABLE_1, TABLE_2
from training.probes.heads import HeadRecipe

from .make_geobench import make_geobench

SIZE = ["--width", "24", "--depth", "1", "--heads", "2", "--input-px", "32", "--device", "cpu", "--epochs", "2"]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Three tasks, one of each kind."""
    folder = tmp_path_factory.mktemp("geobench")
    return make_geobench(folder, ["m-eurosat", "m-bigearthnet", "m-pv4ger-seg"])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Checkpoints for every method of the paper."""
    folder = tmp_path_factory.mktemp("checkpoints")
    torch.manual_seed(5)
    arch = Architecture(24, 1, 2, input_px=32)
    save_checkpoint(folder / "ofanet.safetensors", OFANet(arch), "ofanet", {})
    for sensor in ("sentinel-2", "naip", "gaofen"):
        save_checkpoint(folder / f"{sensor}.safetensors", OFANet(arch, [sensor]), f"single {sensor}", {})
    from training.probes.satmae import SatMAE

    torch.save({"model": SatMAE(96, 1, 3, 8, 2, 32).state_dict()}, folder / "satmae.pth")
    return folder


def checkpoints(files, *names):
    named = {"ofanet": "ofanet.safetensors", "satmae": "satmae.pth"}
    named |= {f"mae_single.{s}": f"{s}.safetensors" for s in ("sentinel-2", "naip", "gaofen")}
    return ["--checkpoints", ",".join(f"{name}={files / named[name]}" for name in names or named)]


def run(root, folder, *arguments, code=0):
    assert main(["--root", str(root), "-o", str(folder), *map(str, arguments), *SIZE]) == code


def table(folder):
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        return {(row["task"], row["method"]): row for row in csv.DictReader(file)}


def contents(folder):
    return {ending: (folder / f"results.{ending}").read_bytes() for ending in ("csv", "md", "html")}


def test_what_is_there_is_run_and_what_is_not_is_named(root, files, tmp_path, capsys):
    run(root, tmp_path, "--seeds", 2, *checkpoints(files, "ofanet", "mae_single.sentinel-2", "satmae"))
    rows = table(tmp_path)
    assert len(rows) == 12 * 4
    done = {key for key, row in rows.items() if row["value"]}
    s2 = {
        (task, method)
        for task in ("m-eurosat", "m-bigearthnet")
        for method in ("Random init.", "MAE single", "SatMAE", "OFA-Net")
    }
    assert done == s2 | {("m-pv4ger-seg", "Random init."), ("m-pv4ger-seg", "OFA-Net")}
    for key in done:
        row = rows[key]
        assert 0 <= float(row["low"]) <= float(row["value"]) <= float(row["high"]) <= 100
        assert (row["train"], row["valid"], row["test"]) == ("12", "6", "6") and row["source_bands"]
        assert row["missing"] == ""
    assert "--checkpoints mae_single.naip=FILE" in rows["m-pv4ger-seg", "MAE single"]["missing"]
    assert "Sentinel-2 alone" in rows["m-pv4ger-seg", "SatMAE"]["missing"]
    assert "m-so2sat" in rows["m-so2sat", "OFA-Net"]["missing"]
    assert rows["m-eurosat", "OFA-Net"]["paper"] == "81.00" and rows["m-pv4ger-seg", "SatMAE"]["paper"] == ""
    assert rows["m-bigearthnet", "OFA-Net"]["metric"] == "micro F1"
    assert [rows["m-eurosat", m]["seeds"] for m in ("Random init.", "OFA-Net")] == ["2", "1"]
    assert rows["m-pv4ger-seg", "OFA-Net"]["seeds"] == "2", "heads trained by steps depend on the seed"
    assert "Table 1" in capsys.readouterr().out


def test_pages_hold_the_papers_numbers_and_what_is_doubtful(root, tmp_path, capsys):
    run(root, tmp_path, "--methods", "random", "--tasks", "m-eurosat", "--seeds", 1)
    printed = capsys.readouterr().out
    for text in (printed, *((tmp_path / f"results.{ending}").read_text() for ending in ("md", "html"))):
        for number in ("57.13", "91.89", "69.53", "89.43", "52.64", "52.99", "47.16", "95.8", "51.50"):
            assert number in text
        assert all(task in text for task in (*TABLE_1, *TABLE_2))
    for text in ((tmp_path / f"results.{ending}").read_text() for ending in ("md", "html")):
        assert "1e-2" in text and "1e-4" in text and "micro F1" in text and "not run, or not yet" in text
        assert "B4, B3, B2, B5, B6, B7, B8, B11, B12" in text and "not used: " in text
    page = (tmp_path / "results.html").read_text()
    assert "<script" not in page and "http" not in page and "<svg" in page and page.count("<circle") > 20


def test_the_papers_numbers():
    """Sums over rows and columns: a slip of the pen shows."""

    def total(numbers):
        return round(sum(n for n in numbers if n is not None), 2)

    assert {m: total(PAPER[m].get(t) for t in TABLE_1) for m in PAPER} == {
        "random": 378.08,
        "mae_single": 401.86,
        "satmae": 265.75,
        "ofanet": 413.77,
    }
    assert {m: total(PAPER[m].get(t) for t in TABLE_2) for m in PAPER} == {
        "random": 310.94,
        "mae_single": 329.81,
        "satmae": 0,
        "ofanet": 343.57,
    }
    assert total(PAPER[m]["m-eurosat"] for m in PAPER) == 301.68
    assert total(PAPER[m].get("m-NeonTree") for m in PAPER) == 156.90
    assert PAPER["satmae"]["m-forestnet"] is None and PAPER["satmae"]["m-pv4ger"] is None


def computed(capsys):
    """Cells computed since the last call: each one is logged."""
    return sum(", seed " in line for line in capsys.readouterr().err.splitlines())


def test_an_interrupted_run_ends_as_an_undisturbed_one(root, files, tmp_path, capsys):
    options = ["--methods", "random,ofanet", "--seeds", "2", *checkpoints(files, "ofanet")]
    run(root, tmp_path / "whole", *options)
    assert computed(capsys) == 3 + 3 + 4, "2 + 1 of eurosat and bigearthnet, 2 + 2 of pv4ger-seg"
    lines = []

    def interrupt(line):
        lines.append(line)
        if len(lines) == 4:
            raise KeyboardInterrupt

    size = Architecture(24, 1, 2, input_px=32)
    methods = geobench.Methods({"ofanet": files / "ofanet.safetensors"}, size, torch.device("cpu"))
    settings = geobench.CellSettings(tmp_path / "parts", HeadRecipe(epochs=2), seeds=2)
    with pytest.raises(KeyboardInterrupt):
        geobench.run(root, list(TASKS), "default", ["random", "ofanet"], methods, settings, interrupt)
    assert contents(tmp_path / "parts") != contents(tmp_path / "whole")
    run(root, tmp_path / "parts", *options)
    assert computed(capsys) == 10 - 4, "no cell is computed twice"
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    run(root, tmp_path / "parts", *options)
    assert computed(capsys) == 0


def test_cells_are_named_by_all_their_settings(root, files, tmp_path, capsys):
    options = ["--methods", "ofanet", "--tasks", "m-eurosat"]
    run(root, tmp_path, *options, *checkpoints(files, "ofanet"))
    assert computed(capsys) == 1
    for more in (["--recipe", "paper", "--seeds", "1"], ["--partition", "0.50x_train"], ["--with-valid"]):
        for _ in range(2):
            run(root, tmp_path, *options, *checkpoints(files, "ofanet"), *more)
        assert computed(capsys) == 1, more
    other = OFANet(Architecture(24, 1, 2, input_px=32))
    save_checkpoint(tmp_path / "other.safetensors", other, "other", {})
    run(root, tmp_path, *options, "--checkpoints", f"ofanet={tmp_path / 'other.safetensors'}")
    assert computed(capsys) == 1
    for cell in (tmp_path / "cells").glob("*.json"):
        cell.write_text('{"decides": 1')
    run(root, tmp_path, *options, *checkpoints(files, "ofanet"))
    assert computed(capsys) == 1, "a damaged cell is computed again"


def test_random_weights_have_the_size_of_ofanet(files):
    methods = geobench.Methods({"ofanet": files / "ofanet.safetensors"}, Architecture(48, 1, 2), torch.device("cpu"))
    assert methods.backbone("random", "naip", 0).model.arch == Architecture(24, 1, 2, input_px=32)
    methods = geobench.Methods({}, Architecture(48, 1, 2), torch.device("cpu"))
    assert methods.backbone("random", "naip", 0).input_px == 224


def test_a_damaged_task_does_not_cost_the_others(tmp_path):
    folder = make_geobench(tmp_path / "data", ["m-eurosat", "m-pv4ger"])
    for sample in (folder / "classification_v1.0" / "m-pv4ger").glob("*.hdf5"):
        sample.write_bytes(b"not HDF5")
    run(folder, tmp_path / "out", "--methods", "random", "--seeds", 1)
    rows = table(tmp_path / "out")
    assert rows["m-eurosat", "Random init."]["value"] and "HDF5" in rows["m-pv4ger", "Random init."]["missing"]


def test_the_users_errors_are_one_line(root, files, tmp_path, capsys):
    for wrong in (
        ["--methods", "best"],
        ["--tasks", "m-mars"],
        ["--checkpoints", "ofanet"],
        ["--seeds", 0],
        ["--checkpoints", f"mae_single.moon={files / 'ofanet.safetensors'}"],
        ["--timm", "no_such_model"],
        ["--checkpoints", f"ofanet={files / 'satmae.pth'}"],
    ):
        run(root, tmp_path / "out", *wrong, code=2)
        error = capsys.readouterr().err
        assert error.startswith("training.geobench: ") and error.count("\n") == 1, error
    run(tmp_path / "nowhere", tmp_path / "out", code=2)
    run(files, tmp_path / "out", code=2)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="mae_single.SENSOR"):
        geobench.Methods({"random": files}, Architecture(), torch.device("cpu")).check(["random"])


def test_named_checkpoints_are_rows_of_their_own(root, files, tmp_path, capsys):
    two = [f"base, two={files / 'x'}", "nameless", "=file", f"base_two={files / 'satmae.pth'}"]
    for wrong in two:
        run(root, tmp_path / "out", "--checkpoints", wrong, code=2)
        assert capsys.readouterr().err.count("\n") == 1
    named = ["--checkpoints", f"base_one={files / 'ofanet.safetensors'}", f"only_s2={files / 'sentinel-2.safetensors'}"]
    run(root, tmp_path, "--methods", "random", "--seeds", 1, *named)
    rows = table(tmp_path)
    assert {method for _, method in rows} == {"Random init.", "base_one", "only_s2"}
    assert rows["m-eurosat", "base_one"]["value"] and rows["m-eurosat", "only_s2"]["value"]
    assert rows["m-pv4ger-seg", "base_one"]["value"]
    assert "expected an embedder for" in rows["m-pv4ger-seg", "only_s2"]["missing"]
    printed = capsys.readouterr().out
    assert "base_one, ours" in printed and "OFA-Net, paper" in printed
    for text in ((tmp_path / f"results.{ending}").read_text() for ending in ("md", "html")):
        assert "base_one" in text and "only_s2" in text


def test_cells_as_json(root, tmp_path, capsys):
    run(root, tmp_path, "--methods", "random", "--tasks", "m-eurosat", "--seeds", 1, "--json")
    (cell,) = json.loads(capsys.readouterr().out)
    assert cell["method"] == "random" and cell["result"]["facts"]["samples"]["test"] == 6


@pytest.mark.slow
def test_the_whole_table(files, tmp_path, capsys):
    """All twelve tasks by all four methods."""
    root = make_geobench(tmp_path / "data")
    run(root, tmp_path / "out", "--seeds", 1, *checkpoints(files))
    rows = table(tmp_path / "out")
    empty = {key for key, row in rows.items() if not row["value"]}
    not_sentinel_2 = {"m-pv4ger", "m-pv4ger-seg", "m-nz-cattle", "m-NeonTree", "m-chesapeake-landcover"}
    assert empty == {(task, "SatMAE") for task in not_sentinel_2} and len(rows) == 48
    assert "not run, or not yet" not in (tmp_path / "out" / "results.md").read_text()
