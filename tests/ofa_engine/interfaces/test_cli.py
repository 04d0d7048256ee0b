import json
import subprocess
import sys

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from ofa_engine.interfaces.cli import main

from ..conftest import pixels_of, write_raster


def call(capsys, *arguments):
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_detect(capsys, scene, tmp_path):
    code, out, err = call(capsys, "detect", scene("sentinel-2"), "--json")
    answer = json.loads(out)
    assert code == 0 and not err
    assert answer["sensor"] == "sentinel-2" and answer["bands"] == list(range(1, 10))
    assert set(answer) >= {"sensor", "confidence", "reason", "bands", "units", "candidates"}
    five = write_raster(tmp_path / "five.tif", np.ones((5, 9, 9), np.uint8))
    code, out, err = call(capsys, "detect", five, "--json")
    assert code == 2 and json.loads(out) == {"sensor": None, "reason": json.loads(out)["reason"]}
    assert len(err.splitlines()) == 1 and "found 5" in err
    code, out, err = call(capsys, "detect", tmp_path / "none.tif")
    assert code == 2 and not out and len(err.splitlines()) == 1


def test_verbs_print_json(capsys, scene, tmp_path):
    path = scene("naip")
    for verb, name in (("segment", "s.tif"), ("classify", "c.gpkg"), ("embed", "e.tif")):
        code, out, err = call(capsys, verb, path, "-o", tmp_path / name, "--json", "--device", "cpu")
        assert code == 0 and not err, err
        assert json.loads(out)["output"] == str(tmp_path / name) and (tmp_path / name).exists()
    code, out, _ = call(capsys, "models", "--json")
    names = [h["name"] for h in json.loads(out)["heads"]]
    assert code == 0 and "naip_segment" in names


def test_errors_are_one_line_without_json_too(capsys, scene, tmp_path, models):
    path = scene("naip")
    for arguments in (
        ["-o", path],
        ["-o", tmp_path / "no" / "x.tif"],
        ["-o", tmp_path / "x.png"],
        ["-o", tmp_path / "x.tif", "--head", models / "gaofen_segment.safetensors"],
        ["-o", tmp_path / "x.tif", "--overlap", "2"],
        ["-o", tmp_path / "x.tif", "--tile-px", "1"],
        ["-o", tmp_path / "x.tif", "--bounds", "0,0,1,1"],
    ):
        code, out, err = call(capsys, "segment", path, *arguments)
        assert code == 2 and not out and len(err.splitlines()) == 1, err


def test_text_answers_name_classes(capsys, scene, tmp_path):
    code, out, err = call(capsys, "segment", scene("naip"), "-o", tmp_path / "s.tif")
    assert code == 0 and "bare & dry" in out and "naip (certain)" in err


