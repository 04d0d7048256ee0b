import time

import pytest

from ofa_engine.benchmark.stage_timing import BenchLimits, InterleavedTurns, PeakMemory, Timed


class FakeTimer:
    def __init__(self):
        self.turns = []

    def bare(self, seconds):
        self.turns.append(seconds)
        return Timed(tiles=10, seconds=seconds)


def test_the_bare_model_has_turns_within_a_run():
    timer, progress = FakeTimer(), []
    limits = BenchLimits(pipeline_turn_s=0.0, bare_turn_s=0.25)
    turns = InterleavedTurns(timer, lambda *report: progress.append(report), limits)
    for tiles in range(1, 5):
        turns(tiles, 4, None)
    assert timer.turns == [0.25] * 3, "none after the last tile"
    assert turns.bare == Timed(30, 0.75) and turns.bare.rate == pytest.approx(40)
    assert [report[0] for report in progress] == [1, 2, 3, 4]


def test_no_turn_before_the_pipeline_had_its_own():
    timer = FakeTimer()
    turns = InterleavedTurns(timer, lambda *report: None, BenchLimits(pipeline_turn_s=60.0))
    turns(1, 4, None)
    assert not timer.turns


def test_peak_memory_sees_what_is_freed_again():
    with PeakMemory() as memory:
        before = memory.peak
        block = bytearray(200 * 2**20)
        block[::4096] = b"x" * len(block[::4096])
        deadline = time.monotonic() + 10
        while memory.peak < before + 150 * 2**20 and time.monotonic() < deadline:
            time.sleep(0.01)
        del block
    assert memory.peak > before + 150 * 2**20
