"""ThinkQE: rounds over a retrieval pipeline, each with documents that are new."""

from __future__ import annotations

import re

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM
from tests.support.prompts import below_note

TOPICS = pd.DataFrame({"qid": ["1"], "query": ["red sofa"]})
GENERATION = "couch divan settee"


class Rounds(pt.Transformer):
    """Gives one ranking a call, and remembers what it was asked."""

    def __init__(self, *rankings: str) -> None:
        self.rankings = rankings
        self.asked: list[pd.DataFrame] = []

    def transform(self, inp):
        pt.validate.query_frame(inp, ["query"], context=self)
        if len(inp):
            self.asked.append(inp)
        ranking = self.rankings[min(max(1, len(self.asked)), len(self.rankings)) - 1]
        rows = [
            {"qid": qid, "query": query, "docno": d, "text": f"text-{d}", "score": -i, "rank": i}
            for qid, query in zip(inp["qid"], inp["query"], strict=True)
            for i, d in enumerate(ranking.split())
        ]
        return pd.DataFrame(rows, columns=["qid", "query", "docno", "text", "score", "rank"])


def shown(llm: FakeLLM) -> list[str]:
    """Return the documents of every prompt."""
    prompts = [below_note(prompt)[0]["content"] for prompt in llm.prompts]
    return [" ".join(re.findall(r"text-(\w)", text)) for text in prompts]


def test_a_document_is_shown_once_at_most():
    # round 2: b and a were shown, so c and d; c is in both tops by then. Round 3: c and d were
    # shown in the last round, a in the first; d was in no top, f is what is left.
    llm = FakeLLM(GENERATION)
    pipeline = Rounds("a b c d e f", "b c a d", "c e d a f")
    pr.ThinkQE(llm, feedback=pipeline, fb_docs=2)(TOPICS)
    assert shown(llm) == ["a b", "c d", "e f"]


def test_three_rounds_of_two_generations():
    llm = FakeLLM(f"<think>Could it be a bed?</think>{GENERATION}")
    pipeline = Rounds("a b c d e f g h i j k l m n o p")
    out = pr.ThinkQE(llm, feedback=pipeline)(TOPICS)
    assert [(len(prompts), sampling.n) for prompts, sampling in llm.calls] == [(1, 2)] * 3
    assert {sampling.temperature for _, sampling in llm.calls} == {0.6}
    assert [len(documents.split()) for documents in shown(llm)] == [5, 5, 5]
    for (message,) in map(below_note, llm.prompts):
        assert message["role"] == "user"
        assert message["content"].endswith("Question: red sofa\nPassage:")
    assert out["qusage"][0]["requests"] == 3
    assert len(out["qgen"][0]) == 6
    assert "bed" not in out["query"][0]


def test_passages_accumulate_and_the_query_grows_with_them():
    # lengths: query 8, m passages 18 m and m - 1 spaces; the query is repeated
    # ⌊37 ÷ 24⌋ = 1, ⌊75 ÷ 24⌋ = 3 and ⌊113 ÷ 24⌋ = 4 times
    pipeline = Rounds("a b c d e f")
    out = pr.ThinkQE(FakeLLM(GENERATION), feedback=pipeline, fb_docs=2)(TOPICS)
    expected = [
        " ".join(["red sofa"] * repeats + [GENERATION] * passages)
        for repeats, passages in [(1, 2), (3, 4), (4, 6)]
    ]
    assert [frame["query"][0] for frame in pipeline.asked] == ["red sofa", *expected[:2]]
    assert out["query"][0] == expected[2]


def test_terms_are_searched_as_terms():
    pipeline = Rounds("a b")
    topics = TOPICS.assign(query_toks=[{"stale": 1.0}], query_vec=[None])
    rewriter = pr.ThinkQE(
        FakeLLM("couch"), feedback=pipeline, fb_docs=1, rounds=2, formulation=pr.RepeatTerms(3)
    )
    rewriter(topics)
    assert list(pipeline.asked[1].columns) == ["qid", "query", "query_toks"]
    assert pipeline.asked[1]["query_toks"][0] == {"red": 3.0, "sofa": 3.0, "couch": 2.0}


def test_a_query_for_which_nothing_is_new_is_done():
    class Some(Rounds):
        def transform(self, inp):
            found = super().transform(inp)
            return found[(found["qid"] == "2") | found["docno"].isin(["a", "b"])]

    llm = FakeLLM(GENERATION)
    topics = pd.DataFrame({"qid": ["1", "2", "3"], "query": ["red sofa", "blue sofa", "bed"]})
    pipeline = Some("a b c d e f")
    out = pr.ThinkQE(llm, feedback=pipeline, fb_docs=2)(topics)
    assert [len(prompts) for prompts, _ in llm.calls] == [3, 1, 1]
    assert [usage["requests"] for usage in out["qusage"]] == [1, 3, 1]
    assert [" ".join(frame["qid"]) for frame in pipeline.asked] == ["1 2 3", "1 2 3", "2"]
    assert out["query"].str.count("divan").tolist() == [2, 6, 2]
    assert out["qid"].tolist() == ["1", "2", "3"]


def test_what_a_round_brought_survives_the_failure_of_another():
    def reply(messages, sample):
        if "text-b" in messages[-1]["content"]:
            raise TimeoutError
        return GENERATION

    pipeline = Rounds("a b c")
    out = pr.ThinkQE(FakeLLM(reply), feedback=pipeline, fb_docs=1)(TOPICS)
    assert out["query"].str.count("divan").tolist() == [4]
    assert out["qstatus"][0] == "ok"
    assert out["qusage"][0]["requests"] == 3


def test_without_any_passage_the_original_stays():
    pipeline = Rounds("a b c")
    with pytest.warns(pr.RewriteWarning):
        out = pr.ThinkQE(FakeLLM("..."), feedback=pipeline, fb_docs=1)(TOPICS)
    assert [frame["query"][0] for frame in pipeline.asked] == ["red sofa"] * 3
    assert out["query"][0] == "red sofa"
    assert out["qstatus"][0].startswith("failed")


def test_rounds_are_checked():
    with pytest.raises(ValueError, match="rounds should be at least 1, found 0"):
        pr.ThinkQE(FakeLLM("x"), feedback=Rounds("a"), rounds=0)(TOPICS)


def test_the_first_round_can_take_given_documents():
    given = Rounds("x y")(TOPICS)
    llm = FakeLLM(GENERATION)
    pipeline = Rounds("x a b c")
    pr.ThinkQE(llm, feedback=pipeline, fb_docs=2, rounds=2)(given)
    assert shown(llm) == ["x y", "a b"]
