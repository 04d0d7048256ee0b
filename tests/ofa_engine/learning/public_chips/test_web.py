"""Reading from servers: only the bytes that are needed, only from the catalogue's servers, with patience."""

import datetime
import ipaddress
import ssl
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from rasterio.io import MemoryFile

from ofa_engine.core.errors import Cancelled
from ofa_engine.learning.public_chips import read_catalogue
from ofa_engine.learning.public_chips.web import Missing, PublicDataError, Unreachable, Web

from .public_server import PublicServer, label_tile

FILE = "/s2/32632/500000_5000000/0/B04.tif"
TILE = "/v200/2021/map/ESA_WorldCover_10m_2021_v200_N48E009_Map.tif"


@pytest.fixture
def web(public, tmp_path):
    with Web(read_catalogue(public.catalogue(tmp_path)), threading.Event()) as opened:
        yield opened


def test_a_window_is_that_of_the_file_and_little_else_is_fetched(public, web):
    assert label_tile("N48E009"), "expected land"
    content = public.content(TILE)
    with web.opened(public.address + TILE) as dataset, MemoryFile(content) as memory, memory.open() as direct:
        window = rasterio.windows.Window(600, 700, 30, 20)
        np.testing.assert_array_equal(dataset.read(1, window=window), direct.read(1, window=window))
        np.testing.assert_array_equal(
            dataset.read(1, out_shape=(100, 100)), direct.read(1, out_shape=(100, 100))
        )  # an overview
        assert (dataset.crs, dataset.transform) == (direct.crs, direct.transform)
    ranges = [asked.removeprefix("bytes=").split("-") for _, asked in public.asked]
    assert all(int(last) - int(first) < 2**20 for first, last in ranges)


def test_parts_are_asked_for_once(public, web):
    with web.opened(public.address + FILE) as dataset:
        whole = dataset.read(1)
        np.testing.assert_array_equal(dataset.read(1), whole)
    assert len(public.asked) == len(set(public.asked)) <= 4
    assert sum(int(r.split("-")[1]) - int(r.split("=")[1].split("-")[0]) for _, r in public.asked) < 2 * whole.nbytes


@pytest.mark.parametrize("fault", ["500", "429", "cut", "stall"])
def test_a_server_that_fails_at_times_is_asked_again(public, web, fault):
    with MemoryFile(public.content(FILE)) as memory, memory.open() as direct:
        truth = direct.read(1)
    public.faults.append([FILE, fault, 2])
    with web.opened(public.address + FILE) as dataset:
        public.faults.append([FILE, fault, 1])  # and again in the midst of the file
        np.testing.assert_array_equal(dataset.read(1), truth)
    assert [left for _, _, left in public.faults] == [0, 0]


def test_a_server_that_always_fails_is_given_up_also_within_a_file(public, web):
    public.faults.append([FILE, "500", 99])
    with pytest.raises(Unreachable, match=r"after 4 attempts: the server answered 500"):
        web.read_range(public.address + FILE, 0, 10)
    assert len(public.asked) == 4
    public.faults.clear()
    with (
        pytest.raises(Unreachable, match="cut short|bytes|Broken|broken"),
        web.opened(public.address + FILE) as dataset,
    ):
        public.faults.append([FILE, "cut", 99])
        dataset.read(1)


def test_what_is_missing_is_not_asked_for_again(public, web):
    with pytest.raises(Missing, match="found none"), web.opened(public.address + "/none.tif"):
        pass
    assert len(public.asked) == 1


def test_no_server_at_all(tmp_path):
    with PublicServer() as gone:
        path = gone.catalogue(tmp_path)
    with Web(read_catalogue(path), threading.Event()) as web, pytest.raises(Unreachable, match="refused"):
        web.read_range(gone.address + FILE, 0, 10)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "https://example.org/a.tif",
        "//h/x",
        "",
    ],
)
def test_other_addresses_are_refused_directly_and_as_redirects(public, web, elsewhere):
    if elsewhere and not elsewhere.startswith("//"):
        with pytest.raises(PublicDataError, match="catalogue's servers"), web.opened(elsewhere):
            pass
        assert not public.asked
    public.faults.append([FILE, elsewhere or f"http://127.0.0.1:{public.port + 1}/", 1])
    with pytest.raises(PublicDataError, match="catalogue's servers"):
        web.read_range(public.address + FILE, 0, 10)
    assert len(public.asked) == 1


