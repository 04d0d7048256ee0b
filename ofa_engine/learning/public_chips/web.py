"""Reading from public servers: JSON, and windows of rasters of which only the bytes that are needed are fetched.

GDAL's own /vsicurl follows redirects wherever they lead and cannot be stopped while it waits, so that ranges are
fetched here and handed to GDAL. Only the catalogue's servers are asked. Certificates are the system's and those of the
environment (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE), proxies those of the environment, as requests
(HTTPS_PROXY, NO_PROXY) or GDAL (GDAL_HTTP_PROXY, GDAL_HTTP_PROXYUSERPWD) reads it.
"""

import contextlib
import io
import json
import os
import re
import ssl
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any
from urllib.parse import urljoin

import rasterio
import requests

from ...core.errors import Cancelled, OfaError
from ...core.version import __version__
from ...raster.gdal import RASTER_ERRORS, one_line
from .catalogue import Catalogue, origin_of

Answer = tuple[bytes, Mapping[str, str]]  # content, headers

_PAGE_BYTES = 2**16  # what a header of a cloud-optimised GeoTIFF mostly fits into
_KEPT_PAGES = 256  # of a file: 16 MiB
_JSON_BYTES = 2**25
_CHUNK_BYTES = 2**16
_REDIRECTS = 5
_LONGEST_WAIT_S = 60.0


class PublicDataError(OfaError):
    """An address could not be read."""


class Unreachable(PublicDataError):
    """A server did not answer, not completely, or not as it should, as often as it was asked."""


class Missing(PublicDataError):
    """A server says that there is nothing at that address."""


class _TryAgain(Exception):
    def __init__(self, reason: str, wait_s: float = 0.0):
        super().__init__(reason)
        self.wait_s = wait_s


