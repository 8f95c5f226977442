from __future__ import annotations

import copy
import os
import pickle
import threading
from pathlib import Path

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite.pipelines import PisaAnalyzer, PisaIndex
from pyterrier_rewrite.pipelines.engines.pisa import native as _pisa
from pyterrier_rewrite.pipelines.engines.pisa.statistics import tokenize
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics, TextSource
from tests.support.pisa import build


def test_texts_are_what_was_indexed(index: PisaIndex) -> None:
    assert isinstance(index, TextSource)
    found = index.texts(["dé3", "d1", "nobody", "d4", "d1"])
    assert found == {
        "d1": "Cats the cat sat on the mat",
        "dé3": "dogs, running.\nRunning  fast  !",
        "d4": "",
    }


def test_holds(index: PisaIndex) -> None:
    assert index.holds(["d1", "nowhere", "d1"]) == {"d1"}
    assert index.holds([]) == set()


def test_text_loader_keeps_rows_and_adds_columns(index: PisaIndex) -> None:
    docnos = ["dé3", "d1", "d1"]
    inp = pd.DataFrame({"qid": list("aab"), "docno": docnos, "text": "old"}, index=[5, 3, 9])
    before = inp.copy()
    out = index.text(columns=["text", "brand", "size"])(inp)
    assert out.index.tolist() == [5, 3, 9]
    assert out["docno"].tolist() == docnos
    assert out["text"].tolist()[1] == "Cats the cat sat on the mat"
    assert out["brand"].tolist() == [None, "felix", "felix"]
    assert out["size"].tolist() == [{"w": 1}, None, None]
    pd.testing.assert_frame_equal(inp, before)


def test_text_loader_names_what_it_does_not_know(index: PisaIndex) -> None:
    results = pd.DataFrame({"qid": ["1", "1"], "docno": ["d1", "zzz"]})
    with pytest.raises(ValueError, match="'zzz'"):
        index.text()(results)
    with pytest.raises(ValueError, match=r"\['text', 'title', 'brand', 'size'\].*\['prize'\]"):
        index.text(columns=["prize"])(results)


def test_text_loader_on_nothing(index: PisaIndex) -> None:
    empty = pd.DataFrame(columns=["qid", "docno"])
    assert list(index.text()(empty)) == ["qid", "docno", "text"]
    assert pt.inspect.transformer_inputs(index.text()) == [["docno"]]


def test_text_loader_is_a_value(index: PisaIndex) -> None:
    loader = index.text(columns=["title"])
    assert loader == pickle.loads(pickle.dumps(loader)) == copy.deepcopy(loader)
    assert loader != index.text()
    assert repr(loader) == f"TextLoader({index!r}, columns=('title',))"
    assert loader.schematic["help_url"].startswith("https://")


def test_texts_from_many_threads(index: PisaIndex) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(len(index.texts(["d1", "d2"]))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [2] * 8


def test_texts_after_a_fork(index: PisaIndex) -> None:
    assert index.texts(["d1"])
    child = os.fork()
    if child == 0:
        fine = len(index.texts(["d1", "d2"])) == 2 and len(index.bm25().search("cat")) == 2
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_statistics(index: PisaIndex) -> None:
    counts = index.statistics
    assert isinstance(counts, CollectionStatistics)
    assert counts.num_docs == 6
    # d1 7, d2 11, dé3 4 (dogs running Running fast), d5 5, d6 5
    assert counts.num_tokens == 32
    stems = ["cat", "dog", "run", "the", "zebra"]
    assert counts.document_frequencies(stems) == {"cat": 2, "dog": 2, "run": 1, "the": 2}
    assert counts.collection_frequencies(stems) == {"cat": 3, "dog": 4, "run": 2, "the": 4}
    assert counts == pickle.loads(pickle.dumps(counts))


def test_analyzer(index: PisaIndex) -> None:
    analyzer = index.analyzer
    assert isinstance(analyzer, Analyzer)
    assert analyzer.terms("The U.S.A. and John's naïve CATS\x00 running") == [
        "usa", "john", "na", "ve", "cats", "running",
    ]  # fmt: skip
    assert [analyzer.stem(term) for term in ("cats", "running", "café", "")] == [
        "cat", "run", "caf", "",
    ]  # fmt: skip
    assert PisaAnalyzer(stemmer="none", stops="none").terms("the cats") == ["the", "cats"]
    assert PisaAnalyzer(stemmer="none").stem("cats") == "cats"
    assert pickle.loads(pickle.dumps(analyzer)) == analyzer


@pytest.mark.parametrize(
    "text",
    [
        "U.S.A. isn't John's 3.14 naïve C++ a.b x-ray FOO o'neil's 1990's ab1.c. e.g. i.e.x",
        "don't's a..b. a.b.c rock'n'roll 'quoted' A'b'c1 1'a2 a_b",
        "K.''İé_-İ É aé'.İB aaa",
        "",
    ],
)
def test_tokenize_is_pisas(text: str) -> None:
    assert tokenize(text) == _pisa.extension().tokenize(text, "")


def test_stop_words_go_by_stem_as_in_pisa(tmp_path: Path) -> None:
    index = build(tmp_path / "i", [{"docno": "a", "text": "being cat"}], stops="lucene")
    assert index.analyzer.terms("being cat") == ["cat"]  # lucene's list has "be" only
    assert index.bm25().search("being").empty
    assert PisaAnalyzer().terms("because cat") == ["cat"]  # the stem is "becaus"
    kept = build(tmp_path / "j", [{"docno": "a", "text": "being cat"}], stops="none")
    assert len(kept.bm25().search("being")) == 1
