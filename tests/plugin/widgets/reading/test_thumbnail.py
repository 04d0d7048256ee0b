"""The picture of a raster: its colours, what is transparent, how much of a large one is read, and that nobody waits."""

import time

import numpy as np
import pytest
from conftest import SENSORS, sample
from osgeo import gdal
from qgis.core import QgsRasterBlockFeedback, QgsRasterLayer, QgsRasterRange
from rasters import make

from qgis_plugin.engine.modules import sensors
from qgis_plugin.engine.raster_facts import facts_of
from qgis_plugin.widgets.reading import thumbnail
from qgis_plugin.widgets.reading.thumbnail import MOST_BYTES, SIDE_PX, Composite, Thumbnail, composite_of, draw

RGB = Composite((1, 2, 3), ("R", "G", "B"), true_colour=True)


def colours(image) -> np.ndarray:
    """(h, w, 4), as RGBA."""
    rows = [[image.pixelColor(x, y).getRgb() for x in range(image.width())] for y in range(image.height())]
    return np.array(rows)


def drawn(path, composite=RGB, no_data=None):
    layer = QgsRasterLayer(str(path), "x")
    provider = layer.dataProvider()
    for band in set(composite.bands) if no_data is not None else ():
        provider.setUserNoDataValue(band, [QgsRasterRange(no_data, no_data)])
    return colours(draw(provider.clone(), composite, SIDE_PX))


def test_true_colour_is_found_by_wavelength():
    expected = {"sentinel-2": "B4 B3 B2", "gaofen": "R G B", "naip": "R G B", "enmap": "band 47 band 30 band 14"}
    for sensor_id, names in expected.items():
        sensor = sensors.get_sensor(sensor_id)
        found = composite_of(sensor, range(1, len(sensor.bands) + 1))
        assert " ".join(found.names) == names and found.true_colour


@pytest.mark.parametrize(
    ("sensor", "bands", "shown", "names"),
    [
        ("sentinel-1", (1, 2), (1, 2, 1), ("VV", "VH", "VV")),
        ("sentinel-1", (None, 1), (1, 1, 1), ("VH", "VH", "VH")),
        ("gaofen", (2, 3, None, 1), (1, 2, 3), ("NIR", "R", "G")),  # colour infrared
        ("sentinel-2", (*[None] * 6, 3, 2, 1), (1, 2, 3), ("B12", "B11", "B8")),
    ],
)
def test_without_the_visible_bands_it_is_the_longest_wavelengths(sensor, bands, shown, names):
    found = composite_of(sensors.get_sensor(sensor), bands)
    assert (found.bands, found.names) == (shown, names) and not found.true_colour
    assert composite_of(sensors.get_sensor(sensor), [None] * len(bands)) is None


def test_bands_are_drawn_as_red_green_and_blue(tmp_path):
    """A field that is bright in one band only, a third of the picture each."""

    def values(random, number, shape):
        found = np.full(shape, 20)
        found[:, (number - 1) * 60 : number * 60] = 200
        return found

    path = make(tmp_path / "fields.tif", 3, values=values)
    for order in ((1, 2, 3), (3, 2, 1)):
        image = drawn(path, Composite(order, ("", "", ""), true_colour=True))
        assert image.shape == (SIDE_PX, SIDE_PX, 4) and (image[..., 3] == 255).all()
        for place, band in zip((10, 40, 70), (1, 2, 3), strict=True):
            assert tuple(image[48, place, :3]) == tuple(255 * (one == band) for one in order)


def test_true_colours_keep_their_hue_and_others_are_stretched_each(tmp_path):
    def values(random, number, shape):
        return np.linspace(50, 50 + 60 * number, shape[1])[None].repeat(shape[0], 0)

    path = make(tmp_path / "ramps.tif", 3, values=values)
    together = drawn(path)[48, -3, :3]
    assert together[0] < together[1] < together[2]
    alone = drawn(path, Composite((1, 2, 3), ("", "", ""), true_colour=False))[48, -3, :3]
    assert (alone >= 250).all()


