import pytest
import rasterio

from ofa_engine.raster.georeference import gsd_m, pixel_area_m2

from ..conftest import UTM


def test_gsd_in_metres_in_any_crs():
    assert gsd_m(UTM, rasterio.CRS.from_epsg(32633), 100, 100) == pytest.approx(10, rel=1e-3)
    degrees = rasterio.Affine(1e-4, 0, 13, 0, -1e-4, 60)
    assert gsd_m(degrees, rasterio.CRS.from_epsg(4326), 10, 10) == pytest.approx((11.141 * 5.58) ** 0.5, rel=2e-3)
    mercator = rasterio.Affine(10, 0, 1e6, 0, -10, 8.4e6)  # 60 degrees north: half of it on the ground
    assert gsd_m(mercator, rasterio.CRS.from_epsg(3857), 10, 10) == pytest.approx(5, rel=0.02)
    assert gsd_m(UTM, None, 10, 10) is None
    rotated = rasterio.Affine(8.660254, 5, 5e5, 5, -8.660254, 5.8e6)
    assert pixel_area_m2(rotated, rasterio.CRS.from_epsg(32633), (0, 0, 9, 9)) == pytest.approx(100, rel=1e-3)
