"""Which band a file is by its name, and which files are one scene."""

import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.core.sensors import read_scene, scene_with
from ofa_engine.core.sensors.band_files import read_name

LANDSAT = "LC08_L2SP_193024_20220620_20220705_02_T1"
SAFE = "T32UQD_20210601T101031"
S2_FILES = [(b, 10) for b in ("02", "03", "04", "08")]
S2_FILES += [(b, 20) for b in ("05", "06", "07", "8A", "11", "12")] + [("01", 60), ("09", 60)]
S2_ORDER = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
L30 = "HLS.L30.T17SLS.2020209T155956.v2.0"


@pytest.mark.parametrize(
    ("name", "band", "scene"),
    [
        (f"{LANDSAT}_SR_B4.TIF", "SR_B4", LANDSAT),
        (f"{LANDSAT}_QA_PIXEL.TIF", "", LANDSAT),
        (f"{LANDSAT}_ST_B10.TIF", "", LANDSAT),
        (f"{SAFE}_B04_10m.jp2", "B04", SAFE),
        (f"{SAFE}_SCL_20m.jp2", "", SAFE),
        (f"{SAFE}_TCI_10m.jp2", "", SAFE),
        ("2018-12-01-00_00_Sentinel-2_L2A_B8A_(Raw).tiff", "B8A", "2018-12-01-00_00_Sentinel-2_L2A"),
        ("2018-12-01-00_00_Sentinel-2_L2A_True_color.tiff", "", "2018-12-01-00_00_Sentinel-2_L2A"),
        ("x.data/Sigma0_VV_db.img", "VV", "Sigma0"),
        ("s1a-iw-grd-vh-20210401t052624-001.tiff", "vh", "s1a-iw-grd"),
        (r"C:\scenes\S1A_IW_VH.tif", "VH", "S1A_IW"),
        ("https://example.com/S2A_33UUP/B04.tif?key=B8", "B04", "S2A_33UUP"),
        ("psscene_coastal_blue.tif", "coastal_blue", "psscene"),
        ("psscene_green_i.tif", "green_i", "psscene"),
        ("field-red edge 1.tif", "red edge 1", "field"),
        ("ortho_R.tif", "R", "ortho"),
        ("Red_River_B08.tif", "B08", "Red_River"),
    ],
)
def test_bands_of_names(name, band, scene):
    found = read_name(name)
    assert (found.band, found.scene) == (band, scene)


@pytest.mark.parametrize("name", ["IMG_0000_1.tif", "ortho.tif", "B_2021.tif", f"{LANDSAT}_MTL.txt", "B04x.tif"])
def test_names_without_a_band(name):
    assert read_name(name) is None
    with pytest.raises(InputError, match=f"a name that tells the band.* found {name}: rename it"):
        read_scene(["a_B04.tif", name])


@pytest.mark.parametrize(
    ("names", "product", "bands"),
    [
        (
            [f"{LANDSAT}_SR_B{i}.TIF" for i in (7, 2, 4, 3, 6, 5, 1)],
            "landsat-8-9-l2",
            [f"SR_B{i}" for i in range(1, 8)],
        ),
        (
            [f"LE07_x_SR_B{i}.TIF" for i in (5, 7, 1, 2, 3, 4)],
            "landsat-4-7-l2",
            [f"SR_B{i}" for i in (1, 2, 3, 4, 5, 7)],
        ),
        ([f"{SAFE}_B{b}_{m}m.jp2" for b, m in S2_FILES], "sentinel-2-l2a", S2_ORDER),
        ([f"{SAFE}_B{b}_10m.jp2" for b in ("02", "03", "04", "08")], "sentinel-2-10m", ["B04", "B03", "B02", "B08"]),
        ([f"{L30}.B0{i}.tif" for i in range(1, 8)], "hls-l30", [f"{L30}.B0{i}" for i in range(2, 8)]),
        (["a_VH.tif", "a_VV.tif"], "sentinel-1-grd", ["VV", "VH"]),
        ([f"naip_{c}.tif" for c in ("NIR", "B", "G", "R")], "rgbn", ["R", "G", "B", "NIR"]),
        ([f"{c}.tif" for c in ("nir", "yellow", "red", "rededge", "coastal_blue", "blue", "green_i", "green")],)
        + ("planetscope-8", ["coastal_blue", "blue", "green_i", "green", "yellow", "red", "rededge", "nir"]),
        ([f"Red_River_B0{i}.tif" for i in (2, 3, 4, 8)], "sentinel-2-10m", ["B04", "B03", "B02", "B08"]),
        (["a_B03.tif", "a_B02.tif"], None, ["B03", "B02"]),
    ],
)
def test_scenes_of_files(names, product, bands):
    scene = read_scene(names)
    assert (scene.product.id if scene.product else None) == product
    assert [name for name, _ in scene.files] == bands
    assert all(file.split(".")[-2].upper().endswith(band[-2:].upper()) or "m.jp2" in file for band, file in scene.files)