def test_a_redirect_on_the_same_server_is_followed_but_not_for_ever(public, web):
    public.faults.append([FILE, "/s2/32632/500000_5000000/0/B03.tif", 1])
    content, size = web.read_range(public.address + FILE, 0, 99)
    assert (content, size) == (
        public.content(FILE.replace("B04", "B03"))[:100],
        len(public.content(FILE[:-5] + "3.tif")),
    )
    public.faults.append([FILE, FILE, 99])
    with pytest.raises(PublicDataError, match="redirects"):
        web.read_range(public.address + FILE, 0, 99)


def test_a_server_without_ranges_is_refused(public, web):
    public.faults.append([FILE, "whole", 1])
    with pytest.raises(PublicDataError, match="found more"), web.opened(public.address + FILE):
        pass


def test_a_file_that_names_local_files_is_not_opened(public, web, monkeypatch, tmp_path):
    secret = tmp_path / "secret.tif"
    secret.write_bytes(public.content(FILE))
    source = f"<SimpleSource><SourceFilename>{secret}</SourceFilename></SimpleSource>"
    vrt = f'<VRTDataset rasterXSize="400" rasterYSize="400"><VRTRasterBand dataType="UInt16" band="1">{source}'
    monkeypatch.setattr(public, "content", lambda path: (vrt + "</VRTRasterBand></VRTDataset>").encode())
    with pytest.raises(PublicDataError, match="cannot read"), web.opened(public.address + FILE):
        pass


def test_json_is_asked_for(public, web):
    body = {"intersects": {"coordinates": [9.5, 48.5]}, "query": {"eo:cloud_cover": {"lt": 5}}}
    assert len(web.post_json(f"{public.address}/v1/search", body)["features"]) == 2
    public.faults.append(["search", "whole", 1])
    with pytest.raises(PublicDataError, match="expected JSON"):
        web.post_json(f"{public.address}/v1/search", body)


def test_waiting_ends_when_stopped(public, tmp_path):
    catalogue, stopped = read_catalogue(public.catalogue(tmp_path)), threading.Event()
    public.faults.append([FILE, "500", 99])
    with Web(replace(catalogue, first_wait_s=30), stopped) as web:
        threading.Timer(0.2, stopped.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            web.read_range(public.address + FILE, 0, 10)
    assert time.monotonic() - began < 5


def test_gdals_proxy_is_used(public, tmp_path, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GDAL_HTTP_PROXY", public.address.removeprefix("http://"))
    monkeypatch.setenv("GDAL_HTTP_PROXYUSERPWD", "me:secret")
    catalogue = replace(read_catalogue(public.catalogue(tmp_path)), servers=("https://data.example",), attempts=1)
    with Web(catalogue, threading.Event()) as web, pytest.raises(Unreachable) as error:
        web.read_range("https://data.example/a.tif", 0, 10)
    assert public.asked == [("data.example:443", "Basic bWU6c2VjcmV0")]
    assert "secret" not in str(error.value)


def _certificate(folder):
    """A certificate and its key for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a company")])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + day)
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    (folder / "company.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder / "company.pem", folder / "key.pem"


@pytest.mark.parametrize("variable", ["CURL_CA_BUNDLE", "SSL_CERT_FILE", None])
def test_certificates_are_checked_with_those_of_the_environment(tmp_path, monkeypatch, variable):
    certificate, key = _certificate(tmp_path)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with PublicServer(context) as public:
        catalogue = read_catalogue(public.catalogue(tmp_path))
        with Web(replace(catalogue, attempts=1), threading.Event()) as web:
            if variable:
                assert web.read_range(public.address + FILE, 0, 9)[0] == public.content(FILE)[:10]
            else:
                with pytest.raises(Unreachable, match="(?i)certificate"):
                    web.read_range(public.address + FILE, 0, 9)


def test_a_missing_certificate_file_is_said(public, tmp_path, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "none.pem"))
    catalogue = replace(read_catalogue(public.catalogue(tmp_path)), servers=("https://127.0.0.1:1",), attempts=1)
    with Web(catalogue, threading.Event()) as web, pytest.raises(Unreachable, match="none.pem"):
        web.read_range("https://127.0.0.1:1/a.tif", 0, 10)
    assert not public.asked
