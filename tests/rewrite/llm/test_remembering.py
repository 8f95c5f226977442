"""Answers that are noted, and given once more."""

from __future__ import annotations

import pytest

from pyterrier_rewrite.llm import FakeLLM
from pyterrier_rewrite.llm.remembering import Remembering


def prompts(*texts):
    return [[{"role": "user", "content": text}] for text in texts]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_was_noted_is_given_once(temperature):
    inner = FakeLLM(["1", "2", "3", "4"])
    llm = Remembering(inner)
    llm.noting = True
    assert llm.generate(prompts("a"), temperature=temperature)[0].texts == ["1"]
    llm.noting = False
    answers = llm.generate(prompts("b", "a"), temperature=temperature)
    assert [answer.texts for answer in answers] == [["2"], ["1"]]
    assert not any(answer.cached for answer in answers)
    assert llm.generate(prompts("a"), temperature=temperature)[0].texts == ["3"]
    assert len(inner.prompts) == 3


def test_other_sampling_and_what_is_forgotten_are_asked_for():
    llm = Remembering(FakeLLM(["1", "2", "3"]))
    llm.noting = True
    llm.generate(prompts("a"), max_tokens=5)
    llm.noting = False
    assert llm.generate(prompts("a"), max_tokens=6)[0].texts == ["2"]
    llm.forget()
    assert llm.generate(prompts("a"), max_tokens=5)[0].texts == ["3"]


@pytest.mark.parametrize(("temperature", "asked"), [(0.0, 1), (1.0, 2)])
def test_while_noting_a_repeatable_prompt_is_asked_once(temperature, asked):
    inner = FakeLLM("x")
    llm = Remembering(inner)
    llm.noting = True
    for _ in range(2):
        llm.generate(prompts("a"), temperature=temperature)
    assert len(inner.prompts) == asked
