"""Arrays worked through in chunks of whole rows: what fits a processor's cache is much faster to go over several times."""

from collections.abc import Iterator

# Of an array, what is gone over at a time: what a processor's cache holds is much faster to go over several times than
# memory is. On a GPU more, since each step there takes time to start.
PIECE_BYTES = {"cpu": 2**21, "cuda": 2**28}


def row_pieces(height: int, nbytes: int, most_bytes: int) -> Iterator[slice]:
    """The rows of an array of `nbytes`, as many at a time as `most_bytes` hold."""
    rows = max(1, most_bytes * height // max(1, nbytes))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))
