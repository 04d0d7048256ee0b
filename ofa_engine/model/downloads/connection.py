"""Requests over HTTP as a company's network needs them: proxies, certificates of one's own, redirects to safe places.

Proxies come from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) or, on Windows and macOS, from the system.
Certificates are those that the system trusts, or SSL_CERT_FILE and SSL_CERT_DIR; those of REQUESTS_CA_BUNDLE and
CURL_CA_BUNDLE are trusted besides.
"""

import os
import ssl
from http.client import HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
    getproxies,
)

from ...core.errors import InputError, OfaError
from ...core.foundation_models import is_secure
from ...core.version import __version__

_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)  # answers of a server that may have a better one later


class DownloadError(OfaError):
    """A download has failed, and would fail again."""


class Interrupted(Exception):
    """A download broke off, and may go on; the text says why. `wait_s` is how long the server asks to wait."""

    def __init__(self, why: str, wait_s: float = 0.0):
        super().__init__(why)
        self.wait_s = wait_s


def open_address(address: str, headers: dict[str, str], timeout_s: float) -> HTTPResponse:
    """The answer to a GET, after redirects. Blocks.

    Args:
        address: https, or http of this machine.
        headers: of the request.
        timeout_s: how long to wait for the connection, and for each piece of the answer.

    Raises:
        Interrupted: where another attempt may help.
        DownloadError, InputError: where none does.
    """
    if not is_secure(address):
        raise DownloadError(f"expected an address with https://, found {address}")
    request = Request(
        address, headers={"User-Agent": f"ofanet/{__version__}", "Accept-Encoding": "identity", **headers}
    )
    try:
        return _opener(address).open(request, timeout=timeout_s)
    except HTTPError as error:
        error.close()
        raise _refused(error) from error
    except (URLError, OSError) as error:
        raise _failed(error, address) from error


def _opener(address: str) -> OpenerDirector:
    """Knows http and https only: no files, no FTP."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(_proxies()),
        HTTPHandler(),
        HTTPSHandler(context=trusted()),
        _SafeRedirects(address),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
        UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


def _proxies() -> dict[str, str]:
    """By scheme. Raises InputError for a kind that cannot be used."""
    proxies = {scheme: address for scheme, address in getproxies().items() if scheme in ("http", "https")}
    for address in proxies.values():
        scheme = urlsplit(address).scheme if "://" in address else "http"
        if scheme not in ("http", "https"):
            raise InputError(
                f"expected a proxy with http:// in HTTPS_PROXY, found one with {scheme}://: download the file in a "
                "browser and import it"
            )
    return proxies


def trusted() -> ssl.SSLContext:
    """Certificates and protocols that are accepted. Raises InputError where a named file of certificates is missing."""
    context = ssl.create_default_context()
    for name in _CA_VARIABLES:
        path = os.environ.get(name)
        if path:
            try:
                context.load_verify_locations(**{"capath" if os.path.isdir(path) else "cafile": path})
            except (OSError, ssl.SSLError) as error:
                raise InputError(f"expected certificates (PEM) in {name}, found {path}: {error}") from error
    return context


class _SafeRedirects(HTTPRedirectHandler):
    """Follows redirects to https only, or within the server that was asked for."""

    max_redirections = 5

    def __init__(self, address: str):
        self._origin = urlsplit(address)[:2]

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> Request | None:
        parts = urlsplit(newurl)
        if parts.scheme != "https" and parts[:2] != self._origin:
            fp.close()
            raise DownloadError(f"expected a redirect to https://, found one to {parts.scheme}://{parts.hostname}")
        redirected = super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
        if redirected is not None:  # a login for the proxy is not for the server
            redirected.remove_header("Proxy-authorization")
        return redirected


def _refused(error: HTTPError) -> Exception:
    host = urlsplit(error.url or "").hostname
    if error.code in _TRY_AGAIN:
        wait = (error.headers.get("Retry-After") or "") if error.headers else ""
        return Interrupted(f"{host} answers {error.code} ({error.reason})", float(wait) if wait.isdigit() else 0.0)
    hint = "HTTPS_PROXY needs a login" if error.code == 407 else "is there a newer version of the engine?"
    return DownloadError(f"expected the file, found {error.code} ({error.reason}) at {host}: {hint}")


def _failed(error: Exception, address: str) -> Exception:
    """What broke the connection, in words."""
    why = getattr(error, "reason", error)
    host = urlsplit(address).hostname
    if isinstance(why, ssl.SSLCertVerificationError):
        return DownloadError(
            f"expected a certificate of {host} that is trusted, found: {why.verify_message}. Behind a company's proxy, "
            "name its certificate (PEM) in REQUESTS_CA_BUNDLE"
        )
    if str(why).startswith("Tunnel connection failed"):  # http.client's words: the proxy refuses
        login = "; give its login in HTTPS_PROXY" if "407" in str(why) else ""
        return DownloadError(f"expected a proxy that connects to {host}, found: {why}{login}")
    if isinstance(why, TimeoutError):
        return Interrupted(f"{host} does not answer")
    return Interrupted(f"no connection to {host}: {getattr(why, 'strerror', None) or why}")
