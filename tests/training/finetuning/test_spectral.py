"""An embedder by wavelength gives the tokens of averaged bands."""

import numpy as np
import torch

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.ofanet import Architecture, OFANet
from ofa_engine.model.preprocess import normalise
from training.finetuning.spectral import averaging, embedder_by_wavelength

ENMAP, S2 = get_sensor("enmap"), get_sensor("sentinel-2")


def test_bands_are_averaged_by_wavelength():
    weights = averaging(ENMAP, S2)
    centers = np.array([band.wavelength_um for band in ENMAP.bands])
    assert weights.shape == (9, 224) and np.allclose(weights.sum(1), 1)
    assert np.allclose(weights @ centers, [band.wavelength_um for band in S2.bands], atol=0.008)
    assert not weights[:, [i - 1 for i in ENMAP.never]].any()


def test_tokens_equal_those_of_averaged_bands():
    torch.manual_seed(0)
    model = OFANet(Architecture(32, 1, 2, patch_px=8, input_px=16), ("sentinel-2", "enmap"))
    statistics = {s.id: (list(s.mean), list(s.std)) for s in (S2, ENMAP)}
    embedder_by_wavelength(model, statistics)
    spectra = torch.rand(2, 224, 16, 16)
    averaged = torch.einsum("bj,njhw->nbhw", torch.from_numpy(averaging(ENMAP, S2)).float(), spectra)
    usable = list(get_sensor("enmap").usable_bands)
    narrow = normalise(spectra[:, usable], *([values[i] for i in usable] for values in statistics["enmap"]))
    wide = normalise(averaged, *statistics["sentinel-2"])
    with torch.no_grad():
        assert torch.allclose(model(narrow, "enmap"), model(wide, "sentinel-2"), atol=1e-4)
