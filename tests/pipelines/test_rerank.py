from __future__ import annotations

import math
import pickle
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.errors import MissingExtraError, RewriteWarning
from pyterrier_rewrite.pipelines import BiEncoderReranker, CrossEncoderReranker


class Overlap:
    """Scores a pair by its shared words, encodes a text by its letters; records its calls."""

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []

    def predict(self, pairs: list[tuple[str, str]]) -> np.ndarray:
        self.calls.append(list(pairs))
        return np.array([len(set(q.split()) & set(d.split())) for q, d in pairs])

    def encode(self, texts: list[str]) -> np.ndarray:
        self.calls.append(list(texts))
        return np.array([[t.count("a"), t.count("b")] for t in texts], dtype=float)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Overlap)

    def __hash__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "Overlap()"


def results() -> pd.DataFrame:
    rows = [
        ("q2", "red sofa", "sofa", "d1", "sofa", 9.0),
        ("q2", "red sofa", "sofa", "d3", "a red sofa", 8.0),
        ("q2", "red sofa", "sofa", "d2", "sofa", 7.0),
        ("q1", "lamp", "light", "d1", "sofa", 5.0),
        ("q1", "lamp", "light", "d4", "a lamp", 4.0),
    ]
    columns = ["qid", "query", "query_0", "docno", "text", "score"]
    frame = pd.DataFrame(rows, columns=columns).sample(frac=1, random_state=3)
    frame = pd.concat([frame[frame["qid"] == "q2"], frame[frame["qid"] == "q1"]])
    return pt.model.add_ranks(frame)


def test_scores_and_ranks_are_new_and_sorted() -> None:
    given = results()
    before = given.copy(deep=True)
    found = CrossEncoderReranker(Overlap())(given)
    pd.testing.assert_frame_equal(given, before)
    assert list(found) == ["qid", "query", "query_0", "docno", "text", "score", "rank"]
    assert found["qid"].tolist() == ["q2", "q2", "q2", "q1", "q1"]
    assert found["docno"].tolist() == ["d3", "d1", "d2", "d4", "d1"]  # ties by docno
    assert found["score"].tolist() == [2, 1, 1, 1, 0]
    assert found["rank"].tolist() == [0, 1, 2, 0, 1]


def test_pairs_are_scored_once_long_ones_first_in_one_stream() -> None:
    model = Overlap()
    CrossEncoderReranker(model, batch_size=3)(results())
    assert [len(batch) for batch in model.calls] == [3, 1]  # d1 and d2 have the same text
    lengths = [len(q) + len(d) for batch in model.calls for q, d in batch]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("reranker", [CrossEncoderReranker, BiEncoderReranker])
def test_any_columns_can_be_compared(reranker: Any) -> None:
    model = Overlap()
    frame = results().rename(columns={"text": "passage"})
    reranker(model, query_field="query_0", text_field="passage")(frame)
    seen = {x for batch in model.calls for item in batch for x in np.atleast_1d(item)}
    assert seen == {"sofa", "light", "a red sofa", "a lamp"}


@pytest.mark.parametrize(
    ("similarity", "expected"), [("cosine", [1.0, 3 / 5]), ("dot", [5.0, 75.0])]
)
def test_bi_encoder_by_hand(similarity: Any, expected: list[float]) -> None:
    # query (5, 0); d1 (1, 0); d2 (15, 20): cosine 3/5, product 75
    frame = pd.DataFrame(
        {
            "qid": ["1", "1"],
            "query": ["aaaaa"] * 2,
            "docno": ["d1", "d2"],
            "text": ["a", "a" * 15 + "b" * 20],
        }
    )
    found = BiEncoderReranker(Overlap(), similarity=similarity)(frame).set_index("docno")
    assert found["score"][["d1", "d2"]].tolist() == pytest.approx(expected)
    assert found["rank"].tolist() == [0, 1]
    assert found.index[0] == ("d1" if similarity == "cosine" else "d2")


def test_bi_encoder_encodes_each_text_once_with_its_prefix() -> None:
    model = Overlap()
    BiEncoderReranker(model, query_prefix="q: ", doc_prefix="d: ")(results())
    assert sorted(text for batch in model.calls for text in batch) == [
        "d: a lamp", "d: a red sofa", "d: sofa", "q: lamp", "q: red sofa",
    ]  # fmt: skip


@pytest.mark.parametrize("reranker", [CrossEncoderReranker, BiEncoderReranker])
def test_empty_frames_load_no_model(reranker: Any) -> None:
    ranker = reranker("no/such-model")
    columns = ["qid", "query", "docno", "text", "score", "rank"]
    assert list(ranker(results().drop(columns="query_0").iloc[:0])) == columns
    assert pt.inspect.transformer_outputs(ranker, ["qid", "query", "docno", "text"]) == columns
    assert pt.inspect.transformer_inputs(ranker) == [["qid", "docno", "query", "text"]]


