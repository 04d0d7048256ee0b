import dataclasses
import json
import math

import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.core.option_schema import groups_of, options_of
from ofa_engine.core.options import (
    DEFAULT_OVERLAP,
    MAX_OVERLAP,
    TYPES,
    BatchOptions,
    ClassifyOptions,
    SegmentOptions,
    from_params,
    to_params,
    value_of,
)

VERBS = list(TYPES)
CASES = [(verb, one) for verb in VERBS for one in options_of(TYPES[verb]).values()]


def good(one):
    """A value of an option that is not its default."""
    value = {str: "x", bool: True, int: 100, float: 0.5}[one.kind]
    if one.choices:
        value = list(one.choices)[-1]
    return [value] * (one.count or 2) if one.many else value


def needed(verb):
    return {name: good(one) for name, one in options_of(TYPES[verb]).items() if one.required}


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_documented_and_belongs_to_a_group(verb):
    known = options_of(TYPES[verb])
    assert list(known) == [field.name for field in dataclasses.fields(TYPES[verb])]
    for one in known.values():
        assert one.help and not one.help.endswith(".") and one.help in one.description
        assert one.kind in (str, bool, int, float)
        assert one.kind in (str, bool) or one.many or one.metavar, one.name
        assert not (one.kind is bool and one.default), "a switch can only be turned on"
    grouped = [one.name for group in groups_of(TYPES[verb]).values() for one in group]
    assert sorted(grouped) == sorted(known) and TYPES[verb].about


def test_the_default_overlap_holds_everywhere():
    for kind in TYPES.values():
        for one in options_of(kind).values():
            if one.name == "overlap":
                assert (one.default, one.most) == (DEFAULT_OVERLAP, MAX_OVERLAP)
    assert SegmentOptions("a.tif").overlap == BatchOptions(["a.tif"], "out").overlap == DEFAULT_OVERLAP


@pytest.mark.parametrize("verb", VERBS)
def test_options_survive_the_way_through_params(verb):
    full = {name: good(one) for name, one in options_of(TYPES[verb]).items()}
    for params in (needed(verb), full):
        options = from_params(verb, params)
        assert type(options) is TYPES[verb]
        assert from_params(verb, json.loads(json.dumps(to_params(options)))) == options
    assert from_params(verb, dict.fromkeys(options_of(TYPES[verb])) | needed(verb)) == from_params(verb, needed(verb))


@pytest.mark.parametrize("verb", VERBS)
def test_an_option_that_the_verb_does_not_have_is_refused_by_name(verb):
    others = {name for kind in TYPES.values() for name in options_of(kind)} - options_of(TYPES[verb]).keys()
    for name in [*others, "nonsense"]:
        with pytest.raises(
            InputError, match=f"option of {verb} .*found --{name.rstrip('_').replace('_', '-')}$"
        ) as caught:
            from_params(verb, needed(verb) | {name: 1})
        assert caught.value.message.field == name and "\n" not in str(caught.value)


@pytest.mark.parametrize("verb", VERBS)
def test_what_must_be_there_is_missed_by_name(verb):
    for name in needed(verb):
        for rest in ({k: v for k, v in needed(verb).items() if k != name}, needed(verb) | {name: None}):
            with pytest.raises(InputError, match="found none") as caught:
                from_params(verb, rest)
            assert caught.value.message.field == name


WRONG = {
    str: [1, True, ["x"], {}],
    bool: ["no", "true", 0, 1],
    int: ["1", 1.0, True, [1]],
    float: ["0.5", True, [0.5], math.nan, math.inf],
}


@pytest.mark.parametrize(("verb", "one"), CASES, ids=lambda case: getattr(case, "name", case))
def test_values_of_another_type_are_refused(verb, one):
    wrong = [[value] * (one.count or 1) for value in WRONG[one.kind]] + ["x", 1, {}] if one.many else WRONG[one.kind]
    for value in wrong:
        with pytest.raises(InputError, match="expected --.* to be .*, found ") as caught:
            from_params(verb, needed(verb) | {one.name: value})
        assert caught.value.message.field == one.name and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("verb", "params", "says"),
    [
        ("segment", {"overlap": 0.9}, "0 to 0.75, found 0.9"),
        ("segment", {"tile_px": 3}, "16 to 8192 px, found 3"),
        ("segment", {"memory_mb": 1}, "at least 64 MB, found 1"),
        ("segment", {"min_area": 0}, "above 0 ha, found 0.0"),
        ("segment", {"bounds": [1, 2, 3]}, "a list of 4 values"),
        ("segment", {"sensor": "Landsat 8"}, "one of sentinel-1, "),
        ("segment", {"device": "tpu"}, "one of auto, cpu, cuda, found 'tpu'"),
        ("fit", {"kind": "quadratic"}, "one of auto, linear, "),
        ("sample", {"least": 1}, "at least 2, found 1"),
        ("batch", {"workers": 0}, "at least 1, found 0"),
    ],
)
def test_values_beyond_limits_and_choices_are_refused(verb, params, says):
    with pytest.raises(InputError, match=says) as caught:
        from_params(verb, needed(verb) | params)
    assert caught.value.message.field == next(iter(params))


def test_whole_numbers_stand_for_numbers():
    options = from_params("segment", needed("segment") | {"min_area": 1, "bounds": [0, 0, 1, 2]})
    assert type(options.min_area) is float and options.bounds == [0.0, 0.0, 1.0, 2.0]


def test_value_of_an_option_that_not_all_verbs_have():
    assert value_of(SegmentOptions("a.tif", flips=True), "flips") is True
    assert value_of(ClassifyOptions("a.tif"), "flips") is None
