from __future__ import annotations

import pandas as pd
import pytest

from pyterrier_rewrite import rewards as rw
from tests.support.candidates import frame, values


def one(reward, text, original="red sofa", **columns):
    row = {"qid": "q", "query": text, "query_0": original, **columns}
    return reward.score(pd.DataFrame([row]))["q"]


@pytest.mark.parametrize(
    ("text", "columns", "pattern", "expected"),
    [
        ("sofa", {}, None, 1),
        ("", {}, None, 0),
        ("  ", {}, None, 0),
        ("sofa", {"qstatus": "ok"}, None, 1),
        ("sofa", {"qstatus": "skipped: short"}, None, 1),
        ("red sofa", {"qstatus": "failed: no usable text"}, None, 0),
        ("sofa", {"qgen": ["<a>\nsofa</a>"]}, "<a>.*</a>", 1),
        ("sofa", {"qgen": ["<a>sofa</a> or so"]}, "<a>.*</a>", 0),
        ("sofa", {"qgen": ["<a>b</a>", "sofa"]}, "<a>.*</a>", 0),
    ],
)
def test_format(text, columns, pattern, expected):
    assert one(rw.Format(pattern=pattern), text, **columns) == expected


def test_format_needs_generations_for_a_pattern():
    with pytest.raises(ValueError, match="no column qgen"):
        one(rw.Format(pattern="x"), "sofa")


@pytest.mark.parametrize(
    ("length", "text", "expected"),
    [
        (rw.Length(), "", 0),
        (rw.Length(), "sofa", 1),
        (rw.Length(high=2), "a red sofa", 0),
        (rw.Length(low=3, high=3), "a red sofa", 1),
        (rw.Length(low=4), "a red sofa", 0),
        (rw.Length(), "word " * 32, 1),
        (rw.Length(), "word " * 33, 0),
        (rw.Length(high=10, unit="characters"), "a red sofa", 1),
        (rw.Length(high=9, unit="characters"), "a red sofa", 0),
    ],
)
def test_length(length, text, expected):
    assert one(length, text) == expected


def test_length_of_weighted_terms():
    assert one(rw.Length(high=2), "x", query_toks={"red": 2.0, "sofa": 1.0}) == 1
    assert one(rw.Length(high=1), "x", query_toks={"red": 2.0, "sofa": 1.0}) == 0


@pytest.mark.parametrize("wrong", [{"low": 3, "high": 2}, {"low": -1}, {"unit": "lines"}])
def test_bounds_of_a_length(wrong):
    with pytest.raises(ValueError, match="found"):
        rw.Length(**wrong)


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("red sofa", {}, 0),
        ("Red  Sofa?", {}, 0),
        ("sofa red", {}, 1),
        ("red sofa red sofa", {}, 1),
        ("red couch", {}, 1),
        ("", {}, 1),
        ("red sofa", {"query_toks": {"red": 1.0, "sofa": 1.0}}, 0),
        ("red sofa", {"query_toks": {"red": 1.0, "sofa": 2.0}}, 1),
        ("red sofa", {"query_toks": {"red": 1.0, "couch": 1.0}}, 1),
        ("red sofa", {"query_toks": None}, 0),
    ],
)
def test_copy(text, columns, expected):
    assert one(rw.Copy(), text, **columns) == expected


@pytest.mark.parametrize(
    ("text", "answers", "expected"),
    [
        ("capital of France", ["Paris"], 1),
        ("capital of France Paris", ["Paris"], 0),
        ("capital of France: PARIS!", ["London", "Paris"], 0),
        ("who founded the Beatles", ["The Beatles"], 0),
        ("capital of France parisian", ["Paris"], 1),
        ("city france capital", ["France"], 1),
        ("capital of France", [], 1),
        ("capital of France", None, 1),
        ("capital of France", float("nan"), 1),
        ("capital of France Paris", "Paris", 0),
        ("the", ["The"], 1),
    ],
)
def test_answer_leak(text, answers, expected):
    original = "capital of France"
    assert one(rw.AnswerLeak(), text, original, qanswers=answers) == expected


def test_an_answer_among_weighted_terms_leaks():
    toks = {"capital": 1.0, "paris": 1.0}
    assert one(rw.AnswerLeak(), "capital", query_toks=toks, qanswers=["Paris"]) == 0


@pytest.mark.parametrize(
    ("text", "original", "expected"),
    [
        ("red two-seater sofa of linen", "a red sofa for two", 1),
        ("红色双人沙发", "a red sofa for two", 0),
        (
            "comment vivent les abeilles en hiver dans la ruche",
            "how do the bees live in winter when it is cold outside",
            0,
        ),
        ("IKEA Klippan", "a red sofa for two", 1),
    ],
)
def test_language(text, original, expected):
    pytest.importorskip("py3langid")
    assert one(rw.Language(), text, original) == expected


def test_safety():
    asked = []

    def verdicts(texts):
        asked.append(texts)
        return [None if "?" in text else "bomb" in text for text in texts]

    candidates = frame("a bomb", "a sofa", "a sofa", "what?")
    assert values(rw.Safety(verdicts), candidates) == [-1.0, 1.0, 1.0, None]
    assert asked == [["a bomb", "a sofa", "what?"]]


def is_unsafe(texts):
    return ["bomb" in text for text in texts]


def test_of_several_queries_each_has_to_be_safe():
    candidates = frame("a sofa", "a bomb", "a couch").assign(qcand=["c", "c", "d"])
    assert rw.Safety(is_unsafe).score(candidates) == {"c": -1.0, "d": 1.0}


def test_a_classifier_that_is_down_gives_no_verdict():
    def down(texts):
        raise ConnectionError("no route")

    with pytest.warns(rw.RewardWarning, match="ConnectionError: no route"):
        assert values(rw.Safety(down)) == [None] * 3


def test_a_classifier_that_forgets_texts_is_an_error():
    with pytest.raises(ValueError, match="found 1 for 3 texts"):
        values(rw.Safety(lambda texts: [True]))


def test_a_guard_without_a_verdict_on_one_query_has_none_on_the_candidate():
    reward = rw.Safety(lambda texts: [None, False])
    assert reward.score(frame("x", "y").assign(qcand="c")) == {"c": None}
