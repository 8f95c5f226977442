"""TopicShift: by terms, by an encoder, through a whole conversation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import pyterrier_rewrite as pr


def user(text):
    return {"role": "user", "content": text}


def system(text):
    return {"role": "assistant", "content": text}


SOFAS = [user("red linen sofas"), system("There are three linen sofas.")]
TRAINS = [user("train tickets from Paris to Rome"), system("Two trains a day.")]


def topics(query, history):
    return pd.DataFrame({"qid": ["1"], "query": [query], "qhistory": [history]})


@pytest.mark.parametrize(
    ("query", "history", "kept", "shift"),
    [
        ("train tickets from Paris to Rome", SOFAS, [], True),
        ("cheap linen sofas", SOFAS, SOFAS, False),
        ("how much do they cost in the shop today?", SOFAS, SOFAS, False),  # they
        ("what about other living room furniture?", SOFAS, SOFAS, False),  # other
        ("and living room tables made of oak?", SOFAS, SOFAS, False),  # and
        ("washing instructions", SOFAS, SOFAS, False),  # two terms
        ("departure times of night trains", SOFAS + TRAINS, TRAINS, False),
        ("weather forecast for Sydney tomorrow", SOFAS + TRAINS, [], True),
        ("red linen curtains on sale", SOFAS + TRAINS, [], True),  # back: a topic that was left
        ("train tickets from Paris to Rome", [], [], False),
        ("how many are there?", [*SOFAS, *TRAINS, user("and when?")], [*TRAINS, user("and when?")],
         False),
        ("巴黎 到 罗马 火车票", SOFAS, [], True),
        ("?!", SOFAS, SOFAS, False),
    ],
)  # fmt: skip
def test_by_terms(query, history, kept, shift):
    out = pr.TopicShift()(topics(query, history))
    assert out["qhistory"][0] == kept
    assert out["qshift"].tolist() == [shift]
    assert out["query"].tolist() == [query]


class Table:
    vectors: ClassVar = {"a": (1, 0), "b": (0.6, 0.8), "c": (0, 1), "d": (-1, 0)}

    def encode(self, texts, **_):
        return np.array([self.vectors[text] for text in texts], dtype=float)


@pytest.mark.parametrize(
    ("threshold", "said", "query", "kept"),
    [
        (0.5, ["a"], "b", ["a"]),  # cosine .6
        (0.7, ["a"], "b", []),
        (0.7, ["a", "b"], "c", ["b"]),  # b leaves a; c is .8 like b
        (0.5, ["a", "b"], "c", ["a", "b"]),
        (0.5, ["a", "b"], "d", []),
        (-1.0, ["a", "b"], "d", ["a", "b"]),
    ],
)
def test_by_an_encoder(threshold, said, query, kept):
    history = [user(text) for text in said]
    shift = pr.TopicShift(encoder=Table(), threshold=threshold)
    out = shift(topics(query, history))
    assert [message["content"] for message in out["qhistory"][0]] == kept
    assert out["qshift"][0] == (not kept)


def test_it_resets_what_a_rewriter_sees():
    pipeline = pr.TopicShift() >> pr.AppendHistory()
    frame = pd.concat([topics("weather in Sydney tomorrow", SOFAS), topics("how many?", SOFAS)])
    out = pipeline(frame)
    assert out["query"].tolist() == [
        "weather in Sydney tomorrow",
        "how many? red linen sofas There are three linen sofas.",
    ]
    assert frame["qhistory"].tolist() == [SOFAS, SOFAS]


@pytest.mark.parametrize("rows", [0, 1])
def test_one_code_path(rows):
    out = pr.TopicShift()(topics("x", None).drop(columns="qhistory").head(rows))
    assert list(out) == ["qid", "query", "qhistory", "qshift"]
    assert out["qhistory"].tolist() == [[]] * rows


def test_200_turns():
    history = [user(f"red linen sofas number {number}") for number in range(200)]
    out = pr.TopicShift()(topics("blue linen sofas", history))
    assert len(out["qhistory"][0]) == 200


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"threshold": 2}, r"threshold should be in \[-1, 1\], found 2"),
        ({"min_terms": 0}, "min_terms should be at least 1, found 0"),
    ],
)
def test_numbers_out_of_range(wrong, message):
    with pytest.raises(ValueError, match=message):
        pr.TopicShift(**wrong)(topics("x", []))


def test_it_is_a_value():
    assert pr.TopicShift(min_terms=2) == pr.TopicShift(min_terms=2) != pr.TopicShift()
    assert repr(pr.TopicShift(min_terms=2)) == "TopicShift(min_terms=2)"
