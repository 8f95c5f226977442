"""Parsers keep content words and drop meta-text."""

from __future__ import annotations

import pytest

from pyterrier_rewrite import Queries, Terms, Text


@pytest.mark.parametrize(
    ("generation", "text"),
    [
        ("A sofa seats two.", "A sofa seats two."),
        ("Sure! Here is a passage:\n\nA sofa seats two.", "A sofa seats two."),
        ("Sure, here's a passage that answers the query:\nA sofa seats two.", "A sofa seats two."),
        ("Certainly!\nA sofa seats two.", "A sofa seats two."),
        ("Passage: A sofa seats two.", "A sofa seats two."),
        ("**Passage:** A *sofa* seats `two`.", "A sofa seats two."),
        ("Rewritten query: red sofa", "red sofa"),
        ("# Sofas\n\nA sofa\nseats two.", "Sofas A sofa seats two."),
        ("```\nA sofa seats two.\n```", "A sofa seats two."),
        ("<think>The user wants…</think>A sofa seats two.", "A sofa seats two."),
        ("still thinking</think>\nA sofa seats two.", "A sofa seats two."),
        ("<think>The user wants a sofa and", ""),
        ("A sofa seats two.<|im_end|>", "A sofa seats two."),
        ('"A sofa seats two."', "A sofa seats two."),
        ("A sofa seats two.\n\nI hope this helps!", "A sofa seats two."),
        ("A sofa seats two.\nLet me know if you need more.", "A sofa seats two."),
        ("See [sofas](http://x.y/z) here", "See sofas here"),
        ("I'm sorry, but I can't help with that.", ""),
        ("As an AI language model, I cannot know.", ""),
        ("", ""),
        (" \n ... \n", ""),
        ("这是一张沙发。", "这是一张沙发。"),
        (
            "Python 3.11 was released in 2022. It is fast.",
            "Python 3.11 was released in 2022. It is fast.",
        ),
        ("snake_case and 2 * 3 stay", "snake_case and 2 * 3 stay"),
        ("Here Comes the Sun is a song: it was written in 1969.", None),
    ],
)
def test_text(generation, text):
    parts = Text()(generation)
    if text is None:
        assert "song" in parts[0]
    else:
        assert parts == ([text] if text else [])


@pytest.mark.parametrize(
    ("generation", "queries"),
    [
        ("red sofa", ["red sofa"]),
        ("1. red sofa\n2. blue sofa", ["red sofa", "blue sofa"]),
        ("1) red sofa\n2) blue sofa", ["red sofa", "blue sofa"]),
        (
            "Here are three queries:\n- red sofa\n* blue sofa\n• couch",
            ["red sofa", "blue sofa", "couch"],
        ),
        ("1. red sofa 2. blue sofa 3. couch", ["red sofa", "blue sofa", "couch"]),
        (
            "learn Python 3.11\nlearn Python 3. 2 times",
            ["learn Python 3.11", "learn Python 3. 2 times"],
        ),
        ('["red sofa", "blue sofa"] I hope this helps', ["red sofa", "blue sofa"]),
        ('```json\n{"queries": ["red sofa", "blue sofa"]}\n```', ["red sofa", "blue sofa"]),
        ('{"queries": [{"query": "red sofa"}, {"query": "blue sofa"}]}', ["red sofa", "blue sofa"]),
        ('["red sofa", "blue so', ["red sofa"]),
        ('{"queries": ["red sofa", "bl', ["red sofa"]),
        ("Query 1: red sofa\nQuery 2: blue sofa", ["red sofa", "blue sofa"]),
        ('1. "red sofa"\n2. “blue sofa”', ["red sofa", "blue sofa"]),
        ("1. red sofa\n2. Red Sofa", ["red sofa"]),
        ("1. **red sofa**\n2. _blue sofa_", ["red sofa", "blue sofa"]),
        ("I cannot help with that.", []),
    ],
)
def test_queries(generation, queries):
    assert Queries()(generation) == queries


@pytest.mark.parametrize(
    ("generation", "terms"),
    [
        ("sofa, couch, settee", ["sofa", "couch", "settee"]),
        ("Keywords: sofa, couch; settee", ["sofa", "couch", "settee"]),
        ("Sure! Here is the list:\n1. sofa\n2. couch", ["sofa", "couch"]),
        ("- Python 3.11\n- C++", ["Python 3.11", "C++"]),
        ('["sofa", "three-seater, blue"]', ["sofa", "three-seater, blue"]),
        ("sofa, , SOFA", ["sofa"]),
    ],
)
def test_terms(generation, terms):
    assert Terms()(generation) == terms


def test_limits():
    assert Terms(limit=2)("a1, b1, c1") == ["a1", "b1"]
    assert Queries(limit=1)("- a\n- b") == ["a"]
