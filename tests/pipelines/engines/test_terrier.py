from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.errors import MissingExtraError
from pyterrier_rewrite.pipelines import PlainText, TerrierIndex
from pyterrier_rewrite.pipelines.engines import terrier_bm25 as terrier


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("cat food", "cat food"),
        ("title:cat", "title cat"),
        ("cat^2 dog^0.5", "cat dog"),
        ("#1(new york)", "new york"),
        ("#combine:0=0.5:1=0.1(cat dog)", "0 0 5 1 0 1 cat dog"),
        ('+"cat food" -dog', "cat food dog"),
        ("(a) [b] {c} ~d e* f? g! h/i", "a b c d e f g h i"),
        ("cats applypipeline:off", "cats"),
        ("the applypipeline", "the applypipeline"),
        ("issue #12 in C#", "issue 12 in C"),
        ("naïve 漢字", "naïve 漢字"),
        ("it's\x00 a_b", "it s a b"),
        ("?!", ""),
        ("", ""),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    inp = pd.DataFrame({"qid": ["1"], "query": [text], "other": [3]})
    out = PlainText()(inp)
    assert out["query"].tolist() == [plain]
    assert list(out) == list(inp)
    assert inp["query"].tolist() == [text]


def test_plain_text_is_a_value() -> None:
    assert PlainText() == pickle.loads(pickle.dumps(PlainText()))
    assert repr(PlainText()) == "PlainText()"
    assert pt.inspect.transformer_outputs(PlainText(), ["qid", "query"]) == ["qid", "query"]


class FakeTerrier:
    """Stands for PyTerrier's own index; every query finds the same two documents."""

    def __init__(self) -> None:
        self.settings: list[dict[str, Any]] = []
        self.frames: list[pd.DataFrame] = []

    def bm25(self, **settings: Any) -> Any:
        self.settings.append(settings)
        return self.retrieve

    def retrieve(self, queries: pd.DataFrame) -> pd.DataFrame:
        self.frames.append(queries)
        found = pd.DataFrame({"docid": [7, 8], "docno": ["b", "a"], "rank": [0, 1]})
        return queries.merge(found.assign(score=[2.0, 1.0]), how="cross")

    def index_obj(self) -> FakeTerrier:
        return self

    getMetaIndex = getCollectionStatistics = index_obj  # noqa: N815 - Java's names

    def getNumberOfDocuments(self) -> int:  # noqa: N802
        return 2

    def getKeys(self) -> list[str]:  # noqa: N802
        return ["docno", "text"]

    def getDocument(self, key: str, docno: str) -> int:  # noqa: N802
        assert key == "docno"
        return {"a": 0, "b": 1}.get(docno, -1)

    def getItems(self, keys: list[str], ids: list[int]) -> list[list[str]]:  # noqa: N802
        return [[f"{key} of {'ab'[number]}" for key in keys] for number in ids]


@pytest.fixture
def java(monkeypatch: pytest.MonkeyPatch) -> FakeTerrier:
    fake = FakeTerrier()
    monkeypatch.setattr(terrier, "_open", lambda path: fake)
    return fake


@pytest.fixture
def index() -> TerrierIndex:
    return TerrierIndex("cats.terrier")


def test_text_is_handed_over_without_operators_and_comes_back_whole(
    java: FakeTerrier, index: TerrierIndex
) -> None:
    inp = pd.DataFrame(
        {"qid": ["1", "2", "3"], "query": ["cat:food^2", "??", "dog"], "qgroup": ["g", "g", "h"]}
    )
    out = index.bm25(k1=0.9, num_results=5)(inp)
    assert java.frames[0].to_dict("list") == {"qid": ["1", "3"], "query": ["cat food", "dog"]}
    assert java.settings == [
        {"k1": 0.9, "b": 0.75, "num_results": 5, "threads": 1, "verbose": False}
    ]
    assert list(out) == ["qid", "query", "qgroup", "docno", "score", "rank"]
    assert out["query"].tolist() == ["cat:food^2", "cat:food^2", "dog", "dog"]
    assert out["docno"].tolist() == ["b", "a", "b", "a"]
    assert out["rank"].tolist() == [0, 1, 0, 1]


def test_terms_are_handed_over_as_they_are(java: FakeTerrier, index: TerrierIndex) -> None:
    toks = [None, {"cats": 0.3, "naïve": 1.0}, None]
    inp = pd.DataFrame({"qid": ["1", "2", "3"], "query": ["a:b", "x", "c"], "query_toks": toks})
    out = index.bm25()(inp)
    texts, weighted = java.frames
    assert texts.to_dict("list") == {"qid": ["1", "3"], "query": ["a b", "c"]}
    assert weighted["query_toks"].tolist() == [toks[1]]
    assert out["qid"].tolist() == ["1", "1", "2", "2", "3", "3"]
    assert out["query_toks"].iloc[2] == toks[1]


def test_nothing_to_search(java: FakeTerrier, index: TerrierIndex) -> None:
    out = index.bm25()(pd.DataFrame({"qid": ["1"], "query": ["?"]}))
    assert out.empty
    assert list(out) == ["qid", "query", "docno", "score", "rank"]
    assert java.frames == []


def test_texts(java: FakeTerrier, index: TerrierIndex) -> None:
    assert index.texts(["b", "zzz"]) == {"b": "text of b"}
    assert index.holds(["b", "zzz"]) == {"b"}
    out = index.text()(pd.DataFrame({"qid": ["1", "1"], "docno": ["b", "a"]}))
    assert out["text"].tolist() == ["text of b", "text of a"]
    with pytest.raises(ValueError, match="zzz"):
        index.text()(pd.DataFrame({"docno": ["zzz"]}))
    with pytest.raises(ValueError, match=r"\['docno', 'text'\], not \['title'\]"):
        index.text(columns=["title"])(pd.DataFrame({"docno": ["a"]}))
    assert len(index) == 2


def test_starts_no_java_until_used(index: TerrierIndex) -> None:
    bm25 = index.bm25()
    assert pt.inspect.transformer_inputs(bm25) == [["qid", "query"]]
    assert (bm25 % 10).compile() == index.bm25(num_results=10)
    drawn = pt.schematic.transformer_schematic(bm25 >> index.text())
    assert [step["label"] for step in drawn["transformers"]] == ["TerrierBM25", "TextLoader"]
    assert not pt.java.started()


def test_without_pyjnius_the_error_names_the_extra(
    index: TerrierIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terrier, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pyterrier-rewrite\[java\]"):
        index.bm25().search("cat")


def test_values(index: TerrierIndex, tmp_path: Path) -> None:
    bm25 = index.bm25(b=0.5)
    assert bm25 == pickle.loads(pickle.dumps(bm25)) == copy.deepcopy(bm25)
    assert bm25 == index.bm25(b=0.5, threads=2)
    assert bm25 not in (index.bm25(), TerrierIndex(tmp_path).bm25(b=0.5))
    assert repr(bm25) == f"TerrierBM25({index!r}, b=0.5)"
    assert pt.inspect.transformer_apply_attributes(bm25, k1=2.0).b == 0.5
