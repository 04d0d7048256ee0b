import threading
import time

import pytest
import torch

from ofa_engine.core.errors import Cancelled
from ofa_engine.pipeline.stages import run_stages
from ofa_engine.pipeline.tile_reader import TileBatch, TileRow


@pytest.mark.parametrize("threads", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("stage", ["read", "forward", "sink"])
def test_errors_of_every_stage_reach_the_caller_and_leave_no_thread(stage, threads):
    before = threading.active_count()

    def batches():
        for index in range(5):
            if stage == "read" and index == 2:
                raise OSError("read")
            yield TileBatch(torch.zeros(1, 1, 2, 2), [0], TileRow(index, (0, 2), range(1), None), 0, True)

    def forward(x):
        if stage == "forward":
            raise ValueError("forward")
        return x

    def sink(batch, scores):
        if stage == "sink":
            raise KeyError("sink")

    with pytest.raises((OSError, ValueError, KeyError), match=stage):
        run_stages(
            batches(),
            forward,
            sink,
            total=5,
            progress=lambda *_: None,
            cancelled=lambda: False,
            read_in_thread=threads[0],
            sink_in_thread=threads[1],
        )
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("slow", ["read", "forward"])
def test_cancel_ends_it_before_the_next_batches(slow, threads):
    before, done, cancelled_at = threading.active_count(), [], []

    def cancelled():
        if len(done) >= 2 and not cancelled_at:
            cancelled_at.append(time.monotonic())
        return bool(cancelled_at)

    def batches():
        for index in range(1000):
            time.sleep(0.2 if slow == "read" else 0)
            yield TileBatch(torch.zeros(1, 1, 2, 2), [0], TileRow(index, (0, 2), range(1), None), 0, True)

    def forward(x):
        time.sleep(0.2 if slow == "forward" else 0)
        return x

    with pytest.raises(Cancelled):
        run_stages(
            batches(),
            forward,
            lambda *_: None,
            total=1000,
            progress=lambda *state: done.append(state),
            cancelled=cancelled,
            read_in_thread=threads[0],
            sink_in_thread=threads[1],
        )
    assert len(done) <= 3 and threading.active_count() == before
    assert time.monotonic() - cancelled_at[0] < 5  # on a machine that is busy with other work, too