@pytest.mark.parametrize("how", ("of the file", "of the user"))
def test_no_data_is_transparent(tmp_path, how):
    def values(random, number, shape):
        found = random.integers(50, 250, shape)
        found[:, :100] = 7
        return found

    of_file = {"nodata": 7} if how == "of the file" else {}
    path = make(tmp_path / "half.tif", 3, values=values, **of_file)
    alpha = drawn(path, no_data=None if of_file else 7)[..., 3]
    assert (alpha[:, :46] == 0).all() and (alpha[:, 50:] == 255).all()


def test_nothing_but_no_data_is_an_empty_picture(tmp_path):
    path = make(tmp_path / "empty.tif", 3, values=lambda random, i, shape: np.full(shape, 7), nodata=7)
    assert (drawn(path)[..., 3] == 0).all()


def test_of_a_large_raster_without_overviews_the_middle_is_read(tmp_path):
    small, path = sample("naip"), tmp_path / "large.vrt"
    gdal.Translate(str(path), small, width=20000, height=10000, format="VRT")
    large, sampled = QgsRasterLayer(str(path), "x"), QgsRasterLayer(small, "x")
    provider = large.dataProvider()
    shown, whole = thumbnail.shown_extent(provider), provider.extent()
    assert shown.center().distance(whole.center()) < 1e-6 * whole.width()
    share = shown.area() / whole.area()
    assert share * 20000 * 10000 * 3 == pytest.approx(MOST_BYTES)
    image = draw(provider.clone(), RGB, SIDE_PX)
    assert (image.width(), image.height()) == (SIDE_PX, SIDE_PX // 2)
    assert thumbnail.shown_extent(sampled.dataProvider()) == sampled.extent()


def test_a_cancelled_or_broken_picture_is_none(tmp_path):
    feedback = QgsRasterBlockFeedback()
    feedback.cancel()
    layer = QgsRasterLayer(sample("naip"), "x")
    assert draw(layer.dataProvider().clone(), RGB, SIDE_PX, feedback) is None


@pytest.mark.parametrize("sensor", SENSORS)
def test_the_window_does_not_wait_and_the_picture_comes(layer, qtbot, sensor):
    opened, widget = layer(sample(sensor)), Thumbnail()
    qtbot.addWidget(widget)
    bands = sensors.detect(facts_of(opened)).bands
    composite = composite_of(sensors.get_sensor(sensor), bands)
    start = time.thread_time()
    widget.show_of(opened, composite)
    assert time.thread_time() - start < 0.05 and widget.drawing and not widget.isHidden()
    qtbot.waitUntil(lambda: not widget.drawing, timeout=10_000)
    assert not widget.isHidden() and widget.picture.pixmap().width() == widget.picture.width() == SIDE_PX
    assert widget.caption.text() == ("VV, VH, VV" if sensor == "sentinel-1" else "as true colour")
    assert ", ".join(map(str, composite.bands)) in widget.toolTip()
    widget.show_of(None, None)
    assert widget.isHidden() and not widget.drawing


def test_the_picture_follows_a_choice_of_bands(layer, qtbot):
    opened, widget = layer(sample("naip")), Thumbnail()
    qtbot.addWidget(widget)
    shown = []
    for bands in ((1, 2, 3), (3, 2, 1)):
        widget.show_of(opened, Composite(bands, ("R", "G", "B"), true_colour=True))
        qtbot.waitUntil(lambda: not widget.drawing, timeout=10_000)
        shown.append(colours(widget.picture.pixmap().toImage()))
    assert (shown[0][..., [2, 1, 0]] == shown[1][..., :3]).all() and (shown[0] != shown[1]).any()


def test_unloading_waits_for_pictures(layer, qtbot):
    opened, widget = layer(sample("naip")), Thumbnail()
    qtbot.addWidget(widget)
    widget.show_of(opened, RGB)
    thumbnail.forget()
    widget.show_of(None, None)
    assert not widget.drawing
