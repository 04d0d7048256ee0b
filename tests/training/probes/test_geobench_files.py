"""The reader on a generated GEO-Bench in the published layout, on real samples where they are, and on hostile files."""

import json
import pickle
import shutil

import h5py
import numpy as np
import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import get_sensor
from training.probes.geobench_files import TASKS, available, open_task

from ..make_geobench import LAYOUTS, instance, make_geobench, package
from .test_safe_pickle import HOSTILE

PAPER = [
    "m-bigearthnet",
    "m-forestnet",
    "m-brick-kiln",
    "m-pv4ger",
    "m-so2sat",
    "m-eurosat",
    "m-pv4ger-seg",
    "m-nz-cattle",
    "m-NeonTree",
    "m-cashew-plantation",
    "m-SA-crop-type",
    "m-chesapeake-landcover",
]


def folder_of(root, name):
    return next(root.glob(f"*/{TASKS[name].folder or name}"))


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    return make_geobench(tmp_path_factory.mktemp("geobench"), samples=(4, 2, 2), px=20)


@pytest.fixture
def copy(tree, tmp_path):
    """copy(name): a task's folder of its own, to be damaged; returns its root and itself."""

    def make(name):
        source = folder_of(tree, name)
        shutil.copytree(source, tmp_path / source.parent.name / source.name)
        return tmp_path, tmp_path / source.parent.name / source.name

    return make


# --- what is read -------------------------------------------------------------------------------------------------


def test_the_twelve_tasks_in_the_papers_order(tree):
    assert list(TASKS) == PAPER == available(tree)
    assert available(tree / "classification_v1.0") == PAPER[:6]
    assert available(tree / "none") == []


@pytest.mark.parametrize("name", PAPER)
def test_every_task_reads_as_h5py_does(tree, name):
    task = open_task(tree, name)
    layout = LAYOUTS[TASKS[name].folder or name]
    assert (task.name, task.kind, len(task.classes)) == (name, layout.kind, layout.classes)
    assert [len(task.splits[split]) for split in ("train", "valid", "test")] == [4, 2, 2]
    assert task.bands == tuple(sorted(task.bands)) and len(task.bands) <= len(get_sensor(task.sensor).bands)
    stats = json.loads((folder_of(tree, name) / "band_stats.json").read_text())
    assert task.mean == tuple(stats[band]["mean"] for band in task.source_bands)
    assert task.std == tuple(stats[band]["std"] for band in task.source_bands)
    for number in range(2):
        pixels, label = task.splits["valid"][number]
        assert pixels.dtype == np.float32 and pixels.shape == (len(task.bands), 20, 20)
        with h5py.File(folder_of(tree, name) / f"id_{4 + number:04d}.hdf5") as file:
            dates = {key.split("_")[-1] for key in file} if layout.dated else {""}
            assert len(dates) == 1
            keys = {key.removesuffix(f"_{min(dates)}"): key for key in file}
            for plane, band in zip(pixels, task.source_bands, strict=True):
                assert np.array_equal(plane, file[keys[band]][()].astype(np.float32))
            if layout.kind == "segment":
                assert label.dtype == np.int64 and np.array_equal(label, file[keys["label"]][()])
        if layout.kind == "classify":
            assert type(label) is int and label == (4 + number) % layout.classes
        if layout.kind == "multilabel":
            assert label.dtype == np.float32 and label.shape == (43,) and 1 <= label.sum() <= 3
    with pytest.raises(IndexError, match="below 2, found 2"):
        task.splits["valid"][2]
    with pytest.raises(IndexError):
        task.splits["valid"][-1]


def band_of(task, band):
    """The stored name of the sensor's band."""
    return task.source_bands[task.bands.index(get_sensor(task.sensor).band_names.index(band))]


def test_bands_whose_names_are_wrong_are_taken_by_their_true_order(tree):
    eurosat, kiln = open_task(tree, "m-eurosat"), open_task(tree, "m-brick-kiln")
    assert [band_of(eurosat, b) for b in ("B8", "B11", "B12")] == ["08 - NIR", "10 - SWIR - Cirrus", "11 - SWIR"]
    stored = [
        "04 - Red",
        "03 - Green",
        "02 - Blue",
        "05 - Vegetation Red Edge",
        "06 - Vegetation Red Edge",
        "08 - NIR",
        "08A - Vegetation Red Edge",
        "09 - Water vapour",
    ]
    assert [band_of(kiln, b) for b in ("B4", "B3", "B2", "B5", "B7", "B8", "B11", "B12")] == stored
    assert kiln.bands == (0, 1, 2, 3, 5, 6, 7, 8)
    assert any("B6" in note for note in kiln.notes)
    assert all(any("names are wrong" in note for note in task.notes) for task in (eurosat, kiln))


