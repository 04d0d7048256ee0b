"""Rasters outside of the ordinary: coordinates without a place on the Earth, other placements, mixed and odd types."""

import os
import subprocess
import sys

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio._err import CPLE_BaseError
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from ofa_engine.core.errors import InputError, OfaError
from ofa_engine.interfaces import cli
from ofa_engine.raster.gdal import library_errors, open_quietly
from ofa_engine.raster.georeference import gsd_m, in_crs_of_raster, pyproj_crs, to_degrees
from ofa_engine.raster.source import Source, detect_source

from ..conftest import pixels_of, write_raster

LOCAL = 'LOCAL_CS["Local Coordinates (m)",UNIT["metre",1]]'
ENGINEERING = (
    'ENGCRS["site grid",EDATUM["pillar 7"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
)
MOON = (
    'PROJCS["Moon",GEOGCS["Moon 2000",DATUM["D_Moon_2000",SPHEROID["Moon_2000",1737400,0]],PRIMEM["Reference",0],'
    'UNIT["degree",0.0174532925199433]],PROJECTION["Equirectangular"],UNIT["metre",1]]'
)
CELL = rasterio.Affine(0.1, 0, 20, 0, -0.1, 30)
BANDS = ("R", "G", "B")


@pytest.mark.parametrize("crs", [LOCAL, ENGINEERING, MOON])
def test_a_raster_off_the_earth_is_mapped_without_areas(tmp_path, capsys, crs):
    path = write_raster(tmp_path / "a.tif", pixels_of("naip", 64, 80), names=BANDS, crs=crs, transform=CELL)
    out, polygons, page = (str(tmp_path / f"map.{end}") for end in ("tif", "gpkg", "html"))
    assert cli.main(["segment", str(path), "-o", out, "--polygons", polygons, "--report", page]) == 0
    assert capsys.readouterr().err.count("no place on the Earth: areas are not known") == 1
    with rasterio.open(out) as layer, rasterio.open(path) as source:
        assert layer.transform == source.transform and layer.crs == source.crs
    meta, _, wkb, fields = pyogrio.raw.read(polygons, columns=["area_ha"])
    assert np.isnan(fields[0]).all() and shapely.area(shapely.from_wkb(wkb)).sum() == pytest.approx(51.2)
    assert cli.main(["segment", str(path), "-o", out, "--min-area", "0.1"]) == 2
    assert "a CRS of the Earth for --min-area" in capsys.readouterr().err


def test_coordinates_without_a_place_on_the_earth():
    for crs in (LOCAL, ENGINEERING, MOON):
        known = rasterio.crs.CRS.from_wkt(crs)
        assert to_degrees(known) is None and gsd_m(CELL, known, 10, 10) is None
    assert pyproj_crs(rasterio.crs.CRS.from_wkt(LOCAL)) is None and pyproj_crs(rasterio.crs.CRS.from_wkt(MOON))


def test_vectors_are_brought_to_the_raster_or_refused():
    point, moon = np.array([shapely.Point(3, 4)]), rasterio.crs.CRS.from_wkt(MOON)
    assert in_crs_of_raster(point, LOCAL, moon, "a")[0] == point[0], "local coordinates are the raster's"
    assert in_crs_of_raster(point, "EPSG:4326", rasterio.crs.CRS.from_wkt(LOCAL), "a")[0] == point[0]
    moved = in_crs_of_raster(point, pyproj_crs(moon).geodetic_crs.to_wkt(), moon, "a")[0]
    assert moved.x == pytest.approx(np.radians(3) * 1737400)
    with pytest.raises(InputError, match="a.gpkg cannot be brought to the raster's CRS, Moon:"):
        in_crs_of_raster(point, "EPSG:4326", moon, "a.gpkg")


