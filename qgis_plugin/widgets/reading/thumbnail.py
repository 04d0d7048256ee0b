"""A small picture of a raster in the colours that its bands are read as: swapped bands show at a glance.

Drawn in a thread of its own by a copy of the layer's provider, which takes overviews where there are any.
"""

import threading
from dataclasses import dataclass

import numpy as np
from qgis.core import Qgis, QgsRasterBlock, QgsRasterBlockFeedback, QgsRasterDataProvider, QgsRectangle
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QImage, QPixmap
from qgis.PyQt.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from ...engine.modules import sensors
from ...i18n.texts import tr

SIDE_PX = 96
MOST_BYTES = 2**25  # read at most of a raster without overviews, whose middle is shown then
_RED_GREEN_BLUE_UM, _NEAR_UM = (0.66, 0.56, 0.48), 0.045
_LOW, _HIGH = 2, 98  # percentiles between which brightness is stretched
_POLL_MS = 30


@dataclass(frozen=True)
class Composite:
    """The raster's bands, from 1, that are shown as red, green and blue, and the names that the sensor has for them."""

    bands: tuple[int, int, int]
    names: tuple[str, str, str]
    true_colour: bool


def composite_of(sensor: sensors.Sensor, bands) -> Composite | None:
    """True colour where the raster has the bands for it, else its longest wavelengths; radar as VV, VH, VV.

    Args:
        sensor: whose bands these are.
        bands: per band of the sensor the raster's band, None where it is missing.
    """
    pairs = zip(sensor.bands, bands, strict=True)
    read = [(band.wavelength_um or 0.0, band.name, number) for band, number in pairs if number]
    if not read:
        return None
    nearest = [min(read, key=lambda one: abs(one[0] - um)) for um in _RED_GREEN_BLUE_UM]
    distances = (abs(one[0] - um) for one, um in zip(nearest, _RED_GREEN_BLUE_UM, strict=True))
    true_colour = all(distance < _NEAR_UM for distance in distances)
    shown = nearest if true_colour else sorted(read, key=lambda one: -one[0])[:3]
    shown = [*shown, shown[0], shown[0]][:3]
    return Composite(tuple(one[2] for one in shown), tuple(one[1] for one in shown), true_colour)


def draw(provider, composite: Composite, side_px: int, feedback: QgsRasterBlockFeedback | None = None) -> QImage | None:
    """In any thread, with a provider of its own; None where it cannot read, or where `feedback` was cancelled.

    Pixels without data are transparent. True colours share one stretch of brightness, so that their hue is kept.
    """
    provider.enableProviderResampling(True)  # else neighbouring pixels of the picture have nothing in common
    provider.setZoomedOutResamplingMethod(QgsRasterDataProvider.ResamplingMethod.Bilinear)
    provider.setMaxOversampling(max(provider.xSize(), provider.ySize()))
    extent = shown_extent(provider)
    width, height = size_px(provider, side_px)
    planes = []
    for band in composite.bands:
        block = provider.block(band, extent, width, height, feedback)
        if feedback is not None and feedback.isCanceled() or not block.isValid():
            return None
        planes.append(_values(block, provider.userNoDataValues(band)))
    return _image(np.stack(planes), composite.true_colour)


def size_px(provider, side_px: int) -> tuple[int, int]:
    """(width, height) of the picture, the longer side as given."""
    shrink = side_px / max(provider.xSize(), provider.ySize())
    return max(1, round(provider.xSize() * shrink)), max(1, round(provider.ySize() * shrink))


def shown_extent(provider) -> QgsRectangle:
    """All of the raster, or its middle where all would take long to read."""
    pixel_bytes = sum(QgsRasterBlock.typeSize(provider.dataType(band)) for band in range(1, provider.bandCount() + 1))
    share = (MOST_BYTES / (provider.xSize() * provider.ySize() * pixel_bytes)) ** 0.5
    extent = provider.extent()
    if share < 1 and not provider.hasPyramids():
        extent.scale(share)
    return extent


def _values(block, no_data_ranges) -> np.ndarray:
    """(h, w) of float64, NaN where there is no data."""
    no_data = block.noDataValue() if block.hasNoDataValue() else None
    block.convert(Qgis.DataType.Float64)
    values = np.frombuffer(bytes(block.data()), np.float64).reshape(block.height(), block.width()).copy()
    values[~np.isfinite(values)] = np.nan
    if no_data is not None:
        values[values == no_data] = np.nan
    for one in no_data_ranges:
        values[(values >= one.min()) & (values <= one.max())] = np.nan
    return values


