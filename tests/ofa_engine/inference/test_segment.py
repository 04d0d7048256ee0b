import json
import xml.etree.ElementTree as ET

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import torch
from pyproj import Geod
from scipy import ndimage

from ofa_engine.core import catalog
from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, InputError, ModelFileError, OfaError, OutputError, RasterError
from ofa_engine.core.options import Options
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.segment import classify, embed, segment, show
from ofa_engine.inference.session import Predictor, open_job
from ofa_engine.model.checkpoint import load_checkpoint, load_head
from ofa_engine.model.ofanet import usable_bands
from ofa_engine.model.preprocess import normalise, resize, to_canonical
from ofa_engine.raster.source import Source, detect_source, place
from ofa_engine.tiling.axis import Axis

from ..conftest import CLASSES, pixels_of, write_raster


def run(verb, path, tmp_path, name="out.tif", **more):
    return verb(Options(str(path), str(tmp_path / name), **more))


def read(path):
    with rasterio.open(path) as d:
        return d.read(1), d.profile, d.tags(ns="OFANET")


def leftovers(folder):
    return [p.name for p in folder.iterdir() if ".part" in p.name or p.name.startswith(".")]


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
        pixels = torch.from_numpy(d.read([i + 1 for i in usable_bands(sensor)]).astype(np.float32))
    assert profile["dtype"] == "uint8" and profile["nodata"] == 255 and profile["tiled"]
    assert answer["sensor"] == tags["SENSOR"] == sensor and tags["UNITS"] == answer["detection"]["units"]

    checkpoint = load_checkpoint(models / "tiny.safetensors")
    head, _ = load_head(models / f"{sensor}_segment.safetensors", checkpoint, sensor)
    mean, std = (np.array(v)[list(usable_bands(sensor))] for v in checkpoint.statistics(sensor))
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


def test_class_layer_explains_itself(scene, tmp_path):
    answer = run(segment, scene("naip"), tmp_path)
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255) and d.colormap(1)[255][3] == 0
    band = ET.parse(tmp_path / "out.tif.aux.xml").getroot().find("PAMRasterBand")
    names = [c.text or "" for c in band.find("CategoryNames")]
    assert names[1] == "water" and names[7] == "bare & dry" and names[3] == ""
    rows = [[f.text for f in row] for row in band.find("GDALRasterAttributeTable").findall("Row")]
    labels = read(tmp_path / "out.tif")[0]
    area = rows[2].pop(3)
    assert rows[2] == ["7", str((labels == 7).sum()), "bare & dry", "170", "85", "0", "255"]
    assert float(area) == pytest.approx(answer["classes"][2]["area_ha"], abs=1e-4)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("verb", [segment, classify, embed])
@pytest.mark.parametrize("sensor", SENSORS)
def test_a_gpu_comes_to_nearly_the_same(sensor, verb, scene, tmp_path):
    """In bfloat16: most labels are the same, and features are near."""
    path, found = scene(sensor, 200, 230), {}
    for device in ("cpu", "cuda"):
        target = tmp_path / f"{device}.tif"
        answer = verb(Options(str(path), str(target), sensor=sensor, device=device))
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
        monkeypatch.setattr("ofa_engine.tiling.plan._BATCH_GFLOP", batch)
        if few:
            monkeypatch.setattr("ofa_engine.tiling.plan._FEW_TILES", few)
            monkeypatch.setattr("ofa_engine.tiling.plan._STRIPE_LIMIT_BYTES", 2**19)
        torch.set_num_threads(used)
        try:
            run(segment, path, tmp_path, bounds=bounds, confidence=str(tmp_path / "c.tif"))
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


def test_missing_bands_are_left_out_and_tagged(tmp_path):
    landsat = pixels_of("sentinel-2", 60, 60)[[2, 1, 0, 6, 7, 8]]
    path = write_raster(tmp_path / "l7.tif", landsat)
    with pytest.raises(InputError, match="--sensor sentinel-2 --bands 3,2,1,-,-,-,4,5,6"):
        run(segment, path, tmp_path)
    run(segment, path, tmp_path, sensor="sentinel-2", bands="3,2,1,-,-,-,4,5,6")
    tags = read(tmp_path / "out.tif")[2]
    assert tags["BANDS"] == "3,2,1,-,-,-,4,5,6" and "MAPPED_BANDS" in tags


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


def test_no_crs_works_and_says_so(scene, tmp_path):
    said = []
    path = scene("naip", 60, 70, crs=None, transform=rasterio.Affine.identity())
    options = Options(str(path), str(tmp_path / "out.tif"), polygons=str(tmp_path / "p.gpkg"))
    answer = segment(options, Callbacks(log=lambda level, text: said.append((level, text))))
    assert any(level == "warning" and "no CRS" in text for level, text in said)
    assert all(c["area_ha"] is None for c in answer["classes"])
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.crs is None


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


