import numpy as np
import pytest
import torch

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.options import SegmentOptions
from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.predictor import Predictor
from ofa_engine.inference.segment import segment
from ofa_engine.inference.session import open_session
from ofa_engine.model.checkpoint import load_checkpoint, save_head
from ofa_engine.model.pixel_head import PixelMLPHead

from ..conftest import CLASSES, TINY
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


@pytest.mark.parametrize("flips", [False, True])
def test_heads_with_a_hidden_layer_map_as_any_other(flips, scene, models, tmp_path):
    """With a missing band; one tile, whose logits are computed in one go."""
    torch.manual_seed(0)
    head = PixelMLPHead(TINY.width, 3, 3)
    head.pixel_weight.data *= 20
    head.bias.data.zero_()
    checkpoint, path = load_checkpoint(models / "tiny.safetensors"), scene("naip", 48, 48)
    backbone = checkpoint.header["fingerprints"]["naip"]
    file = str(tmp_path / "mlp.safetensors")
    save_head(file, head, "mlp", sensor=get_sensor("naip"), classes=CLASSES, tile_px=48, backbone=backbone, training={})
    options = dict(head=file, bands="1,-,3")
    run(segment, path, tmp_path, flips=flips, confidence=str(tmp_path / "c.tif"), **options)
    job = open_session(SegmentOptions(str(path), **options), "segment", Callbacks())
    with job.source as source:
        pixels = torch.from_numpy(source.read(job.source_bands, (0, 0, 48, 48))[0].astype(np.float32))[None]
    predictor = Predictor(job)
    x, total = predictor.normalised(pixels), torch.zeros(3, 48, 48)
    mirrors = [(), (2,), (3,), (2, 3)] if flips else [()]
    for axes in mirrors:
        mirrored = x.flip(axes)
        with torch.no_grad():
            scores = head.logits(predictor.tokens(mirrored), mirrored, [0, 2]).softmax(1)
        total += scores.flip(axes)[0] / len(mirrors)
    np.testing.assert_allclose(read(tmp_path / "c.tif")[0], total.amax(0).numpy(), atol=1e-5)
    labels = np.array([1, 2, 7])[total.argmax(0).numpy()]
    assert (read(tmp_path / "out.tif")[0] == labels).mean() > 0.999 and len(np.unique(labels)) > 1
