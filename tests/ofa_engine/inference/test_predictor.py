import numpy as np
import pytest
import torch

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import SENSORS
from ofa_engine.inference.predictor import Predictor
from ofa_engine.inference.segment import segment
from ofa_engine.inference.session import open_session

from .verbs import read, run


@pytest.mark.parametrize("sensor", SENSORS)
def test_flips_are_the_mean_of_four_mirrored_rasters(sensor, scene, tmp_path):
    """One tile, so that mirroring the whole raster mirrors the tile."""
    path = scene(sensor, 48, 48)
    run(segment, path, tmp_path, flips=True, confidence=str(tmp_path / "c.tif"))
    labels, _, tags = read(tmp_path / "out.tif")
    assert tags["FLIPS"] == "4"
    job = open_session(SegmentOptions(str(path)), "segment", Callbacks())
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