# --- small areas, flips, files ----------------------------------------------------------------------------------


def areas_in(labels):
    """Pixels of each 4-connected area."""
    return [int((part == 1).sum()) for value in np.unique(labels[labels != 255]) for part in _parts(labels == value)]


def _parts(mask):
    number, count = ndimage.label(mask)
    return [number == i for i in range(1, count + 1)]


@pytest.mark.parametrize("sensor", SENSORS)
def test_small_areas_go_and_everything_else_follows(sensor, scene, tmp_path):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, 30:60, 20:70] = np.nan
        return pixels

    path = scene(sensor, change=cut)
    pixel_ha = (sum(get_sensor(sensor).gsd_m) / 2) ** 2 / 1e4
    run(segment, path, tmp_path, "before.tif")
    answer = run(
        segment,
        path,
        tmp_path,
        min_area=50.5 * pixel_ha,
        polygons=str(tmp_path / "p.gpkg"),
        confidence=str(tmp_path / "c.tif"),
    )
    before, labels = read(tmp_path / "before.tif")[0], read(tmp_path / "out.tif")[0]
    assert min(areas_in(before)) < 50 <= min(areas_in(labels))
    np.testing.assert_array_equal(labels == 255, before == 255)
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255) and d.tags(ns="OFANET")["MIN_AREA_HA"]
    values, _, areas = pyogrio.raw.read(tmp_path / "p.gpkg", columns=["class", "name", "area_ha"])[3]
    assert len(values) == len(areas_in(labels)) and areas.min() > 50 * pixel_ha * 0.998
    for entry in answer["classes"]:
        assert entry["pixels"] == (labels == entry["value"]).sum()
        assert entry["area_ha"] == pytest.approx(entry["pixels"] * pixel_ha, rel=2e-3)
        assert areas[values == entry["value"]].sum() == pytest.approx(entry["area_ha"], rel=1e-4, abs=1e-9)
    assert not leftovers(tmp_path)


def test_areas_in_degrees_are_those_of_each_row(scene, tmp_path):
    """The reference sums the ellipsoid's area row by row, over a raster that reaches over ten degrees."""
    transform = rasterio.Affine(0.02, 0, 13, 0, -0.02, 60)

    def halves(pixels):  # two classes at least, one more in the north
        pixels[:, :250] = pixels[:, :250] // 4
        return pixels

    path = scene("naip", 500, 60, crs="EPSG:4326", transform=transform, change=halves)
    for more in ({}, {"min_area": 3000.0}):
        answer = run(segment, path, tmp_path, **more)
        labels = read(tmp_path / "out.tif")[0]
        row_ha = []
        for row in range(500):
            south, north = 60 - 0.02 * (row + 1), 60 - 0.02 * row
            lon, lat = [13, 13.02, 13.02, 13], [south, south, north, north]
            row_ha.append(abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat)[0]) / 1e4)
        for entry in answer["classes"]:
            wanted = ((labels == entry["value"]) * np.array(row_ha)[:, None]).sum()
            assert entry["area_ha"] == pytest.approx(wanted, rel=2e-3)


def test_a_tiny_limit_changes_nothing(scene, tmp_path):
    path = scene("naip")
    first = run(segment, path, tmp_path, "a.tif")
    second = run(segment, path, tmp_path, "b.tif", min_area=1e-6)
    np.testing.assert_array_equal(read(tmp_path / "a.tif")[0], read(tmp_path / "b.tif")[0])
    assert first["classes"] == second["classes"] and not leftovers(tmp_path)


def test_small_areas_need_a_crs_and_a_number(scene, tmp_path):
    path = scene("naip", crs=None, transform=rasterio.Affine.identity())
    with pytest.raises(InputError, match="CRS for --min-area"):
        run(segment, path, tmp_path, min_area=1.0)
    for strange in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="above 0 ha"):
            run(segment, scene("gaofen"), tmp_path, min_area=strange)


def test_cancel_while_small_areas_are_merged_leaves_nothing(scene, tmp_path):
    said = []
    callbacks = Callbacks(
        log=lambda level, text: said.append(text), cancelled=lambda: any("merging" in t for t in said)
    )
    with pytest.raises(Cancelled):
        segment(Options(str(scene("naip")), str(tmp_path / "out.tif"), min_area=0.001), callbacks)
    assert not (tmp_path / "out.tif").exists() and not leftovers(tmp_path)


