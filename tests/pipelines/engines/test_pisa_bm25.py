from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pandas as pd
import pytest
from ir_measures import nDCG

from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.pipelines.engines.pisa.bm25 import whole_weights
from tests.support.paths import DATA
from tests.support.pisa import build, frame, scores


def test_results(index: PisaIndex) -> None:
    inp = frame("running dogs", "nothing known", "cat", qgroup=["g", "g", "h"])
    out = index.bm25()(inp)
    assert list(out) == ["qid", "query", "qgroup", "docno", "score", "rank"]
    assert out["qid"].tolist() == ["q0", "q0", "q2", "q2"]
    assert out["docno"].tolist() == ["dé3", "d2", "d1", "d2"]
    assert out["rank"].tolist() == [0, 1, 0, 1]
    assert out["qgroup"].tolist() == ["g", "g", "h", "h"]
    assert out["query"].tolist()[:2] == ["running dogs"] * 2


def test_bm25_by_hand(tmp_path: Path) -> None:
    docs = [{"docno": "a", "text": "cat cat dog"}, {"docno": "b", "text": "dog"}]
    docs += [{"docno": "c", "text": "bird bird"}]
    found = scores(build(tmp_path / "i", docs).bm25(k1=1.0, b=0.5).search("cat"), "1")
    # idf = ln((3 - 1 + .5) / (1 + .5)), tf = 2, length 3 of 2 on average:
    # norm = 1 * (1 - .5 + .5 * 3 / 2) = 1.25, weight = 2 * (1 + 1) / (2 + 1.25)
    assert found == pytest.approx({"a": np.log(2.5 / 1.5) * 4 / 3.25}, rel=1e-5)


def test_ties_come_in_the_order_of_the_collection(index: PisaIndex) -> None:
    out = index.bm25().search("bird sang")
    assert out["docno"].tolist() == ["d5", "d6"]
    assert out["score"].nunique() == 1


@pytest.mark.parametrize(
    ("text", "toks", "factor"),
    [
        ("cat dog", {"cat": 1.0, "dog": 1}, 1),
        ("cat dog dog", {"cat": 1.0, "dog": 2.0}, 1),
        ("cat dog dog", {"cat": 0.5, "dog": 1.0}, 0.5),
        ("cat dog dog", {"cat": 1e-7, "dog": 2e-7}, 1e-7),
        ("cat dog dog", {"cat": 1.5e6, "dog": 3e6}, 1.5e6),
        ("cats dogs", {"CAT": 1, "dogs": 1}, 1),
        ("cat fast running", {"cat": 1, "fast-running": 1, "dog": 0}, 1),
        ("running run", {"running": 1.0, "run": 1.0}, 1),
    ],
)
def test_terms_score_as_the_text(
    index: PisaIndex, text: str, toks: dict[str, float], factor: float
) -> None:
    by_text = scores(index.bm25()(frame(text)))
    by_terms = scores(index.bm25()(frame("x", query_toks=[toks])))
    assert by_terms == pytest.approx({d: s * factor for d, s in by_text.items()}, rel=1e-5)
    assert by_terms


def test_weights_move_scores(index: PisaIndex) -> None:
    toks = [{"cat": 3.0, "dog": 0.1}, {"cat": 0.1, "dog": 3.0}]
    out = index.bm25()(frame("cat dog", "cat dog", query_toks=toks))
    assert out[out["qid"] == "q0"]["docno"].iloc[0] == "d1"
    assert out[out["qid"] == "q1"]["docno"].iloc[0] != "d1"
    once, thrice = index.bm25()(frame("cat")), index.bm25()(frame("cat cat cat"))
    assert thrice["score"].to_numpy() == pytest.approx(3 * once["score"].to_numpy(), rel=1e-5)


def test_rows_without_terms_use_the_text(index: PisaIndex) -> None:
    toks = [None, {"bird": 1.0}, float("nan"), {}]
    out = index.bm25()(frame("cat", "cat", "dog", "dog", query_toks=toks))
    found = {qid: rows["docno"].tolist() for qid, rows in out.groupby("qid")}
    assert set(found) == {"q0", "q1", "q2"}
    assert found["q0"] == ["d1", "d2"]
    assert found["q1"] == ["d5", "d6"]
    assert "d2" in found["q2"]
    assert out["qid"].drop_duplicates().tolist() == ["q0", "q1", "q2"]


