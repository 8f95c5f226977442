"""A rewriter taken apart at its model: prompts before it, candidates after it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import FakeLLM, Join, LLMRewriter, Prompt, Queries, RepeatTerms, Several
from pyterrier_rewrite.training import Task
from tests.support.training import PLAIN, fake

WITH_DOCUMENTS = Prompt(
    "test/documents", 1, (("user", "{documents}\n{query}"),), ("query", "documents")
)


def test_prompts_are_those_of_serving(topics: pd.DataFrame) -> None:
    rewriter = fake()
    rewriter(topics)
    assert isinstance(rewriter.llm, FakeLLM)
    assert Task.of(rewriter, topics).prompts == rewriter.llm.prompts


def test_queries_that_serving_skips_have_no_prompt(topics: pd.DataFrame) -> None:
    topics.loc[[0, 3], "query"] = ["", " "]
    task = Task.of(fake(), topics)
    assert task.topics["qid"].tolist() == ["t1", "t2", "t4", "t5", "t6", "t7"]
    assert [prompt[0]["content"] for prompt in task.prompts] == task.topics["query"].tolist()


def test_candidates_are_what_serving_makes_of_the_same_generations(
    topics: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LLMRewriter, "at_once", 3)
    for formulation in (Join(" "), RepeatTerms(2), Several()):
        rewriter = fake("1. red sofa\n2. couch", parser=Queries(), formulation=formulation)
        served = rewriter(topics)
        frame = Task.of(rewriter, topics).candidates(range(8), ["1. red sofa\n2. couch"] * 8)
        for column in {"query", "query_toks", "query_0", "qgen", "qstatus"} & set(served):
            assert frame[column].tolist() == served[column].tolist(), column


def test_candidates_are_named_within_their_group(topics: pd.DataFrame) -> None:
    frame = Task.of(fake(), topics).candidates([1, 0, 1], ["a", "b", "c"])
    names = ["qid", "qcand", "qgroup", "qgroup_query", "query_0", "query", "qgen"]
    q0, q1 = topics["query"][:2]
    assert frame[names].values.tolist() == [
        ["t1~1", "t1~1", "t1", q1, q1, f"{q1} a", ["a"]],
        ["t0~1", "t0~1", "t0", q0, q0, f"{q0} b", ["b"]],
        ["t1~2", "t1~2", "t1", q1, q1, f"{q1} c", ["c"]],
    ]


def test_a_candidate_of_several_queries_is_several_rows(topics: pd.DataFrame) -> None:
    rewriter = fake(parser=Queries(), formulation=Several())
    frame = Task.of(rewriter, topics).candidates([0, 0], ["a\nb", "c\nd"])
    assert frame["qid"].tolist() == ["t0~1~1", "t0~1~2", "t0~2~1", "t0~2~2"]
    assert frame["qcand"].tolist() == ["t0~1", "t0~1", "t0~2", "t0~2"]
    assert set(frame["qgroup"]) == {"t0"}


def test_feedback_documents_are_found_once_and_shown_as_in_serving(topics: pd.DataFrame) -> None:
    rounds = []

    def find(queries: pd.DataFrame) -> pd.DataFrame:
        rounds.append(len(queries))
        found = queries[queries["qid"] != "t2"]
        documents = pd.DataFrame({"docno": ["b", "a"], "text": ["two", "one"], "rank": [1, 0]})
        return found.merge(documents, how="cross")

    rewriter = fake(prompt=WITH_DOCUMENTS, feedback=pt.apply.generic(find), fb_docs=2)
    rewriter(topics)
    task = Task.of(rewriter, topics)
    assert isinstance(rewriter.llm, FakeLLM)
    assert task.prompts == rewriter.llm.prompts
    assert "t2" not in set(task.topics["qid"])
    task.candidates([0, 1, 2], ["a", "b", "c"])
    assert rounds == [8, 8]


def test_a_task_says_what_is_wrong(topics: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="found 't0' twice"):
        Task.of(fake(), pd.concat([topics, topics.head(1)]))
    with pytest.raises(ValueError, match="feedback=bm25"):
        Task.of(fake(prompt=WITH_DOCUMENTS, fb_docs=3), topics)
    with pytest.raises(ValueError, match="none of the 8 topics"):
        Task.of(fake(), topics.assign(query=""))
    with pytest.raises(pt.validate.InputValidationError):
        Task.of(fake(), topics.drop(columns="query"))


def test_a_rewriter_that_asks_twice_cannot_be_trained(topics: pd.DataFrame) -> None:
    class Twice(LLMRewriter):
        def rewrite(self, queries: pd.DataFrame) -> Any:
            super().rewrite(queries)
            return super().rewrite(queries)

    with pytest.raises(ValueError, match="asks its model once"):
        Task.of(Twice(FakeLLM("x"), prompt=PLAIN), topics)
