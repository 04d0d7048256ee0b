import numpy as np
import pytest
from PIL import Image

from ofa_engine.core.files import sha256
from ofa_engine.core.sensors import get_sensor
from training.data.shards import ShardManifest
from training.probes.backbones import random_backbone
from training.simulation.scene import simulate

from .make_task import ARCH


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """prepared(sensors, count, size_px): a folder of simulated samples as training.prepare writes them."""

    def make(ids, count=12, size_px=16):
        root = tmp_path_factory.mktemp("prepared")
        for sensor in ids:
            folder = root / sensor
            folder.mkdir()
            values = np.stack([simulate(sensor, size_px, seed)[0] for seed in range(count)]).astype(np.float32)
            np.save(folder / "shard-00000.npy", values)
            table = get_sensor(sensor)
            ShardManifest(
                sensor,
                table.unit,
                list(values.shape[1:]),
                "float32",
                "simulated",
                0,
                None,
                values.mean((0, 2, 3)).tolist(),
                values.std((0, 2, 3)).tolist(),
                [True] * len(table.bands),
                [{"file": "shard-00000.npy", "count": count, "sha256": sha256(folder / "shard-00000.npy")}],
                [f"{sensor}-{i}" for i in range(count)],
            ).save(folder)
        return root

    return make


@pytest.fixture(scope="session")
def backbone():
    return random_backbone(ARCH, 0)


@pytest.fixture
def pictures(tmp_path):
    """A folder of twenty images in each of three classes, which differ by their grey level."""
    rng = np.random.default_rng(9)
    for label, name in enumerate(("field", "lake", "town")):
        for i in range(20):
            path = tmp_path / "pictures" / name / f"{i:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = rng.normal(60 + 60 * label, 5, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(path)
    return tmp_path / "pictures"
