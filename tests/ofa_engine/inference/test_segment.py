import json

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import torch

from ofa_engine.core import catalog
from ofa_engine.core.options import TYPES
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.classify import classify
from ofa_engine.inference.embed import embed
from ofa_engine.inference.runner import RunLimits
from ofa_engine.inference.segment import segment
from ofa_engine.model.checkpoint import load_checkpoint, load_head
from ofa_engine.model.preprocess import normalise, resize, to_canonical
from ofa_engine.raster.georeference import place
from ofa_engine.raster.source import Source, detect_source
from ofa_engine.tiling.axis import Axis
from ofa_engine.tiling.plan import PlanLimits

from ..conftest import CLASSES
from .verbs import leftovers, read, run


@pytest.mark.parametrize("sensor", SENSORS)
def test_segment_every_sensor_as_a_naive_whole_raster_does(sensor, scene, tmp_path, models):
    """Labels equal those of a plain loop over tiles on the whole raster in memory."""
    path = scene(sensor, 100, 130)
    answer = run(segment, path, tmp_path, confidence=str(tmp_path / "c.tif"))
    labels, profile, tags = read(tmp_path / "out.tif")
    with rasterio.open(path) as d:
        assert (profile["crs"], profile["transform"], profile["width"], profile["height"]) == (
            d.crs,
            d.transform,
            d.width,
            d.height,
        )
        pixels = torch.from_numpy(d.read([i + 1 for i in get_sensor(sensor).usable_bands]).astype(np.float32))
    assert profile["dtype"] == "uint8" and profile["nodata"] == 255 and profile["tiled"]
    assert answer["sensor"] == tags["SENSOR"] == sensor and tags["UNITS"] == answer["detection"]["units"]

    checkpoint = load_checkpoint(models / "tiny.safetensors")
    head, _ = load_head(models / f"{sensor}_segment.safetensors", checkpoint, sensor)
    mean, std = (np.array(v)[list(get_sensor(sensor).usable_bands)] for v in checkpoint.statistics(sensor))
    canonical = to_canonical(pixels, get_sensor(sensor), tags["UNITS"])
    rows, columns = Axis(100, 48, 0.25), Axis(130, 48, 0.25)
    total = np.zeros((3, 100, 130))
    for y, wy in zip(rows.starts, rows.weights, strict=True):
        for x, wx in zip(columns.starts, columns.weights, strict=True):
            tile = normalise(canonical[None, :, y : y + 48, x : x + 48], mean, std)
            with torch.inference_mode():
                scores = head.scores(checkpoint.model(resize(tile, 64), sensor), tile)[0].numpy()
            total[:, y : y + 48, x : x + 48] += scores * wy[:, None] * wx
    wanted = np.array([1, 2, 7])[total.argmax(0)]
    assert (labels == wanted).mean() > 0.999
    confidence, profile, _ = read(tmp_path / "c.tif")
    assert profile["dtype"] == "float32" and np.isnan(profile["nodata"])
    np.testing.assert_allclose(confidence, total.max(0), atol=1e-4)
    assert sum(c["pixels"] for c in answer["classes"]) == 100 * 130
    gsd = sum(get_sensor(sensor).gsd_m) / 2
    assert sum(c["area_ha"] for c in answer["classes"]) == pytest.approx(100 * 130 * gsd**2 / 1e4, rel=2e-3)
    assert not leftovers(tmp_path)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("verb", [segment, classify, embed])
@pytest.mark.parametrize("sensor", SENSORS)
def test_a_gpu_comes_to_nearly_the_same(sensor, verb, scene, tmp_path):
    """In bfloat16: most labels are the same, and features are near."""
    path, found = scene(sensor, 200, 230), {}
    for device in ("cpu", "cuda"):
        target = tmp_path / f"{device}.tif"
        answer = verb(TYPES[verb.__name__](str(path), str(target), sensor=sensor, device=device))
        assert answer["device"].startswith(device)
        with rasterio.open(target) as d:
            found[device] = d.read()
    if verb is embed:
        cosine = torch.cosine_similarity(*(torch.from_numpy(values) for values in found.values()), dim=0)
        assert cosine.min() > 0.99
    else:
        assert (found["cpu"] != found["cuda"]).mean() < 0.05


