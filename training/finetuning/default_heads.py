"""The default heads that come with the starter: what each is fitted on, and for which pixel sizes."""

from dataclasses import dataclass

from ofa_engine.model.ofanet import usable_bands


@dataclass(frozen=True)
class DefaultHead:
    """A head to be made.

    Attributes:
        name: of its file.
        title: for people.
        tasks: names of the tasks it learns from, all of one sensor and legend; it starts from the first one's head.
        gsd_m: range of pixel sizes it is meant for.
        crops: (side in px, pixels averaged), as of `DenseTask`, by task.
        tile_px: side of a tile.
        fitted_on: places and seasons, for people.
        without: 0-based embedder bands that are left out.
    """

    name: str
    title: str
    tasks: tuple[str, ...]
    gsd_m: tuple[float, float]
    crops: tuple[tuple[tuple[int, int], ...], ...]
    tile_px: int
    fitted_on: str
    without: tuple[int, ...] = ()

    def present(self, sensor_id: str) -> tuple[int, ...]:
        return tuple(band for band in usable_bands(sensor_id) if band not in self.without)


_TEN = ((64, 1), (48, 1), (32, 1))
_COARSE = ((32, 2), (20, 3))
_S2 = "sentinel-2 land cover"
DEFAULT_HEADS = (
    DefaultHead("sentinel-2_landcover_10m", "Sentinel-2: land cover, 10 m", (_S2,), (5, 14), (_TEN,), 32),
    DefaultHead("sentinel-2_landcover_20m", "Sentinel-2: land cover, 20 to 40 m", (_S2,), (14, 60), (_COARSE,), 32),
    DefaultHead(
        "sentinel-2_landcover_no_red_edge",
        "Sentinel-2 bands without red edge (Landsat, HLS): land cover, 10 to 40 m",
        (_S2,),
        (5, 60),
        (_COARSE + _TEN,),
        32,
        (3, 4, 5),
    ),
    *(
        DefaultHead(f"{sensor}_landcover_10m", f"{title}: land cover, 3 to 20 m", (task,), (2.5, 25), (_TEN,), 32)
        for sensor, title, task in (
            ("naip", "RGB", "naip land cover at 10 m"),
            ("gaofen", "RGB and near infrared", "gaofen land cover at 10 m"),
        )
    ),
    *(
        DefaultHead(
            f"{sensor}_landcover_aerial",
            f"{title}: land cover, 0.1 to 0.5 m",
            (f"{sensor} land cover at 0.2 m",),
            (0.02, 0.55),
            (((64, 1), (48, 1), (64, 2), (32, 2)),),
            64,
        )
        for sensor, title in (("naip", "RGB"), ("gaofen", "RGB and near infrared"))
    ),
    *(
        DefaultHead(
            f"{sensor}_landcover_1m",
            f"{title}: land cover, 0.6 to 2 m",
            (f"{sensor} land cover at 1 m", f"{sensor} land cover at 0.2 m"),
            (0.55, 2.5),
            (((64, 1), (48, 1), (32, 1), (32, 2)), ((64, 4), (48, 5), (32, 4))),
            64,
        )
        for sensor, title in (("naip", "RGB"), ("gaofen", "RGB and near infrared"))
    ),
    DefaultHead(
        "sentinel-1_landcover", "Sentinel-1: land cover", ("sentinel-1 land cover",), (5, 40), (_TEN,), 32
    ),
)  # fmt: skip
