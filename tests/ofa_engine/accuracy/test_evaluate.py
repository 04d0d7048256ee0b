"""`ofa evaluate` with polygons and label rasters, against naive comparisons with the map."""

import json

import numpy as np
import pytest
import rasterio
import shapely
from sklearn import metrics

from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, ModelFileError, OutputError
from ofa_engine.core.options import ClassifyOptions, SegmentOptions
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.classify import classify
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces.cli import main
from ofa_engine.learning.labelled import SampleLimits

from ..conftest import write_raster
from .evaluations import box, fill_in, label_raster, leftovers, page_of, read, run, write_layer

TURNED = rasterio.Affine(0.8, 0.6, 5e5, 0.6, -0.8, 5.8e6)


def check_scores(answer, reference, mapped, order, weight=None):
    """Against scikit-learn's; `order` the class keys of the answer's rows."""
    wanted = metrics.confusion_matrix(reference, mapped, labels=order, sample_weight=weight)
    found = np.array(answer["confusion"])
    np.testing.assert_allclose(found, wanted[:, : found.shape[1]])
    assert not wanted[:, found.shape[1] :].any()
    there = np.union1d(reference, mapped)
    accuracy = metrics.accuracy_score(reference, mapped, sample_weight=weight)
    assert answer["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    kappa = metrics.cohen_kappa_score(reference, mapped, sample_weight=weight)
    assert answer["kappa"] == pytest.approx(kappa, abs=1e-6)
    iou = metrics.jaccard_score(reference, mapped, labels=there, average=None, sample_weight=weight)
    assert answer["miou"] == pytest.approx(iou.mean(), abs=1e-6)
    precision, recall, *_ = metrics.precision_recall_fscore_support(
        reference, mapped, labels=order, sample_weight=weight, zero_division=np.nan
    )
    for key, values in (("users", precision), ("producers", recall)):
        np.testing.assert_allclose(np.array([e[key] for e in answer["classes"]], float), values, atol=1e-6)


@pytest.mark.parametrize("sensor", SENSORS)
def test_segment_scores_every_sensor_as_a_naive_comparison_does(sensor, scene, tmp_path):
    """With an unknown class, unlabelled pixels and a hole in the raster."""

    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 20:40, 30:60] = np.nan
        return pixels

    path = scene(sensor, change=cut)
    truth = np.random.default_rng(0).choice([0, 1, 2, 5, 7], (100, 130))
    labels = label_raster(tmp_path / "labels.tif", path, truth)
    answer = run(tmp_path, f"{sensor}_segment", path, labels)
    segment(SegmentOptions(str(path), str(tmp_path / "map.tif")))
    mapped = read(tmp_path / "map.tif")
    scored = (truth > 0) & (mapped != 255)
    assert [e["value"] for e in answer["classes"]] == [1, 2, 7, None]
    check_scores(answer, truth[scored], mapped[scored], [1, 2, 7, 5])
    assert answer["unknown_classes"] == ["5"] == [e["name"] for e in answer["classes"] if not e["mapped"]]
    assert answer["nodata"] == ((truth > 0) & (mapped == 255)).sum() > 0
    assert [e["nodata"] for e in answer["classes"]] == [((truth == v) & (mapped == 255)).sum() for v in (1, 2, 7, 5)]
    gsd = sum(get_sensor(sensor).gsd_m) / 2
    for entry, value in zip(answer["classes"][:3], (1, 2, 7), strict=True):
        assert entry["labelled"] == (truth == value).sum()
        assert entry["mapped_ha"] == pytest.approx((mapped == value).sum() * gsd**2 / 1e4, rel=2e-3)
    notes = " ".join(answer["notes"])
    assert "does not know these classes of the labels: 5" in notes and "nodata in the map" in notes
    assert "no probability sample" in answer["areas"]
    assert answer["sensor"] == sensor and answer["provenance"]["labels"] == ["labels.tif"]
    assert json.loads(json.dumps(answer)) == answer and not leftovers(tmp_path)


def test_labels_on_a_coarser_grid_count_for_all_pixels_that_they_cover(scene, tmp_path):
    path = scene("naip")
    truth = np.random.default_rng(0).choice([0, 1, 2, 7], (50, 65)).astype(np.uint8)
    with rasterio.open(path) as d:
        t, crs = d.transform, d.crs
    twice = rasterio.Affine(2 * t.a, 0, t.c, 0, 2 * t.e, t.f)
    coarse = write_raster(tmp_path / "coarse.tif", truth[None], crs=crs, transform=twice, nodata=0)
    fine = label_raster(tmp_path / "fine.tif", path, truth.repeat(2, 0).repeat(2, 1))
    lines = []
    log = Callbacks(log=lambda level, text: lines.append(text))
    found = [run(tmp_path, "naip_segment", path, labels, log) for labels in (fine, coarse)]
    assert found[0]["confusion"] == found[1]["confusion"] and found[0]["classes"] == found[1]["classes"]
    assert sum("coarse.tif is on another grid (65 x 50 px" in line for line in lines) == 1


