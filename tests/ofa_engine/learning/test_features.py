"""Features of labelled samples are what the head multiplies with its weights."""

import numpy as np
import pytest
import rasterio
import torch
from torch.nn import functional as F

from ofa_engine.core.callbacks import QUIET
from ofa_engine.core.options import EmbedOptions, FitOptions
from ofa_engine.core.sensors import get_sensor
from ofa_engine.inference.session import open_session
from ofa_engine.learning.features import TokenCache, gather_features
from ofa_engine.learning.fit import fit
from ofa_engine.learning.labels import read_labels
from ofa_engine.model.checkpoint import load_checkpoint, load_head
from ofa_engine.model.pixel_head import pixel_features
from ofa_engine.model.preprocess import normalise, resize, to_canonical

from .two_lands import halves, write_polygons


@pytest.mark.parametrize("sensor", ["naip", "enmap"])
@pytest.mark.parametrize("kind", ["linear", "linear+pixels", "mlp+pixels"])
def test_weights_times_features_are_the_logits(sensor, kind, scene, tmp_path, models):
    """At each labelled pixel, against logits of the tile computed naively."""
    path = scene(sensor, 48, 48, change=halves)
    boxes = [(1, 1, 5, 5), (3, 30, 7, 4), (40, 2, 6, 6), (30, 40, 5, 7)]
    polygons = write_polygons(tmp_path / "p.gpkg", path, boxes, ["a", "a", "b", "b"])
    cache = TokenCache()
    options = FitOptions([str(path)], [polygons], str(tmp_path / "head.safetensors"), tile_px=48, kind=kind)
    answer = fit(options, QUIET, cache=cache)
    job = open_session(EmbedOptions(str(path), tile_px=48), None, QUIET)
    with job.source:
        labels = read_labels([job.source], [polygons], None, [], 96, lambda *message: None)
        samples = gather_features([job], labels, "segment", QUIET, cache)
    checkpoint = load_checkpoint(models / "tiny.safetensors")
    head, header = load_head(answer["output"], checkpoint, sensor)
    assert header["kind"] == answer["kind"] == kind
    present = list(get_sensor(sensor).usable_bands)
    mean, std = (np.array(v)[present] for v in checkpoint.statistics(sensor))
    with rasterio.open(path) as d:
        tile = torch.from_numpy(d.read([b + 1 for b in present]).astype(np.float32))[None]
    tile = normalise(to_canonical(tile, get_sensor(sensor), job.detection.units), mean, std)
    tokens = checkpoint.model(resize(tile, 64), sensor)
    maps = F.interpolate(tokens.transpose(1, 2).reshape(1, 32, 4, 4), size=(48, 48), mode="bilinear")[0]
    part = labels.rasters[0]
    np.testing.assert_allclose(samples.tokens, maps[:, part.row, part.column].T.numpy(), atol=1e-4)
    if kind == "mlp+pixels":
        surroundings = pixel_features(tile)[0][:, part.row, part.column].T[:, len(present) :]
        np.testing.assert_allclose(samples.surroundings, surroundings.numpy(), atol=1e-5)
        columns = (np.arange(5)[:, None] * head.bands + present).ravel()
        around = np.concatenate([samples.pixels, samples.surroundings], 1) @ head.pixel_weight.numpy()[:, columns].T
        hidden = samples.tokens @ head.token_weight.numpy().T + around + head.hidden_bias.numpy()
        logits = np.maximum(hidden, 0) @ head.weight.numpy().T + head.bias.numpy()
    else:
        logits = samples.tokens @ head.weight.numpy().T + head.bias.numpy()
    if kind == "linear+pixels":
        np.testing.assert_allclose(samples.pixels, tile[0][:, part.row, part.column].T.numpy(), atol=1e-5)
        logits = logits + samples.pixels @ head.pixel_weight.numpy()[:, present].T
    wanted = head.scores(tokens, tile, present)[0][:, part.row, part.column].T
    np.testing.assert_allclose(torch.from_numpy(logits).softmax(1), wanted.numpy(), atol=1e-4)


def test_the_cache_drops_the_least_recently_used_tile():
    tokens = np.zeros((4, 8), np.float32)
    cache = TokenCache(limit_bytes=2 * tokens.nbytes)
    for key in ("a", "b"):
        cache.put((key,), tokens)
    assert cache.get(("a",)) is tokens
    cache.put(("c",), tokens)
    assert cache.get(("b",)) is None and cache.get(("a",)) is not None and cache.get(("c",)) is not None
