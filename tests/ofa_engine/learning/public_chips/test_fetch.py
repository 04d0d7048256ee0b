"""Labelled chips out of made-up public servers: their pixels, resuming, failing."""

import time

from ofa_engine.core.callbacks import Callbacks
from ofa_engine.learning.public_chips import fetch_labelled_chips


def test_smoke(public, tmp_path):
    t = time.time()
    got = fetch_labelled_chips(
        tmp_path / "chips",
        chips=4,
        seed=3,
        catalogue=public.catalogue(tmp_path),
        callbacks=Callbacks(log=print, progress=print),
    )
    print(got, time.time() - t, len(public.asked))
    print((tmp_path / "chips/README.md").read_text())
    print((tmp_path / "chips/places.csv").read_text())
    for a in public.asked[-40:]:
        print(a)
