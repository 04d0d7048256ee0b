import pytest

from ..small_scenes import run_inline


@pytest.fixture
def inline(monkeypatch):
    """Tasks run in this process; the names of those that did."""
    return run_inline(monkeypatch)
