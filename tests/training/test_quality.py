"""The quality bench on simulated scenes."""

import json

import pytest

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import FitOptions
from ofa_engine.learning.fit import fit
from training.quality import main
from training.simulation.land_cover import CLASSES
from training.simulation.scene_files import write_scene

# how Dynamic World's legend, which the default head has, names the simulator's classes
DYNAMIC_WORLD = ("water", "trees", "grass", "crops", "bare", "built")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("quality")
    for part in ("images", "labels"):
        (root / "simulated" / part).mkdir(parents=True)
    for seed in range(3):
        image, labels = (root / "simulated" / part / f"{seed}.tif" for part in ("images", "labels"))
        write_scene("sentinel-2", 64, seed, image, labels)
    heads = zip(CLASSES, DYNAMIC_WORLD, strict=True)
    classes = {c.name: {"labels": [c.value], "heads": [c.name, name]} for c, name in heads}
    (root / "simulated" / "classes.json").write_text(json.dumps(classes))
    return root


def run(capsys, *arguments, code=0):
    assert main(list(map(str, arguments))) == code
    return capsys.readouterr()


def test_methods_are_scored_on_places_that_they_have_not_learned_from(folder, capsys):
    methods = ("head", "fit", "logistic")
    rows = json.loads(run(capsys, folder, "--methods", *methods, "--json").out)
    assert [row["method"] for row in rows] == ["default head", "ofa fit", "logistic regression, pixels"]
    for row in rows:
        assert row["places"] == row["rasters"] == 3 and set(row["iou"]) <= {c.name for c in CLASSES}
        assert (0.4 if row["method"] != "default head" else 0.1) < row["miou"][0] < 1, row  # it knows real scenes
        assert row["miou"][1] <= row["miou"][0] + 1e-9
        assert row["edge_accuracy"][0] < row["accuracy"][0] and row["seconds_per_megapixel"] > 0
    assert "land cover" in rows[0]["head"] and not rows[1]["head"]


def test_one_place_cannot_be_fitted_and_is_said_so(folder, capsys):
    places = folder / "simulated" / "places.csv"
    places.write_text("file,place\n" + "".join(f"{seed}.tif,one\n" for seed in range(3)))
    try:
        out = run(capsys, folder, "--methods", "logistic", "head", "--json")
    finally:
        places.unlink()
    assert "expected two places or more" in out.err
    (row,) = json.loads(out.out)
    assert row["method"] == "default head" and row["miou"][1:] == [None, None]


def test_heads_without_the_sets_classes_are_not_scored(folder, tmp_path, capsys):
    (tmp_path / "towns").mkdir()
    for part in ("images", "labels"):
        (tmp_path / "towns" / part).symlink_to(folder / "simulated" / part)
    classes = {"rest": {"labels": [1, 2, 3, 4, 5]}, "town": {"labels": [6], "heads": ["Built-up"]}}
    (tmp_path / "towns" / "classes.json").write_text(json.dumps(classes))
    out = run(capsys, tmp_path, "--methods", "head", "--json")
    assert json.loads(out.out) == [] and "expected a head with two or more classes of towns" in out.err


def test_a_head_that_has_seen_the_rasters_is_marked(folder, tmp_path, capsys):
    image, labels = (str(folder / "simulated" / part / "0.tif") for part in ("images", "labels"))
    head = tmp_path / "mine.safetensors"
    fit(FitOptions([image], [labels], str(head), kind="linear"), QUIET)
    out = run(capsys, folder, "--methods", "head", "--head", head).out
    assert "| simulated | head mine (mine) * |" in out


def test_squares_into_a_page(folder, tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("<!-- squares: made by training.quality -->\n<!-- end -->\n")
    run(capsys, folder, "--squares", 3, "--methods", "fit", "forest", "-o", page)
    rows = json.loads(page.with_suffix(".json").read_text())
    assert [row["method"] for row in rows] == ["ofa fit", "random forest, pixels"]
    assert all(0.4 < row["miou"][0] < 1 for row in rows), rows
    assert page.read_text().count("| simulated |") == 2


def test_the_users_errors_are_one_line(folder, tmp_path, capsys):
    for more in ([tmp_path], [folder, "--sets", "none"], [folder, "--head", "none"]):
        error = run(capsys, *more, code=2).err
        assert error.startswith("training.quality: ") and error.count("\n") == 1, error
