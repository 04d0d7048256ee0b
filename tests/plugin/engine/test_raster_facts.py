"""The plugin's facts of a raster are the engine's: with them, both detect the same."""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SENSORS, sample
from osgeo import gdal, ogr, osr
from qgis.core import QgsCoordinateReferenceSystem, QgsRaster, QgsRasterLayer, QgsRasterRange, QgsVector
from rasters import make

from qgis_plugin.engine.child import clean_environment
from qgis_plugin.engine.client import engine_python
from qgis_plugin.engine.modules import ENGINE_ENTRY, errors, sensors
from qgis_plugin.engine.raster_facts import LayerSettings, facts_of, settings_of, source_path

DATA = Path(os.environ.get("OFANET_TEST_DATA") or ROOT.parent / "shared" / "data")
_ENGINE = """
import dataclasses, json, sys
sys.path.insert(0, sys.argv[1])
from ofa_engine.core.sensors import detect
from ofa_engine.raster.source import Source
for path in sys.argv[3:]:
    with Source(path, **json.loads(sys.argv[2])) as source:
        facts = source.facts()
    print(json.dumps({"facts": dataclasses.asdict(facts), "detection": detect(facts).to_json()}))
"""


def engine_says(paths, **settings) -> list[dict]:
    words = [str(ROOT), json.dumps(settings), *map(str, paths)]
    command = [str(engine_python()), "-W", "ignore", "-I", "-c", _ENGINE, *words]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _rasters(folder):
    def decibel(random, i, shape):
        values = random.normal(-12, 4, shape).astype("float32")
        values[:20] = np.nan
        return values

    rgba = (gdal.GCI_RedBand, gdal.GCI_GreenBand, gdal.GCI_BlueBand, gdal.GCI_AlphaBand)
    nm = tuple(round(420 + 8.9 * i, 3) for i in range(224))
    degrees = {"epsg": 4326, "pixel": 0.0001, "origin": (13.0, 52.5)}
    float32 = {"dtype": gdal.GDT_Float32}
    yield make(folder / "rgba.tif", 4, colors=rgba, nodata=-10000)
    yield make(folder / "nodata.tif", 4, nodata=0)
    yield make(folder / "degrees.tif", 12, dtype=gdal.GDT_UInt16, **degrees)
    yield make(folder / "feet.tif", 3, epsg=2263, pixel=3.28)
    yield make(folder / "no crs.tif", 3, epsg=None)
    yield make(folder / "decibel.tif", 2, values=decibel, **float32)
    yield make(folder / "named.tif", 4, descriptions=("B8", "B4", "B3", "B2"), dtype=gdal.GDT_UInt16)
    yield make(folder / "wavelengths.tif", 224, wavelengths_nm=nm, nodata=-32768, **float32)
    yield make(folder / "described.tif", 224, descriptions=tuple(f"band ({n} Nanometers)" for n in nm), **float32)
    yield make(folder / "six.tif", 6)
    scaled = make(folder / "scaled.tif", 3, dtype=gdal.GDT_UInt16, descriptions=("red", "green", "blue"))
    dataset = gdal.Open(str(scaled), gdal.GA_Update)
    for number in (1, 2, 3):
        dataset.GetRasterBand(number).SetScale(0.0000275)
        dataset.GetRasterBand(number).SetOffset(-0.2)
    dataset = None
    yield scaled
    yield make(folder / "border.tif", 9, dtype=gdal.GDT_Int16, values=_bordered)
    yield make(folder / "strip.tif", 9, dtype=gdal.GDT_Int16, values=_strip)
    files = [str(make(folder / f"LC08_SR_B{i}.tif", 1, dtype=gdal.GDT_UInt16)) for i in range(2, 8)]
    gdal.BuildVRT(str(folder / "stack.vrt"), files, separate=True).FlushCache()
    yield folder / "stack.vrt"
    scene = "LC09_L1TP_193024_20220620_20220701_02_T1"
    lines = [f"REFLECTANCE_MULT_BAND_{i} = 2.0E-05\nREFLECTANCE_ADD_BAND_{i} = -0.1" for i in range(2, 8)]
    lines += [f'LANDSAT_PRODUCT_ID = "{scene}"', "SUN_ELEVATION = 50.1"]
    (folder / f"{scene}_MTL.txt").write_text("\n".join(lines), encoding="utf-8")
    files = [str(make(folder / f"{scene}_B{i}.TIF", 1, dtype=gdal.GDT_UInt16)) for i in range(2, 8)]
    gdal.BuildVRT(str(folder / "level 1.vrt"), files, separate=True).FlushCache()
    yield folder / "level 1.vrt"
    yield make(folder / "gains.tif", 3, dtype=gdal.GDT_Int16)
    header = "ENVI\nbands = 3\nwavelength units = nm\nwavelength = {480, 560, 660}\nreflectance scale factor = 10000\n"
    (folder / "gains.hdr").write_text(header, encoding="utf-8")
    local = make(folder / "local.tif", 3, epsg=None)
    dataset = gdal.Open(str(local), gdal.GA_Update)
    dataset.SetProjection('LOCAL_CS["site",UNIT["metre",1]]')
    dataset = None
    yield local
    for kind in (gdal.GDT_Float32, gdal.GDT_CFloat32, gdal.GDT_CInt16):
        odd = make(folder / f"odd {kind}.tif", 1, dtype=kind)
        parts = [make(folder / f"plain {kind}.tif", 1, dtype=gdal.GDT_UInt16)] * 12 + [odd]
        mixed = folder / f"mixed {kind}.vrt"
        gdal.BuildVRT(str(mixed), [str(part) for part in parts], separate=True)
        yield mixed