def _image(planes: np.ndarray, together: bool) -> QImage:
    """(3, h, w) to a picture; 0 in all bands is mostly fill, and does not count for the stretch."""
    there = np.isfinite(planes).all(0)
    counted = planes[:, there & (planes != 0).any(0)]
    pixels = np.zeros((*there.shape, 4), np.uint8)
    if counted.size:
        low, high = np.percentile(counted, (_LOW, _HIGH), axis=None if together else 1)
        low, high = np.broadcast_to(low, 3)[:, None, None], np.broadcast_to(high, 3)[:, None, None]
        shades = (np.where(there, planes, low) - low) / np.where(high > low, high - low, 1)
        pixels[..., :3] = np.moveaxis(255 * shades.clip(0, 1), 0, -1)
    pixels[..., 3] = 255 * there
    height, width = there.shape
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


class _Drawing:
    """One picture, drawn in a thread."""

    def __init__(self, provider, composite: Composite, side_px: int):
        self.image: QImage | None = None
        self.done, self._feedback = threading.Event(), QgsRasterBlockFeedback()
        threading.Thread(target=self._work, args=(provider, composite, side_px), daemon=True).start()

    def cancel(self):
        self._feedback.cancel()

    def _work(self, provider, composite: Composite, side_px: int):
        try:
            self.image = draw(provider, composite, side_px, self._feedback)
        finally:
            self.done.set()


_drawings: list[_Drawing] = []  # that are not done


def forget(seconds: float = 2.0):
    """Stops all drawing and waits for it to end, since the plugin's code is unloaded after this."""
    for drawing in _drawings:
        drawing.cancel()
    for drawing in _drawings:
        drawing.done.wait(seconds)
    _drawings.clear()


class Thumbnail(QWidget):
    """The picture, with what its colours are below it; takes no room where there is none."""

    def __init__(self):
        super().__init__()
        self.picture, self.caption = QLabel(), QLabel()
        self.picture.setAccessibleName(tr("Picture of the raster"))
        self.caption.setAlignment(Qt.AlignmentFlag.AlignRight)
        small = self.caption.font()
        small.setPointSizeF(small.pointSizeF() * 0.8)
        self.caption.setFont(small)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.caption)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self._drawing: _Drawing | None = None
        self._shown: tuple | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.hide()

    @property
    def drawing(self) -> bool:
        return self._timer.isActive()

    def show_of(self, layer, composite: Composite | None):
        """Its room is there at once, so that nothing moves when the picture comes; that of the same layer in other
        colours stays until then. None for either takes it away."""
        key = (layer.id(), layer.source(), composite) if layer is not None and composite is not None else None
        if key == self._shown:
            return
        before, self._shown = self._shown, key
        self.cancel()
        self.setVisible(key is not None)
        if key is None or before is None or key[:2] != before[:2]:
            self.picture.clear()
        if key is not None:
            self._describe(composite)
            self.picture.setFixedSize(*size_px(layer.dataProvider(), SIDE_PX))
            side_px = round(SIDE_PX * self.devicePixelRatioF())
            self._drawing = _Drawing(layer.dataProvider().clone(), composite, side_px)
            _drawings.append(self._drawing)
            self._timer.start()

    def cancel(self):
        self._timer.stop()
        if self._drawing is not None:
            self._drawing.cancel()
            self._drawing = None
        _drawings[:] = [one for one in _drawings if not one.done.is_set()]

    def _poll(self):
        drawing = self._drawing
        if drawing.done.is_set():
            self.cancel()
            self.setVisible(drawing.image is not None)
            if drawing.image is not None:
                pixmap = QPixmap.fromImage(drawing.image)
                pixmap.setDevicePixelRatio(self.devicePixelRatioF())
                self.picture.setPixmap(pixmap)

    def _describe(self, composite: Composite):
        names, numbers = ", ".join(composite.names), ", ".join(map(str, composite.bands))
        self.caption.setText(tr("as true colour") if composite.true_colour else names)
        text = tr("{names} of the sensor as red, green and blue: bands {numbers} of the raster")
        self.setToolTip(text.format(names=names, numbers=numbers))
