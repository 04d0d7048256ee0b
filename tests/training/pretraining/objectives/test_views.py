"""Views: crops and turns inside the sample, tones that keep colours, masks; all from sample and view alone."""

import math

import torch

from training.pretraining.objectives.views import ViewMaker, crop_transforms

MAKER = ViewMaker(size_px=32, grid=4, scale_min=0.3)


def pixels(count, bands=3):
    return torch.randn(count, bands, 48, 48, generator=torch.Generator().manual_seed(1))


def test_views_depend_on_sample_epoch_and_view_alone():
    images = pixels(4)
    whole = MAKER.make(0, images, "naip", [0, 1, 2], 0, torch.arange(4))
    part = MAKER.make(0, images[2:], "naip", [0, 1, 2], 0, torch.tensor([2, 3]))
    assert whole.pixels.shape == (4, 3, 32, 32)
    assert torch.equal(part.pixels, whole.pixels[2:]) and torch.equal(part.ids_shuffle, whole.ids_shuffle[2:])
    for number, epoch in ((1, 0), (0, 1)):
        other = MAKER.make(number, images, "naip", [0, 1, 2], epoch, torch.arange(4))
        assert not torch.equal(other.pixels, whole.pixels) and not torch.equal(other.ids_shuffle, whole.ids_shuffle)
    assert all(sorted(row) == list(range(16)) for row in whole.ids_shuffle.tolist())


def test_crops_stay_inside_and_take_all_eight_turns():
    u = torch.rand(400, 5, generator=torch.Generator().manual_seed(0))
    theta = crop_transforms(u, (0.2, 1.0))
    corners = torch.tensor([[x, y, 1.0] for x in (-1, 1) for y in (-1, 1)])
    assert (theta @ corners.T).abs().max() <= 1 + 1e-5
    assert len({tuple(row) for row in theta[:, :, :2].sign().flatten(1).tolist()}) == 8
    area = torch.linalg.det(theta[:, :, :2]).abs()
    assert area.min() > 0.15 and area.max() <= 1 + 1e-5 and abs(area.mean() - 0.6) < 0.06


def test_a_view_shows_the_part_that_its_transform_names():
    """In an image whose two bands hold each pixel's x and y, the corners of a view give the corners of its crop."""
    axis = (torch.arange(64) + 0.5) / 32 - 1
    ramps = torch.stack([axis.expand(64, 64), axis[:, None].expand(64, 64)]).expand(40, 2, 64, 64)
    flat = torch.zeros(40, 2, 64, 64)
    samples = torch.arange(40)
    shown, offset = (MAKER.make(0, image, "sentinel-1", [0, 1], 0, samples).pixels for image in (ramps, flat))
    one = MAKER.make(0, flat + 1, "sentinel-1", [0, 1], 0, samples).pixels - offset  # the gain
    corners = ((shown - offset) / one)[:, :, [0, 0, -1], [0, -1, 0]]  # (B, x and y, three corners)
    sides = (corners[:, :, 1:] - corners[:, :, :1]).norm(dim=1) / 2 * 32 / 31  # shares of the image, (B, 2)
    assert ((sides.prod(1) > 0.25) & (sides.prod(1) < 1.01)).all()
    assert (sides[:, 0] / sides[:, 1]).log().abs().max() < math.log(4 / 3) + 0.05
    across = corners[:, :, 1] - corners[:, :, 0]
    down = corners[:, :, 2] - corners[:, :, 0]
    assert (across * down).sum(1).abs().max() < 1e-3, "crops have right angles"
    signs = torch.cat([across, down], 1).round(decimals=3).sign()
    assert len({tuple(row) for row in signs.tolist()}) == 8


def test_tones_keep_colours():
    """One gain for all bands, and offsets that hardly differ between bands."""
    flat = torch.zeros(200, 4, 32, 32)
    zero, one = (
        MAKER.make(1, image, "gaofen", [0, 1, 2, 3], 0, torch.arange(200)).pixels for image in (flat, flat + 1)
    )
    offset, gain = zero.mean((2, 3)), (one - zero).mean((2, 3))  # (B, C)
    torch.testing.assert_close(gain, gain[:, :1].expand(-1, 4))
    assert gain.log().abs().max() <= 0.15 + 1e-5 and gain.std() > 0.05
    assert (offset.amax(1) - offset.amin(1)).max() <= 0.1 + 1e-5 and offset.mean(1).std() > 0.1


def test_only_second_views_of_sensors_with_many_bands_lack_some():
    dropping = ViewMaker(32, 4, band_drop=0.9)
    samples, seen = torch.arange(2), set()
    for epoch in range(12):
        view = dropping.make(1, pixels(2, 9), "sentinel-2", range(9), epoch, samples)
        assert view.pixels.shape[1] == len(view.present) >= 3 and list(view.present) == sorted(set(view.present))
        seen.add(tuple(view.present))
    assert len(seen) > 6
    assert list(dropping.make(0, pixels(2, 9), "sentinel-2", range(9), 0, samples).present) == list(range(9))
    assert list(dropping.make(1, pixels(2, 4), "gaofen", range(4), 0, samples).present) == list(range(4))


def test_dropped_bands_leave_the_other_bands_pixels():
    images, samples = pixels(2, 9), torch.arange(2)
    view = ViewMaker(32, 4, band_drop=1.0, scale_min=1.0).make(1, images, "sentinel-2", range(9), 0, samples)
    whole = ViewMaker(32, 4, scale_min=1.0).make(1, images, "sentinel-2", range(9), 0, samples)
    for place, band in enumerate(view.present):
        difference = view.pixels[:, place] - whole.pixels[:, band]  # but for the band's own small offset
        assert difference.std((1, 2)).max() < 1e-5
