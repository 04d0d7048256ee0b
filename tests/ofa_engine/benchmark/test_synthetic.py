import pytest
import rasterio

from ofa_engine.benchmark.synthetic import write_example
from ofa_engine.core.sensors import SENSORS
from ofa_engine.raster.source import Source, detect_source


@pytest.mark.parametrize("sensor", SENSORS)
def test_a_synthetic_raster_is_recognised(tmp_path, sensor):
    path = write_example(tmp_path / "a.tif", 130, 270, sensor)
    with Source(path) as source:
        found = detect_source(source)
        values, valid = source.read([1], (0, 0, 130, 270))
    assert found.sensor == sensor and valid is None
    assert values.std() > 0
    with rasterio.open(path) as raster:
        assert raster.count == len(SENSORS[sensor].bands)
