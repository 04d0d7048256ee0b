"""The table of bands and its text are one and the same choice."""

import dataclasses

import pytest
from conftest import sample
from osgeo import gdal
from qgis.PyQt.QtCore import QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QWheelEvent
from qgis.PyQt.QtWidgets import QApplication, QLabel
from rasters import make

from qgis_plugin.engine.modules import sensors
from qgis_plugin.engine.raster_facts import facts_of
from qgis_plugin.widgets.raster_input import RasterInput
from qgis_plugin.widgets.reading.band_table import band_titles


@pytest.fixture
def source(layer, qtbot):
    def on(path) -> RasterInput:
        opened = layer(path)
        found = RasterInput(None)
        qtbot.addWidget(found)
        found.raster.setLayer(opened)
        found.reading.setCollapsed(False)
        found.show()
        return found

    return on


def pick(box, index: int):
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_rows_are_the_sensors_bands_with_what_is_read(source):
    found = source(sample("sentinel-2"))
    table, sensor = found.reading.order.table, sensors.get_sensor("sentinel-2")
    labels = [label.text() for label in table.findChildren(QLabel) if label.isVisible()]
    for band in sensor.bands:
        assert band.name in labels and f"{1000 * band.wavelength_um:.0f} nm" in labels
    assert tuple(table.bands()) == found.detection.bands
    assert [box.currentText() for box in table.boxes[:3]] == ["4: B4", "3: B3", "2: B2"]
    assert all(band.name in box.accessibleName() for band, box in zip(sensor.bands, table.boxes, strict=True))


def test_a_choice_in_the_table_is_the_text_and_the_other_way_round(source, qtbot):
    found = source(sample("gaofen"))
    order, changes = found.reading.order, []
    found.changed.connect(lambda: changes.append(found.detection))
    pick(order.table.boxes[0], 3)
    assert order.text.text() == "3,2,3,4" and [one.bands for one in changes] == [(3, 2, 3, 4)]
    assert found.reading_parameters()["BANDS"] == "3,2,3,4"
    pick(order.table.boxes[3], 0)
    assert order.text.text() == "3,2,3,-" and found.detection.bands[3] is None
    order.as_text.click()
    order.text.clear()
    qtbot.keyClicks(order.text, "3,2,1,4")
    assert order.table.bands() == [3, 2, 1, 4] == list(found.detection.bands)
    pick(order.table.boxes[0], 1)
    pick(order.table.boxes[2], 3)
    assert order.text.text() == "" and found.reading_parameters()["BANDS"] == ""  # as it was recognised


def test_back_to_what_was_recognised(source):
    found = source(sample("naip"))
    order = found.reading.order
    assert order.reset.isHidden() and order.text.isHidden()
    pick(order.table.boxes[0], 2)
    assert order.reset.isVisible()
    order.reset.click()
    assert order.text.text() == "" and order.table.bands() == [1, 2, 3] and order.reset.isHidden()


def test_a_wrong_text_is_refused_and_the_table_stays(source, qtbot):
    found = source(sample("naip"))
    order = found.reading.order
    order.as_text.click()
    qtbot.keyClicks(order.text, "1,9,x")
    assert "Not recognised" in found.verdict.text() and order.table.isVisible()
    assert order.table.bands() == [1, None, None] and found.trouble()


def test_a_raster_that_is_not_recognised_gets_its_bands_from_the_table(source, tmp_path):
    found = source(make(tmp_path / "six.tif", 6))
    order = found.reading.order
    assert found.trouble() and order.table.isHidden()
    found.choose_sensor("sentinel-2")
    assert order.table.bands() == [None] * 9 and order.table.boxes[0].itemText(6) == "Band 6"
    for row, band in {0: 3, 1: 2, 2: 1, 6: 4}.items():
        pick(order.table.boxes[row], band)
    assert found.detection.bands == (3, 2, 1, None, None, None, 4, None, None) and not found.trouble()
    found.choose_sensor("gaofen")  # the order of nine bands says nothing of four
    assert order.text.text() == "" and len(order.table.boxes) == 4


def test_many_bands_are_a_summary_and_a_text(source, qtbot):
    found = source(sample("enmap"))
    order = found.reading.order
    assert order.table.isHidden() and order.as_text.isHidden() and order.text.isVisible()
    assert "202 of the sensor's 224 bands" in order.summary.text()


def test_scrolling_over_a_row_changes_nothing(source):
    found = source(sample("naip"))
    box = found.reading.order.table.boxes[0]
    none, down = Qt.MouseButton.NoButton, QPoint(0, -120)
    modifier, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(box, QWheelEvent(QPointF(5, 5), QPointF(5, 5), down, down, none, modifier, phase, False))
    assert box.currentIndex() == 1 and found.bands.text() == ""


def test_titles_of_bands(layer, tmp_path):
    """By description, without what all file names begin with; else by wavelength or colour."""
    facts = facts_of(layer(sample("naip")))

    def titles(*names, **changes):
        count = len(names)
        known = {"colors": ("gray",) * count, "wavelengths_um": (None,) * count, "descriptions": names}
        return band_titles(dataclasses.replace(facts, **{**known, **changes}))

    start = "LC08_L2SP_005009_20150710_20200908_02_T2_"
    assert titles(f"{start}SR_B4", f"{start}ST_B10") == ("1: SR_B4", "2: ST_B10")
    assert titles(f"{start}SR_B4", f"{start}SR_B5") == ("1: SR_B4", "2: SR_B5")
    assert titles("blue", "") == ("1: blue", "Band 2")
    assert titles("only_one_name") == ("1: only_one_name",)
    assert titles("", "", wavelengths_um=(0.655, None), colors=("gray", "red")) == ("1: 655 nm", "2: red")
    files = [str(make(tmp_path / f"LC08_T1_SR_B{i}.tif", 1, dtype=gdal.GDT_UInt16)) for i in (2, 3, 4)]
    gdal.BuildVRT(str(tmp_path / "stack.vrt"), files, separate=True).FlushCache()
    assert band_titles(facts_of(layer(tmp_path / "stack.vrt"))) == ("1: SR_B2", "2: SR_B3", "3: SR_B4")
