import pytest

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.core.errors import Cancelled, OfaError
from ofa_engine.core.options import TYPES
from ofa_engine.inference.classify import classify
from ofa_engine.inference.embed import embed
from ofa_engine.inference.segment import segment

from ..conftest import pixels_of, write_raster
from .verbs import leftovers, run


def test_a_source_that_breaks_off_leaves_nothing(tmp_path):
    whole = write_raster(tmp_path / "whole.tif", pixels_of("naip", 1500, 400), blockysize=1)
    data = whole.read_bytes()
    broken = tmp_path / "broken.tif"
    broken.write_bytes(data[: int(len(data) * 0.95)])
    with pytest.raises(OfaError) as caught:
        run(segment, broken, tmp_path, tile_px=400)
    assert caught.value.exit_code in (2, 3) and "\n" not in str(caught.value)
    assert not (tmp_path / "out.tif").exists() and not leftovers(tmp_path)


@pytest.mark.parametrize("verb", [segment, classify, embed])
def test_cancel_leaves_nothing_and_keeps_the_old_result(verb, scene, tmp_path):
    path = scene("naip", 400, 400)
    (tmp_path / "out.tif").write_text("old")
    seen = []
    callbacks = Callbacks(progress=lambda *state: seen.append(state), cancelled=lambda: len(seen) > 1)
    with pytest.raises(Cancelled):
        verb(TYPES[verb.__name__](str(path), str(tmp_path / "out.tif"), tile_px=48), callbacks)
    assert (tmp_path / "out.tif").read_text() == "old" and not leftovers(tmp_path)
