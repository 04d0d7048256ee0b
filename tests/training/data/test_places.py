"""Places of labelled chips: which are held out, and what the labels are merged to."""

import numpy as np
import rasterio
from affine import Affine

from training.data.places import CLASSES, held_out_files, is_held_out, labelled_chips, merged_labels, place_of


def write(path, pixels, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    more = {"crs": "EPSG:32633", "transform": Affine(10, 0, 500_000, 0, -10, 5_800_000)} | more
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=pixels.dtype, **more
    ) as target:
        target.write(pixels)
    return path


def test_the_place_is_the_degree_cell_of_the_centre(tmp_path):
    """The central meridian of zone 33 is 15 degrees east: the same corner, one chip to its east, one to its west."""
    pixels = np.zeros((1, 8, 8), np.uint8)
    east = write(tmp_path / "east.tif", pixels)
    west = write(tmp_path / "west.tif", pixels, transform=Affine(10, 0, 500_000 - 50, 0, -10, 5_800_000))
    south = write(tmp_path / "s.tif", pixels, crs="EPSG:4326", transform=Affine(1e-4, 0, -70.2, 0, -1e-4, -12.1))
    assert place_of(east) == "+52+015" and place_of(west) == "+52+014" and place_of(south) == "-13-071"


def test_a_fifth_of_the_places_is_held_out():
    names = [f"{lat:+03d}{lon:+04d}" for lat in range(-50, 50) for lon in range(0, 40)]
    held_out = [is_held_out(name) for name in names]
    assert 0.18 < np.mean(held_out) < 0.22
    assert held_out == [is_held_out(name) for name in names]


def test_chips_without_labels_or_image_are_left_out(tmp_path):
    pixels = np.zeros((1, 8, 8), np.uint8)
    for name in ("a.tif", "b.tif"):
        write(tmp_path / "real" / "s2_ben" / name, pixels)
    for name in ("b.tif", "c.tif"):
        write(tmp_path / "real" / "s2_ben" / "labels_dw" / name, pixels)
    (chip,) = labelled_chips(tmp_path)
    assert (chip.image, chip.labels) == ("real/s2_ben/b.tif", "real/s2_ben/labels_dw/b.tif")
    assert chip.place == "+52+015" and chip.held_out == is_held_out("+52+015")


def test_labels_are_merged_to_six_classes(tmp_path):
    """Dynamic World: water, trees, grass, flooded vegetation, crops, shrub, built, bare, snow; 9 cloud, 255 nothing."""
    path = write(tmp_path / "labels.tif", np.array([[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255]]], np.uint8))
    low = CLASSES.index("low vegetation")
    wanted = [0, 1, low, low, CLASSES.index("crops"), low, CLASSES.index("built"), CLASSES.index("bare"), -1, -1, -1]
    np.testing.assert_array_equal(merged_labels(path), [wanted])


def test_the_committed_list_names_the_chips_of_held_out_places(shared_data):
    assert held_out_files() == {chip.image for chip in labelled_chips(shared_data) if chip.held_out}
