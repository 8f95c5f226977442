"""The contract of a rewriter: for every exported class, and for what happens on failure."""

from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.testing import FakeLLM, check_rewriter, sample_results

PLAIN = pr.Prompt("test/plain", 1, (("user", "Rewrite: {query}"),), ("query",))
WITH_DOCUMENTS = pr.Prompt(
    "test/documents", 1, (("user", "{documents}\n\n{query}"),), ("query", "documents")
)
FEEDBACK = pt.Transformer.from_df(sample_results().drop(columns=["query", "split"]))


def llm() -> FakeLLM:
    return FakeLLM("a sofa is a couch\nfor two or three people")


class Shout(pr.Rewriter):
    """The smallest rewriter."""

    def __init__(self, mark: str = "!") -> None:
        self.mark = mark

    def rewrite(self, queries: pd.DataFrame) -> list[pr.Rewritten]:
        return [pr.Rewritten([pr.NewQuery(q.upper() + self.mark)]) for q in queries["query"]]


REWRITERS = {
    "own": lambda: Shout(),
    "llm": lambda: pr.LLMRewriter(llm(), prompt=PLAIN),
    "sampling": lambda: pr.LLMRewriter(llm(), prompt=PLAIN, temperature=1.0),
    "several": lambda: pr.LLMRewriter(
        llm(), prompt=PLAIN, parser=pr.Queries(), formulation=pr.Several()
    ),
    "several and original": lambda: pr.LLMRewriter(
        llm(), prompt=PLAIN, parser=pr.Queries(), formulation=pr.Several(), include_original=True
    ),
    "documents": lambda: pr.LLMRewriter(llm(), prompt=WITH_DOCUMENTS, fb_docs=2),
    "feedback": lambda: pr.LLMRewriter(llm(), prompt=WITH_DOCUMENTS, fb_docs=2, feedback=FEEDBACK),
    "Query2Doc": lambda: pr.Query2Doc(llm(), seed=1),
    "Query2Doc few-shot": lambda: pr.Query2Doc(llm(), prompt="query2doc/few-shot", seed=1),
    "Query2Doc terms": lambda: pr.Query2Doc(llm(), formulation=pr.RepeatTerms(5), seed=1),
    "Query2Doc dense": lambda: pr.Query2Doc(llm(), formulation=pr.Join(), seed=1),
    "failing": lambda: pr.Query2Doc(FakeLLM(["fine", ""]), seed=1),
}


@pytest.mark.parametrize("name", REWRITERS)
def test_contract(name):
    check_rewriter(REWRITERS[name]())
