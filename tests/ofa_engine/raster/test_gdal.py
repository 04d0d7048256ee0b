"""Inputs beyond a plain file: archives, addresses, other formats, subdatasets; and sources that break off."""

import os
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
import rasterio.shutil

from ofa_engine.core.errors import RasterError
from ofa_engine.interfaces import cli
from ofa_engine.raster.source import Source

from ..conftest import pixels_of, write_raster

PIXELS = pixels_of("naip", 200, 300)
BANDS = ("R", "G", "B")


@pytest.fixture
def plain(tmp_path):
    return write_raster(tmp_path / "plain.tif", PIXELS, names=BANDS, transform=rasterio.Affine(1, 0, 5e5, 0, -1, 5.8e6))


def segment(source, folder: Path, name: str) -> np.ndarray:
    """(H, W) class values."""
    assert cli.main(["segment", str(source), "-o", str(folder / name)]) == 0
    with rasterio.open(folder / name) as layer:
        return layer.read(1)


@contextmanager
def served(folder: Path, wrong: str = "nothing"):
    command = [sys.executable, str(Path(__file__).parents[1] / "range_server.py"), str(folder), wrong]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def test_every_way_to_the_same_pixels_gives_the_same_classes(plain, tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "deep/plain.tif")
    rasterio.shutil.copy(plain, tmp_path / "a.vrt", driver="VRT")
    rasterio.shutil.copy(plain, tmp_path / "cog.tif", driver="COG", compress="deflate", blocksize=128)
    rasterio.shutil.copy(plain, tmp_path / "envi.dat", driver="ENVI")
    rasterio.shutil.copy(plain, tmp_path / "a.img", driver="HFA")
    rasterio.shutil.copy(plain, tmp_path / "a.zarr", driver="Zarr")
    rasterio.shutil.copy(plain, tmp_path / "a.jp2", driver="JP2OpenJPEG", reversible="yes", quality=100)
    expected = segment(plain, tmp_path, "expected.tif")
    with served(tmp_path) as url:
        files = ("a.vrt", "cog.tif", "envi.dat", "a.img", "a.zarr", "a.jp2")
        ways = [
            *(tmp_path / name for name in files),
            f"{url}/cog.tif",
            f"{url}/plain.tif?key=1",
            f"/vsicurl/{url}/cog.tif",
            f"/vsizip/{tmp_path}/in.zip/deep/plain.tif",
            f"/vsizip/vsicurl/{url}/in.zip/deep/plain.tif",
        ]
        for number, way in enumerate(ways):
            np.testing.assert_array_equal(segment(way, tmp_path, f"{number}.tif"), expected, str(way))


def write_netcdf(path: Path) -> None:
    """A NetCDF-4 file of two variables: a cube with bands, and one without."""
    with h5py.File(path, "w") as file:
        axes = {"band": np.arange(3.0), "y": 5.8e6 - 0.5 - np.arange(200), "x": 5e5 + 0.5 + np.arange(300)}
        for name, values in axes.items():
            file[name] = values
            file[name].make_scale(name)
        for name in "xy":
            file[name].attrs.update(standard_name=np.bytes_(f"projection_{name}_coordinate"), units=np.bytes_("m"))
        file["crs"] = np.int32(0)
        file["crs"].attrs["spatial_ref"] = np.bytes_(rasterio.CRS.from_epsg(32633).to_wkt())
        file["cube"], file["quality"] = PIXELS, PIXELS[0]
        for name, dims in (("cube", ("band", "y", "x")), ("quality", ("y", "x"))):
            file[name].attrs["grid_mapping"] = np.bytes_("crs")
            for axis, dim in enumerate(dims):
                file[name].dims[axis].attach_scale(file[dim])


