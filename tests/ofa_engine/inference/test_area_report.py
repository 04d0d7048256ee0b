"""The areas report: what it says is what the map holds, and it is one harmless file."""

import base64
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, OutputError
from ofa_engine.core.options import TYPES, ClassifyOptions, SegmentOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.inference.area_report import areas_page, areas_text, thumbnail
from ofa_engine.inference.classify import classify
from ofa_engine.inference.segment import segment
from ofa_engine.interfaces import commands
from ofa_engine.interfaces.cli import main
from ofa_engine.raster.gdal import open_quietly

from ..conftest import CLASSES, write_raster

VOID = {"meta", "img", "br", "rect"}


class Page(HTMLParser):
    """Fails where tags do not match; keeps text, tables and addresses."""

    def __init__(self, path):
        super().__init__()
        self.text, self.open, self.tags, self.addresses, self.rows = "", [], set(), [], []
        self.raw = path.read_text(encoding="utf-8")
        self.feed(self.raw)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.addresses += [value for key, value in attributes if key in ("src", "href", "xlink:href")]
        assert not [key for key, _ in attributes if key.startswith("on")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    def areas(self) -> dict[str, list[float]]:
        """Class -> its figures."""
        numbers = {}
        for row in self.rows:
            if re.match(r"\s*\d+ |all$", row[0]) and len(row) > 2:
                numbers[row[0].strip()] = [float(cell.replace(",", "")) for cell in row[1:]]
        return numbers

    def picture(self) -> np.ndarray:
        """(4, h, w)"""
        (address,) = [a for a in self.addresses if a.startswith("data:image/png;base64,")]
        with MemoryFile(base64.b64decode(address.split(",")[1])) as memory, open_quietly(memory.name) as png:
            table = np.array([png.colormap(1)[v] for v in range(256)], np.uint8)
            return np.moveaxis(table[png.read(1)], 2, 0)


def run(verb, path, tmp_path, name="out.tif", callbacks=None, **more):
    options = TYPES[verb.__name__](str(path), str(tmp_path / name), report=str(tmp_path / "r.html"), **more)
    answer = verb(options, callbacks) if callbacks else verb(options)
    return answer, Page(tmp_path / "r.html")


def gsd(sensor: str) -> float:
    """Of what the fixture `scene` writes."""
    return sum(get_sensor(sensor).gsd_m) / 2


def is_self_contained(page: Page) -> bool:
    loads = "url(" in page.raw or "@import" in page.raw or not page.tags.isdisjoint({"script", "link", "iframe"})
    return not loads and all(address.startswith("data:") for address in page.addresses)


def test_numbers_are_those_of_the_map(scene, tmp_path):
    def cut(pixels):
        pixels[:, :40, :50] = 0
        return pixels

    path = scene("sentinel-2", 100, 130, change=cut, nodata=0)
    answer, page = run(segment, path, tmp_path, confidence=str(tmp_path / "c.tif"), overlap=0.5)
    with rasterio.open(tmp_path / "out.tif") as layer:
        labels = layer.read(1)
    found = page.areas()
    total = 0
    for entry in CLASSES:
        count, hectares, share = found.pop(f"{entry['value']} {entry['name']}")
        total += int((labels == entry["value"]).sum())
        assert count == (labels == entry["value"]).sum()
        assert hectares == pytest.approx(count * gsd("sentinel-2") ** 2 / 1e4, rel=2e-3)
        assert share == pytest.approx(100 * count / (labels != 255).sum(), abs=0.006)
    assert found["all"][0] == total == (labels != 255).sum() and found["all"][2] == 100 and len(found) == 1
    for told in (
        "sentinel-2.tif",
        "out.tif, c.tif",
        "sentinel-2 segment",
        "tiny",
        answer["provenance"]["BACKBONE"],
        "0.5",
        "ofanet 0.",
        "cpu",
        "confidence intervals",
        "ofa sample",
        "ofa evaluate",
    ):
        assert told in page.text, told
    assert is_self_contained(page) and answer["report"] == str(tmp_path / "r.html")


def test_the_picture_is_the_map_in_its_colours(scene, tmp_path):
    def cut(pixels):
        pixels[:, 10:30, 20:60] = 0
        return pixels

    _, page = run(segment, scene("gaofen", 90, 120, change=cut, nodata=0), tmp_path)
    with rasterio.open(tmp_path / "out.tif") as layer:
        table = np.array([layer.colormap(1)[v] for v in range(256)], np.uint8)
        wanted = np.moveaxis(table[layer.read(1)], 2, 0)
    picture = page.picture()
    np.testing.assert_array_equal(picture[3], wanted[3])
    np.testing.assert_array_equal(picture[:3, wanted[3] == 255], wanted[:3, wanted[3] == 255])


def test_a_large_map_is_shown_small(tmp_path):
    values = np.ones((1, 30, 100), np.uint8)
    values[0, :, 50:] = 2
    values[0, ::3] = 7  # a third: the most frequent class of a cell is what is shown
    shown = thumbnail(write_raster(tmp_path / "m.tif", values, nodata=255), longest_px=20)
    assert shown.shape == (6, 20)
    assert (shown[:, :10] == 1).all() and (shown[:, 10:] == 2).all()


@pytest.mark.parametrize("name", ["t.tif", "t.gpkg"])
def test_tiles(scene, tmp_path, name):
    answer, page = run(classify, scene("naip", 100, 130), tmp_path, name)
    found = page.areas()
    assert found["all"][0] == 9
    assert found["all"][1] == pytest.approx(100 * 130 * gsd("naip") ** 2 / 1e4, rel=2e-3)
    for entry in answer["classes"]:
        count, hectares, _ = found[f"{entry['value']} {entry['name']}"]
        assert count == entry["tiles"] and hectares == pytest.approx(entry["area_ha"], abs=0.006)
    assert is_self_contained(page)


def test_areas_of_tiles_are_those_of_their_polygons(scene, tmp_path):
    import pyogrio

    answer = classify(ClassifyOptions(str(scene("gaofen", 100, 130)), str(tmp_path / "t.gpkg")))
    _, _, _, (values, areas) = pyogrio.raw.read(tmp_path / "t.gpkg", columns=["class", "area_ha"])
    for entry in answer["classes"]:
        assert entry["area_ha"] == pytest.approx(areas[values == entry["value"]].sum(), rel=1e-4, abs=1e-9)


def test_without_a_crs_there_are_no_hectares(scene, tmp_path):
    _, page = run(segment, scene("naip", crs=None), tmp_path)
    assert len(page.areas()["all"]) == 2 and "No areas in hectares" in page.text


def test_an_empty_map(scene, tmp_path):
    path = scene("naip")
    nothing = write_raster(
        tmp_path / "m.tif", np.zeros((1, 100, 130), np.uint8), transform=rasterio.open(path).transform
    )
    _, page = run(segment, path, tmp_path, valid_mask=str(nothing))
    assert page.areas()["all"] == [0, 0, 0] and "the map is empty" in page.text


def test_nasty_names_stay_text(tmp_path):
    nasty = '</h1><script>alert(1)</script><img src="http://x/y.png">&amp;\'"'
    classes = [{"value": 3, "name": nasty, "color": "#ff0000", "pixels": 6, "area_ha": None}]
    answer = {"classes": classes, "head_name": nasty, "output": nasty, "device": nasty, "tiles": 1}
    shown = np.full((2, 3), 3, np.uint8)
    (tmp_path / "p.html").write_text(areas_page(answer, {"SOURCE": nasty, "NEW": nasty}, shown, 1.5), encoding="utf-8")
    page = Page(tmp_path / "p.html")
    assert is_self_contained(page) and page.text.count(nasty) >= 5 and page.tags.isdisjoint({"script"})


def test_cancelled_leaves_no_report_and_keeps_the_old_one(scene, tmp_path):
    report = tmp_path / "r.html"
    report.write_text("old")
    with pytest.raises(Cancelled):
        run(segment, scene("naip"), tmp_path, callbacks=Callbacks(cancelled=lambda: True))
    assert report.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["naip.tif", "r.html"]


def test_where_it_cannot_be_written(scene, tmp_path):
    path = scene("naip")
    for report, why in ((tmp_path / "r.txt", "ending in .html"), (tmp_path / "none" / "r.html", "expected a folder")):
        with pytest.raises(OutputError, match=why):
            segment(SegmentOptions(str(path), str(tmp_path / "o.tif"), report=str(report)))


def test_the_command_line(scene, tmp_path, capsys):
    path, report = scene("naip"), tmp_path / "r.html"
    for verb, out in (("segment", "o.tif"), ("classify", "o.gpkg")):
        assert main([verb, str(path), "-o", str(tmp_path / out), "--report", str(report)]) == 0
        assert "r.html" in capsys.readouterr().out
        Page(report)
        report.unlink()


def test_a_layers_older_style_does_not_outlive_it(scene, tmp_path):
    """What the plugin saved beside it tells of other classes; a user's own style stays."""
    path = scene("naip")
    (tmp_path / "out.qml").write_text('<qgis><Option name="ofanet/kind"/></qgis>')
    (tmp_path / "out.qmd").write_text("<qgis>mine</qgis>")
    (tmp_path / "r.qml").write_text('<qgis><Option name="ofanet/kind"/></qgis>')  # of a raster r.tif
    for name in ("p", "naip"):
        (tmp_path / f"{name}.qml").write_text('<qgis><Option name="ofanet/kind"/></qgis>')
    run(segment, path, tmp_path, polygons=str(tmp_path / "p.gpkg"))
    classify(ClassifyOptions(str(path), str(tmp_path / "naip.gpkg")))
    assert not (tmp_path / "p.qml").exists() and (tmp_path / "naip.qml").exists()
    assert not (tmp_path / "out.qml").exists() and (tmp_path / "out.qmd").exists() and (tmp_path / "r.qml").exists()


def test_the_answer_in_words_is_a_table(scene, tmp_path):
    path = scene("sentinel-2")
    answer = segment(SegmentOptions(str(path), str(tmp_path / "out.tif")))
    lines = areas_text(answer).splitlines()
    assert lines[0].startswith(str(tmp_path / "out.tif")) and "ha" in lines[1] and "%" in lines[1]
    shares = []
    for line, entry in zip(lines[2:], answer["classes"], strict=True):
        value, *name, hectares, share = line.split()
        assert (value, " ".join(name), hectares) == (str(entry["value"]), entry["name"], f"{entry['area_ha']:.1f}")
        shares.append(float(share))
    assert sum(shares) == pytest.approx(100, abs=0.2)
    table = areas_text(classify(ClassifyOptions(str(path), str(tmp_path / "t.tif")))).splitlines()
    assert table[1].split() == ["class", "name", "tiles", "%"]
    assert commands.show("segment", answer) == areas_text(answer) and commands.show("embed", {}) is None
    assert "-" in areas_text(answer | {"classes": [c | {"area_ha": None, "pixels": 0} for c in answer["classes"]]})
