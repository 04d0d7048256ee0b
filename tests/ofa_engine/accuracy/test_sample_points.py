"""`ofa evaluate` with points of a probability sample."""

import json
import warnings

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from ofa_engine.accuracy.evaluate import format_evaluate_summary
from ofa_engine.accuracy.sample import sample
from ofa_engine.accuracy.stratified import stratified_estimates
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import ClassifyOptions, SampleOptions, SegmentOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.inference.classify import classify
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces.cli import main

from .evaluations import fill_in, map_and_points, page_of, read, run, write_layer


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
    found = stratified_estimates(counts, np.array([(mapped == v).sum() for v in strata] + [0]))
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
    assert json.loads(json.dumps(answer)) == answer and "±" in format_evaluate_summary(answer)


def test_points_show_where_the_heads_map_differs(scene, tmp_path):
    path = map_and_points(scene, tmp_path)
    fields = fill_in(tmp_path / "drawn.gpkg", lambda f, g: f["map_name"], tmp_path / "points.gpkg")
    answer = run(tmp_path, "naip_segment", path, tmp_path / "points.gpkg", tile_px=32)
    segment(SegmentOptions(str(path), str(tmp_path / "other.tif"), tile_px=32))
    differ = (read(tmp_path / "map.tif") != read(tmp_path / "other.tif")).mean()
    facts = answer["sample"]
    assert facts["differs"] / facts["compared"] == pytest.approx(differ, abs=0.1) and facts["differs"] > 0
    assert answer["accuracy"] == 1, "the estimates are of the sampled map"
    assert any("differs from the one that was sampled" in note for note in answer["notes"])
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
    assert any("no point in the stratum of water has a reference" in note for note in answer["notes"])
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
        assert any("classes that the head does not have: meadow" in note for note in answer["notes"]) == noted
        assert [e["name"] for e in answer["classes"]] == ["water", *(["meadow"] if noted else []), "forest"]
        assert answer["accuracy"] == (0.5 if noted else 1)


def test_points_of_a_tile_map(scene, tmp_path):
    path = scene("naip", 480, 480)
    classify(ClassifyOptions(str(path), str(tmp_path / "map.tif"), tile_px=16))
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
    assert "21157.8" in out and "differs from the one that was sampled" in err
    assert "21,157" in (tmp_path / "report.html").read_text(encoding="utf-8")