def test_labels_hardly_depend_on_how_the_work_is_cut(tmp_path, monkeypatch):
    """The starter on a real sample: batches, threads and stripes move sums by the last bits only."""
    monkeypatch.delenv("OFANET_MODELS")
    path = catalog.resources_dir() / "samples" / "naip.tif"
    with rasterio.open(path) as d:
        bounds = [d.bounds.left, d.bounds.top - 240 * d.res[0], d.bounds.left + 280 * d.res[0], d.bounds.top]
    found, threads = {}, torch.get_num_threads()
    for batch, used, few in [
        (8.0, threads, None),
        (1e-6, threads, None),
        (8.0, threads % 2 + 1, None),
        (0.2, threads, 1),
    ]:
        narrow = {"few_tiles": few, "stripe_bytes": 2**19} if few else {}
        limits = RunLimits(plan=PlanLimits(batch_gflop=batch, **narrow))
        torch.set_num_threads(used)
        try:
            run(segment, path, tmp_path, limits=limits, bounds=bounds, confidence=str(tmp_path / "c.tif"))
        finally:
            torch.set_num_threads(threads)
        found[batch, used, few] = read(tmp_path / "out.tif")[0], read(tmp_path / "c.tif")[0]
    (labels, confidence), *others = found.values()
    assert labels.size == 240 * 280 and len(others) == 3
    for other, sure in others:
        assert (labels != other).mean() < 1e-4
        np.testing.assert_allclose(sure, confidence, atol=1e-5)


def test_segment_is_the_same_every_time(scene, tmp_path):
    path = scene("gaofen", 150, 150)
    run(segment, path, tmp_path, "a.tif")
    run(segment, path, tmp_path, "b.tif")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.parametrize("sensor", SENSORS)
def test_holes_stay_holes_exactly(sensor, scene, tmp_path):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 10:40, 20:70] = -32768
        pixels[:, 60:63, :5] = np.nan
        pixels[0, 80:90, 80:90] = np.nan  # one band only: filled, no hole
        return pixels

    path = scene(sensor, change=cut, nodata=-32768)
    answer = run(segment, path, tmp_path, confidence=str(tmp_path / "c.tif"), polygons=str(tmp_path / "p.gpkg"))
    hole = np.zeros((100, 130), bool)
    hole[10:40, 20:70] = hole[60:63, :5] = True
    np.testing.assert_array_equal(read(tmp_path / "out.tif")[0] == 255, hole)
    np.testing.assert_array_equal(np.isnan(read(tmp_path / "c.tif")[0]), hole)
    assert sum(c["pixels"] for c in answer["classes"]) == (~hole).sum()
    fields = pyogrio.raw.read(tmp_path / "p.gpkg", columns=["area_ha"])[3]
    assert fields[0].sum() == pytest.approx(sum(c["area_ha"] for c in answer["classes"]), rel=1e-4)


def test_a_dark_band_punches_no_hole(scene, tmp_path):
    def dark(pixels):
        pixels[1, 5:50] = 0
        pixels[:, 3, 3] = 0
        return pixels

    run(segment, scene("gaofen", change=dark, nodata=0), tmp_path)
    labels = read(tmp_path / "out.tif")[0]
    assert (labels == 255).sum() == 1 and labels[3, 3] == 255


def test_polygons_are_dissolved_and_measured_on_the_ellipsoid(tmp_path, scene):
    path = scene("naip", 64, 64, crs="EPSG:3857", transform=rasterio.Affine(1, 0, 1e6, 0, -1, 8.4e6))
    answer = run(segment, path, tmp_path, polygons=str(tmp_path / "p.gpkg"))
    meta, _, geometries, (values, names, areas) = pyogrio.raw.read(tmp_path / "p.gpkg")
    labels = read(tmp_path / "out.tif")[0]
    shapes = shapely.from_wkb(geometries)
    assert set(values) == set(np.unique(labels)) and shapely.area(shapes).sum() == pytest.approx(64 * 64)
    assert areas.sum() == pytest.approx(64 * 64 * 0.2515 / 1e4, rel=0.01)  # Web Mercator doubles lengths up there
    assert areas.sum() == pytest.approx(sum(c["area_ha"] for c in answer["classes"]), rel=1e-4)
    assert dict(zip(values, names, strict=True)).items() <= {c["value"]: c["name"] for c in CLASSES}.items()
    for value in np.unique(labels):  # connected areas, edge to edge, are one polygon
        count = len(list(rasterio.features.shapes((labels == value).astype("u1"), mask=labels == value)))
        assert (values == value).sum() == count


def test_unusual_grids_work(scene, tmp_path):
    rotated = rasterio.Affine(0.8, 0.6, 5e5, 0.6, -0.8, 5.8e6)
    south_up = rasterio.Affine(1, 0, 5e5, 0, 1, 5.7e6)
    for i, transform in enumerate((rotated, south_up)):
        path = scene("naip", 60, 70, transform=transform)
        answer = run(segment, path, tmp_path, f"{i}.tif", polygons=str(tmp_path / f"{i}.gpkg"))
        profile = read(tmp_path / f"{i}.tif")[1]
        assert profile["transform"].almost_equals(transform)
        assert sum(c["area_ha"] for c in answer["classes"]) == pytest.approx(60 * 70 / 1e4, rel=2e-3)
        bounds = shapely.total_bounds(shapely.from_wkb(pyogrio.raw.read(tmp_path / f"{i}.gpkg")[2]))
        corners = [place(transform, *c) for c in ((0, 0), (70, 0), (70, 60), (0, 60))]
        assert bounds == pytest.approx([f(c[i] for c in corners) for f in (min, max) for i in (0, 1)])


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (47, 49)])
def test_rasters_smaller_than_a_tile(size, scene, tmp_path):
    run(segment, scene("gaofen", *size), tmp_path)
    assert read(tmp_path / "out.tif")[0].shape == size


