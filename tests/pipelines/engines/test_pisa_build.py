from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyterrier as pt
import pytest

from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.pipelines.engines.pisa import native as _pisa
from tests.support.pisa import DOCS, build


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
