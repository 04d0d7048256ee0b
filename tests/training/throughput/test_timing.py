"""Turns alternate."""

from training.throughput.timing import Timed, alternate


def test_turns_alternate():
    order = []
    turn = {key: (lambda seconds, key=key: order.append(key) or Timed(4, 2.0)) for key in "ab"}
    done = alternate(turn, 1.0, rounds=3)
    assert order == list("ab" * 4) and len(done["a"]) == len(done["b"]) == 3 and done["a"][0].rate == 2.0