def test_a_part_of_the_raster_is_the_map_of_the_whole(scene, tmp_path):
    """Only tiles around the labels are computed, and scores are those on the whole raster's map, tile by tile."""
    path = scene("gaofen", 400, 500)
    segment(SegmentOptions(str(path), str(tmp_path / "map.tif")))
    mapped = read(tmp_path / "map.tif")
    tiles = []
    callbacks = Callbacks(lambda done, total, left: tiles.append(total))
    for number, (top, left) in enumerate(((130, 170), (0, 0), (370, 480), (380, 10))):
        truth = np.zeros((400, 500), int)
        truth[top : top + 20, left : left + 15] = np.random.default_rng(number).choice([1, 2, 7], (20, 15))
        labels = label_raster(tmp_path / f"labels{number}.tif", path, truth)
        answer = run(tmp_path, "gaofen_segment", path, labels, callbacks)
        assert tiles[-1] <= 16 < 100
        found = np.array(answer["confusion"])
        wanted = metrics.confusion_matrix(truth[truth > 0], mapped[truth > 0], labels=[1, 2, 7])
        assert abs(found - wanted).sum() <= 2  # scores that tie, rounded in other batches


def test_polygons_are_matched_by_name_in_any_crs(scene, tmp_path):
    path = scene("sentinel-2")
    rectangles = {
        "Water": (5, 5, 40, 30),
        "forest": (50, 40, 90, 90),
        "BARE & DRY": (95, 5, 125, 60),
        "<b>road</b>": (5, 60, 30, 95),
    }
    shapes = [box(path, *r) for r in rectangles.values()]
    to_degrees = rasterio.warp.transform
    shapes = [
        shapely.transform(
            shapely.segmentize(s, 20), lambda c: np.stack(to_degrees("EPSG:32633", "EPSG:4326", c[:, 0], c[:, 1]), 1)
        )
        for s in shapes
    ]
    labels = write_layer(tmp_path / "labels.gpkg", shapes, {"class": list(rectangles)}, "Polygon", "EPSG:4326")
    answer = run(tmp_path, "sentinel-2_segment", path, labels)
    segment(SegmentOptions(str(path), str(tmp_path / "map.tif")))
    mapped = read(tmp_path / "map.tif")
    truth = np.zeros(mapped.shape, int)
    for value, (left, top, right, bottom) in zip((1, 2, 7, 99), rectangles.values(), strict=True):
        truth[top:bottom, left:right] = value
    check_scores(answer, truth[truth > 0], mapped[truth > 0], [1, 2, 7, 99])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>road" not in page and "&lt;b&gt;road&lt;/b&gt;" in page and "bare &amp; dry" in page
    answer = run(tmp_path, "sentinel-2_segment", path, labels, ignore=["<b>road</b>"])
    assert not answer["unknown_classes"] and len(answer["classes"]) == 3


def test_sampled_labels_stand_for_all(scene, tmp_path):
    path = scene("naip", 120, 120)
    truth = np.repeat([1, 2], 60)[:, None].repeat(120, 1)
    labels = label_raster(tmp_path / "labels.tif", path, truth)
    whole = run(tmp_path, "naip_segment", path, labels)
    part = run(tmp_path, "naip_segment", path, labels, limits=SampleLimits(polygon_px=2000))
    for key in (0, 1):
        assert part["classes"][key]["labelled"] == pytest.approx(7200, rel=0.06)
    assert part["accuracy"] == pytest.approx(whole["accuracy"], abs=0.04)
    assert "bare & dry" in " ".join(part["notes"]) and part["unlabelled_classes"] == ["bare & dry"]


@pytest.mark.parametrize("sensor", ["naip", "sentinel-1"])
def test_classify_scores_tiles(sensor, scene, tmp_path):
    """Tiles more than half of which one class covers, against the cells of `classify`; one tile is nodata."""

    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 48:96, 48:96] = np.nan
        return pixels

    path = scene(sensor, 200, 230, change=cut)
    truth = np.zeros((200, 230), int)
    tiles = np.random.default_rng(1).choice([0, 1, 2, 7], (4, 5))
    tiles[1, 1] = 2
    tiles[0], tiles[:, 0] = 0, 0  # so that the part with labels does not start where the raster does
    for (i, j), value in np.ndenumerate(tiles):
        truth[i * 48 : i * 48 + 40, j * 48 : (j + 1) * 48] = value
    truth[144:160, 100:140] = 7  # less than half of a tile changes nothing
    labels = label_raster(tmp_path / "labels.tif", path, truth)
    answer = run(tmp_path, f"{sensor}_classify", path, labels)
    classify(ClassifyOptions(str(path), str(tmp_path / "cells.tif")))
    cells = read(tmp_path / "cells.tif")[:4]
    wanted = np.zeros((4, 5), int)
    for i in range(4):
        for j in range(5):
            tile = truth[i * 48 : (i + 1) * 48, j * 48 : (j + 1) * 48]
            counts = np.bincount(tile.ravel(), minlength=8)[1:]
            wanted[i, j] = 1 + counts.argmax() if counts.max() > tile.size / 2 else 0
    scored = (wanted > 0) & (cells != 255)
    check_scores(answer, wanted[scored], cells[scored], [1, 2, 7])
    assert answer["unit"] == "tiles" and answer["nodata"] == 1 and answer["task"] == "classify"
    assert sum(e["labelled"] for e in answer["classes"]) == (wanted > 0).sum()
    assert all(e["mapped_ha"] is not None for e in answer["classes"])


