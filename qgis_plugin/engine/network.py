"""QGIS's proxy and certificates in the environment variables that other programs read, so that a password appears in no
list of processes. Nothing here opens a connection."""

import os
from pathlib import Path
from urllib.parse import quote

from qgis.core import QgsApplication, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

from ..i18n.texts import tr
from .client import EngineError
from .modules import files

_CERTIFICATES = "REQUESTS_CA_BUNDLE"


def proxy_variables(site: str, otherwise: str) -> dict[str, str]:
    """The proxy for a site; empty without one. Call it on the GUI's thread.

    Args:
        site: the address that is to be reached.
        otherwise: what the user can do where the proxy is of a kind that only Qt can use.

    Raises:
        EngineError: where it is of such a kind.
    """
    manager, kinds = QgsNetworkAccessManager.instance(), QNetworkProxy.ProxyType
    proxy = manager.fallbackProxy()
    if proxy.type() == kinds.DefaultProxy:
        found = QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(site)))
        proxy = found[0] if found else QNetworkProxy(kinds.NoProxy)
    if proxy.type() == kinds.NoProxy or not proxy.hostName():
        return {}
    if proxy.type() not in (kinds.HttpProxy, kinds.HttpCachingProxy):
        text = tr("QGIS is set to a SOCKS proxy ({host}), which cannot be used here: {otherwise}.")
        raise EngineError(text.format(host=proxy.hostName(), otherwise=otherwise))
    login = f"{quote(proxy.user(), safe='')}:{quote(proxy.password(), safe='')}@" if proxy.user() else ""
    address = f"http://{login}{proxy.hostName()}:{proxy.port() or 8080}"
    variables = {"HTTP_PROXY": address, "HTTPS_PROXY": address}
    direct = [QUrl(url).host() or url for url in manager.noProxyList()]
    return variables | ({"NO_PROXY": ",".join(direct)} if direct else {})


def certificate_variables(folder: Path) -> dict[str, str]:
    """The certificates that QGIS trusts, the system's and those that the user has added, written to a file in `folder`;
    empty where the environment names others already. Call it on the GUI's thread. Raises OSError."""
    trusted = bytes(QgsApplication.authManager().trustedCaCertsPemText())
    if os.environ.get(_CERTIFICATES) or not trusted:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "certificates.pem"
    files.write_bytes(path, trusted)
    return {_CERTIFICATES: str(path)}
