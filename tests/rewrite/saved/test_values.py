"""Classes that saved rewriters name are found, wherever they stood when they were saved."""

from __future__ import annotations

import json
import warnings

import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.parsing import Items, Marked, ReasonedText
from pyterrier_rewrite.saved.values import decode, encode, find, name_of

VALUES = [Marked(end="|"), ReasonedText(), Items(), pr.Repeat(2), pr.Several((2.0, 1.0), pr.Join())]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pyterrier_rewrite:Repeat", pr.Repeat),
        ("pyterrier_rewrite.formulation:Repeat", pr.Repeat),
        ("pyterrier_rewrite.formulation:Keep", pr.prompting.formulation.Keep),
        ("pyterrier_rewrite.prompting.formulation:Keep", pr.prompting.formulation.Keep),
        ("pyterrier_rewrite.prompt:Prompt", pr.Prompt),
        ("pyterrier_rewrite.llm_rewriter:LLMRewriter", pr.LLMRewriter),
        ("pyterrier_rewrite.conversation.simulator:SimulatedAnswer", pr.SimulatedAnswer),
        ("pyterrier_rewrite.parsing:Text", pr.Text),
        ("pyterrier_rewrite.decomposition.rewrite_retrieve_read:Marked", Marked),
        ("pyterrier_rewrite.expansion.jagerman:ReasonedText", ReasonedText),
        ("pyterrier_rewrite.expansion.qa_expand:Items", Items),
    ],
)
def test_a_name_from_before_finds_the_class_without_a_warning(name, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find(name) is expected


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_goes_through_json_and_is_named_by_a_package(value):
    assert decode(json.loads(json.dumps(encode(value)))) == value
    assert name_of(type(value)).partition(":")[0] in (
        "pyterrier_rewrite",
        "pyterrier_rewrite.parsing",
    )


@pytest.mark.parametrize(
    "name", ["os:system", "pyterrier_rewrite.formulation:np", "pyterrier_rewrite.x:Y"]
)
def test_nothing_else_is_found(name):
    with pytest.raises(TypeError):
        find(name)