@pytest.mark.parametrize("sensor", SENSORS)
def test_flips_are_the_mean_of_four_mirrored_rasters(sensor, scene, tmp_path):
    """One tile, so that mirroring the whole raster mirrors the tile."""
    path = scene(sensor, 48, 48)
    run(segment, path, tmp_path, flips=True, confidence=str(tmp_path / "c.tif"))
    labels, _, tags = read(tmp_path / "out.tif")
    assert tags["FLIPS"] == "4"
    job = open_job(Options(str(path)), "segment", Callbacks(), writes=False)
    with job.source as source:
        pixels = torch.from_numpy(source.read(job.source_bands, (0, 0, 48, 48))[0].astype(np.float32))[None]
    plain = Predictor(job)
    total = np.zeros((3, 48, 48))
    for down in (1, -1):
        for across in (1, -1):
            mirrored = torch.from_numpy(pixels.numpy()[:, :, ::down, ::across].copy())
            total += plain(mirrored)[0].numpy()[:, ::down, ::across] / 4
    np.testing.assert_allclose(read(tmp_path / "c.tif")[0], total.max(0), atol=1e-5)
    assert (labels == np.array([1, 2, 7])[total.argmax(0)]).mean() > 0.999
    assert plain(pixels)[0].numpy().max(0) != pytest.approx(total.max(0), abs=1e-3)  # it is not for nothing


def test_cloud_optimised_files_hold_the_same(scene, tmp_path):
    path = scene("gaofen", 700, 600)
    run(segment, path, tmp_path, "a.tif", confidence=str(tmp_path / "ac.tif"))
    run(segment, path, tmp_path, "b.tif", confidence=str(tmp_path / "bc.tif"), cog=True)
    for plain, cog in (("a.tif", "b.tif"), ("ac.tif", "bc.tif")):
        with rasterio.open(tmp_path / plain) as one, rasterio.open(tmp_path / cog) as other:
            np.testing.assert_array_equal(one.read(), other.read())
            assert other.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and other.overviews(1) == [2]
            assert one.tags(ns="OFANET") == other.tags(ns="OFANET") and one.crs == other.crs
            assert (one.transform, one.descriptions) == (other.transform, other.descriptions)
            np.testing.assert_equal(one.nodata, other.nodata)
    with rasterio.open(tmp_path / "b.tif") as d:
        assert d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255)
    assert (tmp_path / "a.tif.aux.xml").read_text() == (tmp_path / "b.tif.aux.xml").read_text()
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("cog", [False, True])
def test_large_layers_have_overviews_of_the_commonest_class(cog, scene, tmp_path, monkeypatch):
    monkeypatch.setattr("ofa_engine.inference.class_raster.OVERVIEWS_FROM_PX", 500)
    path = scene("naip", 300, 1100)
    run(segment, path, tmp_path, confidence=str(tmp_path / "c.tif"), cog=cog)
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.overviews(1) == [2, 4] and d.colormap(1)[7] == (0xAA, 0x55, 0x00, 255)
        labels, half = d.read(1), d.read(1, out_shape=(150, 550))
    squares = labels.reshape(150, 2, 550, 2).transpose(0, 2, 1, 3).reshape(-1, 4)
    counts = np.stack([(squares == value).sum(1) for value in (1, 2, 7)], 1)
    clear = counts.max(1) > 2
    np.testing.assert_array_equal(half.ravel()[clear], np.array([1, 2, 7])[counts.argmax(1)][clear])
    with rasterio.open(tmp_path / "c.tif") as d:
        assert d.overviews(1) == [2, 4]


def test_the_answer_in_words_is_a_table(scene, tmp_path):
    path = scene("sentinel-2")
    answer = run(segment, path, tmp_path)
    lines = show(answer).splitlines()
    assert lines[0].startswith(str(tmp_path / "out.tif")) and "ha" in lines[1] and "%" in lines[1]
    shares = []
    for line, entry in zip(lines[2:], answer["classes"], strict=True):
        value, *name, hectares, share = line.split()
        assert (value, " ".join(name), hectares) == (str(entry["value"]), entry["name"], f"{entry['area_ha']:.1f}")
        shares.append(float(share))
    assert sum(shares) == pytest.approx(100, abs=0.2)
    table = show(run(classify, path, tmp_path, "t.tif")).splitlines()
    assert table[1].split() == ["class", "name", "tiles", "%"]
    assert show(run(embed, path, tmp_path, "e.tif")) is None
    assert "-" in show(answer | {"classes": [c | {"area_ha": None, "pixels": 0} for c in answer["classes"]]})