def test_bands_of_other_sensors(tree):
    forest, so2sat = open_task(tree, "m-forestnet"), open_task(tree, "m-so2sat")
    assert (forest.sensor, forest.bands) == ("sentinel-2", (0, 1, 2, 6, 7, 8))
    assert forest.source_bands == ("04 - Red", "03 - Green", "02 - Blue", "05 - NIR", "06 - SWIR1", "07 - SWIR2")
    assert any("stand in" in note for note in forest.notes)
    assert so2sat.bands == tuple(range(9)) and so2sat.source_bands[-2:] == ("11 - SWIR", "12 - SWIR")
    unused = next(note for note in so2sat.notes if note.startswith("not used"))
    assert "01 - VH.Real" in unused and "08 - VV.LEE Filtered.Imaginary" in unused and "08A" in unused
    chesapeake = open_task(tree, "m-chesapeake-landcover")
    assert (chesapeake.sensor, chesapeake.source_bands) == ("gaofen", ("Red", "Green", "Blue", "NearInfrared"))
    for name in ("m-pv4ger", "m-pv4ger-seg", "m-nz-cattle", "m-NeonTree"):
        task = open_task(tree, name)
        assert (task.sensor, task.source_bands) == ("naip", ("Red", "Green", "Blue"))
    cashew = open_task(tree, "m-cashew-plantation")
    assert len(cashew.bands) == 9 and any("Cloud Probability" in note for note in cashew.notes)


def test_partitions(tree):
    task, few = open_task(tree, "m-eurosat"), open_task(tree, "m-eurosat", "0.50x_train")
    assert len(few.splits["train"]) == 2 and len(few.splits["test"]) == 2
    assert task.key != few.key and task.key == open_task(tree, "m-eurosat").key
    with pytest.raises(InputError, match=r"0.01x_train.*default.*found '0.3x_train'"):
        open_task(tree, "m-eurosat", "0.3x_train")


def test_the_generated_pictures_can_be_learned(tmp_path):
    make_geobench(tmp_path, ["m-eurosat", "m-SA-crop-type"], (30, 0, 20), px=16)
    for name in ("m-eurosat", "m-SA-crop-type"):
        task = open_task(tmp_path, name)
        colours, labels = {}, {}
        for split in ("train", "test"):
            pairs = [task.splits[split][number] for number in range(len(task.splits[split]))]
            if task.kind == "classify":
                colours[split] = np.stack([pixels.mean((1, 2)) for pixels, _ in pairs])
                labels[split] = np.array([label for _, label in pairs])
            else:
                colours[split] = np.concatenate([pixels.reshape(len(pixels), -1).T for pixels, _ in pairs])
                labels[split] = np.concatenate([label.ravel() for _, label in pairs])
        centres = np.stack([colours["train"][labels["train"] == k].mean(0) for k in range(10)])
        guesses = ((colours["test"][:, None] - centres) ** 2).sum(2).argmin(1)
        assert (guesses == labels["test"]).mean() > 0.9, name


# --- incomplete and damaged data ----------------------------------------------------------------------------------


def test_samples_that_are_not_there_are_skipped_and_counted(copy):
    root, folder = copy("m-pv4ger")
    before = open_task(root, "m-pv4ger")
    (folder / "id_0001.hdf5").unlink()
    task = open_task(root, "m-pv4ger")
    assert len(task.splits["train"]) == 3 and task.splits["train"].names == ["id_0000", "id_0002", "id_0003"]
    assert any("1 of 4 train samples" in note for note in task.notes) and task.key != before.key
    for path in folder.glob("*.hdf5"):
        path.unlink()
    with pytest.raises(InputError, match="found none of them"):
        open_task(root, "m-pv4ger")


