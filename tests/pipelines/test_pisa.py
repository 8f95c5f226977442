from __future__ import annotations

import copy
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt
import pytest
from ir_measures import nDCG

from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.pipelines import PisaAnalyzer, PisaIndex
from pyterrier_rewrite.pipelines.engines.pisa import native as _pisa
from pyterrier_rewrite.pipelines.engines.pisa.bm25 import whole_weights
from pyterrier_rewrite.pipelines.engines.pisa.statistics import tokenize
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics, TextSource
from tests.support.paths import DATA

DOCS: list[dict[str, Any]] = [
    {"docno": "d1", "title": "Cats", "text": "the cat sat on the mat", "brand": "felix"},
    {"docno": "d2", "title": "Dogs", "text": "a dog chased the cat and the dog ran away"},
    {
        "docno": "dé3",
        "title": "",
        "text": "dogs, running.\nRunning\x00 fast \ud800!",
        "size": {"w": 1},
    },
    {"docno": "d4", "text": ""},
    {"docno": "d5", "title": None, "text": "birds sing; a bird sang"},
    {"docno": "d6", "title": "birds", "text": "sing a bird sang"},
]


def build(path: Path, corpus: object = DOCS, **settings: Any) -> PisaIndex:
    return PisaIndex.build(path, corpus, verbose=False, **settings)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> PisaIndex:
    return build(tmp_path_factory.mktemp("pisa") / "pets.pisa", name="pets")


def frame(*queries: str, **columns: list[Any]) -> pd.DataFrame:
    qids = [f"q{i}" for i in range(len(queries))]
    # as objects, because a lone surrogate does not go into a pandas string column
    texts = pd.Series(queries, dtype=object)
    return pd.DataFrame({"qid": qids, "query": texts, **columns})


def scores(results: pd.DataFrame, qid: str = "q0") -> dict[str, float]:
    rows = results[results["qid"] == qid]
    return dict(zip(rows["docno"], rows["score"], strict=True))


# -- building ---------------------------------------------------------------------------


def test_knows_what_it_is(index: PisaIndex) -> None:
    assert len(index) == index.num_docs == 6
    assert (index.name, index.stemmer, index.stops) == ("pets", "porter2", "terrier")
    assert index.fields == ("title", "text")
    assert set(index.versions) == {"pyterrier-rewrite", "pyterrier-pisa"}
    assert repr(index) == f"PisaIndex({str(index.path)!r})"
    assert index == PisaIndex(os.path.relpath(index.path)) == pickle.loads(pickle.dumps(index))
    assert index != PisaIndex("elsewhere")


def test_fingerprint_follows_docnos_and_text_lengths(index: PisaIndex, tmp_path: Path) -> None:
    assert build(tmp_path / "same").fingerprint == index.fingerprint
    longer = [*DOCS[:-1], {**DOCS[-1], "text": "sing a bird sang."}]
    assert build(tmp_path / "longer", longer).fingerprint != index.fingerprint


def test_build_is_silent_and_shows_one_bar_if_asked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    build(tmp_path / "a").bm25().search("cat")
    assert capfd.readouterr() == ("", "")
    PisaIndex.build(tmp_path / "b", DOCS).bm25(verbose=True).search("cat")
    out, err = capfd.readouterr()
    assert out == ""
    assert "Indexing" in err
    assert "BM25" in err


def test_takes_a_dataset_and_its_name(tmp_path: Path) -> None:
    class Dataset(pt.datasets.Dataset):  # type: ignore[misc]
        name = "irds:pets"

        def get_corpus_iter(self, *, verbose: bool = True) -> Iterator[dict[str, Any]]:
            assert not verbose  # one bar, ours
            return iter(DOCS)

    index = build(tmp_path / "i", Dataset())
    assert index.name == "irds:pets"
    assert len(index) == 6


def test_other_fields(tmp_path: Path) -> None:
    index = build(tmp_path / "i", fields=("brand", "title"))
    assert index.texts(["d1", "d2"]) == {"d1": "felix Cats", "d2": "Dogs"}
    assert index.bm25().search("felix")["docno"].tolist() == ["d1"]


