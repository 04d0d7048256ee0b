from hypothesis import given
from hypothesis import strategies as st

from ofa_engine.tiling.chunks import row_pieces


@given(height=st.integers(1, 500), row=st.integers(0, 10_000), most=st.integers(1, 10**6))
def test_pieces_are_all_rows_once_and_no_larger_than_told(height, row, most):
    pieces = list(row_pieces(height, height * row, most))
    assert [y for piece in pieces for y in range(height)[piece]] == list(range(height))
    assert all(piece.stop - piece.start == 1 or (piece.stop - piece.start) * row <= most for piece in pieces)