@pytest.mark.parametrize("damage", ["no file", "no band", "no number"])
def test_statistics_from_training_samples(copy, damage):
    root, folder = copy("m-so2sat")
    stats = json.loads((folder / "band_stats.json").read_text())
    (folder / "band_stats.json").unlink()
    if damage == "no number":
        stats["08 - NIR"]["std"] = float("nan")
    if damage == "no band":
        del stats["08 - NIR"]
    if damage != "no file":
        (folder / "band_stats.json").write_text(json.dumps(stats))
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        file["08 - NIR"][:3] = np.nan
        file["02 - Blue"][:] = 5e6  # large values cost no digits
    task = open_task(root, "m-so2sat")
    pixels = np.stack([task.splits["train"][i][0] for i in range(4)]).astype(np.float64)
    np.testing.assert_allclose(task.mean, np.nanmean(pixels, (0, 2, 3)), rtol=1e-9)
    np.testing.assert_allclose(task.std, np.nanstd(pixels, (0, 2, 3)), rtol=1e-9)
    assert any("4 training samples" in note for note in task.notes)


def test_classes_without_specifications(copy):
    root, folder = copy("m-pv4ger-seg")
    (folder / "task_specs.pkl").unlink()
    assert open_task(root, "m-pv4ger-seg").classes == ("class 0", "class 1")  # from a sample
    root, folder = copy("m-eurosat")
    (folder / "task_specs.pkl").unlink()
    task = open_task(root, "m-eurosat")
    assert task.classes == tuple("0123456789") and any("published number" in note for note in task.notes)


def specs(name="SegmentationClasses", count=2, bands=("Red", "Green", "Blue")):
    with package("ccb.io") as types:
        kind = type(name, (), {})
        label = instance(types.get(name, kind), n_classes=count, _class_names=None)
        infos = [instance(types["SpectralBand"], name=band) for band in bands]
        made = instance(types["TaskSpecifications"], bands_info=infos, label_type=label)
        return pickle.dumps(made, protocol=4)


def test_specifications_are_checked_against_the_table(copy):
    root, folder = copy("m-pv4ger-seg")
    path = folder / "task_specs.pkl"
    for data, message in [
        (specs("Classification"), "segment task of 2 classes.*Classification"),
        (specs(bands=("Red", "Green")), "Red, Green, Blue in .*, found Red, Green"),
        (specs(count="two"), "segment task"),
        (b"junk", "damaged"),
    ]:
        path.write_bytes(data)
        with pytest.raises(InputError, match=message):
            open_task(root, "m-pv4ger-seg")
    path.write_bytes(specs(count=3))
    task = open_task(root, "m-pv4ger-seg")
    assert task.classes == ("0", "1", "2") and any("3 classes" in note for note in task.notes)


def test_labels(copy):
    root, folder = copy("m-nz-cattle")
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        key = next(key for key in file if key.startswith("label"))
        file[key][0, :3] = [255, -1, 1]
    label = open_task(root, "m-nz-cattle").splits["train"][0][1]
    assert label[0, :3].tolist() == [-1, -1, 1]
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        file[key][0, 0] = 2
    with pytest.raises(InputError, match="labels below 2 .*id_0000"):
        open_task(root, "m-nz-cattle").splits["train"][0]


@pytest.mark.parametrize("label", [10, -1, 1.5, True, None, "1", [1], np.zeros(10, int)])
def test_wrong_labels_of_classification(copy, label):
    root, folder = copy("m-eurosat")
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        file.attrs["pickle"] = str(pickle.dumps({"label": label}, protocol=4))
    with pytest.raises(InputError, match="a label below 10"):
        open_task(root, "m-eurosat").splits["train"][0]


@pytest.mark.parametrize("label", [1, np.zeros(42, int), np.full(43, 2), np.full(43, np.nan), [0] * 42 + ["1"]])
def test_wrong_labels_of_several_classes(copy, label):
    root, folder = copy("m-bigearthnet")
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        file.attrs["pickle"] = str(pickle.dumps({"label": label}, protocol=4))
    with pytest.raises(InputError, match="43 labels of 0 and 1"):
        open_task(root, "m-bigearthnet").splits["train"][0]


def test_files_that_are_not_samples(copy):
    root, folder = copy("m-pv4ger")
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        del file["Green"]
    with pytest.raises(InputError, match="expected 'Green' in .*id_0000.hdf5, found Blue, Red"):
        open_task(root, "m-pv4ger").splits["train"][0]
    with h5py.File(folder / "id_0001.hdf5", "r+") as file:
        file["Green_2019-01-01"] = file["Green"][()]
    with pytest.raises(InputError, match="several dates"):
        open_task(root, "m-pv4ger").splits["train"][1]
    with h5py.File(folder / "id_0002.hdf5", "r+") as file:
        del file["Green"]
        file.create_group("Green")
    with pytest.raises(InputError, match="'Green' to be readable"):
        open_task(root, "m-pv4ger").splits["train"][2]
    (folder / "id_0000.hdf5").write_bytes(b"not HDF5")
    with pytest.raises(InputError, match="in HDF5, found"):
        open_task(root, "m-pv4ger")