def test_refuses_to_build_over_an_index_or_anything_else(tmp_path: Path) -> None:
    build(tmp_path / "i")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        build(tmp_path / "i")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="is no PisaIndex"):
        build(mine, overwrite=True)
    assert (mine / "thesis.tex").exists()


def test_overwrite_is_seen_by_objects_made_before(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    pipeline = index.bm25() >> index.text()
    assert pipeline.search("cat")["docno"].tolist() == ["d1", "d2"]
    build(tmp_path / "i", [{"docno": "n", "text": "another cat"}], overwrite=True)
    assert pipeline.search("cat")["text"].tolist() == ["another cat"]
    assert len(index) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["i"]
    assert not (tmp_path / "i" / "replaced").exists()


def test_open_or_build(tmp_path: Path) -> None:
    path = tmp_path / "i"
    built = PisaIndex.open_or_build(path, DOCS, name="pets", verbose=False)

    def unread() -> Iterator[dict[str, Any]]:
        raise AssertionError("an index that is there is opened without reading the corpus")
        yield

    opened = PisaIndex.open_or_build(path, unread(), name="pets", verbose=False)
    assert opened.fingerprint == built.fingerprint
    with pytest.raises(ValueError, match="name: expected 'cars', found 'pets'") as error:
        PisaIndex.open_or_build(path, DOCS, name="cars", stemmer="none", verbose=False)
    assert "stemmer: expected 'none', found 'porter2'" in str(error.value)
    assert "overwrite=True" in str(error.value)


@pytest.mark.parametrize(
    ("corpus", "error", "message"),
    [
        ([], ValueError, "at least one document"),
        ([*DOCS, DOCS[1]], ValueError, "'d2' as document 2 and as document 7"),
        ([DOCS[0], {"docno": "", "text": "x"}], ValueError, "document 2 .*found ''"),
        ([{"docno": "a b", "text": "x"}], ValueError, "'a b'"),
        ([{"docno": "a\u00a0b", "text": "x"}], ValueError, "whitespace"),
        ([{"docno": "a\x00b", "text": "x"}], ValueError, "control characters"),
        ([{"docno": "a\ud800", "text": "x"}], ValueError, "control characters"),
        ([{"docno": 7, "text": "x"}], TypeError, "found 7 of type int"),
        ([{"text": "x"}], TypeError, "docno"),
        (["x"], TypeError, "found 'x' of type str"),
        ([{"docno": "a", "text": ["x"]}], TypeError, "field 'text' of document 'a'"),
        ([{"docno": "a", "body": "x"}], ValueError, r"fields \['title', 'text'\].*'body'"),
        ([{"docno": "a", "text": "漢字"}], ValueError, "ASCII"),
        (7, TypeError, "found int"),
    ],
)
def test_unusable_corpora_leave_nothing(
    tmp_path: Path, corpus: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        build(tmp_path / "i", corpus)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("setting", "value"), [("stemmer", "poter"), ("stops", "all")])
def test_settings_are_checked_before_the_corpus_is_read(
    tmp_path: Path, setting: str, value: str
) -> None:
    with pytest.raises(ValueError, match=f"{setting} should be one of .*{value}"):
        build(tmp_path / "i", **{setting: value})


@pytest.mark.parametrize("before", [0, 3])
def test_an_exception_of_the_corpus_comes_through(tmp_path: Path, before: int) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield from DOCS[:before]
        raise ConnectionError("the corpus went away")

    with pytest.raises(ConnectionError, match="went away"):
        build(tmp_path / "i", broken())
    assert list(tmp_path.iterdir()) == []
    assert len(build(tmp_path / "i")) == 6


def test_a_failed_overwrite_keeps_the_old_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = build(tmp_path / "i")
    with pytest.raises(ValueError, match="at least one document"):
        build(tmp_path / "i", [], overwrite=True)
    assert len(index) == 6
    rename = Path.rename
    calls = []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(OSError, match="no"):
        build(tmp_path / "i", DOCS[:1], overwrite=True)
    assert len(index) == 6


def test_a_crash_of_pisa_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RewriteError, match=r"(?s)could not finish 'index'.*is the disk full"):
        _pisa.index(tmp_path / "absent", tmp_path / "absent", stemmer="porter2", threads=1)


