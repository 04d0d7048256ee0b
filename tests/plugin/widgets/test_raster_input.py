"""What a panel says of its raster: the product, how sure that is, and what the layer's own settings do."""

import numpy as np
import pytest
from conftest import sample
from osgeo import gdal
from qgis.core import QgsCoordinateReferenceSystem, QgsRasterRange
from qgis.PyQt.QtWidgets import QComboBox
from rasters import make

from qgis_plugin.widgets.raster_input import RasterInput
from qgis_plugin.widgets.theme import state_color

LANDSAT = tuple(f"SR_B{number}" for number in range(1, 8))


@pytest.fixture
def source(layer, qtbot):
    def on(path) -> RasterInput:
        opened = layer(path)
        found = RasterInput(None)
        qtbot.addWidget(found)
        found.raster.setLayer(opened)
        return found

    return on


def test_title_is_the_product_and_green_only_where_nothing_was_assumed(source, tmp_path):
    def landsat(random, number, shape):
        return random.integers(7500, 20000, shape)

    def plain(random, number, shape):
        return random.integers(200, 4000, shape)

    uint16 = {"dtype": gdal.GDT_UInt16, "pixel": 30.0}
    named = source(make(tmp_path / "l8.tif", 7, values=landsat, descriptions=LANDSAT, **uint16))
    title = "Landsat 8/9 surface reflectance, read as Sentinel-2 without its red-edge bands (certain)"
    assert title in named.verdict.text() and state_color(named, "good") in named.verdict.text()
    assert "Landsat" not in named.reason.text().partition("; ")[0]
    nameless = source(make(tmp_path / "four.tif", 4, values=plain, **(uint16 | {"pixel": 3.0})))
    assert "please check" in nameless.verdict.text() and "&quot;" not in nameless.reason.text()
    assert state_color(nameless, "fair") in nameless.verdict.text()
    assert not nameless.reading.isCollapsed()


def test_settings_of_the_layer_count_as_soon_as_they_are_set(source, qtbot, tmp_path):
    def values(random, number, shape):
        found = random.integers(200, 4000, shape)
        found[::2] = 64000
        return found

    path = make(tmp_path / "s2.tif", 4, dtype=gdal.GDT_UInt16, values=values, descriptions=("B4", "B3", "B2", "B8"))
    found, changes = source(path), []
    found.bands.setText("3,2,1,4")
    found.bands.editingFinished.emit()
    assert found.trouble() and found.detection.units is None  # 64000 is in no unit
    found.changed.connect(lambda: changes.append(1))
    provider = found.layer().dataProvider()
    qtbot.waitUntil(lambda: not found.thumbnail.drawing, timeout=10_000)
    for band in range(1, 5):
        provider.setUserNoDataValue(band, [QgsRasterRange(64000, 64000)])
    found.layer().triggerRepaint()  # as the layer's properties do
    assert found.detection.units == "dn" and not found.trouble() and changes == [1]
    assert found.thumbnail.drawing
    assert found.bands.text() == "3,2,1,4"  # the user's choice stays
    found.layer().triggerRepaint()
    assert changes == [1]
    found.layer().setCrs(QgsCoordinateReferenceSystem("EPSG:32634"))
    assert changes == [1, 1]
    provider.setUserNoDataValue(1, [QgsRasterRange(64000, 65000)])
    found.layer().triggerRepaint()
    assert "Set in QGIS, but not used here: additional no data values" in found.reason.text()


def test_nobody_listens_to_a_layer_that_was_left(source, layer):
    found = source(sample("naip"))
    before = found.layer()
    found.raster.setLayer(layer(sample("gaofen")))
    changes = []
    found.changed.connect(lambda: changes.append(1))
    before.setCrs(QgsCoordinateReferenceSystem("EPSG:32634"))
    assert not changes and found.detection.sensor == "gaofen"


def test_picture_follows_the_bands(source, qtbot):
    found = source(sample("naip"))

    def pixels() -> np.ndarray:
        qtbot.waitUntil(lambda: not found.thumbnail.drawing, timeout=10_000)
        image = found.thumbnail.picture.pixmap().toImage()
        return np.array([image.pixelColor(x, 40).getRgb()[:3] for x in range(image.width())])

    before = pixels()
    box = found.reading.order.table.boxes
    for row, band in ((0, 3), (2, 1)):
        box[row].setCurrentIndex(band)
        box[row].activated.emit(band)
    assert (pixels() == before[:, ::-1]).all()


def test_long_choices_do_not_widen_the_panel(source):
    found = source(sample("sentinel-2"))
    found.reading.setCollapsed(False)
    found.reading.order.as_text.click()
    assert found.minimumSizeHint().width() < 380
    assert all(box.minimumSizeHint().width() < 260 for box in found.findChildren(QComboBox))
