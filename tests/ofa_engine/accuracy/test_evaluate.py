import json
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from sklearn import metrics

from ofa_engine.accuracy.evaluate import evaluate, match, show
from ofa_engine.accuracy.sample import sample
from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, ModelFileError, OutputError
from ofa_engine.core.html import matrix_cell
from ofa_engine.core.options import EvaluateOptions, Options, SampleOptions
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.segment import classify, segment
from ofa_engine.interfaces.cli import main
from ofa_engine.learning.metrics import stratified
from ofa_engine.model.checkpoint import load_checkpoint, save_head
from ofa_engine.model.heads import LinearHead, class_table
from ofa_engine.raster.source import place

from ..conftest import write_raster

TURNED = rasterio.Affine(0.8, 0.6, 5e5, 0.6, -0.8, 5.8e6)


def run(tmp_path, head, inputs, labels, callbacks=None, **more):
    inputs, labels = ([str(p) for p in (paths if isinstance(paths, list) else [paths])] for paths in (inputs, labels))
    told = dict(head=str(head), inputs=inputs, labels=labels, output=str(tmp_path / "report.html")) | more
    return evaluate(EvaluateOptions(**told), callbacks or Callbacks())


def read(path):
    with rasterio.open(path) as d:
        return d.read(1)


def label_raster(path, like, labels):
    """Of the same grid as `like`; 0 is unlabelled."""
    with rasterio.open(like) as d:
        return write_raster(path, labels.astype(np.uint8)[None], crs=d.crs, transform=d.transform, nodata=0)


def write_layer(path, geometries, fields, kind, crs="EPSG:32633"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.array(geometries, object)),
            [np.array(v) for v in fields.values()],
            list(fields),
            geometry_type=kind,
            crs=crs,
            driver="GPKG",
        )
    return path


