"""What the engine says names options; in QGIS these are the titles of fields, the same as in the algorithms."""

import ast

import pytest
from conftest import ROOT
from qgis.core import QgsApplication, QgsProcessingModelAlgorithm, QgsProcessingParameterNumber

from qgis_plugin.algorithms.parameters import AUTO, OPTIONS, option_of
from qgis_plugin.engine.engine_messages import with_field_titles
from qgis_plugin.engine.modules import errors, messages, options, sensors
from qgis_plugin.i18n.texts import ALGORITHMS, FIELDS

ELSEWHERE = {"workers", "scheduler", "checkpoint", "keep_generator"}  # the command line's alone


def marks() -> dict[str, set[str]]:
    """Names that the engine's sources mark, by how."""
    found = {"option": set(), "options": set(), "command": set()}
    for path in (ROOT / "ofa_engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in found:
                texts = [part.value for part in node.args[:1] if isinstance(part, ast.Constant)]
                found[node.func.id].update(texts, [keyword.arg for keyword in node.keywords])
    return found


def test_every_option_that_a_message_marks_has_a_title():
    found = marks()
    assert {"bands", "units", "resume"} <= found["option"] and found["command"]
    assert (found["option"] | found["options"]) - ELSEWHERE <= set(FIELDS)
    assert found["command"] <= set(ALGORITHMS)
    for name in found["option"] - ELSEWHERE:
        assert with_field_titles(f"set {messages.option(name)}") == f'set "{FIELDS[name]}"'
        assert with_field_titles(messages.option(name, "x")) == f'"{FIELDS[name]}" x'


def test_errors_and_detections_are_put_in_the_words_of_the_window():
    several = messages.options(sensor="gaofen", bands="1,2,3,4")
    error = errors.InputError(f"use {several}, or {messages.command('sample')}")
    assert str(error) == "use --sensor gaofen --bands 1,2,3,4, or `ofa sample`"
    shown = 'use "Sensor" gaofen, "Band order" 1,2,3,4, or "Sample points for an accuracy assessment"'
    assert with_field_titles(error.message) == with_field_titles(error.message.marked) == shown
    found = sensors.detect(sensors.RasterFacts(dtype="uint8", colors=("gray",) * 6))
    assert '"Band order" 3,2,1,-' in with_field_titles(found.reason) and "--" not in with_field_titles(found.reason)
    for text in ("", "of the plugin's own --bands", "⟦"):
        assert with_field_titles(text) == text


def counterparts():
    for algorithm in QgsApplication.processingRegistry().providerById("ofanet").algorithms():
        if isinstance(algorithm, QgsProcessingModelAlgorithm):
            continue
        for definition in algorithm.parameterDefinitions():
            if definition.name() in OPTIONS:
                yield algorithm, definition, option_of(algorithm, definition.name())


def test_parameters_are_those_of_the_options(plugin):
    found = list(counterparts())
    assert {definition.name() for _, definition, _ in found} == set(OPTIONS)
    for algorithm, definition, option in found:
        assert option is not None, f"{algorithm.name()} has no option {definition.name()}"
        assert definition.description().startswith(FIELDS[option.name])
        if definition.type() == "enum":
            assert definition.options() == ([] if option.default else [AUTO]) + list(option.choices)
            assert definition.defaultValue() == (option.default or AUTO)
        elif isinstance(definition, QgsProcessingParameterNumber):
            assert definition.defaultValue() == (option.default or 0)
            assert definition.minimum() == (0 if option.default is None else option.least)
            assert option.most is None or definition.maximum() == option.most


@pytest.mark.parametrize("name", ["segment", "classify", "embed", "fit", "evaluate", "sample", "batch", "detect"])
def test_algorithms_and_verbs_belong_together(plugin, name):
    algorithms = QgsApplication.processingRegistry().providerById("ofanet").algorithms()
    verbs = [a.verb() for a in algorithms if not isinstance(a, QgsProcessingModelAlgorithm)]
    assert verbs.count(name) == 1 and name in options.TYPES
