"""The time to read a text grows with its length, whatever a model wrote."""

from __future__ import annotations

import time

import pytest

from pyterrier_rewrite import Queries, Terms, Text

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
    ],
)
def test_hostile_text_is_read_in_time(parser, shape):
    begun = time.perf_counter()
    assert isinstance(parser(shape * (LENGTH // len(shape))), list)
    assert time.perf_counter() - begun < 10  # a quadratic reader takes minutes
