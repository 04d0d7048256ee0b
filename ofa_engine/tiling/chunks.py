"""Arrays worked through in chunks of rows: going over an array several times is much faster within a cache."""

from collections.abc import Iterator

PIECE_BYTES = {"cpu": 2**21, "cuda": 2**28}  # on a GPU more, since each step there takes time to start


def row_pieces(height: int, nbytes: int, most_bytes: int) -> Iterator[slice]:
    """Slices of the rows of an array.

    Args:
        height: rows of the array.
        nbytes: size of the array.
        most_bytes: size of one piece, at most; a piece has at least one row.
    """
    rows = max(1, most_bytes * height // max(1, nbytes))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))