# --- classify and embed -----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("sensor", SENSORS)
def test_embed_every_sensor(sensor, scene, tmp_path, models):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, :16, :16] = np.nan
        return pixels

    path = scene(sensor, 100, 130, change=cut)
    answer = run(embed, path, tmp_path, tile_px=64, picture=str(tmp_path / "rgb.tif"))
    with rasterio.open(tmp_path / "out.tif") as d, rasterio.open(path) as source:
        features, raster = d.read(), source.read([i + 1 for i in usable_bands(sensor)])
        assert d.transform.a == pytest.approx(16 * source.transform.a) and d.crs == source.crs
    assert features.shape == (32, 6, 8) == (answer["features"], answer["height"], answer["width"])
    assert np.isnan(features[:, 0, 0]).all() and np.isfinite(features).sum() == 32 * 47
    checkpoint = load_checkpoint(models / "tiny.safetensors")
    mean, std = (np.array(v)[list(usable_bands(sensor))] for v in checkpoint.statistics(sensor))
    tile = to_canonical(
        torch.from_numpy(raster[None, :, :64, 64:128].astype("f4")), get_sensor(sensor), answer["detection"]["units"]
    )
    with torch.inference_mode():
        tokens = checkpoint.model(normalise(tile, mean, std), sensor)[0].T.reshape(32, 4, 4).numpy()
    np.testing.assert_allclose(features[:, :4, 4:8], tokens, atol=1e-3)
    with rasterio.open(tmp_path / "rgb.tif") as d:
        picture = d.read()
        assert picture.shape == (3, 6, 8) and (picture[:, 0, 0] == 0).all() and picture.std() > 10


# --- bad input --------------------------------------------------------------------------------------------------


def test_bad_input_is_told_in_one_line(scene, tmp_path, models):
    path = scene("naip")
    five = write_raster(tmp_path / "five.tif", np.ones((5, 50, 50), np.uint8))
    cases = [
        (dict(input=str(tmp_path / "none.tif")), RasterError, "found no file"),
        (dict(input=str(five)), InputError, "found 5"),
        (dict(output=str(path)), OutputError, "must not be an input"),
        (dict(output=str(tmp_path / "no" / "out.tif")), OutputError, "create it first"),
        (dict(confidence=str(tmp_path / "out.tif")), OutputError, "must not be an input"),
        (dict(head=str(models / "gaofen_segment.safetensors")), ModelFileError, "expected a head for naip"),
        (dict(head=str(models / "naip_classify.safetensors")), ModelFileError, "expected a head to segment"),
        (dict(head=str(path)), ModelFileError, "expected an OFA-Net"),
        (dict(overlap=0.9), InputError, "overlap"),
        (dict(tile_px=3), InputError, "tile of 16"),
        (dict(memory_mb=1), InputError, "memory budget"),
        (dict(device="tpu"), InputError, "expected device"),
        (dict(sensor="sentinel-1"), InputError, "sentinel-1"),
        (dict(units="db"), InputError, "expected units"),
        (dict(bounds=[0, 0, 1, 1]), RasterError, "touch"),
    ]
    for more, error, says in cases:
        with pytest.raises(error, match=says) as caught:
            segment(Options(**(dict(input=str(path), output=str(tmp_path / "out.tif")) | more)))
        assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
        assert not (tmp_path / "out.tif").exists() and not leftovers(tmp_path)


def test_ambiguous_rasters_need_the_users_word(tmp_path):
    pixels = pixels_of("gaofen", 60, 60)
    pixels[3] = np.where(pixels[3] > 128, 255, 0)
    path = write_raster(tmp_path / "a.tif", pixels, photometric="MINISBLACK")
    with pytest.raises(InputError, match="ambiguous"):
        run(segment, path, tmp_path)
    assert run(segment, path, tmp_path, sensor="naip")["sensor"] == "naip"


def test_a_source_that_breaks_off_leaves_nothing(tmp_path):
    whole = write_raster(tmp_path / "whole.tif", pixels_of("naip", 1500, 400), blockysize=1)
    data = whole.read_bytes()
    broken = tmp_path / "broken.tif"
    broken.write_bytes(data[: int(len(data) * 0.95)])
    with pytest.raises(OfaError) as caught:
        run(segment, broken, tmp_path, tile_px=400)
    assert caught.value.exit_code in (2, 3) and "\n" not in str(caught.value)
    assert not (tmp_path / "out.tif").exists() and not leftovers(tmp_path)


@pytest.mark.parametrize("verb", [segment, classify, embed])
def test_cancel_leaves_nothing_and_keeps_the_old_result(verb, scene, tmp_path):
    path = scene("naip", 400, 400)
    (tmp_path / "out.tif").write_text("old")
    seen = []
    callbacks = Callbacks(progress=lambda *state: seen.append(state), cancelled=lambda: len(seen) > 1)
    with pytest.raises(Cancelled):
        verb(Options(str(path), str(tmp_path / "out.tif"), tile_px=48), callbacks)
    assert (tmp_path / "out.tif").read_text() == "old" and not leftovers(tmp_path)


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
