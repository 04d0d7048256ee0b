import json
import math
import time

import pytest
import rasterio

from ofa_engine.benchmark import bench as bench_module
from ofa_engine.benchmark import other_tools as peers
from ofa_engine.benchmark.bench import bench, write_example
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import BenchOptions
from ofa_engine.core.sensors import SENSORS
from ofa_engine.interfaces.cli import main
from ofa_engine.raster.source import Source, detect_source

CONTRACT = {
    "bare_tiles_s",
    "read_tiles_s",
    "write_tiles_s",
    "pipeline_tiles_s",
    "ratio",
    "floor_ratio",
    "peak_rss_mb",
    "baseline_rss_mb",
    "limit",
}


@pytest.fixture(autouse=True)
def short_turns(monkeypatch):
    monkeypatch.setattr(bench_module, "_BARE_TILES", 8)


def test_figures(tmp_path):
    path = write_example(tmp_path / "a.tif", 300, 200)
    said, shares = [], []
    figures = bench(BenchOptions(str(path), rounds=2), said.append, shares.append)
    assert set(figures) >= CONTRACT
    assert figures["limit"] in ("bare", "read", "write")
    assert all(math.isfinite(figures[key]) and figures[key] > 0 for key in CONTRACT - {"limit"})
    assert figures["tiles"] == math.prod(math.ceil((size - 48) / 36) + 1 for size in (300, 200))
    low, high = figures["ratio_range"]
    assert low <= figures["ratio"] <= high
    once = bench(BenchOptions(str(path), rounds=1))  # of several rounds each figure is the median of its own
    seconds = sum(1 / once[f"{stage}_tiles_s"] for stage in ("bare", "read", "write"))
    assert once["floor_tiles_s"] == pytest.approx(1 / seconds, rel=0.01)
    assert once["floor_ratio"] == pytest.approx(once["pipeline_tiles_s"] * seconds, rel=0.01)
    assert figures["pipeline_mpx_s"] > 0 and figures["pipeline_s"] >= 0
    assert figures["peak_rss_mb"] >= figures["baseline_rss_mb"] > 50
    assert [line.partition(":")[0] for line in said] == ["round 1 of 2", "round 2 of 2"] and "0 s left" in said[-1]
    assert shares == sorted(shares) and shares[-1] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"], "nothing is left behind"


def test_the_bare_model_has_turns_within_a_run(tmp_path, monkeypatch):
    path = write_example(tmp_path / "a.tif", 300, 200)
    without = bench(BenchOptions(str(path), rounds=1))
    turns = []

    def turn(stages, seconds=None):
        begun = time.perf_counter()
        time.sleep(seconds or 0.01)
        turns.append(bench_module._Timed(100, time.perf_counter() - begun))
        return turns[-1]

    monkeypatch.setattr(bench_module, "_PIPELINE_TURN_S", 0.0)
    monkeypatch.setattr(bench_module, "_BARE_TURN_S", 0.5)
    monkeypatch.setattr(bench_module._Stages, "bare", turn)
    begun = time.perf_counter()
    figures = bench(BenchOptions(str(path), rounds=1))
    assert len(turns) > 3 and time.perf_counter() - begun > 0.5 * (len(turns) - 2)
    rate = sum(one.tiles for one in turns) / sum(one.seconds for one in turns)
    assert figures["bare_tiles_s"] == pytest.approx(rate, rel=0.01), "all turns count, by their length"
    assert figures["pipeline_s"] < without["pipeline_s"] + 0.4, "they are off the pipeline's clock"


def test_random_weights_of_a_size(capsys):
    arguments = [
        "--model",
        "tiny",
        "--sensor",
        "naip",
        "--classes",
        "5",
        "--size-px",
        "250",
        "--rounds",
        "1",
        "--overlap",
        "0",
        "--memory-mb",
        "128",
    ]
    assert main(["bench", "--json", *arguments]) == 0
    out, err = capsys.readouterr()
    figures = json.loads(out)
    assert set(figures) >= CONTRACT and "round 1 of 1" in err
    assert (figures["bands"], figures["classes"], figures["tile_px"]) == (3, 5, 224)
    assert (figures["width"], figures["tiles"], figures["memory_mb"], figures["overlap"]) == (250, 4, 128, 0)
    assert "ViT tiny" in figures["model"] and figures["machine"] and figures["torch"]


@pytest.mark.parametrize("sensor", SENSORS)
def test_an_example_is_recognised(tmp_path, sensor):
    path = write_example(tmp_path / "a.tif", 130, 270, sensor)
    with Source(path) as source:
        found = detect_source(source)
        values, valid = source.read(found.used if hasattr(found, "used") else [1], (0, 0, 130, 270))
    assert found.sensor == sensor and valid is None
    assert values.std() > 0
    with rasterio.open(path) as raster:
        assert raster.count == len(SENSORS[sensor].bands)


def test_odd_options():
    for wrong in (BenchOptions(rounds=0), BenchOptions(size_px=-1), BenchOptions(classes=0)):
        with pytest.raises(InputError, match="of at least 1"):
            bench(wrong)


def test_beside_a_plain_loop(tmp_path, monkeypatch):
    path = write_example(tmp_path / "a.tif", 150, 110)
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    said = []
    answer = peers.compare(BenchOptions(str(path), rounds=1), said.append)
    rows = {row["tool"]: row for row in answer["tools"]}
    assert list(rows) == list(peers.PEERS) and [line.split()[4] for line in said] == ["ofa", "plain"]
    assert rows["ofa"]["differing"] <= 1 / (150 * 110), "the largest of sums in another order"
    assert rows["ofa"]["tiles"] == rows["plain"]["tiles"] == 12 and rows["plain"]["peak_mb"] >= 0
    assert "pip install onnxruntime onnx onnxscript" in rows["onnxruntime"]["skipped"]
    assert "terratorch" in peers.table(answer)
