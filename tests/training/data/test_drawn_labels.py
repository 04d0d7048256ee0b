"""Labels drawn by hand: what stands in the file is complete, and polygons become pixels."""

import numpy as np
import pytest
from shapely import Polygon

from ofa_engine.core.sensors import get_sensor
from training.data.drawn_labels import LEGENDS, DrawnImage, drawn_images
from training.data.places import held_out_files

IMAGES = drawn_images()


def image(*polygons, legend="high") -> DrawnImage:
    return DrawnImage(("a.tif",), legend, "naip", (1, 2, 3), 1.0, 0.0, 0.2, polygons)


def square(x, y, side):
    return (x, y), (x + side, y), (x + side, y + side), (x, y + side)


def test_polygons_become_pixels_and_later_ones_lie_over_earlier_ones():
    drawn = image(("tree", square(1, 2, 6)), ("water", square(3, 4, 2)), ("unlabelled", square(1, 2, 1)))
    labels, names = drawn.labels((10, 12), 255), LEGENDS["high"]
    assert labels.shape == (10, 12) and (labels == names.index("water")).sum() == 4
    assert labels[2, 1] == 255 and (labels == names.index("tree")).sum() == 36 - 4 - 1
    assert labels[4, 3] == names.index("water")  # row, column


@pytest.mark.parametrize("drawn", IMAGES, ids=lambda drawn: drawn.files[0])
def test_an_entry_is_complete(drawn):
    assert len(drawn.bands) == len(get_sensor(drawn.sensor).bands) and drawn.gsd_m > 0
    assert {name for name, _ in drawn.polygons} <= {*LEGENDS[drawn.legend], "unlabelled"}
    assert all(Polygon(ring).area > 0 for _, ring in drawn.polygons)


def test_held_out_places_are_not_among_them():
    assert not held_out_files().intersection(file for drawn in IMAGES for file in drawn.files)


def test_missing_classes_are_drawn_where_the_labelled_patches_lack_them():
    counts = {name: 0 for name in LEGENDS["high"]}
    for drawn in IMAGES:
        if drawn.legend == "high":
            for name, _ in drawn.polygons:
                counts[name] = counts.get(name, 0) + 1
    assert min(counts["building"], counts["crop"], counts["other sealed"]) >= 20


def test_values_are_read_in_the_canonical_unit(tmp_path):
    from training.finetuning.held_out import write_raster

    write_raster(tmp_path / "a.tif", np.full((3, 4, 5), 2000, np.uint16))
    drawn = DrawnImage(("a.tif",), "high", "naip", (3, 2, 1), 0.1, 1.0, 1.0, ())
    assert np.allclose(drawn.read(tmp_path), 201)
    assert np.allclose(DrawnImage(("a.tif",), "high", "naip", (1, 2, 3), 1.0, 0.0, 1.0, ()).read(tmp_path), 255)