def test_bounds_cut_a_window_on_the_same_grid(scene, tmp_path):
    path = scene("sentinel-2", 100, 130)
    with rasterio.open(path) as d:
        res, left, top = d.res[0], d.bounds.left, d.bounds.top
    answer = run(segment, path, tmp_path, bounds=[left + 10 * res, top - 70 * res, left + 60 * res, top - 20 * res])
    labels, profile, _ = read(tmp_path / "out.tif")
    assert labels.shape == (50, 50) and profile["transform"].c == pytest.approx(left + 10 * res)
    assert sum(c["pixels"] for c in answer["classes"]) == 2500


# --- real rasters -----------------------------------------------------------------------------------------------


def test_real_rasters_through_segment(shared_data, tmp_path):
    names = [
        "enmap_potsdam/images/enmap_potsdam_tile_128_0.tif",
        "s1_floods/images/India_900498_S1Hand.tif",
        "s2_scene/sen2_12band.tif",
        "naip_scenes/m_4709963_se_14_1_20100629.tif",
        "naip_scenes/m_3607717_sw_18_1_20160620_subset.tif",
        "aerial/pix4d_alpha_nodata.tif",
        "aerial/201404_13SED190110_201404_0x1500m_CL_1.tif",
    ]
    for name in names:
        path = shared_data / name
        answer = run(segment, path, tmp_path, tile_px=128)
        labels, profile, _ = read(tmp_path / "out.tif")
        with rasterio.open(path) as d:
            assert (profile["crs"], profile["transform"], labels.shape) == (d.crs, d.transform, d.shape), name
            bands = [b for b in answer["detection"]["bands"] if b]
            valid = np.ones(d.shape, bool)
            if d.nodata is not None:  # nodata in every used band is a hole; an empty band is a missing one
                values = d.read(bands)
                valid = ~np.all((values == d.nodata) | np.isnan(values), axis=0)
            elif "alpha" in name:
                valid = d.read(4) > 0
            else:  # undeclared fill
                valid = d.read(bands).any(0)
        np.testing.assert_array_equal(labels != 255, valid, err_msg=name)


def test_real_rasters_with_holes_cut_in(shared_data, tmp_path):
    for name in ("s1_floods/images/Somalia_699062_S1Hand.tif", "enmap_potsdam/images/enmap_potsdam_tile_64_0.tif"):
        with rasterio.open(shared_data / name) as d:
            pixels, profile = d.read(), d.profile
        hole = np.zeros(pixels.shape[1:], bool)
        hole[3:17, 5:12] = True
        pixels[:, hole] = profile["nodata"]
        path = tmp_path / "cut.tif"
        with rasterio.open(path, "w", **profile) as target:
            target.write(pixels)
            for i in range(1, len(pixels) + 1):
                target.set_band_description(i, {2: ("VV", "VH")}.get(len(pixels), ("",) * 224)[i - 1])
        run(segment, path, tmp_path)
        np.testing.assert_array_equal(read(tmp_path / "out.tif")[0] == 255, hole)


def test_a_vrt_of_four_single_band_files(shared_data, tmp_path):
    files = [shared_data / "naip_scenes" / f"NAIP-VA-b{i}.tiff" for i in (1, 2, 3, 4)]
    with rasterio.open(files[0]) as d:
        profile, grid = d.profile, d.transform
        shape = d.shape
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{i}"><NoDataValue>255</NoDataValue><SimpleSource>'
        f'<SourceFilename relativeToVRT="0">{path}</SourceFilename><SourceBand>1</SourceBand>'
        f"</SimpleSource></VRTRasterBand>"
        for i, path in enumerate(files, 1)
    )
    vrt = tmp_path / "naip.vrt"
    vrt.write_text(
        f'<VRTDataset rasterXSize="{shape[1]}" rasterYSize="{shape[0]}"><SRS>{profile["crs"].to_string()}</SRS>'
        f"<GeoTransform>{','.join(map(str, grid.to_gdal()))}</GeoTransform>{bands}</VRTDataset>"
    )
    with Source(vrt) as source:
        assert detect_source(source).sensor == "gaofen"
    run(segment, vrt, tmp_path, tile_px=224)
    labels, profile, _ = read(tmp_path / "out.tif")
    assert labels.shape == shape and profile["transform"] == grid and json.dumps(profile["count"]) == "1"
