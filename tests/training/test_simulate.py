"""The command that writes simulated scenes."""

import numpy as np
import pytest

from training import simulate as command
from training.simulation import land_cover
from training.simulation.scene import simulate


def test_command_line_writes_scene_and_labels(tmp_path):
    rasterio = pytest.importorskip("rasterio")
    scene, labels = tmp_path / "scene.tif", tmp_path / "labels.tif"
    assert (
        command.main(["--sensor", "naip", "--size", "72", "--seed", "5", "-o", str(scene), "--labels", str(labels)])
        == 0
    )
    bands, truth = simulate("naip", 72, 5)
    with rasterio.open(scene) as a, rasterio.open(labels) as b:
        assert np.array_equal(a.read(), np.round(bands)) and np.array_equal(b.read(1), truth)
        assert a.transform == b.transform and a.crs == b.crs and b.nodata == 0
        assert b.colormap(1)[land_cover.WATER][:3] == tuple(bytes.fromhex(land_cover.CLASSES[0].color[1:]))


def test_missing_arguments_are_the_users_error(capsys):
    assert command.main(["--sensor", "naip"]) == 2
    assert "expected --samples FOLDER" in capsys.readouterr().err
