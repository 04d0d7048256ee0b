import pytest

from ofa_engine.core.sensors import sample_windows, sampled_bands, wavelength_um


@pytest.mark.parametrize(("width", "height"), [(1, 1), (10, 500), (64, 64), (1000, 700), (90, 3000)])
@pytest.mark.parametrize("block", [(1, 1), (64, 64), (256, 512), (5000, 1), (1000, 96)])
def test_sample_windows_lie_inside(width, height, block):
    windows = sample_windows(width, height, block)
    assert windows and len(set(windows)) == len(windows)
    for column, row, w, h in windows:
        assert 0 <= column and column + w <= width and 0 <= row and row + h <= height and w > 0 and h > 0
        for start, size, side in ((column, w, block[0]), (row, h, block[1])):
            assert side < size or start // side == (start + size - 1) // side, "in one block where it fits"


@pytest.mark.parametrize("count", [1, 2, 13, 16, 17, 224])
def test_sampled_bands_are_all_of_few_and_some_of_many(count):
    bands = sampled_bands(count)
    assert bands == sorted(set(bands)) and bands[0] == 1 and bands[-1] == count
    assert len(bands) == (count if count <= 16 else 9)


@pytest.mark.parametrize(
    ("text", "unit", "description", "um"),
    [
        ("665.0", "Nanometers", "", 0.665),
        ("0.665", "Micrometers", "", 0.665),
        ("665", "", "", 0.665),
        ("0.665", "", "", 0.665),
        ("", "", "band 3 (429.3 Nanometers)", 0.4293),
        ("", "", "Red 0.66 µm", 0.66),
        ("", "", "Band 665", None),
        ("unknown", "nm", "665 nm", None),
    ],
)
def test_wavelengths(text, unit, description, um):
    assert wavelength_um(text, unit, description) == (um and pytest.approx(um))
