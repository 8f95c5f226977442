from __future__ import annotations

import pickle
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import RM3
from pyterrier_rewrite.pipelines import PisaIndex, TerrierIndex
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics, Engine, TextSource
from pyterrier_rewrite.testing import FakeEngine

TEXTS = {"d1": "red sofas and sofas", "d2": "a blue sofa", "d3": "the desk"}


def topics(*queries: str, **columns: Any) -> pd.DataFrame:
    qids = [f"q{number}" for number in range(1, len(queries) + 1)]
    return pd.DataFrame({"qid": qids, "query": list(queries), **columns})


def found(results: pd.DataFrame) -> list[tuple[str, str, float, int]]:
    return list(results[["qid", "docno", "score", "rank"]].itertuples(index=False, name=None))


def test_shared_terms_count_by_stem_and_weight() -> None:
    toks = [None, {"desks": 0.5, "blue": 2.0}, None]
    out = FakeEngine(TEXTS)(topics("red sofa", "x", "lamp", query_toks=toks, qtopic=[1, 2, 3]))
    assert list(out) == ["qid", "query", "query_toks", "qtopic", "docno", "score", "rank"]
    assert found(out) == [
        ("q1", "d1", 2.0, 0),
        ("q1", "d2", 1.0, 1),
        ("q2", "d2", 2.0, 0),
        ("q2", "d3", 0.5, 1),
    ]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (["b", "a"], [("q1", "b", 2.0, 0), ("q1", "a", 1.0, 1)]),
        ({"a": 1, "b": 3}, [("q1", "b", 3.0, 0), ("q1", "a", 1.0, 1)]),
        ({"sofa": ["b"], "x": ["a"]}, [("q1", "b", 1.0, 0)]),
        ({"sofa": {"a": 0.5}}, [("q1", "a", 0.5, 0)]),
        ({"x": ["a"]}, []),
        ({}, []),
        (lambda text: [text.upper()], [("q1", "SOFA", 1.0, 0)]),
    ],
)
def test_scripts(reply: Any, expected: list[Any]) -> None:
    assert found(FakeEngine(reply=reply)(topics("sofa"))) == expected


def test_it_records_what_it_was_asked_and_how_deep() -> None:
    engine = FakeEngine(TEXTS)
    asked = topics("sofa", "desk")
    (engine % 1).compile()(asked)
    engine.bm25(num_results=7, k1=0.9).search("blue")
    assert [(frame["query"].tolist(), depth) for frame, depth in engine.calls] == [
        (["sofa", "desk"], 1),
        (["blue"], 7),
    ]
    assert engine.queries == ["sofa", "desk", "blue"]


def test_it_can_be_down() -> None:
    engine = FakeEngine(TEXTS, reply=ConnectionError("gone"))
    with pytest.raises(ConnectionError, match="gone"):
        engine.search("sofa")
    assert engine.queries == ["sofa"]


def test_it_is_an_engine_and_a_value() -> None:
    engine = FakeEngine(TEXTS)
    assert isinstance(engine, Engine)
    assert isinstance(engine, TextSource)
    assert isinstance(engine.statistics, CollectionStatistics)
    assert isinstance(engine.analyzer, Analyzer)
    assert pickle.loads(pickle.dumps(engine)) == engine
    assert engine != FakeEngine(TEXTS, reply=[])
    empty = engine(topics("sofa").iloc[:0])
    assert empty.dtypes["score"] == "float64"
    assert pt.inspect.transformer_outputs(engine, ["qid", "query"]) == list(empty)
    with pytest.raises(ValueError, match="'text' only"):
        engine.text(columns=["title"])


def test_counts_by_hand() -> None:
    counts = FakeEngine(TEXTS).statistics
    # red sofas sofas; blue sofa; desk
    assert (counts.num_docs, counts.num_tokens) == (3, 6)
    assert counts.document_frequencies(["sofa", "red", "the"]) == {"sofa": 2, "red": 1}
    assert counts.collection_frequencies(["sofa", "lamp"]) == {"sofa": 3}


def test_feedback_works_on_it() -> None:
    engine = FakeEngine(TEXTS)
    pipeline = RM3(engine.statistics, feedback=engine >> engine.text(), max_df=1.0) >> engine
    assert pipeline.search("blue")["docno"].tolist()[0] == "d2"


def test_an_engine_without_counts_says_so(tmp_path: Any) -> None:
    index = TerrierIndex(tmp_path)
    assert isinstance(index, Engine)
    assert index.statistics is None
    documents = [{"docno": docno, "text": text} for docno, text in TEXTS.items()]
    assert isinstance(PisaIndex.build(tmp_path / "i", documents, verbose=False), Engine)
