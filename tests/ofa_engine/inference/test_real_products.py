"""Products as they are downloaded, where the real sample rasters are on this machine."""

import numpy as np
import pytest
import rasterio

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import SegmentOptions
from ofa_engine.inference.segment import segment
from ofa_engine.raster.source import Source, detect_source

from ..conftest import write_raster


def separate(path, files):
    """What `gdalbuildvrt -separate` makes of single-band files."""
    with rasterio.open(files[0]) as first:
        width, height, t, crs = first.width, first.height, first.transform, first.crs
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{i}"><NoDataValue>0</NoDataValue><ComplexSource>'
        f"<SourceFilename>{file}</SourceFilename><SourceBand>1</SourceBand><NODATA>0</NODATA></ComplexSource>"
        "</VRTRasterBand>"
        for i, file in enumerate(files, 1)
    )
    srs = crs.to_wkt().replace("&", "&amp;").replace("<", "&lt;")
    geo = f"<SRS>{srs}</SRS><GeoTransform>{t.c}, {t.a}, {t.b}, {t.f}, {t.d}, {t.e}</GeoTransform>"
    path.write_text(f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">{geo}{bands}</VRTDataset>')
    return path


@pytest.fixture
def landsat(shared_data):
    files = sorted((shared_data / "real" / "detect" / "landsat8_c2l2").glob("*_SR_B?.TIF"))
    if len(files) != 7:
        pytest.skip("the Landsat scene is not among the real sample rasters")
    return files


def mapped(path, output):
    segment(SegmentOptions(str(path), output=str(output)), QUIET)
    with rasterio.open(output) as layer:
        return layer.read(1), layer.tags(ns="OFANET")


def test_landsats_band_files_are_mapped_as_the_scene_in_reflectance(landsat, tmp_path):
    stack = separate(tmp_path / "stack.vrt", landsat)
    with Source(stack) as source:
        found, scaled = detect_source(source), source.scaled
    assert (found.product, found.sensor, found.mapped) == ("landsat-8-9-l2", "sentinel-2", True)
    assert found.bands == (4, 3, 2, None, None, None, 5, 6, 7) and found.units == "reflectance"
    assert set(scaled.values()) == {(2.75e-5, -0.2)}, "out of the MTL file beside the bands"
    with rasterio.open(stack) as source:
        raw, transform, crs = source.read(), source.transform, source.crs
    reflectance = np.where(raw == 0, np.nan, raw * 2.75e-5 - 0.2).astype("float32")
    names = [f"SR_B{i}" for i in range(1, 8)]
    place = {"names": names, "transform": transform, "crs": crs}
    scene = write_raster(tmp_path / "reflectance.tif", reflectance, nodata=np.nan, **place)
    alone = write_raster(tmp_path / "alone.tif", raw, nodata=0, **place)  # without its MTL file
    (first, tags), (second, _), (third, _) = (
        mapped(path, tmp_path / f"{path.stem}_map.tif") for path in (stack, scene, alone)
    )
    assert tags["PRODUCT"] == "landsat-8-9-l2" and "MAPPED_BANDS" in tags
    assert (first != second).mean() <= 0.005 and (first != third).mean() <= 0.005
    assert (first != 255).any()
