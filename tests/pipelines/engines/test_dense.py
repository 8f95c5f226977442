from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.errors import MissingExtraError
from pyterrier_rewrite.pipelines import BiEncoderReranker, DenseIndex, DenseRetriever
from pyterrier_rewrite.pipelines.engines.dense import search as dense_search

CORPUS = [
    {"docno": "d1", "title": "red", "text": "red sofa"},
    {"docno": "d2", "title": "", "text": "sofa"},
    {"docno": "d3", "text": "blue blue blue desk"},
    {"docno": "d4", "title": None, "text": "sofa"},
    {"docno": "d5", "text": ""},
]


class Counts:
    """Encodes a text as how often it has each of a few words; records its calls."""

    words = ("red", "sofa", "blue", "desk")

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def encode(self, texts: list[str]) -> np.ndarray:
        self.calls.append(list(texts))
        return np.array([[t.split().count(w) for w in self.words] for t in texts], dtype=float)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counts)

    def __hash__(self) -> int:
        return 1


@pytest.fixture
def model() -> Counts:
    return Counts()


@pytest.fixture
def index(tmp_path: Path, model: Counts) -> DenseIndex:
    return DenseIndex.build(tmp_path / "index", CORPUS, model=model, verbose=False)


def topics(*queries: str, **columns: Any) -> pd.DataFrame:
    qids = [f"q{number}" for number in range(1, len(queries) + 1)]
    return pd.DataFrame({"qid": qids, "query": list(queries), **columns})


def columns_of(vectors: list[Any]) -> pd.Series:
    return pd.Series(vectors, dtype=object)


# -- search ------------------------------------------------------------------------------------


def test_cosine_by_hand(index: DenseIndex) -> None:
    found = index.retriever()(topics("sofa", "desk blue"))
    # d1 is (2, 1, 0, 0): red twice, once from the title
    first = found[found["qid"] == "q1"]
    assert first["docno"].tolist() == ["d2", "d4", "d1", "d3", "d5"]  # ties by position
    assert first["score"].tolist() == pytest.approx([1, 1, 1 / np.sqrt(5), 0, 0])
    assert first["rank"].tolist() == [0, 1, 2, 3, 4]
    second = found[found["qid"] == "q2"]
    assert second["docno"].iloc[0] == "d3"
    assert second["score"].iloc[0] == pytest.approx((3 + 1) / np.sqrt(10) / np.sqrt(2))


def test_dot_by_hand(tmp_path: Path, model: Counts) -> None:
    index = DenseIndex.build(tmp_path / "dot", CORPUS, model=model, similarity="dot", verbose=False)
    found = index.retriever(num_results=2)(topics("red red sofa"))
    assert found["docno"].tolist() == ["d1", "d2"]
    assert found["score"].tolist() == [5.0, 1.0]
    assert index.encode(["red red"]).tolist() == [[2, 0, 0, 0]]


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
@pytest.mark.parametrize("num_results", [1, 7, 40, 1000])
def test_blocks_and_batches_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, num_results: int, similarity: Any
) -> None:
    rng = np.random.default_rng(5)
    vectors = rng.integers(-2, 3, (60, 3)).astype(float)  # many ties

    class Fixed:
        def encode(self, texts: list[str]) -> np.ndarray:
            return vectors[[int(text) for text in texts]]

    corpus = [{"docno": f"d{i}", "text": str(i)} for i in range(60)]
    index = DenseIndex.build(
        tmp_path / "i", corpus, model=Fixed(), similarity=similarity, batch_size=1, verbose=False
    )
    monkeypatch.setattr(dense_search, "_BLOCK", 11)
    found = index.retriever(num_results=num_results, batch_size=2)(topics("1", "2", "3"))
    stored = np.array(index.vectors)
    for qid, group in found.groupby("qid"):
        scores = stored @ stored[int(qid[1:])]
        order = np.argsort(-scores.round(5), kind="stable")[:num_results]
        assert group["score"].tolist() == pytest.approx(scores[order].tolist(), abs=1e-5)
        if similarity == "dot":  # whole numbers: ties are exact
            assert group["docno"].tolist() == [f"d{i}" for i in order]
        assert group["rank"].tolist() == list(range(len(order)))


