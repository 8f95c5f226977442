from __future__ import annotations

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import FakeLLM
from pyterrier_rewrite.errors import LLMError
from pyterrier_rewrite.llm import Messages
from pyterrier_rewrite.training.data.synthetic import synthetic_queries

DOCUMENTS = pd.DataFrame(
    [("d1", "a sofa in anthracite"), ("d2", "a carafe in ivory"), ("d3", "a rug")],
    columns=["docno", "text"],
)
RANKING = {"couch": ["d1", "d2"], "jug": ["d1", "d2"], "thing": ["d1", "d2"]}


class Engine(pt.Transformer):  # type: ignore[misc]
    """Ranks by the query's text, best last in the frame."""

    def transform(self, queries: pd.DataFrame) -> pd.DataFrame:
        rows = [
            (qid, docno, -rank, rank)
            for qid, query in zip(queries["qid"], queries["query"], strict=True)
            for rank, docno in reversed(list(enumerate(RANKING[query])))
        ]
        return pd.DataFrame(rows, columns=["qid", "docno", "score", "rank"])


def writer() -> FakeLLM:
    def answer(prompt: Messages, sample: int) -> str:
        last = prompt[-1]["content"].rsplit("Document:", 1)[1]
        return "couch" if "sofa" in last else "jug" if "carafe" in last else "thing"

    return FakeLLM(answer)


@pytest.mark.parametrize(("k", "kept"), [(1, ["d1~1"]), (2, ["d1~1", "d2~1"])])
def test_query_stays_if_its_document_comes_back(k: int, kept: list[str]) -> None:
    topics, qrels = synthetic_queries(writer(), DOCUMENTS, Engine(), k=k)
    assert topics["qid"].tolist() == qrels["qid"].tolist() == kept
    assert qrels["docno"].tolist() == [qid[:2] for qid in kept]
    assert set(qrels["label"]) == {1}
    assert topics["query"].tolist() == ["couch", "jug"][: len(kept)]


def test_same_query_twice_for_a_document_counts_once() -> None:
    topics, _ = synthetic_queries(writer(), DOCUMENTS, Engine(), n=3, k=2)
    assert topics["qid"].tolist() == ["d1~1", "d2~1"]


def test_own_examples_take_the_place_of_the_prompts() -> None:
    llm = writer()
    examples = [{"document": "lamp", "query": "light"}]
    synthetic_queries(llm, DOCUMENTS, Engine(), examples=examples)
    asks, *turns = llm.prompts[0]
    assert asks["role"] == "user"
    assert asks["content"].endswith("\n\nDocument: lamp\nQuery:")
    assert "Tolvane" not in asks["content"]
    assert turns == [
        {"role": "assistant", "content": "light"},
        {"role": "user", "content": "Document: a sofa in anthracite\nQuery:"},
    ]


def test_long_documents_are_cut() -> None:
    llm = writer()
    synthetic_queries(llm, DOCUMENTS.assign(text="sofa " * 100), Engine(), max_chars=9)
    assert llm.prompts[0][-1]["content"].endswith("Document: sofa sofa\nQuery:")


def test_no_documents_no_queries() -> None:
    topics, qrels = synthetic_queries(writer(), DOCUMENTS.iloc[:0], Engine())
    assert list(topics) == ["qid", "query"]
    assert list(qrels) == ["qid", "docno", "label"]
    assert topics.empty


def test_says_what_is_wrong() -> None:
    twice = pd.concat([DOCUMENTS, DOCUMENTS])
    with pytest.raises(ValueError, match="'d1' twice"):
        synthetic_queries(writer(), twice, Engine())
    with pytest.raises(ValueError, match="k should be at least 1"):
        synthetic_queries(writer(), DOCUMENTS, Engine(), k=0)
    with pytest.raises(pt.validate.InputValidationError):
        synthetic_queries(writer(), DOCUMENTS[["docno"]], Engine())
    with pytest.raises(LLMError, match="no document got a query"):
        synthetic_queries(FakeLLM(LLMError("down")), DOCUMENTS, Engine())
