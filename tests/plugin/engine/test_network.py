"""QGIS's proxy and certificates in the variables that other programs read."""

import pytest
from qgis.core import QgsApplication, QgsNetworkAccessManager
from qgis.PyQt.QtNetwork import QNetworkProxy

from qgis_plugin.engine.client import EngineError
from qgis_plugin.engine.network import certificate_variables, proxy_variables


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
    found = proxy_variables("https://pypi.org/", "do something else")
    assert found["HTTPS_PROXY"] == "http://me%40work:s%3Ae@proxy.example.org:3128"
    assert found["NO_PROXY"] == "intranet.example.org"
    network.setFallbackProxyAndExcludes(QNetworkProxy(kinds.Socks5Proxy, "socks.example.org", 1), [], [])
    with pytest.raises(EngineError, match="SOCKS.*do something else"):
        proxy_variables("https://pypi.org/", "do something else")
    network.setFallbackProxyAndExcludes(QNetworkProxy(kinds.NoProxy), [], [])
    assert proxy_variables("https://pypi.org/", "") == {}


def test_the_certificates_of_qgis_are_written_where_the_environment_names_none(qgis_app, tmp_path, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    found = certificate_variables(tmp_path / "new")
    text = bytes(QgsApplication.authManager().trustedCaCertsPemText())
    assert text.count(b"BEGIN CERTIFICATE") > 10, "the system's"
    assert open(found["REQUESTS_CA_BUNDLE"], "rb").read() == text
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/own.pem")
    assert certificate_variables(tmp_path) == {}