def test_query_vec_is_used_where_it_is_given(index: DenseIndex, model: Counts) -> None:
    model.calls.clear()
    given = columns_of([None, np.array([0, 0, 0, 9.0]), float("nan")])
    queries = topics("sofa", "sofa", "sofa", query_vec=given, qtopic=["x", "y", "z"])
    found = index.retriever(num_results=1)(queries)
    assert list(found) == ["qid", "query", "query_vec", "qtopic", "docno", "score", "rank"]
    assert found["qid"].tolist() == ["q1", "q2", "q3"]
    assert found["docno"].tolist() == ["d2", "d3", "d2"]
    assert found["score"].tolist() == pytest.approx([1, 1 / np.sqrt(10), 1])
    assert found["query_vec"].iloc[1] is given.iloc[1]
    assert model.calls == [["sofa"]]  # one distinct text


def test_a_model_is_not_needed_for_vectors(index: DenseIndex) -> None:
    opened = DenseIndex(index.path)
    given = columns_of([[1, 0, 0, 0]])
    assert opened.retriever(num_results=1)(topics("?", query_vec=given))["docno"].tolist() == ["d1"]
    with pytest.raises(ValueError, match=r"Counts, which it cannot load; open it with DenseIndex"):
        opened.retriever()(topics("sofa"))


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (np.ones(3), "have 4 dimensions .* found one of 3"),
        (np.ones((1, 4)), "one-dimensional array of finite numbers"),
        (np.array([1, np.nan, 0, 0]), "one-dimensional array of finite numbers"),
    ],
)
def test_bad_vectors_are_errors(index: DenseIndex, vector: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        index.retriever()(topics("sofa", query_vec=columns_of([vector])))


def test_other_bad_input_is_an_error(index: DenseIndex) -> None:
    with pytest.raises(TypeError, match="query 'q1' should be a text"):
        index.retriever()(topics("x").assign(query=[None]))
    with pytest.raises(ValueError, match="num_results should be at least 1"):
        index.retriever(num_results=0)(topics("x"))
    with pytest.raises(pt.validate.InputValidationError):
        index.retriever()(pd.DataFrame({"qid": ["1"]}))


def test_empty_frames_load_no_model(index: DenseIndex) -> None:
    retriever = DenseIndex(index.path, model="no/such-model").retriever()
    expected = ["qid", "query", "qhistory", "docno", "score", "rank"]
    assert list(retriever(pd.DataFrame(columns=["qid", "query", "qhistory"]))) == expected
    assert pt.inspect.transformer_outputs(retriever, expected[:3]) == expected
    assert pt.inspect.transformer_inputs(retriever) == [["qid", "query"]]


# -- building ----------------------------------------------------------------------------------


def test_prefixes_go_in_front(tmp_path: Path, model: Counts) -> None:
    index = DenseIndex.build(
        tmp_path / "i", CORPUS[:1], model=model, query_prefix="q: ", doc_prefix="d: ", verbose=False
    )
    index.encode(["one"])
    index.encode(["two"], documents=True)
    assert model.calls == [["d: red red sofa"], ["q: one"], ["d: two"]]
    assert index.encode([]).shape == (0, 4)


def test_long_texts_are_encoded_first_and_equal_ones_once(tmp_path: Path, model: Counts) -> None:
    DenseIndex.build(tmp_path / "i", CORPUS, model=model, batch_size=2, verbose=False)
    assert model.calls == [["blue blue blue desk", "red red sofa"], ["sofa", ""]]


def test_a_dataset_is_a_corpus_and_its_name_is_kept(tmp_path: Path, model: Counts) -> None:
    class Dataset:
        name = "shop"

        def get_corpus_iter(self, verbose: bool = True) -> Iterator[dict[str, Any]]:
            yield from CORPUS

    built = DenseIndex.open_or_build(tmp_path / "i", Dataset(), model=model, verbose=False)
    assert (built.name, built.num_docs, built.dimension, len(built)) == ("shop", 5, 4, 5)
    assert list(built.docnos) == ["d1", "d2", "d3", "d4", "d5"]
    with pytest.raises(ValueError, match="name: expected None, found 'shop'"):
        DenseIndex.open_or_build(tmp_path / "i", CORPUS, model=model)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fields": ["text"]}, r"fields: expected \('text',\), found \('title', 'text'\)"),
        ({"similarity": "dot"}, "similarity: expected 'dot', found 'cosine'"),
        ({"model": "other/model"}, "model: expected 'other/model', found '.*Counts'"),
        ({"query_prefix": "q "}, "query_prefix: expected 'q ', found ''"),
        ({"name": "other"}, "name: expected 'other', found None"),
    ],
)
def test_another_index_is_not_opened(index: DenseIndex, change: Any, words: str) -> None:
    settings = {"model": Counts(), "verbose": False} | change
    with pytest.raises(ValueError, match=words):
        DenseIndex.open_or_build(index.path, CORPUS, **settings)


