from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt, Queries, RepeatTerms, Rewriter, Several
from pyterrier_rewrite.base import NewQuery, Rewritten
from pyterrier_rewrite.errors import RewriteWarning
from pyterrier_rewrite.rewards import Length
from pyterrier_rewrite.rewards.reward import Reward
from pyterrier_rewrite.selection import BestOf
from pyterrier_rewrite.testing import check_rewriter, sample_results

PLAIN = Prompt("test/plain", 1, (("user", "Rewrite: {query}"),), ("query",))
READS = Prompt("test/reads", 1, (("user", "{documents} {query}"),), ("query", "documents"))
FEEDBACK = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))
TOPICS = pd.DataFrame([{"qid": "1", "query": "sofa"}, {"qid": "2", "query": "shoes"}])


class Table(Reward):
    """Marks by text; a text that is not in the table has no verdict."""

    def __init__(self, marks=None):
        self.table = marks or {}
        self.frames = []

    def marks(self, candidates):
        self.frames.append(candidates)
        texts = candidates.groupby("qcand", sort=False)["query"].agg(" | ".join)
        return {name: self.table.get(text) for name, text in texts.items()}

    def __eq__(self, other):
        return isinstance(other, Table) and self.table == other.table

    __hash__ = None


def sampler(*replies, **settings) -> LLMRewriter:
    return LLMRewriter(FakeLLM(list(replies)), prompt=PLAIN, temperature=1.0, **settings)


def best(rewriter, marks, **settings) -> dict:
    return BestOf(rewriter, Table(marks), **settings)(TOPICS.iloc[:1]).to_dict("records")[0]


REWRITERS = {
    "text": lambda: sampler("a red sofa", "couch", seed=1),
    "terms": lambda: sampler("a red sofa", "couch", formulation=RepeatTerms(5)),
    "several": lambda: sampler("sofa\ncouch", "couch", parser=Queries(), formulation=Several()),
    "feedback": lambda: LLMRewriter(
        FakeLLM(["a", "b"]), prompt=READS, temperature=1, fb_docs=2, feedback=FEEDBACK
    ),
    "documents": lambda: LLMRewriter(FakeLLM(["a", "b"]), prompt=READS, temperature=1, fb_docs=2),
}


@pytest.mark.parametrize("or_original", [False, True])
@pytest.mark.parametrize("name", REWRITERS)
def test_contract(name, or_original):
    check_rewriter(BestOf(REWRITERS[name](), Length(high=3), n=2, or_original=or_original))


@pytest.mark.parametrize("name", REWRITERS)
def test_contract_without_verdicts(name):
    check_rewriter(BestOf(REWRITERS[name](), Table(), n=2))


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ({"a": 0.1, "b": 0.3, "c": 0.2}, "b"),
        ({"a": 0.2, "b": 0.2, "c": 0.1}, "a"),
        ({"b": -5.0}, "b"),
        ({}, "a"),
    ],
    ids=["best", "ties go to the first", "a verdict beats none", "no verdict, the first"],
)
def test_winner(marks, expected):
    row = best(sampler("a", "b", "c"), marks, n=3)
    assert (row["query"], row["query_0"], row["qstatus"]) == (expected, "sofa", "ok")
    assert row["qgen"] == [expected]


@pytest.mark.parametrize(
    ("marks", "expected", "status"),
    [
        ({"sofa": 0.5, "a": 0.4, "b": 0.6}, "b", "ok"),
        ({"sofa": 0.6, "a": 0.4, "b": 0.6}, "sofa", "skipped: no rewrite is better"),
        ({"sofa": None, "a": None}, "a", "ok"),
    ],
)
def test_the_original_competes(marks, expected, status):
    row = best(sampler("a", "b"), marks, n=2, or_original=True)
    assert (row["query"], row["qstatus"]) == (expected, status)


def test_unreadable_samples_take_no_part():
    reward = Table({"b": -1.0, "sofa": 9.0})
    out = BestOf(sampler("", "b"), reward, n=2)(TOPICS.iloc[:1])
    assert out["query"].tolist() == ["b"]
    assert reward.frames[0]["query"].tolist() == ["b"]


