"""Random fields and cells on a regular grid."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


def noise_field(
    rng: np.random.Generator, n: int, step_m: float, small_m: float, large_m: float, slope: float
) -> NDArray:
    """(n, n) Gaussian random field, mean 0, std 1: wavelengths of small_m to large_m, smooth for slope >= 3."""
    m = (n // 32 + 2) * 32  # a size that suits the FFT, cropped so that opposite edges do not match
    fy, fx = np.fft.fftfreq(m, step_m)[:, None], np.fft.rfftfreq(m, step_m)[None, :]
    f2 = (fy * fy + fx * fx).astype(np.float32)
    shape = (f2 + np.float32(large_m**-2)) ** np.float32(-slope / 2) * np.exp(-f2 * np.float32(small_m**2))
    shape[0, 0] = 0
    waves = rng.standard_normal((2, m, m // 2 + 1), dtype=np.float32)
    field = np.fft.irfft2((waves[0] + 1j * waves[1]) * shape, (m, m))[:n, :n]
    return ((field - field.mean()) / field.std()).astype(np.float32)


class Cells(NamedTuple):
    """For every position, the nearest point of a jittered grid; (H, W) each."""

    id: NDArray  # int, 0..4095
    dx: NDArray  # position minus the point, metres
    dy: NDArray
    border_m: NDArray  # distance to the border with the next cell


def jittered_cells(rng: np.random.Generator, x: NDArray, y: NDArray, size_m: float, jitter: float) -> Cells:
    """Cells of about size_m around the points of a grid that are displaced by up to jitter * size_m / 2."""
    table = rng.uniform(-jitter / 2, jitter / 2, (2, 4096)).astype(np.float32) + np.float32(0.5)
    u, v = x / np.float32(size_m), y / np.float32(size_m)
    column, row = np.floor(u), np.floor(v)
    u, v = u - column, v - row
    base = column.astype(np.int64) * 1031 + row.astype(np.int64) * 2503

    def point(which: Any) -> tuple[NDArray, NDArray, NDArray]:
        """Key and offset of one of the nine points around (a number, or one for each position)."""
        i, j = which // 3 - 1, which % 3 - 1
        key = (base + (i * 1031 + j * 2503)) & 4095
        return key, u - i - table[0].take(key), v - j - table[1].take(key)

    first, second = np.full((2, *u.shape), 99, np.float32)  # squared distances, in sizes
    nearest, next_one = np.zeros((2, *u.shape), np.int8)
    for which in range(9):
        _, du, dv = point(which)
        d2 = du * du + dv * dv
        best, better = d2 < first, d2 < second
        next_one = np.where(best, nearest, np.where(better, np.int8(which), next_one))
        second = np.where(best, first, np.minimum(second, d2))
        nearest, first = np.where(best, np.int8(which), nearest), np.minimum(first, d2)
    (key, du, dv), (_, eu, ev) = point(nearest.astype(np.int64)), point(next_one.astype(np.int64))
    border = (second - first) / (np.hypot(du - eu, dv - ev) + np.float32(1e-6)) * np.float32(size_m / 2)
    return Cells(key, du.astype(np.float32) * np.float32(size_m), dv.astype(np.float32) * np.float32(size_m), border)