def test_a_container_lists_its_subdatasets_and_a_named_one_is_an_input(plain, tmp_path, capsys):
    write_netcdf(tmp_path / "a.nc")
    assert cli.main(["segment", str(tmp_path / "a.nc"), "-o", str(tmp_path / "no.tif")]) == 2
    error = capsys.readouterr().err
    assert "2 subdatasets in a.nc: cube, quality; name one, e.g. 'netcdf:" in error and error.count("\n") == 1
    told = error.split("e.g. '")[1].split("'")[0]
    assert told.lower() == f"netcdf:{tmp_path}/a.nc:cube"
    np.testing.assert_array_equal(segment(told, tmp_path, "a.tif"), segment(plain, tmp_path, "b.tif"))
    with rasterio.open(tmp_path / "a.tif") as one, rasterio.open(tmp_path / "b.tif") as other:
        assert one.crs.to_epsg() == 32633 and one.transform.almost_equals(other.transform)


def test_hdf5_subdatasets(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["scene/rgb"], file["scene/quality"] = PIXELS, PIXELS[0]
    with pytest.raises(RasterError, match="found 2 subdatasets in a.h5: scene/quality, scene/rgb"):
        Source(tmp_path / "a.h5")
    with Source(f"HDF5:{tmp_path}/a.h5://scene/rgb") as source:
        np.testing.assert_array_equal(source.read([1, 2, 3], (0, 0, 300, 200))[0], PIXELS)
    for missing in (f"HDF5:{tmp_path}/a.h5://none", f"netcdf:{tmp_path}/none.nc:a", f"/vsizip/{tmp_path}/none.zip/a"):
        with pytest.raises(RasterError, match="expected a raster that GDAL can read"):
            Source(missing)


@pytest.fixture
def large(tmp_path):
    """1 MB whose last tenth is read only after the raster was understood: its rows follow each other in the file."""
    pixels = np.random.default_rng(0).integers(1, 255, (3, 900, 400), np.uint8)
    written = write_raster(tmp_path / "written.tif", pixels, names=BANDS, blockysize=4, interleave="pixel")
    rasterio.shutil.copy(written, tmp_path / "large.tif", driver="GTiff", blockysize=4, interleave="pixel")
    return tmp_path / "large.tif"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_LOW_SPEED_TIME", "1")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")


def assert_broke_off(source, folder: Path, capsys) -> None:
    """Exit code 3, one line that says why, no file."""
    out = folder / "out"
    out.mkdir()
    started = time.monotonic()
    assert cli.main(["segment", str(source), "-o", str(out / "a.tif"), "--confidence", str(out / "c.tif")]) == 3
    assert time.monotonic() - started < 10
    *log, last = capsys.readouterr().err.splitlines()
    hint = " (did the connection break?)" if "://" in str(source) else ""
    assert last.startswith(f"ofa: reading or writing broke off{hint}:") and "See previous" not in last
    assert len(log) == 1 and log[0].startswith("naip (")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("wrong", ["hang", "cut"])
def test_a_server_that_breaks_off_half_way(wrong, large, impatient, tmp_path, capsys):
    with served(tmp_path, wrong) as url:
        assert_broke_off(f"{url}/large.tif", tmp_path, capsys)


def test_a_file_that_ends_half_way(large, tmp_path, capsys):
    with large.open("r+b") as file:
        file.truncate(int(large.stat().st_size * 0.95))
    assert_broke_off(large, tmp_path, capsys)


def test_a_server_that_never_answers_is_an_error_of_the_input(plain, impatient, capsys):
    started = time.monotonic()
    with served(plain.parent, "never") as url:
        assert cli.main(["detect", f"{url}/plain.tif"]) == 2
    assert time.monotonic() - started < 10
    assert capsys.readouterr().err.count("\n") == 1


def test_servers_are_not_waited_for_without_end_and_the_user_can_say_how_long():
    """In a process of its own: the settings are made on import."""
    keys = ("GDAL_HTTP_LOW_SPEED_TIME", "GDAL_HTTP_MAX_RETRY")
    code = f"import os, ofa_engine.raster.source; print(*(os.environ[key] for key in {keys}))"
    env = {key: value for key, value in os.environ.items() if not key.startswith("GDAL_HTTP_")}
    for told, answer in (({}, "10 2"), ({"GDAL_HTTP_MAX_RETRY": "7"}, "10 7")):
        run = subprocess.run([sys.executable, "-c", code], env=env | told, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == answer