@pytest.mark.parametrize(
    ("terms", "weights", "scale"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, 1),
        ({"a": 0.5, "b": 0.25}, {"a": 100, "b": 50}, 200),
        ({"a": 1.0, "b": 1e-9}, {"a": 100, "b": 1}, 100),
        ({"a": 1000}, {"a": 100}, 0.1),
        ({"a b": 1, "A": 2, "c": 0}, {"a": 3, "b": 1}, 1),
        ({}, {}, 1),
    ],
)
def test_whole_weights(terms: dict[str, float], weights: dict[str, float], scale: float) -> None:
    assert whole_weights(terms) == (weights, pytest.approx(scale))


@pytest.mark.parametrize("weight", [-1.0, float("inf"), float("nan")])
def test_impossible_weights(index: PisaIndex, weight: float) -> None:
    with pytest.raises(ValueError, match=r"finite and not negative.*'cat'"):
        index.bm25()(frame("cat", query_toks=[{"cat": weight}]))


@pytest.mark.parametrize(
    "text", ["", " \t", "the of and", "zebra", "\x00", "\ud800", "!?", "漢字", "' . '"]
)
def test_queries_without_a_match(index: PisaIndex, text: str) -> None:
    empty = index.bm25()(frame(text))
    full = index.bm25()(frame("cat"))
    assert empty.empty
    assert list(empty) == list(full)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.parametrize("text", ["cat\x00dog", "cat\ud800 dog", "cat\ndog", "\u202ecat dog"])
def test_hostile_text_is_searched(index: PisaIndex, text: str) -> None:
    assert scores(index.bm25()(frame(text))) == scores(index.bm25()(frame("cat dog")))


def test_no_queries(index: PisaIndex) -> None:
    out = index.bm25()(frame("cat").iloc[:0])
    assert list(out) == ["qid", "query", "docno", "score", "rank"]
    assert out.empty


@pytest.mark.parametrize(
    ("inp", "message"),
    [
        (frame("cat").assign(query=3), "'query' of query 'q0' should be a text"),
        (frame("cat", query_toks=["cat"]), "'query_toks' of query 'q0' should be a dict"),
    ],
)
def test_wrong_types(index: PisaIndex, inp: pd.DataFrame, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        index.bm25()(inp)


@pytest.mark.parametrize(
    "settings", [{"k1": -1}, {"b": 1.5}, {"num_results": 0}, {"threads": 0}], ids=str
)
def test_parameters_are_checked_on_use(index: PisaIndex, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        index.bm25(**settings)(frame("cat"))


def test_threads_and_small_batches_change_nothing(
    index: PisaIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["cat", "zebra", "dog", "bird sang", "running", "mat"] * 5
    toks = [None, None, {"dog": 0.3, "cat": 0.1}] * 10
    inp = frame(*texts, query_toks=toks)
    expected = index.bm25()(inp)
    assert len(expected)
    pd.testing.assert_frame_equal(index.bm25(threads=3)(inp), expected)
    monkeypatch.setattr("pyterrier_rewrite.pipelines.engines.pisa.bm25._BUFFER", 12)  # two a batch
    pd.testing.assert_frame_equal(index.bm25()(inp), expected)


def beir(folder: Path) -> Iterator[dict[str, Any]]:
    with open(folder / "corpus.jsonl", encoding="utf-8") as lines:
        for line in lines:
            document = json.loads(line)
            yield {"docno": document["_id"], **document}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vaswani", {(0.9, 0.4): 0.4651, (1.2, 0.75): 0.4483}),
        ("cranfield", {(0.9, 0.4): 0.3781, (1.2, 0.75): 0.3833}),
    ],
)
def test_effectiveness(
    tmp_path: Path, name: str, expected: dict[tuple[float, float], float]
) -> None:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not on this machine")
    index = build(tmp_path / name, beir(folder))
    topics = pd.read_json(folder / "queries.jsonl", lines=True, dtype=False)
    topics = topics.rename(columns={"_id": "qid", "text": "query"})[["qid", "query"]]
    qrels = pd.read_csv(folder / "qrels" / "test.tsv", sep="\t", dtype={0: str, 1: str})
    qrels.columns = ["query_id", "doc_id", "relevance"]
    for (k1, b), value in expected.items():
        run = index.bm25(k1=k1, b=b, num_results=100)(topics)
        run = run.rename(columns={"qid": "query_id", "docno": "doc_id"})
        found = ir_measures.calc_aggregate([nDCG @ 10], qrels, run)[nDCG @ 10]
        assert found == pytest.approx(value, abs=0.003)