@pytest.mark.parametrize("reranker", [CrossEncoderReranker, BiEncoderReranker])
def test_rerankers_are_their_arguments(reranker: Any) -> None:
    one = reranker(Overlap(), query_field="query_0")
    same = reranker(Overlap(), query_field="query_0", batch_size=1, verbose=True, device="cpu")
    assert one == same
    assert hash(one) == hash(same)
    assert one != reranker(Overlap())
    assert one != reranker("some/model", query_field="query_0")
    assert repr(one) == f"{reranker.__name__}(Overlap(), query_field='query_0')"
    assert pickle.loads(pickle.dumps(one))(results()).equals(one(results()))
    assert pt.inspect.transformer_apply_attributes(one, query_field="query") == reranker(Overlap())
    drawn = pt.schematic.transformer_schematic(one)
    assert drawn["label"] == reranker.__name__[:20]
    assert pt.schematic.draw(one)


@pytest.mark.parametrize("reranker", [CrossEncoderReranker, BiEncoderReranker])
def test_bad_input_is_an_error(reranker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(pt.validate.InputValidationError, match="text"):
        reranker(Overlap())(results().drop(columns="text"))
    for wrong in (3, b"red", ["red"]):
        odd = results().astype({"text": object})
        odd.at[odd.index[odd["docno"] == "d3"][0], "text"] = wrong
        with pytest.raises(TypeError, match=r"'text' should be .* document 'd3' of query 'q2'"):
            reranker(Overlap())(odd)
    with pytest.raises(TypeError, match=r"'text' should be a text"):
        reranker(Overlap())(results().assign(text=None))
    with pytest.raises(TypeError, match=r"'query' should be a text"):
        reranker(Overlap())(results().assign(query=None))
    with pytest.raises(ValueError, match="row 1 of 5 has no qid"):
        reranker(Overlap())(results().assign(qid=None))
    with pytest.raises(ValueError, match="batch_size should be at least 1"):
        reranker(Overlap(), batch_size=0)(results())
    with pytest.raises(TypeError, match="model should be the name or path"):
        reranker(object())(results())
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"pyterrier-rewrite\[hf\]"):
        reranker("some/model")(results())


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA], ids=str)
@pytest.mark.parametrize("reranker", [CrossEncoderReranker, BiEncoderReranker])
def test_what_has_no_text_is_counted_and_scored_as_empty(reranker: Any, missing: Any) -> None:
    given = results().astype({"text": object})
    lost = given["docno"] == "d3"
    given.loc[lost, "text"] = missing
    with pytest.warns(RewriteWarning, match=rf"{lost.sum()} of 5 documents have no 'text' .*'d3'"):
        found = reranker(Overlap())(given)
    empty = given.assign(text=given["text"].where(~lost, ""))
    columns = ["docno", "score", "rank"]
    pd.testing.assert_frame_equal(found[columns], reranker(Overlap())(empty)[columns])
    assert found["text"].isna().sum() == lost.sum()  # the frame says what it said


@pytest.mark.parametrize("reranker", [CrossEncoderReranker, BiEncoderReranker])
def test_no_model_sees_what_no_tokenizer_takes(reranker: Any) -> None:
    class Strict(Overlap):
        def encode(self, texts: list[str]) -> Any:
            " ".join(texts).encode()
            return super().encode(texts)

        def predict(self, pairs: list[tuple[str, str]]) -> Any:
            " ".join(map(" ".join, pairs)).encode()
            return super().predict(pairs)

    texts = ["red\ud800sofa", "", "\x00\u202e", "red " * 10_000, "sofa"]
    given = results().reset_index(drop=True).assign(text=pd.Series(texts, dtype=object))
    given["query"] = pd.Series(["red \udfff"] * 5, dtype=object)
    assert len(reranker(Strict())(given)) == 5


@pytest.mark.parametrize("scores", [np.ones((4, 2)), np.full(4, math.nan)])
def test_a_model_without_scores_is_an_error(scores: Any) -> None:
    class Broken:
        def predict(self, pairs: list[tuple[str, str]]) -> Any:
            return scores

    with pytest.raises(ValueError, match="should give one number a pair"):
        CrossEncoderReranker(Broken())(results())


def test_an_unknown_similarity_is_an_error() -> None:
    with pytest.raises(ValueError, match="similarity should be 'cosine' or 'dot', found 'l2'"):
        BiEncoderReranker(Overlap(), similarity="l2")(results())  # type: ignore[arg-type]


def test_a_real_bi_encoder(minilm_path: str, capfd: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame(
        {
            "qid": ["1", "1"],
            "query": ["lunar orbit"] * 2,
            "docno": ["engine", "moon"],
            "text": ["The engine needs oil.", "The moon goes around the earth."],
        }
    )
    found = BiEncoderReranker(minilm_path, device="cpu")(frame)
    assert found["docno"].tolist() == ["moon", "engine"]
    assert found["score"].iloc[0] > found["score"].iloc[1] + 0.2
    assert "Loading" not in capfd.readouterr().err


def test_a_real_cross_encoder(minilm_path: str) -> None:
    # the head is random, so only the machinery is tested: batches make no difference
    found = CrossEncoderReranker(minilm_path, device="cpu", batch_size=2)(results())
    again = CrossEncoderReranker(minilm_path, device="cpu")(results())
    assert found["score"].between(0, 1).all()
    assert found["score"].tolist() == pytest.approx(again["score"].tolist(), abs=1e-4)