def test_what_is_not_there_is_named(tree, tmp_path):
    with pytest.raises(InputError, match="a task out of m-bigearthnet.*'m-nothing'"):
        open_task(tree, "m-nothing")
    with pytest.raises(InputError, match="m-cashew-plant of GEO-Bench in .*found tasks: none"):
        open_task(tmp_path, "m-cashew-plantation")
    (tmp_path / "m-eurosat").mkdir()
    (tmp_path / "m-eurosat" / "default_partition.json").write_text("[]")
    with pytest.raises(InputError, match="train, valid and test"):
        open_task(tmp_path, "m-eurosat")
    (tmp_path / "m-eurosat" / "default_partition.json").write_text("{")
    with pytest.raises(InputError, match="JSON"):
        open_task(tmp_path, "m-eurosat")


def test_a_hostile_sample_and_hostile_specifications(copy, tmp_path, monkeypatch):
    root, folder = copy("m-pv4ger")
    monkeypatch.chdir(tmp_path)
    with h5py.File(folder / "id_0000.hdf5", "r+") as file:
        file.attrs["pickle"] = str(HOSTILE["os.system"])
    task = open_task(root, "m-pv4ger")
    with pytest.raises(InputError, match="id_0000.*mkdir"):
        task.splits["train"][0]
    (folder / "task_specs.pkl").write_bytes(HOSTILE["builtins.eval"])
    with pytest.raises(InputError, match="task_specs.*eval"):
        open_task(root, "m-pv4ger")
    assert not (tmp_path / "bomb").exists()


# --- the real thing -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared_data):
    if not (shared_data / "geobench").is_dir():
        pytest.skip("no samples of GEO-Bench among the real data (OFANET_TEST_DATA)")
    return shared_data / "geobench"


def test_real_samples_read_as_h5py_does(real):
    names = available(real)
    assert names
    for name in names:
        task = open_task(real, name)
        stats = json.loads((real / (TASKS[name].folder or name) / "band_stats.json").read_text())
        assert task.mean == tuple(stats[band]["mean"] for band in task.source_bands)
        split = task.splits["train"]
        assert len(split)
        for number, sample in enumerate(split.names):
            pixels, label = split[number]
            with h5py.File(split.folder / f"{sample}.hdf5") as file:
                for plane, band in zip(pixels, task.source_bands, strict=True):
                    assert np.array_equal(plane, file[band][()].astype(np.float32)), (sample, band)
                if task.kind == "segment":
                    assert np.array_equal(label, file["label"][()])
                else:
                    assert f"(\\x8c\\x05label\\x94K\\x{label:02x}" in file.attrs["pickle"]


def test_real_brick_kilns_and_land_cover(real):
    if {"m-brick-kiln", "m-chesapeake-landcover"} - set(available(real)):
        pytest.skip("the samples of m-brick-kiln and m-chesapeake-landcover are not among the real data")
    kiln, cover = open_task(real, "m-brick-kiln"), open_task(real, "m-chesapeake-landcover")
    assert kiln.classes == ("not brick kiln", "brick kiln")
    pixels, _ = kiln.splits["test"][0]
    assert pixels.shape == (8, 64, 64)
    # the three last stored bands are an 8-bit picture of the first three: the true order, not the stored names
    path = kiln.splits["test"].folder / f"{kiln.splits['test'].names[0]}.hdf5"
    with h5py.File(path) as file:
        for plane, picture in zip(pixels[:3], ("10 - SWIR - Cirrus", "11 - SWIR", "12 - SWIR"), strict=True):
            assert np.corrcoef(plane.ravel(), file[picture][()].ravel())[0, 1] > 0.99
    assert cover.classes == tuple("0123456")
    pixels, label = cover.splits["train"][0]
    assert pixels.shape == (4, 256, 256) and 0 <= pixels.min() and pixels.max() <= 1
    assert label.shape == (256, 256) and set(np.unique(label)) <= set(range(7))
