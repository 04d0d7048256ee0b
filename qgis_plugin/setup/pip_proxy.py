"""QGIS's proxy as pip understands it: environment variables, so that a password appears in no list of processes."""

from urllib.parse import quote

from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy, QNetworkProxyFactory, QNetworkProxyQuery

from ..engine.client import EngineError
from ..i18n.texts import tr

_SITE = "https://pypi.org/"


def proxy_variables() -> dict[str, str]:
    """Empty without a proxy. Call it on the GUI's thread. Raises EngineError for a kind that pip cannot use."""
    manager = QgsNetworkAccessManager.instance()
    proxy, kinds = manager.fallbackProxy(), QNetworkProxy.ProxyType
    if proxy.type() == kinds.DefaultProxy:
        found = QNetworkProxyFactory.systemProxyForQuery(QNetworkProxyQuery(QUrl(_SITE)))
        proxy = found[0] if found else QNetworkProxy(kinds.NoProxy)
    if proxy.type() == kinds.NoProxy or not proxy.hostName():
        return {}
    if proxy.type() not in (kinds.HttpProxy, kinds.HttpCachingProxy):
        text = tr("QGIS is set to a SOCKS proxy ({host}), which pip cannot use: install from a folder of wheels.")
        raise EngineError(text.format(host=proxy.hostName()))
    login = f"{quote(proxy.user(), safe='')}:{quote(proxy.password(), safe='')}@" if proxy.user() else ""
    address = f"http://{login}{proxy.hostName()}:{proxy.port() or 8080}"
    variables = {"HTTP_PROXY": address, "HTTPS_PROXY": address}
    direct = [QUrl(url).host() or url for url in manager.noProxyList()]
    return variables | ({"NO_PROXY": ",".join(direct)} if direct else {})
