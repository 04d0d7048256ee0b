import xml.etree.ElementTree as ET

import numpy as np
import pyogrio
import pytest
import rasterio
from pyproj import Geod
from scipy import ndimage

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled
from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.runner import RunLimits
from ofa_engine.inference.segment import segment

from .verbs import leftovers, read, run


def test_class_layer_explains_itself(scene, tmp_path):
    answer = run(segment, scene("naip"), tmp_path)
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255) and d.colormap(1)[255][3] == 0
    band = ET.parse(tmp_path / "out.tif.aux.xml").getroot().find("PAMRasterBand")
    names = [c.text or "" for c in band.find("CategoryNames")]
    assert names[1] == "water" and names[7] == "bare & dry" and names[3] == ""
    rows = [[f.text for f in row] for row in band.find("GDALRasterAttributeTable").findall("Row")]
    labels = read(tmp_path / "out.tif")[0]
    area = rows[2].pop(3)
    assert rows[2] == ["7", str((labels == 7).sum()), "bare & dry", "170", "85", "0", "255"]
    assert float(area) == pytest.approx(answer["classes"][2]["area_ha"], abs=1e-4)


def areas_in(labels):
    """Pixels of each 4-connected area."""
    return [int((part == 1).sum()) for value in np.unique(labels[labels != 255]) for part in _parts(labels == value)]


def _parts(mask):
    number, count = ndimage.label(mask)
    return [number == i for i in range(1, count + 1)]


@pytest.mark.parametrize("sensor", SENSORS)
def test_small_areas_go_and_everything_else_follows(sensor, scene, tmp_path):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 30:60, 20:70] = np.nan
        return pixels

    path = scene(sensor, change=cut)
    pixel_ha = (sum(get_sensor(sensor).gsd_m) / 2) ** 2 / 1e4
    run(segment, path, tmp_path, "before.tif")
    answer = run(
        segment,
        path,
        tmp_path,
        min_area=50.5 * pixel_ha,
        polygons=str(tmp_path / "p.gpkg"),
        confidence=str(tmp_path / "c.tif"),
    )
    before, labels = read(tmp_path / "before.tif")[0], read(tmp_path / "out.tif")[0]
    assert min(areas_in(before)) < 50 <= min(areas_in(labels))
    np.testing.assert_array_equal(labels == 255, before == 255)
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255) and d.tags(ns="OFANET")["MIN_AREA_HA"]
    values, _, areas = pyogrio.raw.read(tmp_path / "p.gpkg", columns=["class", "name", "area_ha"])[3]
    assert len(values) == len(areas_in(labels)) and areas.min() > 50 * pixel_ha * 0.998
    for entry in answer["classes"]:
        assert entry["pixels"] == (labels == entry["value"]).sum()
        assert entry["area_ha"] == pytest.approx(entry["pixels"] * pixel_ha, rel=2e-3)
        assert areas[values == entry["value"]].sum() == pytest.approx(entry["area_ha"], rel=1e-4, abs=1e-9)
    assert not leftovers(tmp_path)


def test_areas_in_degrees_are_those_of_each_row(scene, tmp_path):
    """The reference sums the ellipsoid's area row by row, over a raster that reaches over ten degrees."""
    transform = rasterio.Affine(0.02, 0, 13, 0, -0.02, 60)

    def halves(pixels):  # two classes at least, one more in the north
        pixels[:, :250] = pixels[:, :250] // 4
        return pixels

    path = scene("naip", 500, 60, crs="EPSG:4326", transform=transform, change=halves)
    for more in ({}, {"min_area": 3000.0}):
        answer = run(segment, path, tmp_path, **more)
        labels = read(tmp_path / "out.tif")[0]
        row_ha = []
        for row in range(500):
            south, north = 60 - 0.02 * (row + 1), 60 - 0.02 * row
            lon, lat = [13, 13.02, 13.02, 13], [south, south, north, north]
            row_ha.append(abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) / 1e4)
        for entry in answer["classes"]:
            wanted = ((labels == entry["value"]) * np.array(row_ha)[:, None]).sum()
            assert entry["area_ha"] == pytest.approx(wanted, rel=2e-3)


def test_a_tiny_limit_changes_nothing(scene, tmp_path):
    path = scene("naip")
    first = run(segment, path, tmp_path, "a.tif")
    second = run(segment, path, tmp_path, "b.tif", min_area=1e-6)
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0], read(tmp_path / "b.tif")[0])
    assert first["classes"] == second["classes"] and not leftovers(tmp_path)


def test_cancel_while_small_areas_are_merged_leaves_nothing(scene, tmp_path):
    said = []
    callbacks = Callbacks(
        log=lambda level, text: said.append(text), cancelled=lambda: any("merging" in t for t in said)
    )
    with pytest.raises(Cancelled):
        segment(SegmentOptions(str(scene("naip")), str(tmp_path / "out.tif"), min_area=0.001), callbacks)
    assert not (tmp_path / "out.tif").exists() and not leftovers(tmp_path)


def test_cloud_optimised_files_hold_the_same(scene, tmp_path):
    path = scene("gaofen", 700, 600)
    run(segment, path, tmp_path, "a.tif", confidence=str(tmp_path / "ac.tif"))
    run(segment, path, tmp_path, "b.tif", confidence=str(tmp_path / "bc.tif"), cog=True)
    for plain, cog in (("a.tif", "b.tif"), ("ac.tif", "bc.tif")):
        with rasterio.open(tmp_path / plain) as one, rasterio.open(tmp_path / cog) as other:
            np.testing.assert_array_equal(one.read(), other.read())
            assert other.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and other.overviews(1) == [2]
            assert one.tags(ns="OFANET") == other.tags(ns="OFANET") and one.crs == other.crs
            assert (one.transform, one.descriptions) == (other.transform, other.descriptions)
            np.testing.assert_equal(one.nodata, other.nodata)
    with rasterio.open(tmp_path / "b.tif") as d:
        assert d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255)
    assert (tmp_path / "a.tif.aux.xml").read_text() == (tmp_path / "b.tif.aux.xml").read_text()
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("cog", [False, True])
def test_large_layers_have_overviews_of_the_commonest_class(cog, scene, tmp_path):
    path, limits = scene("naip", 300, 1100), RunLimits(overviews_from_px=500)
    run(segment, path, tmp_path, limits=limits, confidence=str(tmp_path / "c.tif"), cog=cog)
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.overviews(1) == [2, 4] and d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255)
        labels, half = d.read(1), d.read(1, out_shape=(150, 550))
    squares = labels.reshape(150, 2, 550, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
    counts = np.stack([(squares == value).sum(1) for value in (1, 2, 7)], 1)
    clear = counts.max(1) > 2
    np.testing.assert_array_equal(half.ravel()[clear], np.array([1, 2, 7])[counts.argmax(1)][clear])
    with rasterio.open(tmp_path / "c.tif") as d:
        assert d.overviews(1) == [2, 4]
