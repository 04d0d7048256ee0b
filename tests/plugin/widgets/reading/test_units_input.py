"""A unit out of the list, or numbers of the user's own."""

import pytest
from conftest import sample
from osgeo import gdal
from rasters import make

from qgis_plugin.widgets.raster_input import RasterInput
from qgis_plugin.widgets.reading.units_input import OWN, UnitsInput


@pytest.fixture
def units(qtbot):
    found = UnitsInput()
    qtbot.addWidget(found)
    found.show()
    return found


def choose(units, data):
    units.choice.setCurrentIndex(units.choice.findData(data))
    units.choice.activated.emit(units.choice.currentIndex())


def test_scale_and_offset(units, qtbot):
    assert units.units() is None and not units.scale.isVisible()
    choose(units, "dn")
    assert units.units() == "dn" and not units.scale.isVisible()
    choose(units, OWN)
    assert units.scale.isVisible() and units.offset.isVisible() and units.units() is None  # nothing is entered yet
    qtbot.keyClicks(units.scale, "0.0000275")
    assert units.units() == "0.0000275,0"
    qtbot.keyClicks(units.offset, "-0,2")  # as German is written
    assert units.units() == "0.0000275,-0.2"
    units.clear()
    assert units.units() is None and not units.scale.isVisible()


def test_numbers_reach_the_detection_and_the_algorithm(layer, qtbot, tmp_path):
    layer(
        make(tmp_path / "x100.tif", 2, dtype=gdal.GDT_Int16, values=lambda random, i, s: random.normal(-1200, 300, s))
    )
    source = RasterInput(None)
    qtbot.addWidget(source)
    assert source.detection.units is None and source.trouble()
    choose(source.units, OWN)
    qtbot.keyClicks(source.units.scale, "0.01")
    assert source.detection.units == "0.01,0" and not source.trouble()
    assert source.reading_parameters()["UNITS"] == "0.01,0"
    qtbot.keyClicks(source.units.scale, "abc")
    assert "SCALE,OFFSET" in source.verdict.text() and source.trouble()


def test_another_raster_is_as_recognised_again(layer, qtbot):
    naip, gaofen = layer(sample("naip")), layer(sample("gaofen"))
    source = RasterInput(None)
    qtbot.addWidget(source)
    source.raster.setLayer(naip)
    choose(source.units, "16-bit")
    source.raster.setLayer(gaofen)
    assert source.reading_parameters() == {"SENSOR": "auto", "BANDS": "", "UNITS": "auto"}
    assert source.units.choice.currentText() == "auto: 8-bit grey values 0..255"
