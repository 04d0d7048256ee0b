"""The command and its errors."""

import json

import pytest

from training.linear_probe import main

SMALL = ["--model", "tiny", "--width", "24", "--depth", "1", "--heads", "2", "--input-px", "16", "--device", "cpu"]


def run(capsys, *arguments, code=0):
    assert main([*map(str, arguments), *SMALL]) == code
    out = capsys.readouterr()
    return out.out if code == 0 else out.err


def test_the_command(pictures, tmp_path, capsys):
    few = ["--per-class-train", 6, "--per-class-valid", 3, "--random-init", "--cache", tmp_path / "cache"]
    result = json.loads(run(capsys, pictures, *few, "--seeds", 2, "--json"))
    assert result["value"] > 0.95 and result["facts"]["seeds"] == [0, 1] and len(result["facts"]["values"]) == 2
    text = run(capsys, pictures, *few, "--normalise", "checkpoint")
    assert "accuracy" in text and "town" in text and "recall per class" in text


@pytest.mark.parametrize("row", ["--statistics", "--random-patches"])
def test_rows_without_a_model(pictures, capsys, row):
    result = json.loads(run(capsys, pictures, "--per-class-valid", 3, "--pooling", "mean+deviation", row, "--json"))
    assert result["value"] > 0.8 and result["facts"]["pooling"] == "mean+deviation"


def test_the_users_errors_are_one_line(pictures, tmp_path, capsys):
    for more in (
        ["--timm", "no_such_model"],
        ["--checkpoint", tmp_path / "none.safetensors"],
        ["--random-init", "--held-out", tmp_path / "none.txt"],
        ["--random-init", "--batch", 0],
        ["--random-init", "--bands", "1,2"],
        ["--random-init", "--bands", "1,x,2"],
    ):
        error = run(capsys, pictures, *more, code=2)
        assert error.startswith("training.linear_probe: ") and error.count("\n") == 1, error