@pytest.mark.parametrize("name", ["inv.freqs", "inv.sizes", "fwd.terms"])
def test_a_truncated_index_is_an_error(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_ = _pisa.index

    def full_disk(texts: Path, folder: Path, **settings: Any) -> None:
        index_(texts, folder, **settings)
        with open(folder / name, "r+b") as file:
            file.truncate((folder / name).stat().st_size - 4)

    monkeypatch.setattr(_pisa, "index", full_disk)
    with pytest.raises(RewriteError, match="incomplete index"):
        build(tmp_path / "i")
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_lost_documents_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_ = _pisa.index

    def cut(texts: Path, folder: Path, **settings: Any) -> None:
        texts.write_bytes(b"".join(texts.read_bytes().splitlines(keepends=True)[:-1]))
        index_(texts, folder, **settings)

    monkeypatch.setattr(_pisa, "index", cut)
    with pytest.raises(RewriteError, match="incomplete index of 6 documents"):
        build(tmp_path / "i")


KILLED = """
import os, sys
from pyterrier_rewrite.pipelines import PisaIndex

def corpus():
    for i in range(1000):
        yield {"docno": f"d{i}", "text": "cat"}
    print("ready", flush=True)
    sys.stdin.read()

PisaIndex.build(sys.argv[1], corpus(), verbose=False)
"""


def test_a_killed_build_leaves_nothing_that_opens(tmp_path: Path) -> None:
    path = tmp_path / "i"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    left = [p.name for p in tmp_path.iterdir()]
    assert any("building" in name for name in left)
    assert "i" not in left
    with pytest.raises(FileNotFoundError, match="no finished index"):
        len(PisaIndex(path))
    assert len(PisaIndex.open_or_build(path, DOCS, verbose=False)) == 6
    assert [p.name for p in tmp_path.iterdir()] == ["i"]


def test_two_builds_of_one_path_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "i"
    inside, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[dict[str, Any]]:
        inside.set()
        assert go_on.wait(10)
        yield from DOCS

    first = threading.Thread(target=build, args=(path, slow()))
    first.start()
    assert inside.wait(10)
    failures: list[Exception] = []

    def rival() -> None:
        try:
            build(path, DOCS[:1])
        except FileExistsError as error:
            failures.append(error)

    second = threading.Thread(target=rival)
    second.start()
    go_on.set()
    first.join()
    second.join()
    assert len(failures) == 1
    assert len(PisaIndex(path)) == 6
    assert [p.name for p in tmp_path.iterdir()] == ["i"]


def test_an_index_of_pyterrier_pisa_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "pt_meta.json").write_text('{"stemmer": "porter2"}')
    with pytest.raises(ValueError, match=r"was not built by PisaIndex\.build"):
        len(PisaIndex(tmp_path))


# -- text and terms ---------------------------------------------------------------------


def test_texts_are_what_was_indexed(index: PisaIndex) -> None:
    assert isinstance(index, TextSource)
    found = index.texts(["dé3", "d1", "nobody", "d4", "d1"])
    assert found == {
        "d1": "Cats the cat sat on the mat",
        "dé3": "dogs, running.\nRunning  fast  !",
        "d4": "",
    }


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


# -- BM25 -------------------------------------------------------------------------------


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


def test_rank_cutoff_is_fused(index: PisaIndex) -> None:
    assert (index.bm25() % 1).compile() == index.bm25(num_results=1)
    assert (index.bm25(num_results=5) % 10).compile() == index.bm25(num_results=5)
    inp = frame("cat", "dog")
    pd.testing.assert_frame_equal((index.bm25() % 1)(inp), index.bm25(num_results=1)(inp))