def test_an_index_is_opened_without_reading_the_corpus(index: DenseIndex) -> None:
    def corpus() -> Iterator[dict[str, str]]:
        raise AssertionError("read")
        yield {}

    fresh = Counts()
    assert DenseIndex.open_or_build(index.path, corpus(), model=fresh) == index
    assert fresh.calls == []


def test_overwrite_replaces(index: DenseIndex, model: Counts) -> None:
    assert index.num_docs == 5
    with pytest.raises(FileExistsError, match="overwrite=True"):
        DenseIndex.build(index.path, CORPUS[:2], model=model, verbose=False)
    DenseIndex.build(index.path, CORPUS[:2], model=model, overwrite=True, verbose=False)
    assert index.num_docs == 2
    assert index.retriever()(topics("sofa"))["docno"].tolist() == ["d2", "d1"]


@pytest.mark.parametrize("there_before", [False, True])
def test_an_interrupted_build_leaves_things_as_they_were(
    tmp_path: Path, model: Counts, there_before: bool
) -> None:
    path = tmp_path / "i"
    if there_before:
        DenseIndex.build(path, CORPUS, model=model, verbose=False)

    def corpus() -> Iterator[dict[str, str]]:
        yield {"docno": "x", "text": "red"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DenseIndex.build(path, corpus(), model=model, overwrite=True, verbose=False)
    assert [p.name for p in tmp_path.iterdir()] == (["i"] if there_before else [])
    if there_before:
        assert DenseIndex(path).num_docs == 5


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, model: Counts) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="left alone"):
        DenseIndex.build(tmp_path, CORPUS, model=model, overwrite=True, verbose=False)
    with pytest.raises(FileNotFoundError, match="no finished index"):
        DenseIndex(tmp_path).retriever()(topics("sofa"))
    (tmp_path / "pt_meta.json").write_text(json.dumps({"format": "pisa"}))
    with pytest.raises(ValueError, match="format is 'pisa'"):
        DenseIndex(tmp_path).retriever()(topics("sofa"))


@pytest.mark.parametrize(
    ("corpus", "error", "words"),
    [
        ([], ValueError, "at least one document"),
        ([CORPUS[0], CORPUS[0]], ValueError, "'d1' as document 1 and as document 2"),
        ([{"docno": "a b", "text": ""}], ValueError, "whitespace"),
        ([{"docno": "a", "text": 3}], TypeError, "field 'text' of document 'a'"),
        ("path.jsonl", TypeError, "an iterable of dicts"),
    ],
)
def test_bad_corpora_are_errors(
    tmp_path: Path, model: Counts, corpus: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        DenseIndex.build(tmp_path / "i", corpus, model=model, verbose=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("vectors", "words"),
    [(np.ones(5), "shape"), (np.ones((9, 2)), "shape"), (np.full((5, 2), np.inf), "finite")],
)
def test_a_model_without_vectors_is_an_error(tmp_path: Path, vectors: Any, words: str) -> None:
    class Broken:
        def encode(self, texts: list[str]) -> Any:
            return vectors

    corpus = [{"docno": str(i), "text": str(i)} for i in range(5)]
    with pytest.raises(ValueError, match=words):
        DenseIndex.build(tmp_path / "i", corpus, model=Broken(), verbose=False)
    with pytest.raises(TypeError, match=r"an object with encode\(\)"):
        DenseIndex.build(tmp_path / "i", corpus, model=3, verbose=False)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"pyterrier-rewrite\[hf\]"):
        DenseIndex.build(tmp_path / "i", CORPUS, model="some/model", verbose=False)


# -- as PyTerrier sees them --------------------------------------------------------------------


def test_indexes_and_retrievers_are_their_arguments(index: DenseIndex) -> None:
    retriever = index.retriever(num_results=3)
    same = DenseIndex(str(index.path), model=Counts()).retriever(num_results=3, batch_size=1)
    assert retriever == same
    assert hash(retriever) == hash(same)
    assert retriever != index.retriever(num_results=4)
    assert retriever != DenseIndex(index.path).retriever(num_results=3)
    assert repr(DenseIndex(index.path)) == f"DenseIndex({str(index.path)!r})"
    opened = DenseIndex(index.path).retriever(num_results=3)
    assert repr(opened) == f"DenseRetriever({opened.index!r}, num_results=3)"
    assert pickle.loads(pickle.dumps(retriever))(topics("sofa")).equals(retriever(topics("sofa")))
    assert pt.inspect.transformer_apply_attributes(opened, num_results=1000) == DenseRetriever(
        DenseIndex(index.path)
    )
    drawn = pt.schematic.transformer_schematic(opened)
    assert drawn["label"] == "DenseRetriever"
    assert pt.schematic.draw(opened)


