"""Whatever text and frame an engine is given, each query is answered once, or the error is clear.

``--hypothesis-profile search`` looks for longer, and elsewhere every time.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyterrier_rewrite.pipelines import DenseIndex, PisaIndex
from tests.support.pisa import DOCS

HOSTILE = [
    "",
    " \t\n",
    "\x00",
    "cat\x00dog\x1b[31m",
    "\ud800cat \udfff",
    "\u202ecat\u202c dog \u200b",
    "#combine(cat dog)^2 #1(cat dog) #weight(.1 cat)",
    '"cat dog" AND (bird OR NOT -mat +ran',
    "[[cat]] {dog} <bird/> \\ / ~ * ? : | & ! $(ran) %s {0} ' ; DROP TABLE docs; --",
    "cat^1e400 dog^-1 ^^^",
    "漢字 кошка قطة 😀 Ｃａｔ",
    " ".join(f"cat w{number}" for number in range(10_000)),
    "c" * 200_000,
    "a." * 5_000 + "'" * 5_000,
]


class Letters:
    def encode(self, texts: list[str]) -> np.ndarray:
        " ".join(texts).encode()  # as strict as a tokenizer
        return np.array([[text.count(letter) for letter in "acdgs"] for text in texts], dtype=float)


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> DenseIndex:
    path: Path = tmp_path_factory.mktemp("dense") / "i"
    return DenseIndex.build(path, DOCS, model=Letters(), verbose=False)


@pytest.fixture(scope="module", params=["pisa", "dense"])
def engine(request: pytest.FixtureRequest, index: PisaIndex, dense: DenseIndex) -> pt.Transformer:
    return index.bm25() if request.param == "pisa" else dense.retriever()


def objects(values: list[Any]) -> pd.Series:
    return pd.Series(values, dtype=object)


def check(engine: pt.Transformer, queries: pd.DataFrame) -> None:
    """Assert that each query is answered once, in order, as if it were alone."""
    before = queries.copy(deep=True)
    found = engine(queries)
    pd.testing.assert_frame_equal(queries, before)
    added = [name for name in ("docno", "score", "rank") if name not in queries]
    assert list(found) == [*queries, *added]
    order = [qid for qid in queries["qid"] if qid in set(found["qid"])]
    assert list(dict.fromkeys(found["qid"])) == order
    assert not found.duplicated(["qid", "docno"]).any()
    for row in range(len(queries)):
        alone = engine(queries.iloc[[row]])
        its = found[found["qid"] == queries["qid"].iloc[row]]
        assert its["docno"].tolist() == alone["docno"].tolist()
        assert its["score"].tolist() == pytest.approx(alone["score"].tolist(), abs=1e-5)
        assert its["rank"].tolist() == list(range(len(its)))


def test_hostile_texts(engine: pt.Transformer) -> None:
    check(engine, pd.DataFrame({"qid": range(len(HOSTILE)), "query": objects(HOSTILE)}))


TEXTS = st.one_of(
    st.sampled_from(HOSTILE[:-3]),
    st.text(st.characters(codec=None), max_size=40),  # surrogates too
    st.lists(st.sampled_from(["cat", "dogs", "the", "bird", "#1(", "^", '"']), max_size=6).map(
        " ".join
    ),
)


@given(
    texts=st.lists(TEXTS, max_size=5),
    numbers=st.booleans(),
    odd=st.sampled_from([{}, {"score": 3.0}, {"rank": 7}, {"other": None}, {"qtopic": "pets"}]),
    index=st.sampled_from([range(5), [7] * 5, list("abcde")]),
)
@example(texts=["cat"], numbers=True, odd={"rank": 7}, index=[0])
def test_any_frame(
    engine: pt.Transformer, texts: list[str], numbers: bool, odd: dict[str, Any], index: Any
) -> None:
    qids = [number if numbers else f"q{number}" for number in range(len(texts), 0, -1)]
    queries = pd.DataFrame({"qid": objects(list(qids)), "query": objects(texts)}).assign(**odd)
    queries.index = pd.Index(list(index)[: len(texts)])
    check(engine, queries)


@given(terms=st.dictionaries(TEXTS, st.floats(0, 1e300) | st.integers(0, 10**6), max_size=6))
def test_any_terms(index: PisaIndex, terms: dict[str, float]) -> None:
    toks = objects([terms, None])
    check(index.bm25(), pd.DataFrame({"qid": ["1", "2"], "query": "cat", "query_toks": toks}))


def queries(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"qid": ["1", "2"], "query": ["cat", "dog"]}).assign(**columns)


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (queries(qid=[None, "2"]), ValueError, "row 1 of 2 has no qid"),
        (queries(qid=[1, math.nan]), ValueError, "row 2 of 2 has no qid"),
        (queries(qid=["1", "1"]), ValueError, "every qid should occur once, found '1' twice"),
        (queries(qid=objects([1, "1"])), ValueError, "every qid should occur once"),
        (queries(query=["cat", None]), TypeError, "query '2' should be a text .* found"),
        (queries(query=[3, 4]), TypeError, "query '1' should be a text .* found 3"),
        (queries(query=[b"cat", "x"]), TypeError, "query '1' should be a text .* found b'cat'"),
        (queries().drop(columns="qid"), pt.validate.InputValidationError, "qid"),
        (queries().drop(columns="query"), pt.validate.InputValidationError, "query"),
        (queries(docno="d1"), pt.validate.InputValidationError, "docno"),
        (queries()[["qid", "query", "query"]], ValueError, "'query' occurs twice"),
        (queries().rename(columns={"query": 0}), TypeError, "names of columns .* found 0"),
        (pd.DataFrame(), pt.validate.InputValidationError, "qid"),
    ],
)
def test_a_wrong_frame_is_a_clear_error(
    engine: pt.Transformer, frame: pd.DataFrame, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        engine(frame)


@pytest.mark.parametrize("terms", [{1: 1.0}, {"cat": "1"}, {"cat": None}, {None: 2}, {"cat": [1]}])
def test_wrong_terms_are_a_clear_error(index: PisaIndex, terms: Any) -> None:
    with pytest.raises(TypeError, match=r"query_toks should map terms .* to numbers, found"):
        index.bm25()(queries(query_toks=objects([terms, None])))


@pytest.mark.parametrize("vector", ["abc", [[1, 2], [3]], {"a": 1}, [None, 1, 2, 3, 4], 3.0, b"x"])
def test_a_wrong_vector_is_a_clear_error(dense: DenseIndex, vector: Any) -> None:
    given_ = queries(query_vec=objects([vector, None]))
    for stage in (dense.retriever(), dense.reranker()):
        with pytest.raises(ValueError, match="query_vec of query '1' should be a one-dimensional"):
            stage(given_ if stage == dense.retriever() else given_.assign(docno="d1"))


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"docno": [None, "d1"]}, TypeError, "docno should be a text .* found .* row 1 of 2"),
        ({"docno": objects(["d1", math.nan])}, TypeError, "found nan .* row 2 of 2"),
        ({"docno": [1, 2]}, TypeError, "docno should be a text .* turn numbers into texts"),
        ({"docno": objects([["d1"], "d1"])}, TypeError, "docno should be a text"),
        ({"docno": objects(["d\ud800", "d1"])}, ValueError, r"d\\ud800"),
        ({"docno": ["d1\x00", "d1' OR 1=1 --"]}, ValueError, r"d1"),
    ],
    ids=str,
)
def test_a_wrong_document_is_a_clear_error(
    index: PisaIndex, dense: DenseIndex, columns: Any, error: type[Exception], words: str
) -> None:
    for stage in (index.text(), index.text(columns=["title"]), dense.reranker()):
        with pytest.raises(error, match=words):
            stage(queries(**columns))


def test_a_reranker_by_vectors_tells_queries_apart(dense: DenseIndex) -> None:
    with pytest.raises(ValueError, match="has no qid"):
        dense.reranker()(queries(qid=[None, "2"], docno="d1"))
    with pytest.raises(ValueError, match="every qid should occur once, found '1' for 'dog'"):
        dense.reranker()(queries(qid="1", docno="d1"))
