import numpy as np
import pytest
import rasterio
import torch

from ofa_engine.core.sensors import SENSORS, get_sensor
from ofa_engine.inference.embed import embed
from ofa_engine.model.checkpoint import load_checkpoint
from ofa_engine.model.preprocess import normalise, to_canonical

from .verbs import run


@pytest.mark.parametrize("sensor", SENSORS)
def test_embed_every_sensor(sensor, scene, tmp_path, models):
    def cut(pixels):
        pixels = pixels.astype(np.float32)
        pixels[:, :16, :16] = np.nan
        return pixels

    path = scene(sensor, 100, 130, change=cut)
    answer = run(embed, path, tmp_path, tile_px=64, picture=str(tmp_path / "rgb.tif"))
    with rasterio.open(tmp_path / "out.tif") as d, rasterio.open(path) as source:
        features, raster = d.read(), source.read([i + 1 for i in get_sensor(sensor).usable_bands])
        assert d.transform.a == pytest.approx(16 * source.transform.a) and d.crs == source.crs
    assert features.shape == (32, 6, 8) == (answer["features"], answer["height"], answer["width"])
    assert np.isnan(features[:, 0, 0]).all() and np.isfinite(features).sum() == 32 * 47
    checkpoint = load_checkpoint(models / "tiny.safetensors")
    mean, std = (np.array(v)[list(get_sensor(sensor).usable_bands)] for v in checkpoint.statistics(sensor))
    tile = to_canonical(
        torch.from_numpy(raster[None, :, :64, 64:128].astype("f4")), get_sensor(sensor), answer["detection"]["units"]
    )
    with torch.inference_mode():
        tokens = checkpoint.model(normalise(tile, mean, std), sensor)[0].T.reshape(32, 4, 4).numpy()
    np.testing.assert_allclose(features[:, :4, 4:8], tokens, atol=1e-3)
    with rasterio.open(tmp_path / "rgb.tif") as d:
        picture = d.read()
        assert picture.shape == (3, 6, 8) and (picture[:, 0, 0] == 0).all() and picture.std() > 10
