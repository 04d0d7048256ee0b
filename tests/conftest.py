"""Rasters and a tiny model for all tests. Real sample rasters are used from $OFANET_TEST_DATA or ../shared/data."""

import os
import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config):
    """Run in the background of a shell, tests ignore Ctrl-C, and so do children of theirs to whom it is sent."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run tests marked slow")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow: run with --slow or `make test-all`"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("OFANET_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real sample rasters are not on this machine (OFANET_TEST_DATA)")
    return folder
