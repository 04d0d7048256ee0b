"""The figures of the bench are complete."""

import json

from training import bench

SMALL = [
    "--model",
    "tiny",
    "--input-px",
    "32",
    "--decoder-width",
    "16",
    "--decoder-depth",
    "1",
    "--decoder-heads",
    "2",
    "--batch",
    "2",
    "--workers",
    "0",
    "--seconds",
    "0.01",
    "--device",
    "cpu",
    "--json",
]


def run(capsys, *arguments, code=0):
    assert bench.main([*SMALL, *arguments]) == code
    out = capsys.readouterr()
    return json.loads(out.out) if code == 0 else out.err


def test_figures_of_random_values(capsys):
    facts = run(capsys, "--sensors", "naip", "enmap", "--reference")
    assert facts["device"] == "cpu" and facts["precision"] == "fp32" and facts["batch"] == 2
    assert list(facts["sensors"]) == ["naip", "enmap"] and facts["peak_tflops"] > 0
    for sensor in facts["sensors"].values():
        assert {key for key, value in sensor.items() if value is None} == {
            "real_images_s",
            "loader_images_s",
            "real_ratio",
            "data_wait_share",
            "limit",
        }
        assert sensor["synthetic_images_s"] > 0 and sensor["mfu"] >= 0 and sensor["peak_memory_mb"] > 100
        low, middle, high = (sensor[f"reference_ratio{end}"] for end in ("_min", "", "_max"))
        assert 0 < low <= middle <= high and sensor["counted_ratio"] > 1


def test_figures_of_prepared_samples(prepared, capsys):
    facts = run(capsys, "--data", str(prepared(["naip"], count=6)))
    (sensor,) = facts["sensors"].values()
    assert None not in sensor.values() and "reference_ratio" not in sensor
    assert sensor["limit"] in ("loader", "compute") and 0 <= sensor["data_wait_share"] <= 1


def test_no_samples_is_the_users_error(tmp_path, capsys):
    assert "expected prepared samples" in run(capsys, "--data", str(tmp_path), code=2)
