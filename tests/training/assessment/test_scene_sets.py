"""Sets of labelled rasters: what the folder says, and what is missing in it."""

import json

import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.learning.labelled_scenes import open_set
from ofa_engine.raster.class_names import write_class_names
from training.assessment.scene_sets import read_truth, scene_sets

from ..data.readers.raster_files import tiff

LABELS = np.array([[[0, 1, 1], [2, 9, 255]]], np.uint8)
PIXELS = np.array([[[5, 5, 5], [5, 5, 5]], [[7, np.nan, 7], [7, 7, 7]]], np.float32)
CLASSES = {"water": {"labels": [0], "heads": ["Lake"]}, "green": {"labels": [1, 2], "heads": ["Forest"]}}


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b", "c"):
        tiff(tmp_path / "made" / "images" / f"{name}.tif", PIXELS, nodata=float("nan"))
        tiff(tmp_path / "made" / "labels" / f"{name}.tif", LABELS, nodata=255)
    return tmp_path / "made"


def test_classes_merge_label_values_and_names_of_heads(folder):
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    found = open_set(folder)
    assert found.classes == ("water", "green")
    assert found.head_classes == {"water": 0, "lake": 0, "green": 1, "forest": 1}
    # 9 and 255 are in no class; the pixel with a missing band is still valid, since another band is there
    np.testing.assert_array_equal(read_truth(found, found.scenes[0]), [[0, 1, 1], [1, -1, -1]])


def test_without_classes_each_value_is_one_by_its_name(folder):
    entries = [{"value": value, "name": name, "color": "#000000"} for value, name in ((0, "sea"), (1, "wood"))]
    write_class_names(folder / "labels" / "a.tif", entries, [1, 2])
    assert open_set(folder).classes == ("sea", "wood", "2", "9")


def test_pixels_without_a_valid_band_are_unlabelled(folder):
    tiff(folder / "images" / "a.tif", np.where(np.arange(6).reshape(1, 2, 3) == 1, np.nan, PIXELS), nodata=float("nan"))
    found = open_set(folder)
    np.testing.assert_array_equal(read_truth(found, found.scenes[0]), [[0, -1, 1], [2, 3, -1]])


def test_places_and_further_places_to_fit_on(folder):
    assert [scene.place for scene in open_set(folder).scenes] == ["a.tif", "b.tif", "c.tif"]
    (folder / "places.csv").write_text("file,place\na.tif,north\nb.tif,north\n")
    tiff(folder / "training" / "images" / "d.tif", PIXELS)
    tiff(folder / "training" / "labels" / "d.tif", LABELS)
    found = open_set(folder)
    assert [scene.place for scene in found.scenes] == ["north", "north", "c.tif"]
    assert [scene.place for scene in found.training] == ["d.tif"]


def test_sets_are_chosen_by_name(folder):
    assert [one.name for one in scene_sets(folder.parent)] == ["made"]
    with pytest.raises(InputError, match="none named other"):
        scene_sets(folder.parent, ["other"])
    with pytest.raises(InputError, match="NAME/images"):
        scene_sets(folder / "images")


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("classes.json", "{", "expected JSON"),
        ("classes.json", "[]", "JSON object"),
        ("classes.json", '{"water": {"heads": ["lake"]}}', "another form"),
        ("classes.json", '{"water": {"labels": ["x"]}}', "another form"),
        ("reading.json", '{"unit": "db"}', "found unit"),
        ("places.csv", "raster,place\na.tif,x\n", "columns file and place"),
    ],
)
def test_damaged_files_are_named(folder, file, text, message):
    (folder / file).write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        open_set(folder)
    assert file in str(caught.value)


def test_missing_and_misfitting_labels_are_named(folder):
    tiff(folder / "labels" / "a.tif", LABELS[:, :, :2])
    found = open_set(folder)
    with pytest.raises(InputError, match=r"labels.a\.tif"):
        read_truth(found, found.scenes[0])
    (folder / "labels" / "b.tif").unlink()
    with pytest.raises(InputError, match=r"found no .*labels.b\.tif"):
        open_set(folder)
