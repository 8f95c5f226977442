"""Builds that are killed, meet a full disk or another build: an index is whole or not there."""

from __future__ import annotations

import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.pipelines import DenseIndex, PisaIndex
from pyterrier_rewrite.stores import sealed, whole
from tests.support.pisa import DOCS

NEW = [{"docno": f"n{number}", "text": f"new cat {number} " * 30} for number in range(200)]


class Letters:
    def encode(self, texts: list[str]) -> np.ndarray:
        return np.array([[text.count(letter) for letter in "acdgs"] for text in texts], dtype=float)


class Kind:
    """One way to build and search, whatever the index."""

    def __init__(self, name: str) -> None:
        self.name = name

    def build(self, path: Path, corpus: Any = DOCS, **settings: Any) -> Any:
        if self.name == "pisa":
            return PisaIndex.build(path, corpus, verbose=False, **settings)
        return DenseIndex.build(path, corpus, model=Letters(), verbose=False, **settings)

    def size(self, path: Path) -> int:
        """Return how many documents an index finds for a word that all of these have."""
        if self.name == "pisa":
            return len(PisaIndex(path).bm25().search("new"))
        return len(DenseIndex(path, model=Letters()).retriever().search("new"))


@pytest.fixture(params=["pisa", "dense"])
def kind(request: pytest.FixtureRequest) -> Kind:
    return Kind(request.param)


def in_child(work: Callable[[], object]) -> int:
    """Run something in a process of its own, and return how that ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except RewriteError as error:
            os._exit(3 if "full" in str(error) else 1)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_corpus() -> Any:
    yield from NEW[:50]
    die()


def second_rename_dies(patch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        patch.setattr(Path, "rename", die)
        return rename(self, target)

    patch.setattr(Path, "rename", once)


MOMENTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "reading": lambda patch: None,
    "sealing": lambda patch: patch.setattr(sealed, "_measured", die),
    "describing": lambda patch: patch.setattr(os, "fsync", die),
    "placing": lambda patch: patch.setattr(Path, "rename", die),
    "replacing": second_rename_dies,
    "clearing": lambda patch: patch.setattr(whole.shutil, "rmtree", die),
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("before", [False, True])
def test_a_killed_build_leaves_the_old_index_or_the_new_one(
    kind: Kind, moment: str, before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "i [1]"
    if before:
        kind.build(path, NEW[:7])

    def work() -> None:
        MOMENTS[moment](monkeypatch)
        kind.build(path, dying_corpus() if moment == "reading" else NEW, overwrite=True)

    status = in_child(work)
    done = not before and moment == "replacing"  # there was nothing to replace
    assert status == (0 if done else -signal.SIGKILL)
    if path.exists():
        assert kind.size(path) in (7, 200)
    else:
        with pytest.raises(FileNotFoundError, match="no finished index"):
            kind.size(path)
    kind.build(path, NEW[:9], reuse=True)
    was_ready = moment in ("replacing", "clearing")
    assert kind.size(path) == (200 if was_ready else 7 if before else 9)
    kind.build(path, NEW[:5], overwrite=True)
    assert kind.size(path) == 5
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert not list(path.glob(".replaced-*"))


@pytest.mark.parametrize("most", [100, 10_000])
@pytest.mark.parametrize("before", [False, True])
def test_a_full_disk_is_an_error_that_leaves_nothing(
    kind: Kind, most: int, before: bool, tmp_path: Path
) -> None:
    path = tmp_path / "i"
    if before:
        kind.build(path, NEW[:7])

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        kind.build(path, NEW, overwrite=True)

    status = in_child(work)
    assert status in ((3, 0) if kind.name == "dense" and most > 3_000 else (3,))
    if status == 3:
        assert [p.name for p in tmp_path.iterdir()] == (["i"] if before else [])
    kind.build(path, NEW[:9], reuse=True)
    assert kind.size(path) == (200 if status == 0 else 7 if before else 9)


def test_processes_that_build_at_once_share_one_index(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "i"

    def work() -> None:
        kind.build(path, NEW, reuse=True)
        assert kind.size(path) == 200

    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            os._exit(in_child(work))
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert [p.name for p in tmp_path.iterdir()] == ["i"]
    assert kind.size(path) == 200


def test_bounds_that_were_never_finished_are_cleared(tmp_path: Path) -> None:
    index = Kind("pisa").build(tmp_path / "i")
    dead, alive = index.path / ".model-dead", index.path / ".model-alive"
    for folder in (dead, alive):
        folder.mkdir()
    long_ago = time.time() - whole.ABANDONED - 1
    os.utime(dead, (long_ago, long_ago))
    index.bm25().search("cat")
    assert (dead.exists(), alive.exists()) == (False, True)