def box(path, left, top, right, bottom):
    """A rectangle of pixels of a raster as a polygon."""
    with rasterio.open(path) as d:
        return shapely.Polygon(
            [place(d.transform, x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
        )


def leftovers(folder):
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


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


# --- label rasters and polygons -----------------------------------------------------------------------------------


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
    segment(Options(str(path), str(tmp_path / "map.tif")))
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
    assert "does not know the labels' 5" in notes and "nodata in the map" in notes
    assert "no probability sample" in answer["areas"]
    assert answer["sensor"] == sensor and answer["provenance"]["labels"] == ["labels.tif"]
    assert json.loads(json.dumps(answer)) == answer and not leftovers(tmp_path)


def test_a_part_of_the_raster_is_the_map_of_the_whole(scene, tmp_path):
    """Only tiles around the labels are computed, and scores are those on the whole raster's map, tile by tile."""
    path = scene("gaofen", 400, 500)
    segment(Options(str(path), str(tmp_path / "map.tif")))
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
    segment(Options(str(path), str(tmp_path / "map.tif")))
    mapped = read(tmp_path / "map.tif")
    truth = np.zeros(mapped.shape, int)
    for value, (left, top, right, bottom) in zip((1, 2, 7, 99), rectangles.values(), strict=True):
        truth[top:bottom, left:right] = value
    check_scores(answer, truth[truth > 0], mapped[truth > 0], [1, 2, 7, 99])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<b>road" not in page and "&lt;b&gt;road&lt;/b&gt;" in page and "bare &amp; dry" in page
    answer = run(tmp_path, "sentinel-2_segment", path, labels, ignore=["<b>road</b>"])
    assert not answer["unknown_classes"] and len(answer["classes"]) == 3


def test_more_labels_than_are_drawn_keep_their_weight(scene, tmp_path, monkeypatch):
    path = scene("naip", 120, 120)
    truth = np.repeat([1, 2], 60)[:, None].repeat(120, 1)
    labels = label_raster(tmp_path / "labels.tif", path, truth)
    whole = run(tmp_path, "naip_segment", path, labels)
    monkeypatch.setattr("ofa_engine.learning.labels.LIMIT", 2000)
    part = run(tmp_path, "naip_segment", path, labels)
    for key in (0, 1):
        assert part["classes"][key]["labelled"] == pytest.approx(7200, rel=0.06)
    assert part["accuracy"] == pytest.approx(whole["accuracy"], abs=0.04)
    assert "bare & dry" in " ".join(part["notes"]) and part["unlabelled_classes"] == ["bare & dry"]


@pytest.mark.parametrize("sensor", ["naip", "sentinel-1"])
def test_classify_scores_tiles(sensor, scene, tmp_path):
    """Tiles of which one class covers more than half against the cells of `classify`; one tile is a hole."""

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
    classify(Options(str(path), str(tmp_path / "cells.tif")))
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
        segment(Options(str(path), str(tmp_path / f"map{number}.tif")))
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
    segment(Options(str(path), str(tmp_path / "map.tif")))
    mapped = read(tmp_path / "map.tif")
    assert answer["accuracy"] == pytest.approx((truth == mapped)[truth > 0].mean(), abs=0.004)
    assert all((e["mapped_ha"] is None) == (crs is None) for e in answer["classes"])
    answer = run(tmp_path, "naip_classify", path, labels, tile_px=16)
    classify(Options(str(path), str(tmp_path / "cells.tif"), tile_px=16))
    cells = read(tmp_path / "cells.tif")[3:6, 4:8]
    check_scores(answer, truth[56::16, 72::16][:3, :4].ravel(), cells.ravel(), [1, 2, 7])
    assert all((e["mapped_ha"] is None) == (crs is None) for e in answer["classes"])


def test_classes_are_matched_by_value_or_name():
    head = class_table([3, 1], ["Forest", "2"], ["#000000"] * 2)
    classes, rows = match(head, class_table([1, 3, 4], ["1", "3", "4"], ["#000000"] * 3))
    assert rows.tolist() == [1, 0, 2] and [e["value"] for e in classes] == [3, 1, None]
    classes, rows = match(head, class_table([1, 2], ["FOREST ", "road"], ["#000000"] * 2))
    assert rows.tolist() == [0, 2] and classes[2]["name"] == "road"
    with pytest.raises(InputError, match="expected labels of the head's classes .3 Forest, 1 2.*found lake"):
        match(head, class_table([3], ["lake"], ["#000000"]))


# --- the report ---------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes


def page_of(tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not page.open
    assert not {"script", "link", "iframe", "img", "object", "a"} & set(page.tags)
    assert not any(name.startswith("on") or name in ("src", "href") for name, _ in page.attributes)
    assert "://" not in text and "url(" not in text and str(tmp_path) not in text
    return text


def test_the_report_is_self_contained_and_says_all(scene, tmp_path, models):
    """Names that are HTML stay text; the head's own scores stand beside, and that labels of its training are used."""
    path, names = scene("naip"), ["<script>alert(1)</script>", 'a "b" & c', "x" * 60]
    checkpoint = load_checkpoint(models / "tiny.safetensors")
    one = dict(users=[0.5, 0.25, None], producers=[0.5] * 3, f1=[0.5] * 3, iou=[0.125, 0.375, None])
    means = dict(folds=5, accuracy=0.612, kappa=0.5, miou=0.3475, macro_f1=0.4, not_scored=[])
    training = {"labels": ["labels.tif"], "validation": means | one}
    save_head(
        tmp_path / "odd.safetensors",
        LinearHead(32, 3, "segment"),
        "odd <i>head</i>",
        sensor_id="naip",
        classes=class_table([1, 2, 3], names, ["#123456"] * 3),
        tile_px=48,
        backbone=checkpoint.model.fingerprint("naip"),
        training=training,
    )
    labels = label_raster(tmp_path / "labels.tif", path, np.random.default_rng(0).choice([1, 2, 3], (100, 130)))
    answer = run(tmp_path, tmp_path / "odd.safetensors", path, labels)
    text = page_of(tmp_path)
    assert "&lt;script&gt;" in text and "a &quot;b&quot; &amp; c" in text and "odd &lt;i&gt;head" in text
    for wanted in (
        "0.612",
        "0.125",
        "Kappa",
        "tiny",
        answer["provenance"]["backbone"],
        "naip.tif",
        "labels.tif",
        "was fitted on labels of this name",
        "no probability sample",
        answer["provenance"]["date"][:10],
    ):
        assert wanted in text, wanted
    assert answer["validation"]["classes"][1]["iou"] == 0.375
    for row in answer["confusion"]:
        for n in row:
            assert re.search(f">{n}</text>", text) or n >= 10_000
    assert "accuracy" in show(answer) and "x" * 60 in show(answer)


def test_cells_are_told_apart_by_lightness():
    """The more, the darker, and numbers can be read on every shade."""

    def luminance(color):  # WCAG 2.1, relative luminance
        parts = np.array([int(color[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        return np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    shades = []
    for share in np.linspace(0, 1, 101):
        paper, ink = re.findall(r"fill[=:]\"?#(\w{6})", matrix_cell(0, 0, 1, share, "", False))[:2]
        low, high = sorted((luminance(paper), luminance(ink)))
        assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG AA
        shades.append(luminance(paper))
    assert shades == sorted(shades, reverse=True) and shades[0] - shades[-1] > 0.8


def test_bad_input_is_told_in_one_line_and_leaves_nothing(scene, tmp_path, models):
    path = scene("naip")
    labels = label_raster(tmp_path / "labels.tif", path, np.ones((100, 130)))
    strange = label_raster(tmp_path / "strange.tif", path, np.full((100, 130), 9))
    spot = write_layer(tmp_path / "spot.gpkg", [box(path, 2, 2, 6, 6)], {"class": ["water"]}, "Polygon")
    lakes = write_layer(tmp_path / "lakes.gpkg", [box(path, 2, 2, 50, 50)], {"class": ["lake"]}, "Polygon")
    points = write_layer(tmp_path / "points.gpkg", [shapely.Point(5e5, 5.8e6)], {"class": ["water"]}, "Point")
    cases = [
        (dict(inputs=[str(tmp_path / "none.tif")]), InputError, "found no file"),
        (dict(inputs=[]), InputError, "expected a raster"),
        (dict(labels=[str(tmp_path / "none.gpkg")]), InputError, "found no file"),
        (dict(labels=[str(strange)]), InputError, "expected labels of the head's classes .1 water, 2 forest"),
        (dict(labels=[str(lakes)]), InputError, "found lake"),
        (dict(labels=[str(spot)], head="naip_classify"), InputError, "more than half"),
        (dict(labels=[str(points)]), InputError, "points without map_class, reference"),
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


# --- points ------------------------------------------------------------------------------------------------------


def fill_in(path, references, target):
    """The points with references as someone would fill them in."""
    meta, _, wkb, values = pyogrio.raw.read(path)
    fields = dict(zip(meta["fields"], values, strict=True))
    fields["reference"] = np.array(references(fields, shapely.from_wkb(wkb)), object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            target, wkb, list(fields.values()), list(fields), geometry_type="Point", crs=meta["crs"], driver="GPKG"
        )
    return fields


def map_and_points(scene, tmp_path, **more):
    path = scene("naip", 150, 160, **more)
    segment(Options(str(path), str(tmp_path / "map.tif")))
    sample(SampleOptions(str(tmp_path / "map.tif"), str(tmp_path / "drawn.gpkg"), least=20), Callbacks())
    return path


def test_points_of_our_own_sample(scene, tmp_path):
    """References by name, value and with an unknown class; some are empty, some unsure."""
    path = map_and_points(scene, tmp_path)
    rng = np.random.default_rng(0)
    choices = ["water", "2", "Bare & Dry", "road", "", "unsure"]

    def label(fields, points):
        return np.where(rng.random(len(points)) < 0.3, rng.choice(choices, len(points)), fields["map_name"])

    fields = fill_in(tmp_path / "drawn.gpkg", label, tmp_path / "points.gpkg")
    answer = run(tmp_path, "naip_segment", path, tmp_path / "points.gpkg", ignore=["unsure"])
    texts = fields["reference"]
    used = np.array([text not in ("", "unsure") for text in texts])
    order = ["water", "forest", "bare & dry", "road"]
    index = np.array(
        [order.index({"2": "forest"}.get(text, text.lower())) if u else -1 for text, u in zip(texts, used, strict=True)]
    )
    strata = [1, 2, 7]
    counts = np.zeros((4, 4))
    for k, value in enumerate(strata):
        counts[:, k] = np.bincount(index[used & (fields["map_class"] == value)], minlength=4)
    np.testing.assert_array_equal(np.array(answer["confusion"]), counts[:, :3])
    mapped = read(tmp_path / "map.tif")
    found = stratified(counts, np.array([(mapped == v).sum() for v in strata] + [0]))
    assert answer["accuracy"] == pytest.approx(found.overall, abs=1e-5)
    assert answer["accuracy_se"] == pytest.approx(found.overall_se, rel=1e-3)
    total = mapped.size * (sum(get_sensor("naip").gsd_m) / 2) ** 2 / 1e4
    for k, entry in enumerate(answer["classes"]):
        assert entry["area_ha"] == pytest.approx(found.share[k] * total, rel=3e-3)
        assert entry["area_ci95_ha"] == pytest.approx(1.96 * found.share_se[k] * total, rel=3e-3)
        if k < 3:
            assert entry["users"] == pytest.approx(found.users[k], abs=1e-5)
            assert entry["users_se"] == pytest.approx(found.users_se[k], rel=1e-3)
            assert entry["producers_se"] == pytest.approx(found.producers_se[k], rel=1e-3)
    assert answer["classes"][3]["name"] == "road" and answer["classes"][3]["users"] is None
    assert sum(e["area_ha"] for e in answer["classes"]) == pytest.approx(total, rel=2e-3)
    facts = answer["sample"]
    wanted = (used.sum(), (texts == "").sum(), (texts == "unsure").sum())
    assert (facts["used"], facts["empty"], facts["ignored"]) == wanted
    assert facts["compared"] == len(texts) and facts["differs"] <= 1
    assert any("missing at random" in note for note in answer["notes"])
    text = page_of(tmp_path)
    assert "Olofsson" in text and "missing at random" in text and "no probability sample" not in text
    assert json.loads(json.dumps(answer)) == answer and "±" in show(answer)


def test_points_tell_where_the_heads_map_is_another(scene, tmp_path):
    path = map_and_points(scene, tmp_path)
    fields = fill_in(tmp_path / "drawn.gpkg", lambda f, g: f["map_name"], tmp_path / "points.gpkg")
    answer = run(tmp_path, "naip_segment", path, tmp_path / "points.gpkg", tile_px=32)
    segment(Options(str(path), str(tmp_path / "other.tif"), tile_px=32))
    differ = (read(tmp_path / "map.tif") != read(tmp_path / "other.tif")).mean()
    facts = answer["sample"]
    assert facts["differs"] / facts["compared"] == pytest.approx(differ, abs=0.1) and facts["differs"] > 0
    assert answer["accuracy"] == 1, "the estimates are of the sampled map"
    assert any("is not the one that was sampled" in note for note in answer["notes"])
    answer = run(tmp_path, "naip_segment", scene("naip", 60, 60), tmp_path / "points.gpkg")
    assert 0 < answer["sample"]["compared"] < len(fields["reference"])
    assert any("outside of the rasters" in note for note in answer["notes"])


def test_points_without_crs_give_shares(scene, tmp_path):
    path = map_and_points(scene, tmp_path, crs=None, transform=rasterio.Affine.identity())
    fill_in(tmp_path / "drawn.gpkg", lambda f, g: f["map_name"], tmp_path / "points.gpkg")
    answer = run(tmp_path, "naip_segment", path, tmp_path / "points.gpkg")
    assert answer["classes"][0]["area_ha"] is None and answer["classes"][0]["share"] > 0
    assert answer["sample"]["total_ha"] is None and answer["sample"]["differs"] == 0


def test_points_of_a_sample_that_is_not_whole(scene, tmp_path):
    """Strata that nobody has labelled, that were deleted, and samples of two maps in one file."""
    path = map_and_points(scene, tmp_path)
    drawn, points = tmp_path / "drawn.gpkg", tmp_path / "points.gpkg"
    fill_in(drawn, lambda f, g: np.where(f["map_class"] == 1, None, f["map_name"]), points)
    answer = run(tmp_path, "naip_segment", path, points)
    share = (read(tmp_path / "map.tif") != 1).mean()
    assert answer["sample"]["share_of_map"] == pytest.approx(share, rel=1e-3)
    assert any("no point that the map calls water has a reference" in note for note in answer["notes"])
    assert any(f"{share:.1%} of the map only" in note for note in answer["notes"])
    fill_in(drawn, lambda f, g: [None] * len(g), points)
    with pytest.raises(InputError, match="fill them in first"):
        run(tmp_path, "naip_segment", path, points)
    meta, _, wkb, values = pyogrio.raw.read(drawn)
    fields = dict(zip(meta["fields"], values, strict=True))
    fields["stratum_weight"] = np.linspace(0.1, 0.3, len(wkb))
    write_layer(
        points,
        shapely.from_wkb(wkb),
        {k: fields[k] for k in ("map_class", "stratum_weight")} | {"reference": fields["map_name"]},
        "Point",
    )
    with pytest.raises(InputError, match="samples of several maps"):
        run(tmp_path, "naip_segment", path, points)


def test_points_that_someone_added_do_not_count(scene, tmp_path):
    path = map_and_points(scene, tmp_path)
    fields = fill_in(tmp_path / "drawn.gpkg", lambda f, g: f["map_name"], tmp_path / "points.gpkg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyogrio.raw.write(
            tmp_path / "points.gpkg",
            shapely.to_wkb(np.array([shapely.Point(5e5, 5.8e6), None], object)),
            [np.array(["water", "road"], object)],
            ["reference"],
            geometry_type="Point",
            crs="EPSG:32633",
            driver="GPKG",
            append=True,
        )
    answer = run(tmp_path, "naip_segment", path, tmp_path / "points.gpkg")
    assert answer["sample"]["points"] == len(fields["reference"]) and answer["sample"]["added"] == 2
    assert answer["accuracy"] == 1 and any("only points that were drawn" in note for note in answer["notes"])


def test_a_map_of_other_classes(scene, tmp_path):
    """A map without names gets the head's; one with other names keeps them, and the report says so."""
    path = scene("naip", 60, 70)
    for names, noted in ((["1", "2"], False), (["water", "meadow"], True)):
        mapped = np.repeat([0, 1], 30)
        write_layer(
            tmp_path / "points.gpkg",
            [shapely.Point(5e5 + 9, 5.8e6 - 9)] * 60,
            {
                "map_class": (mapped + 1).astype(np.int32),
                "map_name": np.array(names, object)[mapped],
                "reference": np.array(["water", "forest"], object)[mapped],
                "stratum_weight": np.full(60, 0.5),
            },
            "Point",
        )
        answer = run(tmp_path, "naip_segment", path, tmp_path / "points.gpkg")
        assert any("classes that the head has not: meadow" in note for note in answer["notes"]) == noted
        assert [e["name"] for e in answer["classes"]] == ["water", *(["meadow"] if noted else []), "forest"]
        assert answer["accuracy"] == (0.5 if noted else 1)


def test_points_of_a_tile_map(scene, tmp_path):
    path = scene("naip", 480, 480)
    classify(Options(str(path), str(tmp_path / "map.tif"), tile_px=16))
    sample(SampleOptions(str(tmp_path / "map.tif"), str(tmp_path / "drawn.gpkg"), least=5), Callbacks())
    fill_in(tmp_path / "drawn.gpkg", lambda f, g: f["map_name"], tmp_path / "points.gpkg")
    answer = run(tmp_path, "naip_classify", path, tmp_path / "points.gpkg", tile_px=16)
    assert answer["sample"]["differs"] == 0 and answer["sample"]["compared"] == answer["sample"]["points"]


def test_the_published_example_from_the_command_line(capsys, scene, tmp_path):
    """Olofsson et al. (2014), section 5: 21,158 +- 6,158 ha of deforestation."""
    names = ["deforestation", "forest gain", "stable forest", "stable non-forest"]
    counts = [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]  # rows are the map
    pixels = np.array([200_000, 150_000, 3_200_000, 6_450_000])
    pairs = np.array([(i, j) for i in range(4) for j in range(4) for _ in range(counts[i][j])])
    mapped, reference = pairs.T
    write_layer(
        tmp_path / "points.gpkg",
        [shapely.Point(500010.0, 5799990.0)] * len(pairs),
        {
            "map_class": (mapped + 1).astype(np.int32),
            "map_name": np.array(names, object)[mapped],
            "reference": np.array(names, object)[reference],
            "stratum_weight": (pixels / pixels.sum())[mapped],
            "stratum_ha": (pixels * 0.09)[mapped],
        },
        "Point",
    )
    arguments = [
        "evaluate",
        "naip_segment",
        scene("naip"),
        "--labels",
        tmp_path / "points.gpkg",
        "-o",
        tmp_path / "report.html",
    ]
    assert main([str(a) for a in [*arguments, "--json"]]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert not err
    assert answer["accuracy"] == pytest.approx(0.947, abs=5e-4)
    assert 1.96 * answer["accuracy_se"] == pytest.approx(0.0185, abs=5e-4)
    first = answer["classes"][0]
    assert first["area_ha"] == pytest.approx(21_158, abs=1) and first["area_ci95_ha"] == pytest.approx(6_158, abs=1)
    assert main([str(a) for a in arguments]) == 0
    out, err = capsys.readouterr()
    assert "21157.8" in out and "is not the one that was sampled" in err
    assert "21,157" in (tmp_path / "report.html").read_text(encoding="utf-8")


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
    assert catalog.list_heads()


def test_a_head_of_our_own_fit(capsys, scene, tmp_path):
    """Its cross-validated scores stand beside, and that it has learned from these labels is said."""
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
