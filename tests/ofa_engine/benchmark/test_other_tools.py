from ofa_engine.benchmark.other_tools import TOOLS, compare_tools, format_tool_table
from ofa_engine.benchmark.synthetic import write_example
from ofa_engine.core.options import BenchOptions


def test_the_pipeline_equals_a_plain_loop(tmp_path):
    path = write_example(tmp_path / "a.tif", 150, 110)
    lines = []
    answer = compare_tools(BenchOptions(str(path), rounds=1), lines.append, installed=lambda package: False)
    rows = {row["tool"]: row for row in answer["tools"]}
    assert list(rows) == list(TOOLS) and [line.split()[4] for line in lines] == ["ofa", "plain"]
    assert rows["ofa"]["differing"] <= 1 / (150 * 110), "sums in another order may change the largest score"
    assert rows["ofa"]["tiles"] == rows["plain"]["tiles"] == 12 and rows["plain"]["peak_mb"] >= 0
    assert "pip install onnxruntime onnx onnxscript" in rows["onnxruntime"]["skipped"]
    assert "terratorch" in format_tool_table(answer)