@pytest.mark.parametrize("count", [2, 3, 4])
def test_numbers_of_a_files_bands_are_no_names(count):
    scene = read_scene([f"NAIP-VA-b{i}.tiff" for i in range(count, 0, -1)])
    assert scene.product is None and scene.name == "NAIP-VA"
    assert scene.files == tuple((f"Band {i}", f"NAIP-VA-b{i}.tiff") for i in range(1, count + 1))
    assert read_scene([f"x_B{i}.tif" for i in (2, 3, 4, 8)]).product.id == "sentinel-2-10m"


def test_what_is_no_band_is_left_out():
    bands = [f"{LANDSAT}_SR_B{i}.TIF" for i in range(1, 8)]
    others = [f"{LANDSAT}_{word}.TIF" for word in ("QA_PIXEL", "QA_RADSAT", "SR_QA_AEROSOL", "ST_B10")]
    scene = read_scene([*others, *bands])
    assert [file for _, file in scene.files] == bands and [file for file, _ in scene.left_out] == others
    assert scene.reads == ("", "B2", "B3", "B4", "B8", "B11", "B12"), "the coastal band has no counterpart"
    files = [f"{L30}.B{i:02}.tif" for i in range(2, 8)]
    scene = read_scene([*files, f"{L30}.B10.tif"])
    assert scene.left_out == ((f"{L30}.B10.tif", "no band of HLS L30 reflectance"),)


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (["a_B04.tif", "b_B04.tif", "a_B03.tif"], "one file per band, found 2 of B04: a_B04.tif and b_B04.tif"),
        (["a_B04.tif", "a_red.tif", "a_B03.tif"], "one file per band, found 2 of B04: a_B04.tif and a_red.tif"),
        (["a_B04.tif", "a_VV.tif"], "two bands or more of one scene, found a_B04.tif, a_VV.tif"),
        (["a_B04.tif"], "two bands or more of one scene, found a_B04.tif"),
        ([f"{LANDSAT}_QA_PIXEL.TIF"], "two bands or more of one scene, found none"),
    ],
)
def test_files_that_make_no_scene(names, problem):
    with pytest.raises(InputError, match=problem):
        read_scene(names)


def test_files_of_several_scenes_show_in_their_keys():
    assert len(read_scene(["a_B04.tif", "b_B03.tif"]).keys) == 2
    assert len(read_scene([f"{SAFE}_B04_10m.jp2", f"{SAFE}_B05_20m.jp2"]).keys) == 1


def test_the_scene_around_one_of_its_files():
    mine = [f"/d/R{m}m/{SAFE}_B{b}_{m}m.jp2" for b, m in S2_FILES]
    coarse = [f"/d/R60m/{SAFE}_B{b}_60m.jp2" for b in ("02", "04", "8A")]
    others = [f"/d/{name}" for name in ("T32UQD_20210611T101031_B04_10m.jp2", "notes.tif", f"{SAFE}_SCL_20m.jp2")]
    scene = scene_with(mine[5], [*coarse, *others, *mine])
    assert scene.product.id == "sentinel-2-l2a" and {file for _, file in scene.files} == {*mine}, "the finest files"
    assert scene.name == SAFE
    for path in ("/d/ortho.tif", "/d/a_B04.tif", f"/d/{SAFE}_SCL_20m.jp2"):
        assert scene_with(path, mine) is None
    assert scene_with("/d/a_B04.tif", ["/d/a_B03.tif"]) is None, "no product has these two alone"
