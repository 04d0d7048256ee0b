"""Spectra have the absorptions of their materials."""

import numpy as np

from training.simulation.materials import MATERIALS, spectra


def test_spectra_obey_their_absorptions():
    um = np.arange(0.4, 2.5, 0.01)
    for season, moisture, mud in ((0, 0, 0), (0.5, 0.5, 0.5), (1, 1, 1)):
        table = dict(zip(MATERIALS, spectra(um, season, moisture, mud), strict=True))
        assert all(0 < s.min() and s.max() < 0.7 for s in table.values())

        def at(name: str, where: float, table: dict[str, np.ndarray] = table) -> float:
            return float(np.interp(where, um, table[name]))

        for leaf in ("broadleaf", "conifer", "grass", "crop"):
            assert at(leaf, 0.67) < at(leaf, 0.55) < at(leaf, 0.8)  # chlorophyll, green peak, red edge
            assert at(leaf, 1.45) < at(leaf, 1.65) and at(leaf, 1.94) < at(leaf, 2.2)  # liquid water
            assert at(leaf, 0.97) < at(leaf, 0.9)
        for soil in ("dark soil", "light soil"):
            assert at(soil, 0.45) < at(soil, 0.65) < at(soil, 1.6)
            assert at(soil, 2.2) < min(at(soil, 2.12), at(soil, 2.28))  # clay
        assert at("water", 1.0) < at("water", 0.5)
