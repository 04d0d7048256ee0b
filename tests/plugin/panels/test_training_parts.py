"""Train from polygons, its parts: uncertain places, the confusion matrix, saving a head."""

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsRasterLayer,
    QgsRectangle,
)
from qgis.PyQt.QtGui import QColor, QPalette

from qgis_plugin.engine.modules import catalog, errors
from qgis_plugin.panels.training import save_head, uncertain
from qgis_plugin.widgets.confusion_matrix import ConfusionMatrix, readable_on, shade


def test_places_come_least_confident_first(tmp_path, qgis_app):
    path, rng = tmp_path / "c.tif", np.random.default_rng(1)
    values = 0.9 + 0.05 * rng.random((240, 360), np.float32)
    values[60:90, 300:330] = 0.3
    values[200:240, :40] = np.nan
    target = gdal.GetDriverByName("GTiff").Create(str(path), 360, 240, 1, gdal.GDT_Float32)
    target.SetGeoTransform((1000, 2, 0, 5000, 0, -2))
    target.GetRasterBand(1).SetNoDataValue(float("nan"))
    target.GetRasterBand(1).WriteArray(values)
    target = None
    found = uncertain.places(QgsRasterLayer(str(path)))
    assert len(found) == 12 * 8 - 1  # one block is nodata
    assert found[0].confidence == pytest.approx(0.3) and found[1].confidence > 0.9
    assert found[0].rectangle == QgsRectangle(1600, 4820, 1660, 4880)
    assert [p.confidence for p in found] == sorted(p.confidence for p in found)
    assert uncertain.next_place(found, [found[0].rectangle]) is found[1]
    assert uncertain.next_place(found, [p.rectangle for p in found]) is None


@pytest.mark.parametrize("base", ["#ffffff", "#202326"])
def test_numbers_of_the_matrix_are_readable_in_light_and_dark(base, qtbot):
    def luminance(color):
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color.getRgbF()[:3]]
        return np.dot(parts, (0.2126, 0.7152, 0.0722))

    for share in np.linspace(0, 1, 101):
        background = shade(float(share), QColor(base))
        light, dark = sorted((luminance(background), luminance(readable_on(background))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    widget = ConfusionMatrix()
    qtbot.addWidget(widget)
    palette = widget.palette()
    palette.setColor(QPalette.ColorRole.Base, QColor(base))
    widget.setPalette(palette)
    widget.show_matrix(["a", "b", "c"], ["#ff0000"] * 3, [[9, 1, 0], [0, 0, 0], [2, 2, 4]], [0.9, None, 0.4])
    widget.resize(widget.sizeHint())
    assert not widget.grab().isNull()
    assert widget.sentence(0) == "a: found as a 90%, b 10%" and widget.sentence(1) == "b: not scored"


def test_a_head_that_cannot_be_written_says_so(tmp_path, qgis_app):
    (tmp_path / "file").write_text("no folder")
    source = next(head.path for head in catalog.list_heads("naip"))
    with pytest.raises(errors.OutputError, match="could not be saved"):
        save_head.save_head(source, "mine", tmp_path / "file" / "models", {})
