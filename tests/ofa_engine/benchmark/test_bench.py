import json
import math
import time

import pytest

from ofa_engine.benchmark.bench import bench
from ofa_engine.benchmark.stage_timing import BenchLimits
from ofa_engine.benchmark.synthetic import write_example
from ofa_engine.core.errors import InputError
from ofa_engine.core.options import BenchOptions
from ofa_engine.interfaces.cli import main

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


SHORT = BenchLimits(bare_tiles=8)


def test_figures(tmp_path):
    path = write_example(tmp_path / "a.tif", 300, 200)
    lines, fractions = [], []
    figures = bench(BenchOptions(str(path), rounds=2), lines.append, fractions.append, SHORT)
    assert set(figures) >= CONTRACT
    assert figures["limit"] in ("bare", "read", "write")
    assert all(math.isfinite(figures[key]) and figures[key] > 0 for key in CONTRACT - {"limit"})
    assert figures["tiles"] == math.prod(math.ceil((size - 48) / 36) + 1 for size in (300, 200))
    low, high = figures["ratio_range"]
    assert low <= figures["ratio"] <= high
    once = bench(
        BenchOptions(str(path), rounds=1), limits=SHORT
    )  # of several rounds each figure is the median of its own
    seconds = sum(1 / once[f"{stage}_tiles_s"] for stage in ("bare", "read", "write"))
    assert once["floor_tiles_s"] == pytest.approx(1 / seconds, rel=0.01)
    assert once["floor_ratio"] == pytest.approx(once["pipeline_tiles_s"] * seconds, rel=0.01)
    assert figures["pipeline_mpx_s"] > 0 and figures["pipeline_s"] >= 0
    assert figures["peak_rss_mb"] >= figures["baseline_rss_mb"] > 50
    assert [line.partition(":")[0] for line in lines] == ["round 1 of 2", "round 2 of 2"] and "0 s left" in lines[-1]
    assert fractions == sorted(fractions) and fractions[-1] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"], "nothing is left behind"


def test_turns_of_the_bare_model_are_off_the_clock(tmp_path):
    path = write_example(tmp_path / "a.tif", 300, 200)
    without = bench(BenchOptions(str(path), rounds=1), limits=SHORT)
    begun = time.perf_counter()
    limits = BenchLimits(bare_tiles=8, pipeline_turn_s=0.0, bare_turn_s=2.0)
    figures = bench(BenchOptions(str(path), rounds=1), limits=limits)
    assert time.perf_counter() - begun > figures["pipeline_s"] + 2.0, "there was at least one turn within the run"
    assert figures["pipeline_s"] < without["pipeline_s"] + 1.6  # on a busy machine, too


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


def test_numbers_below_one_are_refused():
    for wrong in (BenchOptions(rounds=0), BenchOptions(size_px=-1), BenchOptions(classes=0)):
        with pytest.raises(InputError, match="of at least 1"):
            bench(wrong)
