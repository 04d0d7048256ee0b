"""`ofa stack`: the pixels of a virtual raster against those of its files, and files that do not fit together."""

import shutil

import numpy as np
import pytest
import rasterio

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import SegmentOptions, StackOptions
from ofa_engine.inference.segment import segment
from ofa_engine.raster.source import Source, detect_source
from ofa_engine.raster.stack import stack

from ..conftest import UTM, pixels_of, write_raster

S2 = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
FINE = ("B02", "B03", "B04", "B08")
LANDSAT = "LC08_L2SP_193024_20220620_20220705_02_T1_SR_B"
RANDOM = np.random.default_rng(1)


def grid(pixel_m, left=500000.0, top=5800000.0):
    return rasterio.Affine(pixel_m, 0, left, 0, -pixel_m, top)


def write_bands(folder, names, shape=(60, 80), dtype="uint16", high=3000, **more):
    """{name: its pixels}, of files NAME.tif of one band each."""
    pixels = {name: RANDOM.integers(100, high, shape).astype(dtype) for name in names}
    for name, values in pixels.items():
        write_raster(folder / f"{name}.tif", values[None], **more)
    return pixels


def run(folder, names, output="scene.vrt"):
    messages = []
    callbacks = Callbacks(log=lambda level, text: messages.append(f"{level}: {text}"))
    target = folder / output
    answer = stack(StackOptions([str(folder / f"{name}.tif") for name in names], str(target)), callbacks)
    return target, answer, messages


def test_bands_are_named_ordered_and_have_their_files_pixels(tmp_path):
    names = [f"T32UQD_20210601T101031_{name}" for name in reversed(S2)]
    pixels = write_bands(tmp_path, names, nodata=0)
    target, answer, messages = run(tmp_path, names)
    assert messages == [] and answer["bands"] == [*S2] and (answer["width"], answer["height"]) == (80, 60)
    with rasterio.open(target) as dataset:
        assert dataset.descriptions == S2 and dataset.nodatavals == (0.0,) * 10 and set(dataset.dtypes) == {"uint16"}
        assert dataset.crs.to_epsg() == 32633 and dataset.transform == UTM
        for number, name in enumerate(S2, 1):
            assert (dataset.read(number) == pixels[f"T32UQD_20210601T101031_{name}"]).all()
    with Source(target) as source:
        found = detect_source(source)
    assert (found.sensor, found.confidence, found.units) == ("sentinel-2", "certain", "dn"), found.reason
    assert found.bands == (3, 2, 1, 4, 5, 6, 7, 9, 10)


def test_a_stack_can_be_moved_with_its_files_or_alone(tmp_path):
    (tmp_path / "a" / "bands").mkdir(parents=True)
    pixels = write_bands(tmp_path / "a", ("x_VV", "x_VH"), dtype="float32")
    for output in ("x.vrt", "../x.vrt"):
        target, _, _ = run(tmp_path / "a", pixels, output)
        assert 'relativeToVRT="1"' in target.read_text() and str(tmp_path) not in target.read_text()
    shutil.move(tmp_path / "a", tmp_path / "b")
    with rasterio.open(tmp_path / "b" / "x.vrt") as dataset:
        assert (dataset.read(2) == pixels["x_VH"]).all()
    target, _, _ = run(tmp_path / "b", pixels, "bands/x.vrt")
    shutil.move(target, tmp_path / "moved.vrt")
    with rasterio.open(tmp_path / "moved.vrt") as dataset:
        assert (dataset.read(1) == pixels["x_VV"]).all()


