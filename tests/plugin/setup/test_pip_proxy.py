"""QGIS's proxy in the variables that pip reads."""

import pytest
from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtNetwork import QNetworkProxy

from qgis_plugin.engine.client import EngineError
from qgis_plugin.setup.pip_proxy import proxy_variables


@pytest.fixture
def network(qgis_app):
    manager = QgsNetworkAccessManager.instance()
    before = manager.fallbackProxy(), manager.excludeList(), manager.noProxyList()
    yield manager
    manager.setFallbackProxyAndExcludes(*before)


def test_the_proxy_of_qgis_is_used(network):
    kinds = QNetworkProxy.ProxyType
    http = QNetworkProxy(kinds.HttpProxy, "proxy.example.org", 3128, "me@work", "s:e")
    network.setFallbackProxyAndExcludes(http, [], ["https://intranet.example.org/"])
    found = proxy_variables()
    assert found["HTTPS_PROXY"] == "http://me%40work:s%3Ae@proxy.example.org:3128"
    assert found["NO_PROXY"] == "intranet.example.org"
    network.setFallbackProxyAndExcludes(QNetworkProxy(kinds.Socks5Proxy, "socks.example.org", 1), [], [])
    with pytest.raises(EngineError, match="SOCKS"):
        proxy_variables()
    network.setFallbackProxyAndExcludes(QNetworkProxy(kinds.NoProxy), [], [])
    assert proxy_variables() == {}
