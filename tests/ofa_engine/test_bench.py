import math

from ofa_engine.bench import bench, write_example


def test_figures(tmp_path):
    path = write_example(tmp_path / "a.tif", 300, 200)
    said = []
    figures = bench(str(path), said.append)
    keys = {"bare_tiles_s", "read_tiles_s", "write_tiles_s", "pipeline_tiles_s", "ratio", "floor_ratio", "peak_rss_mb",
            "baseline_rss_mb", "limit"}  # fmt: skip
    assert set(figures) >= keys and len(said) == 5
    assert figures["limit"] in ("bare", "read", "write")
    assert all(math.isfinite(figures[key]) and figures[key] > 0 for key in keys - {"limit"})
    assert figures["tiles"] == math.prod(math.ceil((size - 48) / 36) + 1 for size in (300, 200))
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
