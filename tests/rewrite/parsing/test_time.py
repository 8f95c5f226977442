"""The time to read a text grows with its length, whatever a model wrote."""

from __future__ import annotations

import time

import pytest

from pyterrier_rewrite import Q2DPRF, Completions, FakeLLM, Queries, Terms, Text

LENGTH = 200_000


@pytest.mark.parametrize("parser", [Text(), Terms(), Queries()])
@pytest.mark.parametrize(
    "shape",
    [
        "[",
        "*",
        '{"a":',
        "<query>",
        "<think>",
        "</s> a ",
        '"a ',
        "\\boxed{",
        "1. a\n",
        "a: b\n",
        "- a\n  ",
        "|a",
        "I can't ",
        "the query ",
        "「a」",
        "```\n",
        "(a ",
        "a. B: ",
        "+--+\n",
        "<a b='",
        "<![CDATA[",
        "<query>a</query>",
        "*_",
    ],
)
def test_hostile_text_is_read_in_time(parser, shape):
    begun = time.process_time()
    assert isinstance(parser(shape * (LENGTH // len(shape))), list)
    assert time.process_time() - begun < 10  # a quadratic reader takes minutes


def test_a_tag_of_many_attributes_is_read_in_time():
    begun = time.process_time()
    Text()("<a " + 'x="y" ' * (LENGTH // 6) + ">")
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    "shape", ["a", ".", "a b ", "a, ", "a\n", "<document 1>\na\n", "ab: ", "1. a. "]
)
@pytest.mark.parametrize("end", ["", " ."])
def test_a_long_answer_that_was_cut_is_heard_in_time(shape, end):
    rewriter = Q2DPRF(FakeLLM("x"))
    answer = Completions([shape * (LENGTH // len(shape)) + end], cut=True)
    begun = time.process_time()
    rewriter.parse(answer, "red couch")
    assert time.process_time() - begun < 10
