"""The accuracy report as a page and as text."""

import re

import numpy as np

from ofa_engine.accuracy.accuracy_report import matrix_cell
from ofa_engine.accuracy.evaluate import format_evaluate_summary
from ofa_engine.core.classes import class_table
from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.checkpoint import load_checkpoint, save_head
from ofa_engine.model.heads import LinearHead

from .evaluations import label_raster, page_of, run


def test_the_report_is_self_contained_and_complete(scene, tmp_path, models):
    """Names that look like HTML are escaped; the head's own scores and a note on its training labels are there."""
    path, names = scene("naip"), ["<script>alert(1)</script>", 'a "b" & c', "x" * 60]
    checkpoint = load_checkpoint(models / "tiny.safetensors")
    one = dict(users=[0.5, 0.25, None], producers=[0.5] * 3, f1=[0.5] * 3, iou=[0.125, 0.375, None])
    means = dict(folds=5, accuracy=0.612, kappa=0.5, miou=0.3475, macro_f1=0.4, not_scored=[])
    training = {"labels": ["labels.tif"], "validation": means | one}
    save_head(
        tmp_path / "odd.safetensors",
        LinearHead(32, 3, "segment"),
        "odd <i>head</i>",
        sensor=get_sensor("naip"),
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
    assert "accuracy" in format_evaluate_summary(answer) and "x" * 60 in format_evaluate_summary(answer)


def test_cells_differ_in_lightness():
    """A larger share is darker, and numbers are legible on every shade."""

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
