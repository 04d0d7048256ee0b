"""Public servers as they are laid out, made up, on this machine: a STAC API's item search, scenes and label tiles as
cloud-optimised GeoTIFFs that are sent in ranges. They can fail.

Items have the layout of Earth Search's sentinel-2-c1-l2a, label tiles that of ESA WorldCover 2021 (3 x 3 degrees,
EPSG:4326, named by their south-west corner). Scenes are 4 km wide instead of 110, label pixels 275 m instead of 10 m.
"""

import functools
import hashlib
import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.io import MemoryFile

ROOT = Path(__file__).resolve().parents[4]
BANDS = {
    "red": ("B04", 10),
    "green": ("B03", 10),
    "blue": ("B02", 10),
    "nir": ("B08", 10),
    "rededge1": ("B05", 20),
    "rededge2": ("B06", 20),
    "rededge3": ("B07", 20),
    "nir08": ("B8A", 20),
    "swir16": ("B11", 20),
    "swir22": ("B12", 20),
    "scl": ("SCL", 20),
}
SCENE_PX, TILE_PX = 400, 1200
CLOUDS = (0.5, 2.0, 7.5)  # percent: of the scenes over each point
LAND = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100)


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _cog(values: np.ndarray, crs: str, transform: rasterio.Affine, overviews: str = "NONE") -> bytes:
    form = {"width": values.shape[1], "height": values.shape[0], "count": 1, "dtype": values.dtype.name}
    with MemoryFile() as memory:
        with memory.open(
            driver="COG", crs=crs, transform=transform, nodata=0, blocksize=512, overviews=overviews, **form
        ) as target:
            target.write(values, 1)
        return memory.read()


@functools.cache
def label_tile(name: str) -> bytes | None:
    """Every third tile is sea. Others are squares of 10 km, each of one class."""
    if _seed(name) % 3 == 0:
        return None
    south, west = int(name[1:3]) * (1 if name[0] == "N" else -1), int(name[4:7]) * (1 if name[3] == "E" else -1)
    squares = np.random.default_rng(_seed(name)).choice(LAND, (30, 30)).astype(np.uint8)
    step = 3 / TILE_PX
    transform = rasterio.Affine(step, 0, west, 0, -step, south + 3)
    return _cog(np.kron(squares, np.ones((40, 40), np.uint8)), "EPSG:4326", transform, "AUTO")


