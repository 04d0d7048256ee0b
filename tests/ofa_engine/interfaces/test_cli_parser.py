import argparse

import pytest

from ofa_engine.core.errors import InputError
from ofa_engine.core.option_schema import options_of
from ofa_engine.core.options import TYPES, command_of, from_params
from ofa_engine.interfaces.cli_parser import make_parser

VERBS = list(TYPES)
BESIDES = {"help", "json", "debug", "compare"}  # of the command line alone


def parser_of(verb):
    parser = make_parser()
    for word in command_of(verb).split():
        (verbs,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        parser = verbs.choices[word]
    return parser


@pytest.mark.parametrize("verb", VERBS)
def test_the_parser_equals_the_schema(verb):
    actions = {action.dest: action for action in parser_of(verb)._actions}
    known = options_of(TYPES[verb])
    assert actions.keys() - BESIDES == known.keys()
    for name, one in known.items():
        action = actions[name]
        assert action.default is None, "the verb's own default holds"
        assert action.required == one.required
        flags = [] if one.positional else [flag for flag in (one.short, one.flag) if flag]
        assert action.option_strings == flags
        assert list(action.choices or ()) == ([] if one.beyond else list(one.choices))
        for part in (one.help, one.unit, one.limits, one.default_text):
            assert part in action.help


def text_of(one):
    value = {str: "x", int: "100", float: "0.5"}.get(one.kind, "")
    if one.choices:
        value = list(one.choices)[-1]
    if one.many and not one.separate:
        return [",".join([value] * (one.count or 2))]
    return [value] * 2 if one.many else [value]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_arrives_with_its_type(verb):
    line, places = command_of(verb).split(), []
    for one in options_of(TYPES[verb]).values():
        if one.positional:
            places.append(one)
        else:
            line += [one.flag] if one.kind is bool else [one.flag, *text_of(one)]
    if places and any(one.separate for one in options_of(TYPES[verb]).values()):
        line.append("--")
    for one in sorted(places, key=lambda one: one.many):
        line += text_of(one)
    args = make_parser().parse_args(line)
    assert args.verb == verb
    params = {name: value for name, value in vars(args).items() if name in options_of(TYPES[verb])}
    options = from_params(verb, params)
    for name, one in options_of(TYPES[verb]).items():
        value = getattr(options, name)
        values = value if one.many else [value]
        assert values and all(type(entry) is one.kind for entry in values), name


@pytest.mark.parametrize("verb", VERBS)
def test_help_is_readable(verb):
    text = " ".join(parser_of(verb).format_help().split())
    for one in options_of(TYPES[verb]).values():
        assert " ".join(one.help.split()) in text
    assert "None" not in text


@pytest.mark.parametrize("verb", VERBS)
def test_flags_of_other_verbs_are_refused(verb):
    required = [one for one in options_of(TYPES[verb]).values() if one.required]
    places = [text for one in required if one.positional for text in text_of(one)[:1]]
    flags = [text for one in required if not one.positional for text in (one.flag, text_of(one)[0])]
    others = {o.flag for kind in TYPES.values() for o in options_of(kind).values() if not o.positional}
    others -= {one.flag for one in options_of(TYPES[verb]).values()}
    parser = make_parser()
    for flag in [*others, "--nonsense"]:
        with pytest.raises(InputError, match=f"unrecognized arguments: {flag}|ambiguous option: {flag}"):
            parser.parse_args([*command_of(verb).split(), *places, *flags, flag])