@pytest.mark.parametrize("how", ["gcps", "rpcs"])
def test_a_raster_without_a_grid_is_to_be_warped(tmp_path, capsys, how):
    path = write_raster(tmp_path / "raw.tif", pixels_of("naip", 64, 80), names=BANDS, crs=None, transform=None)
    with open_quietly(path, "r+") as raster:
        if how == "gcps":
            corners = [(0, 0), (0, 80), (64, 0), (64, 80)]
            points = [GroundControlPoint(row, column, 7 + column / 1e4, 50 - row / 1e4) for row, column in corners]
            raster.gcps = points, "EPSG:4326"
        else:
            scale = dict(height_off=0, height_scale=500, lat_off=50, lat_scale=0.1, long_off=7, long_scale=0.1)
            size = dict(line_off=32, line_scale=32, samp_off=40, samp_scale=40)
            coefficients = ("line_num_coeff", "line_den_coeff", "samp_num_coeff", "samp_den_coeff")
            raster.rpcs = RPC(**scale, **size, **{name: [1.0] + [0.0] * 19 for name in coefficients})
    assert cli.main(["detect", str(path)]) == 0
    assert cli.main(["segment", str(path), "-o", str(tmp_path / "map.tif")]) == 2
    flag = "-tps" if how == "gcps" else "-rpc"
    assert f"gdalwarp {flag} raw.tif warped.tif" in capsys.readouterr().err and not (tmp_path / "map.tif").exists()


def _vrt(folder, parts, crs="EPSG:32633"):
    """A VRT of (file, band, type, name)."""
    with rasterio.open(parts[0][0]) as first:
        size, t, wkt = (first.width, first.height), first.transform, first.crs.to_wkt().replace('"', "&quot;")
    bands = "".join(
        f'<VRTRasterBand dataType="{kind}" band="{i}"><Description>{name}</Description><SimpleSource><SourceFilename>'
        f"{file}</SourceFilename><SourceBand>{band}</SourceBand></SimpleSource></VRTRasterBand>"
        for i, (file, band, kind, name) in enumerate(parts, 1)
    )
    path = folder / "mixed.vrt"
    path.write_text(
        f'<VRTDataset rasterXSize="{size[0]}" rasterYSize="{size[1]}"><SRS>{wkt}</SRS>'
        f"<GeoTransform>{t.c},{t.a},0,{t.f},0,{t.e}</GeoTransform>{bands}</VRTDataset>"
    )
    return path


@pytest.mark.parametrize("kind", ["Float32", "Float64", "Int32", "UInt32"])
def test_bands_of_several_types_give_the_same_values(scene, tmp_path, kind):
    path = scene("sentinel-2")
    with Source(path) as source:
        expected, found = source.read([4, 3, 2], (5, 6, 40, 30))[0], detect_source(source)
        names = source.dataset.descriptions
    parts = [(path, i, "UInt16" if i < 4 else kind, name) for i, name in enumerate(names, 1)]
    with Source(_vrt(tmp_path, parts)) as mixed:
        again = detect_source(mixed)
        assert (again.sensor, again.bands, again.units) == (found.sensor, found.bands, found.units)
        assert (mixed.read([4, 3, 2], (5, 6, 40, 30))[0] == expected).all()
        assert mixed.block_row_bytes > 0


def test_an_odd_band_that_is_not_used_does_no_harm(scene, tmp_path, capsys):
    path, classes = scene("sentinel-2"), tmp_path / "scl.tif"
    with rasterio.open(path) as raster:
        names, transform = raster.descriptions, raster.transform
    write_raster(classes, np.full((1, 100, 130), 1 + 1j, np.complex64), transform=transform)
    for kind in ("CFloat32", "CInt16", "Byte"):
        parts = [*((path, i, "UInt16", name) for i, name in enumerate(names, 1)), (classes, 1, kind, "odd")]
        bands = ",".join(str(i) for i in range(1, len(names) + 1))
        out = str(tmp_path / "map.tif")
        mixed = str(_vrt(tmp_path, parts))
        assert cli.main(["segment", mixed, "--sensor", "sentinel-2", "--bands", bands, "-o", out]) == 0
    bands = ",".join(["10", *bands.split(",")[1:]])
    parts[-1] = (classes, 1, "CFloat32", "odd")
    assert cli.main(["detect", str(_vrt(tmp_path, parts)), "--sensor", "sentinel-2", "--bands", bands]) == 2
    assert "complex numbers in mixed.vrt" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["complex64", "complex128", "complex_int16"])