@functools.cache
def scene_file(path: str) -> bytes:
    """ZONE/X_Y/NUMBER/BAND.tif: noise; scene classes are clear but for a cloud and its shadow in the first scene, and
    snow in a quarter of the second."""
    epsg, corner, number, file = path.split("/")
    band = file.removesuffix(".tif")
    gsd = next(gsd for name, gsd in BANDS.values() if name == band)
    x, y = (int(v) for v in corner.split("_"))
    side = SCENE_PX * 10 // gsd
    rng = np.random.default_rng(_seed(path))
    if band == "SCL":
        values = rng.choice([2, 4, 5, 6, 7], (side, side)).astype(np.uint8)
        if number == "0":
            values[:, : side * 2 // 5] = 9
            values[:, side * 2 // 5 : side // 2] = 3
        elif number == "1":
            values[: side // 2, : side // 2] = 11
    else:
        values = rng.integers(1050, 6000, (side, side)).astype(np.uint16)
    return _cog(values, f"EPSG:{epsg}", rasterio.Affine(gsd, 0, x, 0, -gsd, y))


def item(base: str, epsg: int, corner: tuple[int, int], number: int, cloud: float) -> dict:
    """A STAC item as Earth Search has it."""
    name = f"S2B_T{epsg % 100}UNU_2021061{number}T10202{number}_L2A"
    folder = f"{base}/{epsg}/{corner[0]}_{corner[1]}/{number}"
    assets = {"thumbnail": {"href": f"{folder}/L2A_PVI.jpg", "type": "image/jpeg", "roles": ["thumbnail"]}}
    for key, (band, gsd) in BANDS.items():
        form = {"nodata": 0, "data_type": "uint8" if key == "scl" else "uint16", "spatial_resolution": gsd}
        assets[key] = {
            "href": f"{folder}/{band}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "gsd": gsd,
            "proj:shape": [SCENE_PX * 10 // gsd] * 2,
            "proj:transform": [gsd, 0, corner[0], 0, -gsd, corner[1]],
            "raster:bands": [form if key == "scl" else form | {"scale": 0.0001, "offset": -0.1}],
            "roles": ["data"] if key == "scl" else ["data", "reflectance"],
        }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "sentinel-2-c1-l2a",
        "properties": {
            "datetime": f"2021-06-1{number}T10:20:2{number}.000000Z",
            "platform": "sentinel-2b",
            "eo:cloud_cover": cloud,
            "proj:epsg": epsg,
            "grid:code": f"MGRS-{epsg % 100}UNU",
            "s2:processing_baseline": "05.00",
        },
        "geometry": None,
        "links": [],
        "assets": assets,
    }


def corner_near(longitude: float, latitude: float) -> tuple[int, tuple[int, int]]:
    """EPSG code and north-west corner of the scenes over a point."""
    zone = int((longitude + 180) // 6) + 1
    epsg = (32600 if latitude >= 0 else 32700) + zone
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(longitude, latitude)
    return epsg, (int(x // 60) * 60 - 2000, int(y // 60) * 60 + 2000)


class PublicServer:
    """Within a `with` block.

    Attributes:
        items: of a point, which tests may spoil; called with (base, longitude, latitude).
        faults: [pattern of paths, what goes wrong, how often]: "500", "429", "stall", "cut", "missing", "whole",
            or an address to redirect to.
        asked: paths with their ranges, in order; hosts with the password where it is taken for a proxy.
        delay_s: before each answer.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.faults: list[list] = []
        self.asked: list[tuple[str, str]] = []
        self.delay_s = 0.0
        self.items = self.items_over
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Answers, self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_port
        self.address = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> "PublicServer":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def items_over(self, base: str, longitude: float, latitude: float) -> list[dict]:
        epsg, corner = corner_near(longitude, latitude)
        return [item(base, epsg, corner, number, cloud) for number, cloud in enumerate(CLOUDS)]

    def catalogue(self, folder: Path, **images: object) -> Path:
        """The public catalogue with this server in the place of all others, and little patience."""
        found = json.loads((ROOT / "resources" / "public_chips.json").read_text(encoding="utf-8"))
        found["images"] |= {"search": f"{self.address}/v1/search"} | images
        found["labels"]["tiles"] = f"{self.address}/v200/2021/map/ESA_WorldCover_10m_2021_v200_{{tile}}_Map.tif"
        found["servers"] = [self.address]
        found["patience"] = {"timeout_s": 0.5, "attempts": 4, "first_wait_s": 0.01}
        path = folder / "catalogue.json"
        path.write_text(json.dumps(found), encoding="utf-8")
        return path

    def content(self, path: str) -> bytes | None:
        if match := re.fullmatch(r"/v200/2021/map/ESA_WorldCover_10m_2021_v200_([NS]\d\d[EW]\d{3})_Map\.tif", path):
            return label_tile(match[1])
        match = re.fullmatch(r"/s2/(\d+/-?\d+_-?\d+/\d/\w+\.tif)", path)
        return scene_file(match[1]) if match else None

    def fault_of(self, path: str) -> str | None:
        with self._lock:
            for fault in self.faults:
                if fault[2] and re.search(fault[0], path):
                    fault[2] -= 1
                    return fault[1]
        return None


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, public: PublicServer, *args: object):
        self.public = public
        super().__init__(*args)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.public.asked.append((self.path, ""))
        time.sleep(self.public.delay_s)
        if self._failed():
            return
        (longitude, latitude), limit = body["intersects"]["coordinates"], body["query"]["eo:cloud_cover"]["lt"]
        items = self.public.items(f"{self.public.address}/s2", longitude, latitude)
        items = [entry for entry in items if entry["properties"]["eo:cloud_cover"] < limit]
        found = {"type": "FeatureCollection", "features": items, "links": [], "context": {"returned": len(items)}}
        self._send(200, json.dumps(found).encode(), {"Content-Type": "application/geo+json"})

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.public.asked.append((self.path, asked))
        time.sleep(self.public.delay_s)
        if self._failed():
            return
        data = self.public.content(self.path)
        if data is None:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
            return
        first, last = (int(v) for v in asked.removeprefix("bytes=").split("-"))
        part = data[first : last + 1]
        self._send(206, part, {"Content-Range": f"bytes {first}-{first + len(part) - 1}/{len(data)}"})

    def do_CONNECT(self) -> None:
        self.public.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.close_connection = True
        self._send(502, b"", {})

    def _failed(self) -> bool:
        fault = self.public.fault_of(self.path)
        if fault is None:
            return False
        if fault in ("500", "429"):
            self._send(int(fault), b"later", {"Retry-After": "0"})
        elif fault == "missing":
            self._send(404, b"", {})
        elif fault == "whole":
            self._send(200, self.public.content(self.path) or b"", {})
        elif fault == "stall":
            time.sleep(1.5)
            self.close_connection = True
        elif fault == "cut":
            self.send_response(206)
            self.send_header("Content-Range", "bytes 0-65535/100000")
            self.send_header("Content-Length", "65536")
            self.end_headers()
            self.wfile.write(b"II*")
            self.close_connection = True
        else:
            self._send(302, b"", {"Location": fault})
        return True

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            pass  # whoever asked has gone

    def log_message(self, *_: object) -> None:
        """Not into the tests' output."""