def test_options_of_a_run_reach_it(capsys, scene, tmp_path):
    path = scene("naip")
    with rasterio.open(path) as d:
        mask = write_raster(tmp_path / "m.tif", np.full((1, *d.shape), 3, np.uint8), transform=d.transform)
        bounds = d.bounds
    area = {
        "type": "Polygon",
        "coordinates": [
            [
                [bounds.left, bounds.bottom],
                [bounds.right, bounds.bottom],
                [bounds.right, bounds.top],
                [bounds.left, bounds.bottom],
            ]
        ],
    }
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    (tmp_path / "a.geojson").write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "crs": crs,
                "features": [{"type": "Feature", "properties": {}, "geometry": area}],
            }
        )
    )
    masks = ["--valid-mask", mask, "--mask-values", "4,5", "--mask", tmp_path / "a.geojson"]
    rest = ["--min-area", "0.001", "--flips", "--cog", "--json"]
    code, out, err = call(capsys, "segment", path, "-o", tmp_path / "s.tif", *masks, *rest)
    assert code == 0, err
    with rasterio.open(tmp_path / "s.tif") as d:
        tags, share = d.tags(ns="OFANET"), (d.read(1) != 255).mean()
    assert (tags["MASK"], tags["VALID_MASK"], tags["MASK_VALUES"]) == ("a.geojson", "m.tif", "4,5")
    assert (tags["MIN_AREA_HA"], tags["FLIPS"]) == ("0.001", "4") and 0.49 < share < 0.51
    for verb in ("classify", "embed"):
        code, _, err = call(capsys, verb, path, "-o", tmp_path / "x.tif", "--valid-mask", mask, "--mask-values", "3")
        assert code == 0 and "empty" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["segment", "x.tif"],
        ["nonsense"],
        [],
        ["segment", "x.tif", "-o", "y.tif", "--bounds", "1,2"],
        ["segment", "x.tif", "-o", "y.tif", "--mask-values", "1,x"],
        ["segment", "x.tif", "-o", "y.tif", "--min-area", "a"],
        ["classify", "x.tif", "-o", "y.tif", "--flips"],
        ["embed", "x.tif", "-o", "y.tif", "--head", "h"],
        ["segment", "x.tif", "-o", "y.tif", "--device", "tpu"],
    ],
)
def test_bad_arguments(capsys, arguments):
    code, out, err = call(capsys, *arguments)
    assert code == 2 and not out and len(err.splitlines()) == 1 and "--help" in err


def test_unexpected_errors_are_3_and_traced_on_request(capsys, scene, tmp_path, monkeypatch):
    monkeypatch.setattr("ofa_engine.inference.segment.segment", lambda *a: 1 / 0)
    arguments = ["segment", scene("naip"), "-o", tmp_path / "s.tif"]
    code, _, err = call(capsys, *arguments)
    assert code == 3 and len(err.splitlines()) == 1
    code, _, err = call(capsys, *arguments, "--debug")
    assert code == 3 and "Traceback" in err