def test_complex_numbers_are_refused_in_one_line(tmp_path, capsys, kind):
    path = tmp_path / "slc.tif"
    profile = dict(driver="GTiff", width=40, height=30, count=2, dtype=kind, crs="EPSG:32633", transform=CELL)
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(np.ones((2, 30, 40), np.complex64))
    assert cli.main(["detect", str(path)]) == 2
    assert cli.main(["segment", str(path), "--sensor", "sentinel-1", "-o", str(tmp_path / "map.tif")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all("found complex numbers in slc.tif" in line for line in lines)


def test_errors_of_libraries_become_ours():
    with pytest.raises(InputError, match="expected coordinates that can be transformed"), library_errors():
        rasterio.crs.CRS.from_epsg(999999)
    with pytest.raises(OfaError, match="broke off: something of GDAL") as error, library_errors():
        raise CPLE_BaseError(1, 1, "something\nof GDAL " + 900 * "x")
    assert len(str(error.value)) < 500


@pytest.mark.parametrize("name", ["PROJ_LIB", "PROJ_DATA", "GDAL_DATA"])
def test_the_data_of_another_installation_are_not_used(tmp_path, name):
    """In a process of its own: the libraries look for their data once."""
    code = (
        "import ofa_engine.raster, rasterio, pyogrio; from pyproj import CRS; from rasterio.warp import transform\n"
        "print(transform('EPSG:25833', 'EPSG:4326', [390000], [5790000])[0][0], CRS('EPSG:25833').name)"
    )
    environ = {**os.environ, name: str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("13.3") and "ETRS89" in found.stdout and not found.stderr


def test_what_the_user_declares_counts(tmp_path, capsys):
    pixels = pixels_of("naip", 64, 80)
    pixels[:, :, :20], pixels[:, :, 20:30], pixels[0, :, 30] = 7, 9, 7
    path = write_raster(tmp_path / "a.tif", pixels, names=BANDS, crs=None, transform=CELL)
    out = str(tmp_path / "map.tif")
    words = ["segment", str(path), "-o", out, "--crs", "EPSG:32633", "--nodata", "7,9,-9999,8.5"]
    assert cli.main(words) == 0
    with rasterio.open(out) as layer:
        assert layer.crs.to_epsg() == 32633 and layer.transform == CELL and layer.tags(ns="OFANET")["NODATA"]
        assert (layer.read(1)[:, :30] == 255).all() and (layer.read(1)[:, 30:] != 255).all(), "a hole in all bands only"
    assert "no CRS" not in capsys.readouterr().err
    with Source(path, "EPSG:32633", [7]) as source:
        assert source.facts().gsd_m == pytest.approx(0.1, rel=0.01) and 7.0 not in source.facts().samples[1]
    assert cli.main(["segment", str(path), "-o", out, "--crs", "UTM 33"]) == 2
    assert "expected --crs as EPSG:32633 or WKT, found 'UTM 33'" in capsys.readouterr().err


@pytest.mark.parametrize("nodata", [-9999, 300, 0.5])
def test_a_value_that_a_type_cannot_have_is_no_nodata(tmp_path, nodata):
    path = write_raster(tmp_path / "a.tif", np.full((3, 9, 9), -9999 % 256, np.uint8))
    with Source(path, nodata=[nodata]) as source:
        assert source.read([1, 2], (0, 0, 9, 9))[1] is None
