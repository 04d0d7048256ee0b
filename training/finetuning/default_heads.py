"""The default heads that come with the starter: what each is fitted on, and for which pixel sizes."""

from dataclasses import dataclass

from ofa_engine.core.sensors import get_sensor


@dataclass(frozen=True)
class DefaultHead:
    """A head to be made.

    Attributes:
        name: of its file.
        title: for people.
        task: name of the task that it learns from; it starts from the head that the run has for it.
        gsd_m: range of pixel sizes it is meant for.
        crops: (side in px, pixels averaged), as of `DenseTask`.
        tile_px: side of a tile.
        fitted_on: places and seasons, for people.
        left_out: classes that its sensor cannot distinguish.
        without: 0-based embedder bands that its rasters lack.
    """

    name: str
    title: str
    task: str
    gsd_m: tuple[float, float]
    crops: tuple[tuple[int, int], ...]
    tile_px: int
    fitted_on: str
    left_out: tuple[str, ...] = ()
    without: tuple[int, ...] = ()

    def present(self, sensor_id: str) -> tuple[int, ...]:
        return tuple(band for band in get_sensor(sensor_id).usable_bands if band not in self.without)


_AS_IS = ((64, 1), (64, 1), (48, 1), (32, 1))  # crops of Sentinel-2 chips
_AVERAGED = ((32, 2), (20, 3))  # the same at 20 and 30 m
_AERIAL = ((64, 1), (48, 1), (64, 2), (32, 2))  # of 0.2 m patches: 0.2 and 0.4 m
_NAIP_1M = ((64, 1), (48, 1), (32, 1), (32, 2))

CHIPS = (
    "703 Sentinel-2 chips of 616 places, labelled by the Dynamic World network, and 36 chips with labels drawn by hand"
)
PICTURES = f"{CHIPS}, as pictures; ten pictures of 5 m with labels drawn by hand"
_PAIRS = (
    "Sentinel-1 chips of Finland, Lithuania, Serbia, Ireland, Portugal, Austria and Belgium, labelled on Sentinel-2"
)
_FLAIR = "six aerial patches of France, labelled by IGN (FLAIR), and 26 pictures with labels drawn by hand"
_CHESAPEAKE = "NAIP patches of 11 places in the Chesapeake watershed, and ten pictures of 1 m with labels drawn by hand"
S2_TASK = "sentinel-2 land cover"
_RED_EDGE = (3, 4, 5)  # B5, B6, B7

DEFAULT_HEADS = (
    DefaultHead("sentinel-2_landcover", "Sentinel-2: land cover", S2_TASK, (5, 14), _AS_IS, 64, CHIPS),
    DefaultHead(
        "sentinel-2_landcover_20m", "Sentinel-2: land cover, 20 to 60 m", S2_TASK, (14, 60), _AVERAGED, 32, CHIPS
    ),
    DefaultHead(
        "sentinel-2_landcover_no_red_edge",
        "Sentinel-2 without red edge (Landsat, HLS): land cover",
        S2_TASK,
        (5, 60),
        _AVERAGED + _AS_IS,
        32,
        CHIPS,
        without=_RED_EDGE,
    ),
    DefaultHead(
        "naip_landcover_10m",
        "RGB: land cover, 3 to 20 m",
        "naip land cover at 10 m",
        (2.5, 25),
        _AS_IS,
        64,
        PICTURES,
    ),
    DefaultHead(
        "gaofen_landcover_10m",
        "RGB and near infrared: land cover, 3 to 20 m",
        "gaofen land cover at 10 m",
        (2.5, 25),
        _AS_IS,
        64,
        PICTURES,
    ),
    DefaultHead(
        "naip_landcover_aerial",
        "RGB: land cover, 0.1 to 0.5 m",
        "naip land cover at 0.2 m",
        (0.02, 0.55),
        _AERIAL,
        64,
        _FLAIR,
    ),
    DefaultHead(
        "gaofen_landcover_aerial",
        "RGB and near infrared: land cover, 0.1 to 0.5 m",
        "gaofen land cover at 0.2 m",
        (0.02, 0.55),
        _AERIAL,
        64,
        _FLAIR,
    ),
    DefaultHead(
        "naip_landcover",
        "RGB: land cover, 0.6 to 2 m",
        "naip land cover at 1 m",
        (0.55, 2.5),
        _NAIP_1M,
        64,
        _CHESAPEAKE,
    ),
    DefaultHead(
        "gaofen_landcover",
        "RGB and near infrared: land cover, 0.6 to 2 m",
        "gaofen land cover at 1 m",
        (0.55, 2.5),
        _NAIP_1M,
        64,
        _CHESAPEAKE,
    ),
    DefaultHead(
        "sentinel-1_landcover",
        "Sentinel-1: land cover",
        "sentinel-1 land cover",
        (5, 40),
        _AS_IS,
        64,
        _PAIRS,
        ("flooded vegetation", "shrub and scrub", "snow and ice", "cloud"),
    ),
    DefaultHead(
        "sentinel-1_water",
        "Sentinel-1: water (floods)",
        "sentinel-1 water",
        (5, 40),
        _AS_IS,
        64,
        "flood scenes of India, Pakistan, Somalia, the USA and Ghana, labelled by hand (Sen1Floods11)",
    ),
)