def test_bm25_is_a_value(index: PisaIndex) -> None:
    bm25 = index.bm25(k1=0.9, num_results=7, threads=2)
    assert bm25 == index.bm25(k1=0.9, num_results=7, verbose=True)
    assert hash(bm25) == hash(index.bm25(k1=0.9, num_results=7))
    assert bm25 != index.bm25(num_results=7)
    assert bm25 != PisaIndex("elsewhere").bm25(k1=0.9, num_results=7)
    assert f"BM25({index!r}, k1=0.9, num_results=7" in repr(bm25)
    bm25(frame("cat"))
    for other in (copy.deepcopy(bm25), pickle.loads(pickle.dumps(bm25))):
        assert other == bm25
        assert scores(other(frame("cat"))) == scores(bm25(frame("cat")))
    changed = pt.inspect.transformer_apply_attributes(bm25, b=0.1)
    assert (changed.b, changed.k1, changed.num_results) == (0.1, 0.9, 7)


def test_inspection_opens_nothing() -> None:
    bm25 = PisaIndex("nowhere").bm25()
    assert pt.inspect.transformer_inputs(bm25) == [["qid", "query"]]
    outputs = pt.inspect.transformer_outputs(bm25, ["qid", "query"])
    assert outputs == ["qid", "query", "docno", "score", "rank"]
    with pytest.raises(pt.validate.InputValidationError):
        bm25(pd.DataFrame({"qid": ["1"]}))
    with pytest.raises(FileNotFoundError, match=r"PisaIndex\.build"):
        bm25.search("cat")


def test_schematic_needs_no_network(index: PisaIndex) -> None:
    drawn = pt.schematic.transformer_schematic(index.bm25() >> index.text())
    labels = [step["label"] for step in drawn["transformers"]]
    assert labels == ["BM25", "TextLoader"]


def test_equal_transformers_open_one_context(index: PisaIndex) -> None:
    _pisa.context.cache_clear()
    for threads in range(1, 21):
        index.bm25(threads=1, verbose=False, num_results=threads)(frame("cat"))
    assert _pisa.context.cache_info().misses == 1


def test_a_read_only_index_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = build(tmp_path / "i")
    before = sorted(p.name for p in index.path.iterdir())
    make = _pisa.tempfile.mkdtemp

    def read_only(*args: Any, **kwargs: Any) -> str:
        if kwargs.get("dir") == index.path:
            raise PermissionError("read-only file system")
        return str(make(*args, **kwargs))

    monkeypatch.setattr(_pisa.tempfile, "mkdtemp", read_only)
    assert len(index.bm25().search("cat")) == 2
    assert sorted(p.name for p in index.path.iterdir()) == before


def test_an_index_can_be_moved(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    expected = index.bm25()(frame("cat"))
    index.path.rename(tmp_path / "j")
    pd.testing.assert_frame_equal(PisaIndex(tmp_path / "j").bm25()(frame("cat")), expected)


def test_a_copy_without_links_is_searched(tmp_path: Path) -> None:
    index = build(tmp_path / "i")
    expected = index.bm25()(frame("cat"))
    shutil.copytree(index.path, tmp_path / "j", symlinks=True)
    for link in (tmp_path / "j").glob("bm25*/fwd.*"):
        link.unlink()
    pd.testing.assert_frame_equal(PisaIndex(tmp_path / "j").bm25()(frame("cat")), expected)


SENT = """
import pickle, sys
pipeline, inp = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps(pipeline(inp)))
"""


def test_a_pipeline_runs_in_another_process(index: PisaIndex, tmp_path: Path) -> None:
    pipeline, inp = index.bm25() >> index.text(), frame("cat", "dog")
    done = subprocess.run(
        [sys.executable, "-c", SENT],
        input=pickle.dumps((pipeline, inp)),
        capture_output=True,
        check=True,
        cwd=tmp_path,
    )
    pd.testing.assert_frame_equal(pickle.loads(done.stdout), pipeline(inp))


def test_import_is_light() -> None:
    code = (
        "import sys, pyterrier_rewrite.pipelines;"
        "sys.exit(any(m in sys.modules for m in ('pyterrier_pisa', 'torch', 'jnius')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# -- real collections -------------------------------------------------------------------


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
