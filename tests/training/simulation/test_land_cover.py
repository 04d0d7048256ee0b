"""Classes of simulated label rasters."""

from training.simulation import land_cover


def test_class_colours_and_values():
    assert [c.value for c in land_cover.CLASSES] == [1, 2, 3, 4, 5, 6]
    assert len({c.color for c in land_cover.CLASSES}) == 6 and all(
        len(bytes.fromhex(c.color[1:])) == 3 for c in land_cover.CLASSES
    )
