"""The page holds what was logged, is self-contained and escaped."""

import base64
import re
from html.parser import HTMLParser

from training.pretraining.monitoring.monitor import TrainingMonitor
from training.pretraining.monitoring.report import write_report
from training.pretraining.schedule import TrainingSchedule


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data + " "


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
    monitor = TrainingMonitor(tmp_path, TrainingSchedule({"naip": 4}, batch=4, epochs=1, seed=0), 0)
    monitor.close()
    write_report(tmp_path, monitor.facts(0.0), {})
    assert "Nothing was logged" in (tmp_path / "report.html").read_text(encoding="utf-8")
