import numpy as np
import pyogrio
import pytest
import shapely

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.classify import classify

from .verbs import read, run


@pytest.mark.parametrize("sensor", SENSORS)
def test_classify_tiles_to_polygons_and_cells(sensor, scene, tmp_path):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, :48, :48] = np.nan  # the first tile has no valid pixel
        return pixels

    path = scene(sensor, 100, 130, change=cut)
    answer = run(classify, path, tmp_path, "tiles.gpkg")
    run(classify, path, tmp_path, "tiles.tif")
    cells, profile, _ = read(tmp_path / "tiles.tif")
    meta, _, geometries, (values, names, areas, confidence) = pyogrio.raw.read(tmp_path / "tiles.gpkg")
    assert list(meta["fields"]) == ["class", "name", "area_ha", "confidence"]
    assert cells.shape == (3, 3) and cells[0, 0] == 255 and len(values) == 8
    np.testing.assert_array_equal(values, cells[cells != 255])
    assert ((confidence > 1 / 3) & (confidence <= 1)).all()
    gsd = sum(get_sensor(sensor).gsd_m) / 2
    assert profile["transform"].a == pytest.approx(48 * gsd)
    sizes = sorted({round(a / gsd**2) for a in shapely.area(shapely.from_wkb(geometries))})
    assert sizes == sorted({48 * 48, 48 * 34, 4 * 48, 4 * 34})  # clipped at the edge
    assert sum(c["tiles"] for c in answer["classes"]) == answer["tiles"] == 8
