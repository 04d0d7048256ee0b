"""Which images of a folder are trained on and tested on."""

import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from training.data.readers.held_out_chips import chip_digest
from training.probes.image_folder import folder_task


def test_held_out_images_are_the_test_split(pictures):
    held_out = frozenset(chip_digest(p) for p in pictures.glob("*/1?.png"))
    tasks = [
        folder_task(pictures, per_class_train=5, per_class_valid=3, seed=seed, held_out=held_out) for seed in (0, 0, 1)
    ]
    for task in tasks:
        files = {name: set(split.files) for name, split in task.splits.items()}
        assert files["test"] == set(pictures.glob("*/1?.png")) and len(files["train"]) == 15
        assert len(files["valid"]) == 9 and len(set.union(*files.values())) == 30 + 15 + 9
        assert task.classes == ("field", "lake", "town") and task.kind == "classify" and not task.notes
    assert tasks[0].key == tasks[1].key != tasks[2].key
    train = np.stack([pixels for pixels, _ in map(tasks[0].splits["train"].__getitem__, range(15))])
    np.testing.assert_allclose(tasks[0].mean, train.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(tasks[0].std, train.std((0, 2, 3)), rtol=1e-5)
    pixels, label = tasks[0].splits["test"][10]
    assert label == 1 and pixels.shape == (3, 16, 16) and 100 < pixels.mean() < 140


def test_without_a_list_the_test_split_is_a_share_that_seeds_do_not_move(pictures):
    tasks = [folder_task(pictures, per_class_valid=2, seed=seed, test_share=0.3) for seed in (0, 1)]
    assert tasks[0].splits["test"].files == tasks[1].splits["test"].files
    assert tasks[0].splits["train"].files != tasks[1].splits["train"].files
    assert sum(map(len, tasks[0].splits.values())) == 60, "all that are left train"


def test_tif_bands_by_number(tmp_path):
    import rasterio

    for name in ("a", "b"):
        for i in range(8):
            path = tmp_path / name / f"{i}.tif"
            path.parent.mkdir(exist_ok=True)
            with rasterio.open(
                path,
                "w",
                driver="GTiff",
                width=8,
                height=8,
                count=5,
                dtype="uint16",
                crs="EPSG:32633",
                transform=rasterio.Affine(10, 0, 0, 0, -10, i),
            ) as file:
                ramp = np.arange(64, dtype=np.uint16).reshape(8, 8) + np.uint16(i)
                file.write(np.arange(5, dtype=np.uint16)[:, None, None] * np.uint16(100) + ramp)
    held_out = frozenset(chip_digest(p) for p in tmp_path.glob("*/0.tif"))
    task = folder_task(tmp_path, per_class_valid=1, held_out=held_out, sensor="gaofen", bands=(5, 2, None, 1))
    pixels, _ = task.splits["test"][0]
    assert task.bands == (0, 1, 3) and pixels[:, 0, 0].tolist() == [400, 100, 0] and task.sensor == "gaofen"


def test_too_few_images_and_no_folder(pictures, tmp_path):
    with pytest.raises(InputError, match="others of class field, found"):
        folder_task(pictures, per_class_train=30, per_class_valid=5)
    with pytest.raises(InputError, match="found none"):
        folder_task(tmp_path / "nowhere")
    with pytest.raises(InputError, match="at least two classes"):
        folder_task(tmp_path)