def _strip(random, number, shape):
    values = random.integers(300, 4000, shape)
    values[:, :-7] = 0
    return values


def _bordered(random, number, shape):
    values = random.integers(300, 4000, shape)
    values[:, :90] = -9999
    return values


def _agree(path, layer, answer):
    facts = facts_of(layer)
    mine, theirs = json.loads(json.dumps(facts.__dict__)), answer["facts"]
    gsd_mine, gsd_theirs = mine.pop("gsd_m"), theirs.pop("gsd_m")
    assert mine == theirs, path
    assert gsd_mine == (gsd_theirs and pytest.approx(gsd_theirs, rel=1e-5)), path
    assert sensors.detect(facts).to_json() == answer["detection"], path


def test_plugin_and_engine_agree_on_the_samples(layer):
    paths = [sample(sensor) for sensor in SENSORS]
    for sensor, path, answer in zip(SENSORS, paths, engine_says(paths), strict=True):
        _agree(path, layer(path), answer)
        assert answer["detection"]["sensor"] == sensor


@pytest.mark.parametrize("sensor", SENSORS)
def test_plugin_agrees_with_the_command_line(layer, sensor):
    command = [str(engine_python()), "-I", str(ENGINE_ENTRY), "detect", sample(sensor), "--json"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    mine, theirs = sensors.detect(facts_of(layer(sample(sensor)))).to_json(), json.loads(done.stdout)
    assert {key: mine[key] for key in theirs} == theirs


def test_plugin_and_engine_agree_on_odd_rasters(layer, tmp_path):
    paths = list(_rasters(tmp_path))
    for path, answer in zip(paths, engine_says(paths), strict=True):
        _agree(path, layer(path), answer)


@pytest.mark.skipif(not DATA.is_dir(), reason="the real sample rasters are not on this machine (OFANET_TEST_DATA)")
def test_plugin_and_engine_agree_on_real_rasters(layer):
    folders = ("aerial", "naip_scenes", "other", "s1_floods/images", "enmap_potsdam/images")
    paths = [path for folder in folders for path in sorted((DATA / folder).glob("*.tif"))[:4]]
    for path, answer in zip(paths, engine_says(paths), strict=True):
        _agree(path, layer(path), answer)


def test_other_layers_are_refused_in_plain_words(layer, qgis_app, tmp_path):
    from qgis.core import QgsRasterLayer, QgsVectorLayer

    for wrong in (None, QgsVectorLayer("Point", "points", "memory")):
        with pytest.raises(errors.RasterError, match="raster layer"):
            source_path(wrong)
    web = QgsRasterLayer("type=xyz&url=file:///nowhere/{z}/{x}/{y}.png", "tiles", "wms")
    with pytest.raises(errors.RasterError, match="from a file"):
        source_path(web)


def test_a_truncated_raster_is_refused(layer, tmp_path):
    path = make(tmp_path / "cut.tif", 3)
    opened = layer(path)
    os.truncate(path, 5000)
    with pytest.raises(errors.RasterError, match="truncated|GDAL can read"):
        facts_of(opened)


def _exceptions(wanted: bool):
    """GDAL's modules pile up their handlers, and only the topmost can go."""
    modules = [module for module in (gdal, ogr, osr) if module.GetUseExceptions() != wanted]
    while modules:
        for module in list(modules):
            try:
                getattr(module, "UseExceptions" if wanted else "DontUseExceptions")()
                modules.remove(module)
            except RuntimeError as error:
                assert "stack of error handlers" in str(error)


@pytest.mark.parametrize("exceptions", (False, True))
def test_gdal_with_and_without_exceptions(layer, tmp_path, exceptions):
    """Processing switches them on, and a user's script may, too."""
    path = make(tmp_path / "cut.tif", 3)
    opened = layer(path)
    os.truncate(path, 5000)
    before = gdal.GetUseExceptions()
    _exceptions(exceptions)
    try:
        with pytest.raises(errors.RasterError, match="truncated|GDAL can read"):
            facts_of(opened)
    finally:
        _exceptions(before)


def test_complex_numbers_are_refused(layer, tmp_path):
    for kind in (gdal.GDT_CInt16, gdal.GDT_CFloat32, gdal.GDT_CFloat64):
        with pytest.raises(errors.RasterError, match="found complex numbers in .*slc"):
            facts_of(layer(make(tmp_path / f"slc {kind}.tif", 2, dtype=kind)))


def test_settings_of_a_layer(tmp_path):
    """What the user sets in QGIS and the file does not say; ranges and other values per band cannot be handed on."""
    path = str(make(tmp_path / "a.tif", 3, nodata=0))
    layer = QgsRasterLayer(path, "a")
    provider = layer.dataProvider()
    assert settings_of(layer) == LayerSettings()
    for band in (1, 2, 3):
        provider.setUserNoDataValue(band, [QgsRasterRange(7, 7), QgsRasterRange(9, 9)])
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
    assert settings_of(layer) == LayerSettings("EPSG:3857", (7.0, 9.0))
    layer.setCrs(QgsCoordinateReferenceSystem("PROJ:+proj=tmerc +lon_0=13.71 +x_0=7 +ellps=intl"))
    assert "Transverse" in settings_of(layer).crs
    provider.setUserNoDataValue(2, [QgsRasterRange(9, 9), QgsRasterRange(20, 30)])
    found = settings_of(layer)
    assert found.nodata == (9.0,) and "ranges" in found.ignored[0] and len(found.ignored) == 1
    provider.setUseSourceNoDataValue(1, False)
    assert len(settings_of(layer).ignored) == 2


def test_no_data_values_of_scaled_bands_are_those_of_the_file(tmp_path):
    """QGIS compares scaled values, the engine stored ones."""
    path = make(tmp_path / "scaled.tif", 3, dtype=gdal.GDT_UInt16)
    dataset = gdal.Open(str(path), gdal.GA_Update)
    for number in (1, 2, 3):
        dataset.GetRasterBand(number).SetScale(0.0000275)
        dataset.GetRasterBand(number).SetOffset(-0.2)
    dataset = None
    layer = QgsRasterLayer(str(path), "scaled")
    place = layer.extent().center() + QgsVector(5, -5)
    shown = layer.dataProvider().identify(place, QgsRaster.IdentifyFormat.IdentifyFormatValue).results()[1]
    for number in (1, 2, 3):
        layer.dataProvider().setUserNoDataValue(number, [QgsRasterRange(shown, shown)])
    stored = gdal.Open(str(path)).ReadAsArray(100, 100, 1, 1)[0, 0, 0]
    assert settings_of(layer) == LayerSettings(nodata=(float(stored),))


def test_settings_of_a_layer_count_for_its_detection(layer, tmp_path):
    """A CRS gives pixels a size; what the user calls no data is in no sample."""
    path = make(tmp_path / "a.tif", 3, epsg=None, dtype=gdal.GDT_UInt16, values=_with_marks)
    opened = layer(path)
    before = facts_of(opened)
    assert before.gsd_m is None and before.sample(1)[-1] == 60000
    opened.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    for band in (1, 2, 3):
        opened.dataProvider().setUserNoDataValue(band, [QgsRasterRange(60000, 60000)])
    found = facts_of(opened)
    assert found.gsd_m == pytest.approx(10, rel=0.01) and found.sample(1)[-1] < 250 and found.fill == 0
    answer = engine_says([path], crs="EPSG:32633", nodata=[60000])[0]
    assert json.loads(json.dumps(found.samples)) == answer["facts"]["samples"]
    assert found.gsd_m == pytest.approx(answer["facts"]["gsd_m"], rel=1e-5)
    assert sensors.detect(found).to_json() == answer["detection"] != sensors.detect(before).to_json()


def _with_marks(random, number, shape):
    values = random.integers(0, 250, shape)
    values[::3] = 60000
    return values


@pytest.mark.parametrize("sensor", SENSORS)
def test_detection_keeps_no_window_waiting(layer, sensor):
    """Of this thread's own time, so that a busy machine does not count; 10 to 30 ms where this was written."""
    opened, took_s = layer(sample(sensor)), []
    for _ in range(5):
        start = time.thread_time()
        sensors.detect(facts_of(opened))
        took_s.append(time.thread_time() - start)
    assert statistics.median(took_s) < 0.1, took_s