class Web:
    """The catalogue's servers, for several threads.

    Args:
        catalogue: which servers, and the patience with them.
        stopped: once it is set, what waits raises Cancelled.
        connections: that are kept open to each server.
    """

    def __init__(self, catalogue: Catalogue, stopped: Event, connections: int = 4):
        self._catalogue, self._stopped = catalogue, stopped
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"ofanet/{__version__}", "Accept-Encoding": "identity"})
        self._session.mount("https://", _SystemTrust(pool_maxsize=connections))
        self._session.proxies = _gdals_proxy(os.environ)  # after those of the environment that requests knows

    def __enter__(self) -> "Web":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def post_json(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a server answers to JSON.

        Raises:
            PublicDataError: where it does not answer with a JSON object.
            Cancelled: where the user has cancelled.
        """
        content, _ = self._asked("POST", address, json=body, at_most=_JSON_BYTES)
        try:
            found = json.loads(content)
        except ValueError as error:
            raise Unreachable(f"expected JSON from {address}, found something else: {error}") from error
        if not isinstance(found, dict):
            raise Unreachable(f"expected a JSON object from {address}, found {type(found).__name__}")
        return found

    def read_range(self, address: str, first: int, last: int) -> tuple[bytes, int]:
        """Bytes `first` to `last` of a file, fewer at its end, and the file's size. Raises as `post_json` does."""
        asked = {"Range": f"bytes={first}-{last}"}
        content, headers = self._asked("GET", address, headers=asked, at_most=last - first + 1)
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", headers.get("Content-Range", ""))
        if found is None or int(found[1]) != first:
            raise Unreachable(f"expected a server that sends parts of {address}, found one that does not")
        return content, int(found[3])

    @contextlib.contextmanager
    def opened(self, address: str) -> Iterator[rasterio.DatasetReader]:
        """A GeoTIFF whose blocks are fetched as they are read.

        Raises:
            PublicDataError: where it cannot be opened or read, in the block too.
            Cancelled: where the user has cancelled.
        """
        file = _RemoteFile(self, address)

        def opener(path: str, mode: str = "r") -> _RemoteFile:
            if path != address:  # rasterio tries an opener with another one, GDAL looks for side files
                raise FileNotFoundError(path)
            return file

        try:
            # no driver but GTiff's: a VRT from a server could name files of this machine
            quiet = rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR")
            with quiet, rasterio.open(address, driver="GTiff", opener=opener) as dataset:
                yield dataset
        except RASTER_ERRORS as error:
            raise file.error or PublicDataError(f"cannot read {address}: {one_line(error)}") from error
        if file.error:
            raise file.error

    def _asked(self, method: str, address: str, *, at_most: int, **request: Any) -> Answer:
        """A complete answer and its headers, after as many attempts as it takes."""
        wait_s, reason = self._catalogue.first_wait_s, ""
        for attempt in range(self._catalogue.attempts):
            if attempt and self._stopped.wait(min(wait_s, _LONGEST_WAIT_S)) or self._stopped.is_set():
                raise Cancelled
            try:
                return self._once(method, address, at_most, request)
            except _TryAgain as error:
                reason, wait_s = str(error), max(self._catalogue.first_wait_s * 2**attempt, error.wait_s)
            except OSError as error:  # of requests, and where its certificates are missing
                reason, wait_s = one_line(error), self._catalogue.first_wait_s * 2**attempt
        raise Unreachable(f"cannot read {address} after {self._catalogue.attempts} attempts: {reason}")

    def _once(self, method: str, address: str, at_most: int, request: dict[str, Any]) -> Answer:
        for _ in range(_REDIRECTS):
            self._check(address)
            with self._session.request(
                method, address, **request, stream=True, allow_redirects=False, timeout=self._catalogue.timeout_s
            ) as answer:
                if answer.is_redirect:
                    address = urljoin(address, answer.headers["Location"])
                    continue
                _check_status(answer, address)
                return self._content(answer, address, at_most), answer.headers
        raise PublicDataError(f"expected an address that leads somewhere, found more than {_REDIRECTS} redirects")

    def _check(self, address: str) -> None:
        if origin_of(address) not in self._catalogue.servers:
            raise PublicDataError(
                f"expected an address on the catalogue's servers, found {address[:200]}: "
                "add its server to the catalogue's file if you trust it"
            )

    def _content(self, answer: requests.Response, address: str, at_most: int) -> bytes:
        content = bytearray()
        for chunk in answer.iter_content(_CHUNK_BYTES):
            if self._stopped.is_set():
                raise Cancelled
            content += chunk
            if len(content) > at_most:
                raise PublicDataError(f"expected at most {at_most} bytes from {address}, found more")
        length = answer.headers.get("Content-Length")
        if length is not None and len(content) != int(length):
            raise _TryAgain(f"{len(content)} bytes of {length} came")
        return bytes(content)


def _check_status(answer: requests.Response, address: str) -> None:
    status = answer.status_code
    if status in (404, 410):
        raise Missing(f"expected a file at {address}, found none")
    if status == 429 or status >= 500:
        after = answer.headers.get("Retry-After", "")
        raise _TryAgain(f"the server answered {status} {answer.reason}", float(after) if after.isdigit() else 0.0)
    if status not in (200, 206):
        raise Unreachable(f"expected {address} to be readable, the server answered {status} {answer.reason}")


def _gdals_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    proxy = environment.get("GDAL_HTTPS_PROXY") or environment.get("GDAL_HTTP_PROXY") or ""
    host, user = proxy.split("://")[-1], environment.get("GDAL_HTTP_PROXYUSERPWD")
    if not host:
        return {}
    return {"https": f"http://{user}@{host}" if user and "@" not in host else f"http://{host}"}


class _SystemTrust(requests.adapters.HTTPAdapter):
    """Trusts the system's certificates, too, where a company puts its own, or SSL_CERT_FILE; requests has its own."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **options)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        return super().proxy_manager_for(*args, ssl_context=ssl.create_default_context(), **options)


class _RemoteFile(io.RawIOBase):
    """A file on a server as GDAL reads it. An error is kept in `error`, since none gets through GDAL."""

    def __init__(self, web: Web, address: str):
        self._web, self._address = web, address
        self._position = 0
        self._pages: OrderedDict[int, bytes] = OrderedDict()
        content, self._size = web.read_range(address, 0, _PAGE_BYTES - 1)
        self._keep(0, content)
        self.error: OfaError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        first, end = self._position, min(self._position + len(buffer), self._size)
        if first >= end or self.error:
            return 0
        try:
            content = self._bytes(first, end)
        except OfaError as error:
            self.error = error
            return 0
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)

    def _bytes(self, first: int, end: int) -> bytes:
        """Bytes `first` to before `end`; what is missing of them is fetched in one request."""
        pages = range(first // _PAGE_BYTES, (end - 1) // _PAGE_BYTES + 1)
        missing = [page for page in pages if page not in self._pages]
        parts = {page: self._pages[page] for page in pages if page in self._pages}
        if missing:
            start, stop = missing[0] * _PAGE_BYTES, min((missing[-1] + 1) * _PAGE_BYTES, self._size)
            content, size = self._web.read_range(self._address, start, stop - 1)
            if len(content) != stop - start or size != self._size:
                raise Unreachable(f"expected bytes {start} to {stop} of {self._address}, found {len(content)} bytes")
            for page in range(missing[0], missing[-1] + 1):
                at = page * _PAGE_BYTES - start
                parts[page] = content[at : at + _PAGE_BYTES]
                self._keep(page, parts[page])
        joined = b"".join(parts[page] for page in pages)
        skipped = first - pages[0] * _PAGE_BYTES
        return joined[skipped : skipped + end - first]

    def _keep(self, page: int, content: bytes) -> None:
        self._pages[page] = content
        while len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)