def test_several_rasters_are_one_assessment(scene, tmp_path):
    paths, labels, truths, maps = [], [], [], []
    for number in (0, 1):
        path = scene("naip", 60 + 10 * number, 70, seed=number).rename(tmp_path / f"scene{number}.tif")
        truths.append(np.random.default_rng(number).choice([0, 1, 2, 7], (60 + 10 * number, 70)))
        labels.append(label_raster(tmp_path / f"labels{number}.tif", path, truths[-1]))
        segment(SegmentOptions(str(path), str(tmp_path / f"map{number}.tif")))
        maps.append(read(tmp_path / f"map{number}.tif"))
        paths.append(path)
    seen = []
    answer = run(
        tmp_path, "naip_segment", paths, labels, Callbacks(lambda done, total, left: seen.append(done / total))
    )
    reference = np.concatenate([t[t > 0] for t in truths])
    check_scores(answer, reference, np.concatenate([m[t > 0] for m, t in zip(maps, truths, strict=True)]), [1, 2, 7])
    assert seen[-1] == 1 and sum(f == 1 for f in seen) == 1, "progress is of all rasters"
    one = write_layer(tmp_path / "one.gpkg", [box(paths[0], 2, 2, 30, 30)], {"class": ["water"]}, "Polygon")
    other = write_raster(
        tmp_path / "far.tif",
        np.full((3, 60, 60), 90, np.uint8),
        transform=rasterio.Affine(2, 0, 600000, 0, -2, 5800000),
    )
    answer = run(tmp_path, "naip_segment", [paths[0], other], one)
    assert any("no labels lie on far.tif" in note for note in answer["notes"])


@pytest.mark.parametrize("crs, transform", [(None, rasterio.Affine.identity()), ("EPSG:32633", TURNED)])
def test_a_raster_without_crs_or_turned(crs, transform, scene, tmp_path):
    path = scene("naip", 150, 160, crs=crs, transform=transform)
    truth = np.zeros((150, 160), int)
    for i, j in np.ndindex(3, 4):
        truth[48 + 16 * i : 60 + 16 * i, 64 + 16 * j : 80 + 16 * j] = (1, 2, 7)[(i + j) % 3]
    labels = label_raster(tmp_path / "labels.tif", path, truth)
    answer = run(tmp_path, "naip_segment", path, labels)
    segment(SegmentOptions(str(path), str(tmp_path / "map.tif")))
    mapped = read(tmp_path / "map.tif")
    assert answer["accuracy"] == pytest.approx((truth == mapped)[truth > 0].mean(), abs=0.004)
    assert all((e["mapped_ha"] is None) == (crs is None) for e in answer["classes"])
    answer = run(tmp_path, "naip_classify", path, labels, tile_px=16)
    classify(ClassifyOptions(str(path), str(tmp_path / "cells.tif"), tile_px=16))
    cells = read(tmp_path / "cells.tif")[3:6, 4:8]
    check_scores(answer, truth[56::16, 72::16][:3, :4].ravel(), cells.ravel(), [1, 2, 7])
    assert all((e["mapped_ha"] is None) == (crs is None) for e in answer["classes"])


