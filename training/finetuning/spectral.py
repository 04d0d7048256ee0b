"""An embedder for a hyperspectral sensor, made from a multispectral one by wavelength.

A band of the multispectral sensor is, nearly, the mean of the hyperspectral bands inside its range. That mean, the
normalisation and the patch embedding are all linear, so that their product is an embedder of the hyperspectral sensor:
it gives the tokens that the multispectral one gives for averaged bands, up to rounding.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from ofa_engine.core.sensors import Sensor, get_sensor
from ofa_engine.model.ofanet import OFANet

# full widths at half maximum of Sentinel-2A's MSI (ESA, Sentinel-2 MSI user guide, spectral resolution)
S2_WIDTHS_UM = dict(
    zip(
        ("B2", "B3", "B4", "B5", "B6", "B7", "B8", "B11", "B12"),
        (0.065, 0.035, 0.030, 0.015, 0.015, 0.020, 0.115, 0.090, 0.180),
        strict=True,
    )
)


def averaging(narrow: Sensor, wide: Sensor, widths_um: dict[str, float] = S2_WIDTHS_UM) -> NDArray[np.float64]:
    """(C_wide, C_narrow) weights of the narrow bands in each wide one; rows sum to one. Bands that always count as
    missing have none. A wide band that holds no narrow one gets the nearest."""
    centers = np.array([band.wavelength_um for band in narrow.bands], dtype=float)
    centers[[i - 1 for i in narrow.never]] = np.nan
    rows = []
    for band in wide.bands:
        distance = np.abs(centers - float(band.wavelength_um or 0))
        inside = distance <= widths_um[band.name] / 2
        rows.append(inside / inside.sum() if inside.any() else distance == np.nanmin(distance))
    return np.array(rows, dtype=float)


@torch.no_grad()
def embedder_by_wavelength(
    model: OFANet,
    statistics: dict[str, tuple[list[float], list[float]]],
    source_id: str = "sentinel-2",
    target_id: str = "enmap",
) -> None:
    """Sets the target's embedder to what the source's gives for averaged bands.

    Args:
        model: with both embedders.
        statistics: (mean, std) per band of both sensors, in the canonical unit, which is the same for both.
        source_id: id of the multispectral sensor.
        target_id: id of the hyperspectral sensor.
    """
    weights = torch.from_numpy(averaging(get_sensor(target_id), get_sensor(source_id)))
    (mean, std), (target_mean, target_std) = (
        tuple(torch.tensor(values, dtype=torch.float64) for values in statistics[key]) for key in (source_id, target_id)
    )
    source, target = model.embedders[source_id], model.embedders[target_id]
    kernel = source.get_parameter("weight").double() / std[:, None, None]
    target.get_parameter("weight").copy_(torch.einsum("dbhw,bj,j->djhw", kernel, weights, target_std))
    shift = torch.einsum("dbhw,b->d", kernel, weights @ target_mean - mean)
    target.get_parameter("bias").copy_(source.get_parameter("bias").double() + shift)