def test_a_query_without_readable_samples_keeps_its_text():
    with pytest.warns(RewriteWarning):
        out = BestOf(sampler(""), Table(), n=2)(TOPICS)
    assert out["query"].tolist() == ["sofa", "shoes"]
    assert out["qstatus"].str.startswith("failed").all()


def test_the_reward_gets_a_frame_of_candidates():
    reward = Table()
    topics = TOPICS.assign(qanswers=[["x"], ["y"]])
    BestOf(sampler("a", "b", "c", "d"), reward, n=2)(topics)
    (frame,) = reward.frames
    assert frame["qcand"].tolist() == ["1~1", "1~2", "2~1", "2~2"]
    assert frame["qid"].tolist() == frame["qcand"].tolist()
    assert frame["qgroup"].tolist() == ["1", "1", "2", "2"]
    assert frame["query_0"].tolist() == ["sofa", "sofa", "shoes", "shoes"]
    assert frame["query"].tolist() == ["a", "b", "c", "d"]
    assert frame["qgen"].tolist() == [["a"], ["b"], ["c"], ["d"]]
    assert frame["qanswers"].tolist() == [["x"], ["x"], ["y"], ["y"]]


def test_a_candidate_of_several_queries_is_one():
    rewriter = sampler("a\nb", "c\nd", parser=Queries(), formulation=Several())
    reward = Table({"a | b": 0.0, "c | d": 1.0})
    out = BestOf(rewriter, reward, n=2)(TOPICS.iloc[:1])
    assert out["query"].tolist() == ["c", "d"]
    assert out["qid"].tolist() == ["1~1", "1~2"]
    assert out["qgroup"].tolist() == ["1", "1"]


def test_the_model_is_asked_once_a_query_for_all_samples():
    rewriter = sampler("a", "b", "c", "d")
    out = BestOf(rewriter, Table({"d": 1.0, "b": 1.0}), n=2)(TOPICS)
    ((prompts, sampling),) = rewriter.llm.calls
    assert len(prompts) == 2
    assert sampling.n == 2
    assert out["query"].tolist() == ["b", "d"]
    assert [usage["requests"] - usage["cached"] for usage in out["qusage"]] == [1, 1]


def test_equal_queries_get_samples_of_their_own():
    topics = TOPICS.assign(query="sofa")
    rewriter = sampler("a", "b", "c", "d")
    out = BestOf(rewriter, Table({"a": 0, "b": 1, "c": 0, "d": 1}), n=2)(topics)
    assert out["query"].tolist() == ["b", "d"]


def test_a_seeded_rewriter_gives_different_samples():
    reward = Table()
    BestOf(sampler("a", "b", "c", seed=7), reward, n=3)(TOPICS.iloc[:1])
    assert reward.frames[0]["query"].tolist() == ["a", "b", "c"]


def test_feedback_is_found_once_a_query():
    class Counting(pt.Transformer):
        asked = 0

        def transform(self, inp):
            pt.validate.query_frame(inp)
            Counting.asked += len(inp)
            return inp.assign(docno="d1", text="a couch", score=1.0, rank=0)

    rewriter = LLMRewriter(
        FakeLLM("a"), prompt=READS, temperature=1, fb_docs=1, feedback=Counting()
    )
    BestOf(rewriter, Table(), n=4)(TOPICS)
    assert Counting.asked == 2


def test_a_rewriter_without_a_model():
    class Twice(Rewriter):
        def rewrite(self, queries):
            return [Rewritten([NewQuery(f"{text} {text}")]) for text in queries["query"]]

    assert BestOf(Twice(), Table(), n=2)(TOPICS)["query"].tolist() == ["sofa sofa", "shoes shoes"]


def test_a_greedy_rewriter_is_refused():
    greedy = LLMRewriter(FakeLLM("a"), prompt=PLAIN)
    with pytest.raises(ValueError, match=r"temperature 0; pass temperature=0\.7"):
        BestOf(greedy, Table(), n=2)(TOPICS)
    assert BestOf(greedy, Table(), n=2, temperature=0.7)(TOPICS)["query"].tolist() == ["a", "a"]
    assert BestOf(greedy, Table(), n=1)(TOPICS)["query"].tolist() == ["a", "a"]
    with pytest.raises(ValueError, match="at least 1"):
        BestOf(greedy, Table(), n=0)(TOPICS)
