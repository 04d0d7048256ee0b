"""Proxies and certificates, with servers of this machine. What redirects do is in test_download.py."""

import datetime
import ipaddress
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.model.downloads.connection import DownloadError, open_address, trusted

from .bad_server import BadServer, answers


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


def read(address: str) -> bytes:
    with open_address(address, {}, 5.0) as answer:
        return answer.read()


@pytest.fixture
def proxy():
    running = BadServer(b"through the proxy")
    yield running
    running.close()


def test_the_proxy_of_the_environment_is_used_with_its_login(server, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.root.replace("//", "//user:pa%20ss@"))
    assert read(f"{server.root}/x") == b"through the proxy" and not server.requests
    asked = proxy.requests[0]
    assert asked.path == f"{server.root}/x"
    assert asked.headers["Proxy-Authorization"] == "Basic dXNlcjpwYSBzcw=="  # user:pa ss


def test_hosts_without_proxy_are_asked_directly(server, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.root)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert read(f"{server.root}/x") == server.content and not proxy.requests


def test_a_proxy_that_asks_for_a_login_is_named(server, proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.root)
    proxy.mishaps = [answers(407)]
    with pytest.raises(DownloadError, match="407.*login"):
        read(f"{server.root}/x")


def test_a_proxy_that_does_not_connect_is_named(proxy, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", proxy.root)  # it knows no CONNECT
    with pytest.raises(DownloadError, match="expected a proxy that connects to models.example"):
        read("https://models.example/x")


def test_a_kind_of_proxy_that_cannot_be_used_says_what_to_do(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(InputError, match="socks5.*import"):
        read("https://models.example/x")


# --- certificates --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def own_certificate(tmp_path_factory):
    """A certificate of 127.0.0.1 that nobody knows, and its key, in one PEM file."""
    x509 = pytest.importorskip("cryptography.x509", reason="makes the certificate")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a company")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path = tmp_path_factory.mktemp("certificate") / "own.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.write_bytes(certificate + key.private_bytes(*form))
    return path


@pytest.fixture
def secure_server(own_certificate):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"secret")

        def log_message(self, *_):
            """Not into the tests' output."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_certificate)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # a client that does not trust it goes away
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}/x"
    server.shutdown()
    server.server_close()


def test_an_unknown_certificate_is_refused_with_what_to_do(secure_server):
    with pytest.raises(DownloadError, match="certificate of 127.0.0.1 that is trusted.*REQUESTS_CA_BUNDLE"):
        read(secure_server)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_of_a_company_are_trusted(secure_server, own_certificate, monkeypatch, variable):
    monkeypatch.setenv(variable, str(own_certificate))
    assert read(secure_server) == b"secret"


def test_the_systems_certificates_stay_trusted_besides(own_certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own_certificate))
    context, plain = trusted(), ssl.create_default_context()
    assert context.cert_store_stats()["x509_ca"] == plain.cert_store_stats()["x509_ca"] + 1
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def test_a_missing_file_of_certificates_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(InputError, match="REQUESTS_CA_BUNDLE.*gone.pem"):
        trusted()