def test_a_rank_cutoff_is_fused(index: DenseIndex) -> None:
    retriever = index.retriever(num_results=4)
    assert (retriever % 2).compile() == index.retriever(num_results=2)
    assert (retriever % 9).compile() == retriever
    assert (retriever % 2)(topics("sofa")).equals((retriever % 2).compile()(topics("sofa")))


def test_an_experiment_runs(index: DenseIndex) -> None:
    qrels = pd.DataFrame({"qid": ["q1"], "docno": ["d3"], "label": [1]})
    table = pt.Experiment(
        [index.retriever(), index.retriever() % 1],
        topics("blue desk"),
        qrels,
        ["recip_rank"],
        plan="tree",
        validate="error",
    )
    assert table["recip_rank"].tolist() == [1.0, 1.0]


# -- a real model ------------------------------------------------------------------------------


def test_a_real_encoder_finds_meaning_beyond_words(tmp_path: Path, minilm_path: str) -> None:
    corpus = [
        {"docno": "couch", "title": "Furniture", "text": "A settee is a couch for two people."},
        {"docno": "engine", "title": "Cars", "text": "The engine needs oil every year."},
        {"docno": "moon", "title": "Astronomy", "text": "The moon goes around the earth."},
    ]
    index = DenseIndex.build(tmp_path / "i", corpus, model=minilm_path, device="cpu", verbose=False)
    assert (index.dimension, index.num_docs) == (384, 3)
    np.testing.assert_allclose(np.linalg.norm(index.vectors, axis=1), 1, atol=1e-5)
    opened = DenseIndex(index.path, device="cpu")
    queries = topics("where can I sit with a friend?", "lunar orbit", "motor maintenance")
    found = opened.retriever(num_results=1)(queries)
    assert found["docno"].tolist() == ["couch", "moon", "engine"]
    assert found["score"].between(0.1, 0.9).all()
    hypothetical = opened.encode(["The moon is a satellite."], documents=True)
    by_vector = opened.retriever(num_results=1)(
        topics("x", query_vec=columns_of([hypothetical[0]]))
    )
    assert by_vector["docno"].tolist() == ["moon"]
    assert pickle.loads(pickle.dumps(opened)) == opened


def test_reranker_scores_as_the_vectors_do(index: DenseIndex, model: Counts) -> None:
    texts = {d["docno"]: d["text"] for d in CORPUS}
    rows = [
        ("q2", "sofa", "d3"),
        ("q2", "sofa", "d2"),
        ("q1", "red sofa", "d3"),
        ("q1", "red sofa", "d4"),
    ]
    results = pd.DataFrame(rows, columns=["qid", "query", "docno"])
    model.calls.clear()
    ranked = index.reranker().transform(results.assign(score=7.0, rank=3))
    assert sorted(text for call in model.calls for text in call) == ["red sofa", "sofa"]
    assert ranked["docno"].tolist() == ["d2", "d3", "d4", "d3"]
    assert ranked["rank"].tolist() == [0, 1, 0, 1]
    assert ranked["score"].tolist() == pytest.approx([1, 0, 0.5**0.5, 0])
    again = BiEncoderReranker(model).transform(results.assign(text=results["docno"].map(texts)))
    assert again["docno"].tolist() == ranked["docno"].tolist()
    assert again["score"].tolist() == pytest.approx(ranked["score"].tolist())


def test_reranker_takes_given_vectors_and_empty_frames(index: DenseIndex, model: Counts) -> None:
    model.calls.clear()
    row = {"qid": "q", "query": "", "docno": "d1", "query_vec": np.array([1.0, 0, 0, 0])}
    frame = pd.DataFrame([row])
    assert index.reranker().transform(frame)["score"].tolist() == pytest.approx([2 / 5**0.5])
    assert list(index.reranker().transform(frame.iloc[:0]).columns)[-2:] == ["score", "rank"]
    assert model.calls == []


def test_reranker_says_what_is_wrong(index: DenseIndex) -> None:
    frame = pd.DataFrame([{"qid": "q", "query": "sofa", "docno": "d9"}])
    with pytest.raises(ValueError, match="'d9' is not in DenseIndex"):
        index.reranker().transform(frame)
    with pytest.raises(ValueError, match="batch_size"):
        index.reranker(batch_size=0).transform(frame)
