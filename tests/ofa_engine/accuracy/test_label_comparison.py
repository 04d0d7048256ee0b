import pytest

from ofa_engine.accuracy.label_comparison import match_classes
from ofa_engine.core.classes import class_table
from ofa_engine.core.errors import InputError


def test_classes_are_matched_by_value_or_name():
    head = class_table([3, 1], ["Forest", "2"], ["#000000"] * 2)
    classes, rows = match_classes(head, class_table([1, 3, 4], ["1", "3", "4"], ["#000000"] * 3))
    assert rows.tolist() == [1, 0, 2] and [e["value"] for e in classes] == [3, 1, None]
    classes, rows = match_classes(head, class_table([1, 2], ["FOREST ", "road"], ["#000000"] * 2))
    assert rows.tolist() == [0, 2] and classes[2]["name"] == "road"
    with pytest.raises(InputError, match="expected labels of the head's classes .3 Forest, 1 2.*found lake"):
        match_classes(head, class_table([3], ["lake"], ["#000000"]))
