import json
import tracemalloc
import warnings

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from pyproj import Geod

from ofa_engine.accuracy.sample import count_strata, draw_points, format_sample_summary, sample
from ofa_engine.accuracy.stratified import Z_95, allocate, stratified_estimates
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, OutputError
from ofa_engine.core.options import SampleOptions, SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces.cli import main
from ofa_engine.learning.metrics import confusion
from ofa_engine.raster.class_names import read_class_names
from ofa_engine.raster.source import Source

from ..conftest import UTM, pixels_of, write_raster


def class_layer(path, shape=(300, 400), seed=0, values=(1, 2, 7), shares=(0.05, 0.6, 0.3, 0.05), **more):
    """The last share is nodata."""
    rng = np.random.default_rng(seed)
    pixels = rng.choice([*values, 255], shape, p=shares).astype(np.uint8)
    return write_raster(path, pixels[None], nodata=255, **more), pixels


def read(path):
    meta, _, wkb, values = pyogrio.raw.read(path)
    return meta, shapely.from_wkb(wkb), dict(zip(meta["fields"], values, strict=True))


def leftovers(folder):
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


TURNED, SOUTH_UP = rasterio.Affine(8.0, 6, 5e5, 6, -8, 5.8e6), rasterio.Affine(9.0, 0, 5e5, 0, 9, 5.8e6)


@pytest.mark.parametrize("transform", [UTM, TURNED, SOUTH_UP])
def test_points_are_middles_of_pixels_of_their_class(tmp_path, transform):
    path, pixels = class_layer(tmp_path / "map.tif", transform=transform, blockysize=64, blockxsize=64, tiled=True)
    answer = sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), Callbacks())
    meta, points, fields = read(tmp_path / "p.gpkg")
    assert meta["geometry_type"] == "Point" and meta["crs"] == "EPSG:32633"
    inverse = ~transform
    x, y = shapely.get_x(points), shapely.get_y(points)
    column = inverse.a * x + inverse.b * y + inverse.c
    row = inverse.d * x + inverse.e * y + inverse.f
    np.testing.assert_allclose([column % 1, row % 1], 0.5, atol=1e-4)
    np.testing.assert_array_equal(pixels[row.astype(int), column.astype(int)], fields["map_class"])
    assert len({(r, c) for r, c in zip(row.astype(int), column.astype(int), strict=True)}) == len(points)
    for entry in answer["classes"]:
        mine = fields["map_class"] == entry["value"]
        assert mine.sum() == entry["points"] == fields["stratum_points"][mine][0]
        assert set(fields["stratum_pixels"][mine]) == {(pixels == entry["value"]).sum()} == {entry["pixels"]}
        assert set(fields["map_name"][mine]) == {str(entry["value"])} == {entry["name"]}
        ha = (pixels == entry["value"]).sum() * abs(transform.determinant) / 1e4
        assert fields["stratum_ha"][mine] == pytest.approx(ha, rel=2e-3)
        assert fields["stratum_weight"][mine] == pytest.approx(entry["pixels"] / (pixels != 255).sum(), rel=1e-3)
    assert list(fields["reference"]) == [None] * len(points) and set(fields["map_file"]) == {"map.tif"}
    assert answer["points"] == len(points) >= 398 and answer["classes"][0]["points"] == 50
    assert sum(e["weight"] for e in answer["classes"]) == pytest.approx(1)
    changes = (np.diff(fields["map_class"].astype(int)) != 0).mean()
    assert changes > 0.2, "points are in random order"
    assert (
        json.loads(json.dumps(answer)) == answer and "50" in format_sample_summary(answer) and not leftovers(tmp_path)
    )


def test_deterministic_for_a_seed(tmp_path):
    path, _ = class_layer(tmp_path / "map.tif")
    drawn = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample(SampleOptions(str(path), str(tmp_path / f"{name}.gpkg"), seed=seed), Callbacks())
        drawn.append(read(tmp_path / f"{name}.gpkg")[1])
    assert (drawn[0] == drawn[1]).all() and not (drawn[0] == drawn[2]).all()


def test_the_file_is_a_geopackage_that_older_readers_know(tmp_path):
    path, _ = class_layer(tmp_path / "map.tif")
    sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), Callbacks())
    header = (tmp_path / "p.gpkg").read_bytes()[:72]
    assert int.from_bytes(header[60:64], "big") == 10300  # user_version in SQLite's header


