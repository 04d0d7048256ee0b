"""Runs of `evaluate`, and the references that they take."""

import warnings
from html.parser import HTMLParser

import numpy as np
import pyogrio
import rasterio
import shapely

from ofa_engine.accuracy.evaluate import evaluate
from ofa_engine.accuracy.sample import sample
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.options import EvaluateOptions, SampleOptions, SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.learning.labelled import DEFAULT_LIMITS
from ofa_engine.raster.georeference import place

from ..conftest import write_raster


def run(tmp_path, head, inputs, labels, callbacks=None, limits=DEFAULT_LIMITS, **more):
    inputs, labels = ([str(p) for p in (paths if isinstance(paths, list) else [paths])] for paths in (inputs, labels))
    options = dict(head=str(head), inputs=inputs, labels=labels, output=str(tmp_path / "report.html")) | more
    return evaluate(EvaluateOptions(**options), callbacks or Callbacks(), limits)


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
    segment(SegmentOptions(str(path), str(tmp_path / "map.tif")))
    sample(SampleOptions(str(tmp_path / "map.tif"), str(tmp_path / "drawn.gpkg"), least=20), Callbacks())
    return path


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
