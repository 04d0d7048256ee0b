import pytest

from .public_server import PublicServer


@pytest.fixture
def public():
    with PublicServer() as server:
        yield server
