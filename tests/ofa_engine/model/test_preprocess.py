from dataclasses import replace

import torch

from ofa_engine.core.sensors import get_sensor
from ofa_engine.model.preprocess import normalise, resize, to_canonical


def test_preprocessing():
    s1, s2 = get_sensor("sentinel-1"), get_sensor("sentinel-2")
    power = torch.tensor([1.0, 0.1, 0.0, float("nan")])
    db = to_canonical(power, s1, "linear")
    torch.testing.assert_close(db[:3], torch.tensor([0.0, -10.0, -60.0]))
    assert db[3].isnan()
    torch.testing.assert_close(to_canonical(torch.tensor([3000.0]), s2, "dn+1000"), torch.tensor([0.2]))
    pixels = torch.tensor([1.0, float("nan"), float("inf"), 5.0]).view(1, 1, 2, 2)
    before = pixels.clone()
    torch.testing.assert_close(normalise(pixels, [3.0], [2.0]).flatten(), torch.tensor([-1.0, 0.0, 0.0, 1.0]))
    assert torch.equal(pixels.nan_to_num(9), before.nan_to_num(9)), "the caller's values stay"
    again = normalise(pixels, [3.0], [2.0], in_place=True)
    assert again.data_ptr() == pixels.data_ptr() and torch.equal(again, normalise(before, [3.0], [2.0]))
    image = torch.rand(1, 2, 48, 48)
    assert resize(image, 48) is image
    assert resize(image, 64).shape == (1, 2, 64, 64)
    torch.testing.assert_close(resize(torch.ones(1, 1, 100, 100), 64), torch.ones(1, 1, 64, 64))


def test_a_sensor_with_another_canonical_unit():
    """8-bit amplitudes of a checkpoint: min(255, 10^((dB + 55.6) / 20)) of any unit that a raster comes in."""
    s1 = get_sensor("sentinel-1")
    amplitudes = replace(s1, unit="8-bit-amplitude", units=(*s1.units, "8-bit-amplitude"))
    db = torch.tensor([-30.0, -12.5, -8.0, 0.0, float("nan")])
    wanted = torch.tensor([min(255.0, 10 ** ((float(v) + 55.6) / 20)) for v in db[:4]])
    assert wanted[3] == 255
    for units, values in (("db", db), ("linear", 10 ** (db / 10)), ("0.01,0", 100 * db)):
        before = values.clone()
        found = to_canonical(values, amplitudes, units)
        torch.testing.assert_close(found[:4], wanted, rtol=1e-4, atol=0)
        assert found[4].isnan() and torch.equal(values[:4], before[:4]), "the caller's values stay"
    assert to_canonical(wanted, amplitudes, "8-bit-amplitude") is wanted
    back = to_canonical(wanted[:3], replace(amplitudes, unit="db"), "8-bit-amplitude")
    torch.testing.assert_close(back, db[:3], rtol=1e-4, atol=0)
    s2 = replace(get_sensor("sentinel-2"), unit="dn")
    torch.testing.assert_close(to_canonical(torch.tensor([0.2]), s2, "reflectance"), torch.tensor([2000.0]))
