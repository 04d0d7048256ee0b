"""The classes of a head as chips."""

from qgis.PyQt.QtGui import QColor

from qgis_plugin.widgets.class_chips import ClassChips


def test_chips_wrap_and_show_their_colour(qtbot):
    chips = ClassChips()
    qtbot.addWidget(chips)
    names = ("water", "an uncommonly long name of a class", "x")
    chips.show_classes([{"name": name, "color": "#ff00ff"} for name in names])
    wide, narrow = chips.heightForWidth(2000), chips.heightForWidth(150)
    assert narrow == 3 * chips.heightForWidth(10**6) == 3 * wide
    assert all(place.right() < 150 for place in chips.places(150)), "a name that is too long is cut"
    chips.resize(150, narrow)
    chips.show()
    image = chips.grab().toImage()
    assert image.pixelColor(5, wide // 2) == QColor("#ff00ff") == image.pixelColor(5, narrow - wide // 2)
    chips.show_classes([])
    assert chips.heightForWidth(150) == 0
