"""Formulations, with the numbers worked out by hand, and Query2Doc's call pattern."""

from __future__ import annotations

import pandas as pd
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.analysis import EnglishAnalyzer, count_terms
from pyterrier_rewrite.testing import FakeLLM


def text(formulation, query, *parts):
    (new,) = formulation.form(query, parts)
    return new.text


def test_texts():
    assert text(pr.Replace(), "q", "a", "b") == "a b"
    assert text(pr.Repeat(3), "q", "a b") == "q q q a b"
    assert text(pr.Join(), "q", "a b") == "q [SEP] a b"
    assert [q.text for q in pr.Several().form("q", ["a", "b"])] == ["a", "b"]


def test_repeat_terms_counts_stems_under_the_querys_own_form():
    # query: shoe 1, red 1, each times 5; parts: shoes 2 (one stem with shoe), blue 1, no "the"
    (new,) = pr.RepeatTerms(5).form("red shoe", ["the shoes", "blue shoes"])
    assert new.toks == {"red": 5.0, "shoe": 5.0 + 2.0, "blue": 1.0}
    assert new.text == "red shoe"


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        ("Running runs, and run", {"running": 3.0}),
        ("to be or not to be", {"to": 2.0, "be": 2.0, "or": 1.0, "not": 1.0}),
        ("???", {"???": 1.0}),
    ],
)
def test_count_terms_never_gives_nothing(query, counts):
    assert count_terms(query, EnglishAnalyzer()) == counts


@pytest.mark.parametrize("make", [lambda: pr.Repeat(0), lambda: pr.RepeatTerms(0)])
def test_a_lost_query_is_refused(make):
    with pytest.raises(ValueError, match="the query would be lost"):
        make()


def test_no_parts_no_query():
    assert pr.Repeat(5).form_batch(["a", "b"], [["x"], []])[1] == []


def test_query2doc_asks_once_a_query_as_published():
    llm = FakeLLM("Passage: A sofa.")
    topics = pd.DataFrame({"qid": ["1", "2"], "query": ["couch", "settee"]})
    out = pr.Query2Doc(llm)(topics)
    ((prompts, sampling),) = llm.calls
    assert [p[0]["role"] for p in prompts] == ["user", "user"]
    assert "Query: settee\n" in prompts[1][0]["content"]
    assert (sampling.n, sampling.temperature, sampling.max_tokens) == (1, 1.0, 128)
    assert out["query"][0] == "couch couch couch couch couch A sofa."
    assert out["qgen"][0] == ["Passage: A sofa."]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n": 0}, "n should be at least 1"),
        ({"temperature": -1}, "temperature should be 0 or more"),
        ({"top_p": 0}, "top_p should be in"),
        ({"max_tokens": 0}, "max_tokens should be at least 1"),
    ],
)
def test_sampling_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        pr.Query2Doc(FakeLLM(), **settings).search("x")


def test_identical_repeatable_requests_are_sent_once():
    llm = FakeLLM("new")
    topics = pd.DataFrame({"qid": ["1", "2", "3"], "query": ["a", "b", "a"]})
    out = pr.Query2Doc(llm, seed=1)(topics)
    assert len(llm.prompts) == 2
    assert [usage["cached"] for usage in out["qusage"]] == [0, 0, 1]
    pr.Query2Doc(llm)(topics)
    assert len(llm.prompts) == 2 + 3