@pytest.mark.parametrize("factor", [2, 3, 6])
def test_coarser_bands_are_repeated_onto_the_finest_grid(tmp_path, factor):
    fine = write_bands(tmp_path, FINE, (60, 84))
    coarse = write_bands(tmp_path, [n for n in S2 if n not in FINE], (60 // factor, 84 // factor))
    for name, values in coarse.items():
        write_raster(tmp_path / f"{name}.tif", values[None], transform=grid(10.0 * factor))
    target, _, _ = run(tmp_path, S2)
    with rasterio.open(target) as dataset:
        assert dataset.shape == (60, 84) and dataset.transform == UTM
        for number, name in enumerate(S2, 1):
            wanted = fine[name] if name in fine else coarse[name].repeat(factor, 0).repeat(factor, 1)
            assert (dataset.read(number) == wanted).all()
            for column, row, w, h in ((1, 1, 1, 1), (7, 5, 13, 11), (83, 59, 1, 1), (3, 0, 60, 59)):
                window = rasterio.windows.Window(column, row, w, h)
                assert (dataset.read(number, window=window) == wanted[row : row + h, column : column + w]).all()


def test_only_the_place_that_all_files_cover_is_used(tmp_path):
    fine = write_bands(tmp_path, FINE[:3], (60, 80))
    coarse = RANDOM.integers(1, 3000, (30, 40)).astype(np.uint16)
    write_raster(tmp_path / "B08.tif", coarse[None], transform=grid(20.0, left=499990.0, top=5800020.0))
    target, _, messages = run(tmp_path, FINE)
    assert messages == ["info: the files do not all cover the same place: only what all of them cover is used, 79 x 58 "
                        "px of 80 x 60"]  # fmt: skip
    whole = np.zeros((60, 81), np.uint16)
    whole[:, :] = coarse.repeat(2, 0)[:, :].repeat(2, 1)[:, np.r_[0:80, 79]]
    with rasterio.open(target) as dataset:
        assert (dataset.read(1) == fine["B04"][:58, :79]).all()
        assert (dataset.read(4) == coarse.repeat(2, 0).repeat(2, 1)[2:60, 1:80]).all()


def test_a_fine_band_that_is_not_read_does_not_set_the_grid(tmp_path):
    names = [f"{LANDSAT}{i}" for i in range(1, 8)]
    write_bands(tmp_path, names[1:], (30, 30), high=20000)
    write_bands(tmp_path, names[:1], (60, 60), high=20000, transform=grid(5.0))
    assert run(tmp_path, names)[1]["width"] == 30, "SR_B1 has no counterpart in Sentinel-2"


def test_landsats_scale_comes_from_its_product_unless_the_files_have_one(tmp_path):
    names = [f"{LANDSAT}{i}" for i in range(1, 8)]
    pixels = write_bands(tmp_path, names, high=30000, nodata=0)
    for values in pixels.values():
        values += 7000
        values[:5] = 0
    for name, values in pixels.items():
        write_raster(tmp_path / f"{name}.tif", values[None], nodata=0)
    target, answer, _ = run(tmp_path, names)
    assert answer["product"] == "landsat-8-9-l2"
    with Source(target) as source:
        values, valid = source.read([2], (0, 0, 80, 60))
        assert (valid == (np.arange(60) >= 5)[:, None]).all()
        np.testing.assert_allclose(values[0, 5:], pixels[names[1]][5:] * 0.0000275 - 0.2, rtol=1e-5)
        found = detect_source(source)
    assert (found.product, found.confidence, found.units) == ("landsat-8-9-l2", "certain", "reflectance"), found.reason
    with rasterio.open(tmp_path / f"{names[0]}.tif", "r+") as dataset:
        dataset.scales, dataset.offsets = (0.5,), (3.0,)
    with rasterio.open(run(tmp_path, names)[0]) as dataset:
        assert dataset.scales[:2] == (0.5, 0.0000275) and dataset.offsets[:2] == (3.0, -0.2)


@pytest.mark.parametrize("full", [1, 255, 65535])
@pytest.mark.parametrize("described", [True, False])
def test_a_second_band_of_a_mask_is_honoured(tmp_path, full, described):
    pixels = write_bands(tmp_path, FINE)
    holes = RANDOM.random((4, 60, 80)) < 0.1
    for (name, values), hole in zip(pixels.items(), holes, strict=True):
        mask = np.where(hole, 0, full).astype(np.uint16)
        names = (name, "dataMask") if described else ()
        write_raster(tmp_path / f"{name}.tif", np.stack([values, mask]), names=names)
    target, _, _ = run(tmp_path, FINE)
    with Source(target) as source:
        assert source.dataset.count == 4
        values, valid = source.read([1, 2, 3, 4], (0, 0, 80, 60))
    assert (valid == ~holes.any(0)).all() and (values[0][valid] == pixels["B04"][valid]).all()


def test_one_internal_mask_is_honoured(tmp_path):
    write_bands(tmp_path, FINE)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(tmp_path / "B03.tif", "r+") as dataset:
        dataset.write_mask(np.arange(80)[None].repeat(60, 0) < 25)
    with Source(run(tmp_path, FINE)[0]) as source:
        valid = source.read([1, 2, 3, 4], (0, 0, 80, 60))[1]
    assert (valid == (np.arange(80) < 25)).all()


def test_ground_control_points_are_kept(tmp_path):
    pixels = write_bands(tmp_path, ("a_VV", "a_VH"))
    corners = ((0, 0, 10.0, 50.0), (0, 80, 11.0, 50.1), (60, 0, 10.1, 49.0), (60, 80, 11.1, 49.1))
    points = [rasterio.control.GroundControlPoint(*corner) for corner in corners]
    for name, values in pixels.items():
        profile = {"driver": "GTiff", "count": 1, "height": 60, "width": 80, "dtype": "uint16"}
        with rasterio.open(tmp_path / f"{name}.tif", "w", **profile, gcps=points, crs="EPSG:4326") as dataset:
            dataset.write(values[None])
    with Source(run(tmp_path, pixels)[0]) as source:
        assert source.placed_by == "ground control points"
        found, crs = source.dataset.gcps
    assert crs.to_epsg() == 4326 and [(p.row, p.col, p.x, p.y) for p in found] == [*corners]


def test_files_that_do_not_fit_together(tmp_path):
    write_bands(tmp_path, FINE)
    values, turned = np.ones((1, 60, 80), np.uint16), rasterio.Affine(9, 1, 5e5, 1, -9, 58e5)
    for problem, more, pixels in (
        ('in one CRS, found .*33N" in B04.tif and .*32N" in B08.tif', {"crs": "EPSG:32632"}, values),
        ("in one CRS, found .* and none in B08.tif", {"crs": None}, values),
        ("B04.tif, B03.tif, B02.tif, ... do not overlap", {"transform": grid(10, 600000)}, values),
        ("turned against each other.*B08.tif and B04.tif", {"transform": turned}, values),
        ("one band in a file, and a mask at most, found 3 bands in B08.tif", {}, values.repeat(3, 0)),
        ("one band in a file, and a mask at most, found 2 bands in B08.tif", {},
         RANDOM.integers(0, 9, (2, 60, 80)).astype(np.uint16)),
    ):  # fmt: skip
        write_raster(tmp_path / "B08.tif", pixels, **more)
        with pytest.raises(InputError, match=problem):
            run(tmp_path, FINE)
    assert not (tmp_path / "scene.vrt").exists()
    for name, shape in (("a_VV", (60, 80)), ("a_VH", (50, 80))):
        write_bands(tmp_path, [name], shape, crs=None, transform=rasterio.Affine.identity())
    with pytest.raises(InputError, match="one size, as they do not say where they lie, found 80 x 60 px in a_VV.tif"):
        run(tmp_path, ("a_VV", "a_VH"))


def test_what_is_wrong_with_the_output_is_said_first(tmp_path):
    write_bands(tmp_path, FINE)
    for output, problem in (
        ("x.tif", "ending in .vrt"),
        (f"{'x' * 250}.vrt", "a shorter name"),
        ("no/x.vrt", "a folder"),
    ):
        with pytest.raises(InputError, match=problem):
            run(tmp_path, ["nothing"], output)
    with pytest.raises(InputError, match="no file .*nothing_B04.tif"):
        run(tmp_path, ["nothing_B04", "B03"])


def test_names_of_several_scenes_are_warned_of(tmp_path):
    write_bands(tmp_path, ("a_VV", "b_VH"))
    assert run(tmp_path, ("a_VV", "b_VH"))[2] == [
        "warning: a_VV.tif and b_VH.tif differ in more than the band: are they of one scene?"
    ]


def test_the_map_of_a_stack_is_that_of_the_same_bands_in_one_file(tmp_path):
    pixels = pixels_of("sentinel-2", 96, 96)  # B4, B3, B2, B5, ...
    order = ("B04", "B03", "B02", "B05", "B06", "B07", "B08", "B11", "B12")
    for name, values in zip(order, pixels, strict=True):
        write_raster(tmp_path / f"{name}.tif", values[None])
    one = write_raster(tmp_path / "one.tif", pixels, names=order)
    target, _, _ = run(tmp_path, order)
    for path, name in ((one, "a.tif"), (target, "b.tif")):
        segment(SegmentOptions(str(path), str(tmp_path / name), device="cpu"), Callbacks())
    with rasterio.open(tmp_path / "a.tif") as a, rasterio.open(tmp_path / "b.tif") as b:
        assert (a.read() == b.read()).all() and len(np.unique(a.read())) > 1


def test_numbered_bands_are_not_taken_for_sentinel_2s(tmp_path):
    pixels = write_bands(tmp_path, [f"NAIP-VA-b{i}" for i in range(1, 5)], dtype="uint8", high=255)
    with Source(run(tmp_path, pixels)[0]) as source:
        found = detect_source(source)
    assert (found.product, found.bands, found.confidence) == ("rgbn", (1, 2, 3, 4), "likely"), found.reason


def test_real_files_of_landsat_and_of_eo_browser(shared_data, tmp_path):
    for folder, pattern, product, sensor in (
        ("landsat8_c2l2", "*.TIF", "landsat-8-9-l2", "sentinel-2"),
        ("eobrowser_sentinel2", "*.tiff", "sentinel-2-l2a", "sentinel-2"),
    ):
        files = sorted(map(str, (shared_data / "real" / "detect" / folder).glob(pattern)))
        answer = stack(StackOptions(files, str(tmp_path / "x.vrt")), Callbacks())
        assert answer["product"] == product and answer["left_out"]
        with Source(tmp_path / "x.vrt") as source:
            found = detect_source(source)
        assert (found.product, found.sensor) == (product, sensor) and found.confidence != "ambiguous", found.reason