def test_bad_input_gives_one_line_and_leaves_nothing(scene, tmp_path, models):
    path = scene("naip")
    labels = label_raster(tmp_path / "labels.tif", path, np.ones((100, 130)))
    unknown = label_raster(tmp_path / "unknown.tif", path, np.full((100, 130), 9))
    spot = write_layer(tmp_path / "spot.gpkg", [box(path, 2, 2, 6, 6)], {"class": ["water"]}, "Polygon")
    lakes = write_layer(tmp_path / "lakes.gpkg", [box(path, 2, 2, 50, 50)], {"class": ["lake"]}, "Polygon")
    columns = {"class": ["water"], "map_class": [1]}
    points = write_layer(tmp_path / "points.gpkg", [shapely.Point(5e5, 5.8e6)], columns, "Point")
    cases = [
        (dict(inputs=[str(tmp_path / "none.tif")]), InputError, "found no file"),
        (dict(inputs=[]), InputError, "expected a raster"),
        (dict(labels=[str(tmp_path / "none.gpkg")]), InputError, "found no file"),
        (dict(labels=[str(unknown)]), InputError, "expected labels of the head's classes .1 water, 2 forest"),
        (dict(labels=[str(lakes)]), InputError, "found lake"),
        (dict(labels=[str(spot)], head="naip_classify"), InputError, "more than half"),
        (dict(labels=[str(points)]), InputError, "them without reference, stratum_weight"),
        (dict(labels=[str(lakes)], field="nonsense"), InputError, "nonsense"),
        (dict(head="gaofen_segment"), ModelFileError, "expected a head for naip"),
        (dict(head="nonsense"), ModelFileError, "one of naip_classify, naip_segment"),
        (dict(head=str(models / "tiny.safetensors")), ModelFileError, "expected a head, found a checkpoint"),
        (dict(output=str(tmp_path / "report.pdf")), OutputError, "ending in .html"),
        (dict(output=str(tmp_path / "no" / "report.html")), OutputError, "create it first"),
    ]
    for more, error, says in cases:
        with pytest.raises(error, match=says) as caught:
            run(tmp_path, **(dict(head="naip_segment", inputs=path, labels=labels) | more))
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
        assert not (tmp_path / "report.html").exists() and not leftovers(tmp_path)


def test_cancel_keeps_the_old_report(scene, tmp_path):
    path = scene("naip", 400, 400)
    labels = label_raster(tmp_path / "labels.tif", path, np.ones((400, 400)))
    (tmp_path / "report.html").write_text("old")
    seen = []
    callbacks = Callbacks(progress=lambda *state: seen.append(state), cancelled=lambda: len(seen) > 1)
    with pytest.raises(Cancelled):
        run(tmp_path, "naip_segment", path, labels, callbacks)
    assert (tmp_path / "report.html").read_text() == "old" and not leftovers(tmp_path)


def test_from_the_command_line(capsys, scene, tmp_path):
    """The whole way: a map, points, references, a report; and errors in one line."""
    path = scene("gaofen", 120, 120)
    assert main(["segment", str(path), "-o", str(tmp_path / "map.tif")]) == 0
    assert main(["sample", str(tmp_path / "map.tif"), "-o", str(tmp_path / "drawn.gpkg"), "--least", "10"]) == 0
    fill_in(tmp_path / "drawn.gpkg", lambda f, g: f["map_class"].astype(str), tmp_path / "points.gpkg")
    capsys.readouterr()
    arguments = [
        "evaluate",
        "gaofen_segment",
        str(path),
        "--labels",
        str(tmp_path / "points.gpkg"),
        "-o",
        str(tmp_path / "r.html"),
    ]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert "accuracy 1.000 ± 0.000" in out and "gaofen (certain)" in err and (tmp_path / "r.html").exists()
    assert main([*arguments[:-1], str(tmp_path / "r.pdf"), "--json"]) == 2
    out, err = capsys.readouterr()
    assert not out and len(err.splitlines()) == 1
    elsewhere = tmp_path / "elsewhere.gpkg"
    write_layer(elsewhere, [shapely.box(0, 0, 9, 9), shapely.box(9, 9, 20, 20)], {"class": ["a", "b"]}, "Polygon")
    assert main([*arguments[:4], str(elsewhere), "-o", str(tmp_path / "r.html")]) == 2
    out, err = capsys.readouterr()
    assert not out and len(err.splitlines()) == 1, "what was detected is not logged before an error"
    assert catalog.list_heads()


def test_a_head_of_our_own_fit(capsys, scene, tmp_path):
    """The report shows its cross-validated scores, too, and notes that it was fitted on these labels."""
    path = scene("naip", 200, 200)
    truth = np.zeros((200, 200), int)
    for i, j in np.ndindex(4, 4):
        truth[50 * i + 5 : 50 * i + 45, 50 * j + 5 : 50 * j + 45] = 1 + (i + j) % 2
    labels = label_raster(tmp_path / "labels.tif", path, truth)
    head = tmp_path / "own.safetensors"
    assert main(["fit", str(path), "--labels", str(labels), "-o", str(head), "--tile-px", "48", "--json"]) == 0
    fitted = json.loads(capsys.readouterr().out)
    answer = run(tmp_path, head, path, labels)
    assert answer["validation"]["miou"] == fitted["validation"]["miou"] and "when fitted" in page_of(tmp_path)
    assert [e["iou"] for e in answer["validation"]["classes"]] == fitted["validation"]["iou"]
    assert any("was fitted on labels of this name" in note for note in answer["notes"])
