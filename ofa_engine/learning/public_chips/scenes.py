"""Scenes over a place, out of a STAC catalogue: the least cloudy first.

The items are those of Earth Search (https://github.com/Element84/earth-search): assets by the common names of bands,
and scale and offset of each in `raster:bands` (https://github.com/stac-extensions/raster).
"""

from dataclasses import dataclass
from typing import Any

from .catalogue import Catalogue
from .web import PublicDataError, Web

_ASKED = 20  # scenes of a place: more than are read, since some lie across its edge


@dataclass(frozen=True)
class Asset:
    """A band of a scene: reflectance is value x scale + offset."""

    href: str
    scale: float
    offset: float


@dataclass(frozen=True)
class Scene:
    """A Sentinel-2 scene.

    Attributes:
        id: of the STAC item.
        date: of its acquisition, as YYYY-MM-DD.
        cloud_percent: of the whole scene.
        bands: by band name.
        scene_classes: address of the scene classification.
    """

    id: str
    date: str
    cloud_percent: float
    bands: dict[str, Asset]
    scene_classes: str


def least_cloudy(web: Web, catalogue: Catalogue, longitude: float, latitude: float) -> list[Scene]:
    """Scenes over a place that have all bands, the least cloudy first. Raises PublicDataError, Cancelled."""
    answer = web.post_json(
        catalogue.search,
        {
            "collections": [catalogue.collection],
            "intersects": {"type": "Point", "coordinates": [longitude, latitude]},
            "datetime": catalogue.period,
            "query": {"eo:cloud_cover": {"lt": catalogue.max_cloud_percent}},
            "sortby": [{"field": "properties.eo:cloud_cover", "direction": "asc"}],
            "limit": _ASKED,
        },
    )
    features = answer.get("features")
    if not isinstance(features, list):
        raise PublicDataError(f"expected STAC items from {catalogue.search}, found none")
    scenes = [scene for item in features if (scene := _scene(item, catalogue))]
    return sorted(scenes, key=lambda scene: (scene.cloud_percent, scene.id))


def _scene(item: Any, catalogue: Catalogue) -> Scene | None:
    """None where something that is needed is missing."""
    try:
        properties, assets = item["properties"], item["assets"]
        applied = properties.get("earthsearch:boa_offset_applied") is True
        return Scene(
            id=str(item["id"]),
            date=str(properties["datetime"])[:10],
            cloud_percent=float(properties["eo:cloud_cover"]),
            bands={band: _asset(assets[key], applied) for band, key in catalogue.bands.items()},
            scene_classes=str(assets[catalogue.scene_classes]["href"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


def _asset(entry: dict[str, Any], offset_applied: bool) -> Asset:
    """Items of sentinel-2-l2a list the offset also where it is in the values already; then they say so."""
    band = entry["raster:bands"][0]
    return Asset(str(entry["href"]), float(band["scale"]), 0.0 if offset_applied else float(band.get("offset", 0.0)))
