"""Pictures show what the samples hold; the page holds what was logged, whole in itself and escaped."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.ofanet import usable_bands
from training.pretraining import report
from training.pretraining.schedule import Plan

RNG = np.random.default_rng(3)
SIZE, CELL, LEFT, TOP = 32, 224, 16, 16 + 38  # of the sheet's first picture


def sample(present, count=2, hidden=0.0):
    """(pixels, mask, rebuilt, present): what is hidden is rebuilt as zeros."""
    pixels = RNG.normal(size=(count, len(present), SIZE, SIZE)).astype(np.float32)
    mask = (RNG.random((count, 1, 2, 2)) < hidden).repeat(16, 2).repeat(16, 3)
    return pixels, mask, np.where(mask, 0, pixels), present


def cells(path, line=0):
    """The pictures of a line, each (SIZE, SIZE, 3)."""
    page = np.asarray(Image.open(path).convert("RGB"))
    top = TOP + line * (38 + CELL + 16)
    row = page[top : top + CELL]
    step, jump = CELL + 4, 3 * CELL + 8 + 16
    count = (page.shape[1] - LEFT) // jump
    lefts = [LEFT + n * jump + k * step for n in range(count) for k in range(3)]
    assert (CELL % SIZE) == 0
    return [row[3 :: CELL // SIZE, left : left + CELL][:, 3 :: CELL // SIZE] for left in lefts]


def stretched(channels):
    """(N, 3, H, W) to bytes (N, H, W, 3), 2 to 98 % of each channel over all samples."""
    low, high = np.percentile(channels, (2, 98), axis=(0, 2, 3), keepdims=True)
    return ((channels - low) / (high - low) * 255).clip(0, 255).transpose(0, 2, 3, 1)


@pytest.mark.parametrize(
    ("sensor", "present", "shown"),
    [
        ("sentinel-2", range(9), (0, 1, 2)),
        ("sentinel-2", (1, 2, 0, 6), (2, 0, 1)),
        ("gaofen", (0, 1, 2, 3), (0, 1, 2)),
        ("gaofen", (0, 1, 3), (2, 0, 1)),  # no blue: near infrared, red, green
        ("naip", (0, 1, 2), (0, 1, 2)),
        ("naip", (1,), (0, 0, 0)),
        ("sentinel-1", (1,), (0, 0, 0)),
    ],
)
def test_colours_of_visible_pixels(tmp_path, sensor, present, shown):
    row = sample(list(present), hidden=0.5)
    report.sheet(tmp_path / "a.png", {sensor: row})
    pixels, mask = row[0], row[1].transpose(0, 2, 3, 1)
    want = stretched(pixels[:, list(shown)])
    found = cells(tmp_path / "a.png")
    for n in range(len(pixels)):
        before, hidden, after = found[3 * n : 3 * n + 3]
        assert np.abs(before - want[n]).max() <= 1
        assert (hidden == np.where(mask[n], 128, before)).all()
        assert (after[~mask[n, ..., 0]] == before[~mask[n, ..., 0]]).all()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_radar_and_hyperspectral_colours(tmp_path):
    radar, many = sample([0, 1]), sample(list(usable_bands("enmap")))
    report.sheet(tmp_path / "a.png", {"sentinel-1": radar, "enmap": many})
    vv, vh = radar[0][:, 0], radar[0][:, 1]
    assert np.abs(cells(tmp_path / "a.png")[0] - stretched(np.stack([vv, vh, vv - vh], 1))[0]).max() <= 1
    lengths = [get_sensor("enmap").bands[i].wavelength_um for i in many[3]]
    nearest = [int(np.abs(np.subtract(lengths, um)).argmin()) for um in (0.66, 0.56, 0.48)]
    assert np.abs(cells(tmp_path / "a.png", 1)[0] - stretched(many[0][:, nearest])[0]).max() <= 1


def test_constant_and_missing_values_make_a_picture(tmp_path):
    pixels, mask, rebuilt, present = sample([0, 1, 2])
    report.sheet(tmp_path / "a.png", {"naip": (np.zeros_like(pixels), mask, np.full_like(rebuilt, np.nan), present)})
    assert len(cells(tmp_path / "a.png")) == 6


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data + " "


@pytest.fixture
def run(tmp_path):
    """A run of two sensors with its log, finished; its folder and plan."""
    folder = tmp_path / "a & <i>run"
    folder.mkdir()
    plan = Plan({"naip": 16, "enmap": 8}, batch=4, epochs=5, seed=0)
    watch = report.Watch(folder, plan, 0)
    steps = list(plan.walk(0, plan.steps))
    lines = [f"{s.number},{s.epoch},{s.sensor},{'nan' if s.number == 3 else 1 / (1 + s.number)},0.001\n" for s in steps]
    (folder / "losses.csv").write_text("step,epoch,sensor,loss,lr\n" + "".join(lines))
    for number in (0, 10, 20):
        watch.losses([(s, 0.5, 0.01) for s in steps[number : number + 10]], 1e-3, 4, number + 10.0)
    for step in (10, 30):
        report.sheet(folder / f"reconstructions-{step:08d}.png", {"naip": sample([0, 1, 2])})
    (folder / "step-00000030.safetensors").write_bytes(bytes(2_000_000))
    facts = {
        "seconds": 70.0,
        "images": 120,
        "nonfinite_steps": 1,
        "samples": {"naip": 16, "enmap": 8},
        "sources": {"naip": "<script>alert(1)</script>"},
    }
    watch.finish(facts, {"batch": 4, "init": "<b>&", "device": "cpu"})
    return folder, plan


def test_page(run):
    folder, _ = run
    page = _Tags()
    page.feed((folder / "report.html").read_text(encoding="utf-8"))
    assert not {"script", "i", "b", "link", "iframe"} & set(page.tags)
    assert page.tags.count("svg") == 2 and page.tags.count("polyline") == 3 and page.tags.count("img") == 1
    embedded = base64.b64decode(page.links[0].removeprefix("data:image/png;base64,"))
    assert embedded == (folder / "reconstructions-00000030.png").read_bytes()
    assert page.links[1:] == ["reconstructions-00000010.png"]
    words = re.sub(r"\s+", " ", page.text)
    for text in (
        "<script>alert(1)</script>",
        "<b>&",
        "<i>run",
        "30 of 30 planned",
        "120",
        "2 min",
        "4.0 images/s",
        "2.0 MB",
        "losses not finite 1",
        "1 without finite gradients",
        "enmap 8",
        "naip 16",
    ):
        assert text in words, text
    assert "1.0000" in words  # the loss of the first step, 1 / (1 + 0)


def test_page_of_a_run_that_logged_nothing(tmp_path):
    watch = report.Watch(tmp_path, Plan({"naip": 4}, batch=4, epochs=1, seed=0), 0)
    watch.finish({}, {})
    assert "Nothing was logged" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_curves_are_averages_of_what_is_finite():
    points = [(i, float(i % 2)) for i in range(1000)]
    points[7] = (7, float("nan"))
    smooth = report._smooth(points)
    assert len(smooth) <= 402 and all(abs(y - 0.5) < 0.06 for _, y in smooth)
    assert report._ticks(0.31, 0.99, 4) == pytest.approx([0.4, 0.6, 0.8])
    assert report._ticks(5, 5, 4) == [5]


def test_tensorboard_and_lines(run, capsys):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, plan = run
    watch = report.Watch(folder, plan, 20)  # goes on from a checkpoint: what came after it is purged
    watch.losses([(s, 0.25, 0.5) for s in plan.walk(20, 30)], 1e-4, 4, 10.0)
    watch.close()
    assert "step 30 of 30, 0 s left, 4 images/s" in capsys.readouterr().err
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss/naip", "loss/enmap", "lr", "images_per_second", "data_wait_share"}
    losses = {e.step: e.value for key in ("naip", "enmap") for e in events.Scalars(f"loss/{key}")}
    assert losses == {n: 0.5 if n < 20 else 0.25 for n in range(30)}
    assert [e.value for e in events.Scalars("data_wait_share")] == pytest.approx([0.01, 0.01, 0.5])
