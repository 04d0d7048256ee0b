"""Simulated scenes, made when they are read."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ofa_engine.core.sensors import SENSORS, get_sensor
from training.data.readers.reader import Listing, ReaderAndListing, SourceOptions
from training.simulation.scene import simulate

_SIMULATED = {"sentinel-1": ("db", "float16"), "sentinel-2": ("dn", "uint16"), "enmap": ("dn", "int16")}


@dataclass(frozen=True)
class Simulated:
    """Scenes of `training.simulation` in the data type and unit of the sensor's products."""

    sensor: str
    seed: int
    size_px: int | None
    nodata: float | None = None

    @property
    def units(self) -> str:
        return _SIMULATED.get(self.sensor, ("8-bit", "uint8"))[0]

    @property
    def dtype(self) -> str:
        return _SIMULATED.get(self.sensor, ("8-bit", "uint8"))[1]

    def read(self, name: str) -> NDArray:
        number = int(name.removeprefix("scene "))
        bands, _ = simulate(self.sensor, self.size_px or 224, (self.seed + 1) * 10_000_000 + number)
        return bands * np.float32(10000) if self.units == "dn" else bands


def list_samples(sensor: str, count: int, seed: int, size_px: int | None) -> ReaderAndListing:
    size_px = size_px or (128 if sensor == "enmap" else 224)  # as HySpecNet-11k, and the paper's input
    return Simulated(sensor, seed, size_px), Listing([f"scene {i}" for i in range(count)], as_listed=True)


def open_source(options: SourceOptions) -> Iterator[ReaderAndListing]:
    for sensor in [get_sensor(options.sensor).id] if options.sensor else SENSORS:
        yield list_samples(sensor, options.count, options.seed, options.size_px)
