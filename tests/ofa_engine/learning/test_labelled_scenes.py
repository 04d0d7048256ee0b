"""Folders of labelled rasters. (Most of it is tested by `training.quality`.)"""

import numpy as np
import rasterio

from ofa_engine.learning.labelled_scenes import open_set


def test_without_a_list_of_classes_255_is_unlabelled_also_where_the_file_does_not_say_so(tmp_path):
    labels = np.array([[0, 3], [255, 254]], np.uint8)
    for folder, count in (("images", 3), ("labels", 1)):
        (tmp_path / folder).mkdir()
        shape = {"width": 2, "height": 2, "count": count, "dtype": "uint8", "crs": "EPSG:32631"}
        grid = rasterio.Affine(2, 0, 500000, 0, -2, 0)
        with rasterio.open(tmp_path / folder / "a.tif", "w", driver="GTiff", transform=grid, **shape) as target:
            target.write(np.repeat(labels[None], count, 0))
    assert open_set(tmp_path).label_values == {0: 0, 3: 1, 254: 2}
