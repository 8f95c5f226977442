"""Rewards that search, by hand."""

from __future__ import annotations

import re
import warnings
from inspect import signature

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import FakeLLM, RewriteError
from pyterrier_rewrite.errors import MissingExtraError
from pyterrier_rewrite.rewards import (
    AnswerReward,
    Coverage,
    NovelDocuments,
    RankingFeedback,
    RankReward,
    RewardWarning,
    SearchFeedback,
    TieredRecall,
)
from pyterrier_rewrite.testing import FakeEngine
from tests.support.candidates import frame, made, rewards, values

DOCS = [f"d{i:02}" for i in range(50)]


# -- no verdict ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [OSError("disk"), ConnectionError("down"), TimeoutError("late"), RewriteError("PISA")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize(
    "cls",
    [cls for cls in rewards().values() if "engine" in signature(cls).parameters],
    ids=lambda cls: cls.__name__,
)
def test_an_engine_that_is_down_gives_no_verdict(cls, error):
    engine = FakeEngine(reply=error)
    others = {"reranker": engine, "reader": FakeLLM("x")}
    reward = made(cls, engine=engine, qrels={"q": {"d1": 1}}, measure="nDCG@10", **others)
    candidates = frame("a", "b").assign(qanswers=[["x"]] * 2)
    with pytest.warns(RewardWarning, match=type(error).__name__):
        assert values(reward, candidates) == [None, None]


@pytest.mark.parametrize("error", [ValueError("bug"), KeyError("bug"), MissingExtraError("p", "e")])
def test_a_bug_in_an_engine_is_not_hidden(error):
    with pytest.raises(type(error)):
        SearchFeedback(FakeEngine(reply=error), {"q": {"d1": 1}}, "AP").score(frame("a"))


def test_queries_without_judgements_have_no_verdict_and_one_warning():
    engine = FakeEngine(reply={"a": DOCS})
    candidates = pd.concat([frame("a", "a"), frame("a", "a", group="r"), frame("a", group="s")])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        marks = values(SearchFeedback(engine, {"q": {"d00": 1}}, "RR@10"), candidates)
    assert marks == [1, 1, None, None, None]
    (warning,) = caught
    assert "2 queries such as 'r' have no judgements; no verdict on 3" in str(warning.message)


def test_nothing_found_is_a_bad_mark_not_none():
    engine = FakeEngine(reply={"a": DOCS})
    reward = SearchFeedback(engine, {"q": {"d00": 1}}, "nDCG@10")
    assert values(reward, frame("nothing", "a")) == [0.0, 1.0]
    assert values(reward, frame("nothing")) == [0.0]


def test_an_engine_without_scores_is_an_error():
    engine = pt.apply.generic(lambda inp: inp.assign(docno="d"))
    with pytest.raises(ValueError, match="should give qid, docno and score"):
        SearchFeedback(engine, {"q": {"d": 1}}, "AP").score(frame("a"))


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("nDCC@10", "no measure of ir-measures; did you mean 'nDCG'"),
        ("ndcg_cut_10", "did you mean 'nDCG@10'"),
        ("nDCG@", "no measure"),
        (10, "no measure of ir-measures; give its name, such as 'nDCG@10'"),
        (
            "nDCG(foo=3)@10",
            "has a wrong one, such as P without @10 (unsupported params found: ['foo'])",
        ),
        ("P", "lacks a parameter"),
    ],
)
@pytest.mark.parametrize("reward", [SearchFeedback, NovelDocuments])
def test_an_unknown_measure(reward, measure, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        reward(FakeEngine(reply={}), {}, measure=measure)


# -- by hand ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rank", "expected"),
    [(1, 2), (2, 2 - 1 / 9), (10, 1), (11, 89 / 90), (55, 0.5), (100, 0), (101, 0), (None, 0)],
)
def test_rank_reward(rank, expected):
    docs = [f"d{i}" for i in range(1, 151)]
    reward = RankReward(FakeEngine(reply={"a": docs}), {"q": {f"d{rank}": 1, "d140": 1}})
    assert values(reward, frame("a")) == pytest.approx([expected])


def test_rank_reward_of_a_label():
    reward = RankReward(FakeEngine(reply={"a": ["d1", "d2"]}), {"q": {"d1": 1, "d2": 2}}, rel=2)
    assert values(reward, frame("a")) == pytest.approx([2 - 1 / 9])