def test_every_pixel_of_a_class_is_as_likely(tmp_path):
    """Over many seeds each pixel is drawn as often as any other of its class, in whatever block it lies."""
    path, pixels = class_layer(tmp_path / "map.tif", (24, 40), blockysize=16, blockxsize=16, tiled=True)
    times = np.zeros(pixels.shape)
    with Source(path) as source:
        strata = count_strata(source, Callbacks())
        points = np.minimum([10, 40, 30], strata.pixels)
        for seed in range(400):
            row, column, _ = draw_points(source, strata, points, seed, Callbacks())
            np.add.at(times, (row, column), 1)
    for value, count, total in zip(strata.values, points, strata.pixels, strict=True):
        found, chance = times[pixels == value], count / total
        spread = np.sqrt(400 * chance * (1 - chance))
        assert abs(found - 400 * chance).max() < 5 * spread
        assert found.std() == pytest.approx(spread, rel=0.2)
    assert (times[pixels == 255] == 0).all()


def test_estimates_are_unbiased_and_intervals_cover(tmp_path):
    """A simulated map with known errors: over many samples the estimates' mean is the truth, and 95 % intervals hold it
    about that often."""
    rng = np.random.default_rng(3)
    truth = rng.choice(3, (200, 200), p=(0.1, 0.3, 0.6))
    wrong = rng.random(truth.shape) < np.array([0.3, 0.1, 0.05])[truth]
    mapped = np.where(wrong, np.where(truth == 0, 1, 0), truth)
    path = write_raster(tmp_path / "map.tif", mapped.astype(np.uint8)[None])
    shares, overall = np.bincount(truth.ravel()) / truth.size, (truth == mapped).mean()
    areas, accuracies, covered = [], [], []
    with Source(path) as source:
        strata = count_strata(source, Callbacks())
        points = allocate(400, strata.pixels, 50)
        for seed in range(150):
            row, column, index = draw_points(source, strata, points, seed, Callbacks())
            found = stratified_estimates(confusion(truth[row, column], index, 3), strata.weight)
            areas.append(found.share)
            accuracies.append(found.overall)
            covered.append(abs(found.share - shares) <= Z_95 * found.share_se)
    error = np.std(areas, 0) / np.sqrt(150)
    assert (abs(np.mean(areas, 0) - shares) < 4 * error).all()
    assert abs(np.mean(accuracies) - overall) < 4 * np.std(accuracies) / np.sqrt(150)
    assert (np.mean(covered, 0) > 0.88).all()
    naive = np.mean(mapped == 0)
    assert abs(naive - shares[0]) > 5 * error[0], "the map's own area is off, so that the test means something"


def test_names_come_from_our_own_layers(scene, tmp_path):
    path = scene("naip")
    segment(SegmentOptions(str(path), str(tmp_path / "map.tif")), Callbacks())
    assert read_class_names(str(tmp_path / "map.tif")) == {1: "water", 2: "forest", 7: "bare & dry"}
    sample(SampleOptions(str(tmp_path / "map.tif"), str(tmp_path / "p.gpkg"), least=5), Callbacks())
    fields = read(tmp_path / "p.gpkg")[2]
    known = {1: "water", 2: "forest", 7: "bare & dry"}
    assert [known[v] for v in fields["map_class"].tolist()] == fields["map_name"].tolist()
    (tmp_path / "map.tif.aux.xml").write_text("<broken")
    assert read_class_names(str(tmp_path / "map.tif")) == {}


def test_without_crs_there_are_no_areas(tmp_path):
    path, pixels = class_layer(tmp_path / "map.tif", crs=None, transform=rasterio.Affine.identity())
    answer = sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), Callbacks())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        meta, points, fields = read(tmp_path / "p.gpkg")
    assert np.isnan(fields["stratum_ha"]).all() and all(e["area_ha"] is None for e in answer["classes"])
    assert answer["classes"][1]["weight"] == pytest.approx((pixels == 2).sum() / (pixels != 255).sum())
    x, y = shapely.get_x(points).astype(int), shapely.get_y(points).astype(int)
    np.testing.assert_array_equal(pixels[y, x], fields["map_class"])