def test_detect_imports_no_torch(scene):
    code = (
        "import sys; import ofa_engine.interfaces.cli as c; c.main(['detect', sys.argv[1]]); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(scene("naip"))], check=True, capture_output=True)


def test_inputs_are_never_written_to(scene, tmp_path, capsys):
    path = scene("enmap")
    before, names = path.read_bytes(), {p.name for p in tmp_path.iterdir()}
    call(capsys, "segment", path, "-o", tmp_path / "out.tif")
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == names | {"out.tif", "out.tif.aux.xml"}
    with rasterio.open(tmp_path / "out.tif") as d:
        assert d.tags(ns="OFANET")["SOURCE"] == "enmap.tif"


def test_no_warning_of_a_library_reaches_the_terminal(tmp_path):
    """In a process of its own, as a user runs it: a mask in two layers, then one of which GDAL has much to say."""
    raster = write_raster(tmp_path / "a.tif", pixels_of("naip", 48, 48), crs=None, transform=None, photometric="RGB")
    shapes = shapely.to_wkb(np.array([shapely.box(0, 0, 9, 9), shapely.Polygon([(0, 0), (np.inf, 1), (1, 1)])]))
    for layer in ("one", "two"):
        more = dict(geometry_type="Polygon", crs="EPSG:32633", layer=layer, append=layer == "two")
        pyogrio.raw.write(tmp_path / "a.gpkg", shapes, [], [], **more)
    for mask, says in (("a.gpkg", "found 2 in a.gpkg: one, two"), ("a.gpkg|layername=two", "")):
        command = [sys.executable, "-m", "ofa_engine", "segment", str(raster), "--mask", str(tmp_path / mask)]
        out = tmp_path / "out.tif"
        done = subprocess.run([*command, "-o", str(out)], capture_output=True, text=True)
        assert says in done.stderr and "Warning" not in done.stderr, done.stderr
        assert done.returncode == (2 if says else 0) and len(done.stderr.splitlines()) == (1 if says else 2)


@pytest.mark.parametrize(
    "raster", ["-dash.tif", "--two.tif", "-o.tif", "a;b.tif", "gpkg_1.tif", 'ü & "q" | #p%20.tif', "what!.tif"]
)
def test_odd_names(tmp_path, monkeypatch, capsys, raster):
    monkeypatch.chdir(tmp_path)
    cell = rasterio.Affine(1, 0, 500000, 0, -1, 5800000)
    write_raster(tmp_path / raster, pixels_of("naip", 48, 48), photometric="RGB", transform=cell)
    assert call(capsys, "detect", raster)[0] == 0
    (tmp_path / "out").mkdir()
    out, polygons = f"out/{raster}", f"out/{raster[:-4]}.gpkg"
    assert call(capsys, "segment", raster, "-o", out, "--polygons", polygons)[0] == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {raster, f"{raster[:-4]}.gpkg"}
    if raster.startswith("-d"):
        code, _, err = call(capsys, "segment", raster, "-o", "-map.tif", "--flips", "--overlap", "0.5")
        assert code == 0 and (tmp_path / "-map.tif").exists(), err


@pytest.mark.parametrize("name", ["-out.tif", "-o.tif", "--output.tif"])
def test_outputs_whose_names_start_with_a_dash(tmp_path, monkeypatch, capsys, scene, name):
    monkeypatch.chdir(tmp_path)
    for flag in ("-o", "--output"):
        code, _, err = call(capsys, "segment", scene("naip"), flag, name)
        assert code == 0 and (tmp_path / name).exists(), err
        (tmp_path / name).unlink()
    write_raster(tmp_path / "-a_VV.tif", np.ones((1, 9, 9), np.float32))
    write_raster(tmp_path / "-a_VH.tif", np.ones((1, 9, 9), np.float32))
    code, out, err = call(capsys, "stack", "-a_VH.tif", "-a_VV.tif", "-o", "-out.vrt", "--json")
    assert code == 0 and json.loads(out)["bands"] == ["VV", "VH"], err
    with rasterio.open("-out.vrt") as dataset:
        assert dataset.read().shape == (2, 9, 9)


def _fails_at_work(*arguments, **more):
    raise AssertionError("the work has begun")


LONG = 238 * "x"
LONG_OUTPUTS = {
    "segment": ["segment", "SCENE", "-o", f"{LONG}.tif"],
    "its polygons": ["segment", "SCENE", "-o", "a.tif", "--polygons", f"{LONG}.gpkg"],
    "its confidence": ["segment", "SCENE", "-o", "a.tif", "--confidence", f"{LONG}.tif"],
    "its report": ["segment", "SCENE", "-o", "a.tif", "--report", f"{LONG}.html"],
    "classify": ["classify", "SCENE", "-o", f"{LONG}.gpkg"],
    "embed": ["embed", "SCENE", "-o", f"{LONG}.tif"],
    "its picture": ["embed", "SCENE", "-o", "a.tif", "--picture", f"{LONG}.tif"],
    "fit": ["fit", "SCENE", "--labels", "l.tif", "-o", f"{LONG}.safetensors"],
    "evaluate": ["evaluate", "naip_segment", "SCENE", "--labels", "l.tif", "-o", f"{LONG}.html"],
    "sample": ["sample", "l.tif", "-o", f"{LONG}.gpkg"],
    "stack": ["stack", "a_VV.tif", "a_VH.tif", "-o", f"{LONG}.vrt"],
}


@pytest.mark.parametrize("output", LONG_OUTPUTS)
def test_long_names_are_refused_before_work_starts(tmp_path, monkeypatch, capsys, scene, output):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ofa_engine.model.ofanet.OFANet.forward", _fails_at_work)
    arguments = [scene("naip") if word == "SCENE" else word for word in LONG_OUTPUTS[output]]
    code, _, err = call(capsys, *arguments)
    assert code == 2 and len(err.splitlines()) == 1 and "expected a shorter name" in err
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} <= {"naip.tif"}