@pytest.mark.parametrize(
    ("found", "expected"),
    [(20, 5), (14, 5), (13, 4), (10, 4), (8, 3), (6, 1), (5, 0.5), (2, 0.5), (1, 0.1), (0, -3.5)],
)
def test_tiered_recall(found, expected):
    qrels = {"q": dict.fromkeys([*DOCS[:found], *(f"x{i}" for i in range(20 - found))], 1)}
    assert values(TieredRecall(FakeEngine(reply={"a": DOCS}), qrels), frame("a")) == [expected]


def test_tiered_recall_looks_k_deep():
    qrels = {"q": {"d00": 1, "d10": 1}}
    assert values(TieredRecall(FakeEngine(reply={"a": DOCS}), qrels, k=10), frame("a")) == [4]
    assert values(TieredRecall(FakeEngine(reply={"a": DOCS}), qrels, k=11), frame("a")) == [5]


def test_novel_documents():
    engine = FakeEngine(reply={"o": ["d1", "d2"], "a": ["d2", "d3"], "b": ["x"], "o2": ["d1"]})
    reward = NovelDocuments(engine, {"q": {"d2": 1}}, measure="RR@2", novelty=0.2)
    # RR: original .5; a: 1, half of it new; b: 0, all new; the copy: no gain, nothing new
    expected = [0.8 * 0.5 + 0.2 * 0.5, 0.8 * -0.5 + 0.2, 0.0, 0.8 * -0.5]
    assert values(reward, frame("a", "b", "o", "finds nothing")) == pytest.approx(expected)
    assert len(engine.calls) == 1


@pytest.mark.parametrize("wrong", [{"measure": "AP"}, {"novelty": 1.5}, {"novelty": -0.1}])
def test_novel_documents_checks_its_arguments(wrong):
    with pytest.raises(ValueError, match="found"):
        NovelDocuments(FakeEngine(reply={}), {}, **wrong)


def test_coverage_of_documents():
    engine = FakeEngine(reply={"a": ["d1", "x", "d2"], "b": ["d3", "d1"]})
    qrels = {"q": {"d1": 1, "d2": 3, "d3": 1, "d4": 1, "x": 0}}
    assert values(Coverage(engine, qrels), frame("a", "b", "none")) == [0.5, 0.5, 0]
    assert values(Coverage(engine, qrels, k=1), frame("a")) == [0.25]
    assert values(Coverage(engine, qrels, rel=2), frame("a", "b")) == [1, 0]
    union = frame("a", "b").assign(qcand="c")
    assert Coverage(engine, qrels).score(union) == {"c": 0.75}
    assert Coverage(engine, qrels, k=1).score(union) == {"c": 0.5}


def test_coverage_of_groups():
    engine = FakeEngine(reply={"a": ["d1", "d2", "d5"], "b": ["d3", "x"]})
    qrels = {"q": {"d1": 1, "d2": 1, "d3": 1, "d4": 1, "d5": 1, "x": 0}}
    brands = {"d1": "Hult", "d2": "Hult", "d3": ["Norr", "Ask"], "d4": "", "x": "Ask"}
    # wanted: Hult, Norr, Ask; d4 and d5 have no brand, x is not relevant
    reward = Coverage(engine, qrels, groups=brands)
    assert values(reward, frame("a", "b")) == pytest.approx([1 / 3, 2 / 3])
    assert reward.score(frame("a", "b").assign(qcand="c")) == {"c": 1.0}


def test_coverage_without_relevant_documents_has_no_verdict():
    engine = FakeEngine(reply={"a": ["d1"]})
    for reward in (
        Coverage(engine, {"q": {"d1": 0}}),
        Coverage(engine, {}),
        Coverage(engine, {"q": {"d1": 1}}, groups={}),
    ):
        with pytest.warns(RewardWarning, match="no relevant documents"):
            assert values(reward, frame("a")) == [None]


@pytest.mark.parametrize("make", [
    lambda: RankingFeedback(FakeEngine(reply={}), FakeEngine(reply={}), num_docs=0),
    lambda: AnswerReward(FakeEngine(reply={}), FakeLLM("x"), num_docs=0),
    lambda: Coverage(FakeEngine(reply={}), {}, k=0),
])  # fmt: skip
def test_depths_are_checked(make):
    with pytest.raises(ValueError, match="at least 1, found 0"):
        make()