def test_areas_in_degrees_are_those_of_the_ellipsoid(tmp_path):
    transform = rasterio.Affine(0.01, 0, 10, 0, -0.01, 60)
    north = np.repeat([1, 2], 500)[:, None].repeat(20, 1).astype(np.uint8)  # ten degrees from 60 N to the south
    path = write_raster(tmp_path / "map.tif", north[None], crs="EPSG:4326", transform=transform)
    answer = sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), Callbacks())
    areas = [entry["area_ha"] for entry in answer["classes"]]
    boxes = [shapely.segmentize(shapely.box(10, south, 10.2, south + 5), 0.01) for south in (55, 50)]
    known = [abs(Geod(ellps="WGS84").geometry_area_perimeter(box)[0]) / 1e4 for box in boxes]
    assert areas == pytest.approx(known, rel=1e-3) and areas[1] > 1.1 * areas[0]
    assert answer["classes"][0]["weight"] == pytest.approx(areas[0] / sum(areas))


def test_tiny_classes_are_taken_whole(tmp_path):
    pixels = np.ones((50, 50), np.uint8)
    pixels[0, :3] = 2
    path = write_raster(tmp_path / "map.tif", pixels[None])
    answer = sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), Callbacks())
    assert [entry["points"] for entry in answer["classes"]][1] == 3


def test_bad_input_gives_one_line(tmp_path):
    path, _ = class_layer(tmp_path / "map.tif")
    empty = write_raster(tmp_path / "empty.tif", np.full((1, 9, 9), 255, np.uint8), nodata=255)
    undeclared = write_raster(tmp_path / "undeclared.tif", np.full((1, 9, 9), 255, np.uint8))
    scene = write_raster(tmp_path / "scene.tif", pixels_of("naip", 20, 20))
    halves = write_raster(tmp_path / "halves.tif", np.full((1, 9, 9), 1.5, np.float32))
    cases = [
        (dict(input=str(tmp_path / "none.tif")), InputError, "found no file"),
        (dict(input=str(empty)), InputError, "all is nodata"),
        (dict(input=str(undeclared)), InputError, "nodata value declared"),
        (dict(input=str(scene)), InputError, "found 3 bands"),
        (dict(input=str(halves)), InputError, "whole numbers"),
        (dict(target_error=0.0), InputError, "target error"),
        (dict(least=1), InputError, "at least 2 points"),
        (dict(output=str(tmp_path / "p.shp")), OutputError, "ending in .gpkg"),
        (dict(output=str(tmp_path / "no" / "p.gpkg")), OutputError, "create it first"),
    ]
    for more, error, says in cases:
        with pytest.raises(error, match=says) as caught:
            sample(SampleOptions(**(dict(input=str(path), output=str(tmp_path / "p.gpkg")) | more)), Callbacks())
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
        assert not (tmp_path / "p.gpkg").exists() and not leftovers(tmp_path)


def test_a_map_that_breaks_off_and_a_cancel_leave_nothing(tmp_path):
    path, _ = class_layer(tmp_path / "map.tif", (2000, 1500))
    broken = tmp_path / "broken.tif"
    broken.write_bytes(path.read_bytes()[:-40_000])
    (tmp_path / "p.gpkg").write_text("old")
    with pytest.raises(InputError) as caught:
        sample(SampleOptions(str(broken), str(tmp_path / "p.gpkg")), Callbacks())
    assert "\n" not in str(caught.value)
    seen = []
    callbacks = Callbacks(progress=lambda *state: seen.append(state), cancelled=lambda: len(seen) > 2)
    with pytest.raises(Cancelled):
        sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), callbacks)
    assert (tmp_path / "p.gpkg").read_text() == "old" and not leftovers(tmp_path)


def test_from_the_command_line(capsys, tmp_path):
    path, _ = class_layer(tmp_path / "map.tif")
    arguments = ["sample", str(path), "-o", str(tmp_path / "p.gpkg"), "--target-error", "0.05", "--least", "20"]
    assert main(arguments) == 0
    assert "fill in the field `reference`" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["points"] == len(read(tmp_path / "p.gpkg")[1]) and answer["classes"][0]["points"] == 20
    assert main(["sample", str(path), "-o", str(tmp_path / "p.gpkg"), "--least", "x"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_memory_does_not_grow_with_the_map(tmp_path):
    peaks = []
    for size in (2100, 4000):  # blocks are a megapixel
        path, _ = class_layer(tmp_path / f"{size}.tif", (size, size), tiled=True, blockxsize=256, blockysize=256)
        tracemalloc.start()
        sample(SampleOptions(str(path), str(tmp_path / "p.gpkg")), Callbacks())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0] and peaks[1] < 64 * 2**20
