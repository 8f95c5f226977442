"""A file, or a folder, is the old one or the new one, never half of either."""

from __future__ import annotations

import os
import time

import pytest

from pyterrier_rewrite.stores import whole
from pyterrier_rewrite.stores.whole import replace_folder, write_whole


@pytest.mark.parametrize("content", ["new ☃", lambda path: path.write_text("new ☃", "utf-8")])
@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_written_and_nothing_is_left_beside(tmp_path, before, content):
    path = tmp_path / "a.csv"
    if before is not None:
        path.write_text(before)
    write_whole(path, content)
    assert path.read_text("utf-8") == "new ☃"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_is_given_a_path_of_the_same_suffix(tmp_path):
    write_whole(tmp_path / "run.res.gz", lambda path: path.write_text(path.name))
    assert (tmp_path / "run.res.gz").read_text().endswith(".run.res.gz")


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def fail(beside):
        beside.write_text("half")
        assert path.read_text() == "old"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_dead_process_left_goes_and_what_another_writes_stays(tmp_path):
    dead, alive, other = (tmp_path / n for n in (".new-1.a.csv", ".new-2.a.csv", ".new-3.b.csv"))
    for file in (dead, alive, other):
        file.touch()
    long_ago = time.time() - whole.ABANDONED - 1
    for file in (dead, other):
        os.utime(file, (long_ago, long_ago))
    write_whole(tmp_path / "a.csv", "")
    assert sorted(tmp_path.iterdir()) == sorted([alive, other, tmp_path / "a.csv"])


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_takes_the_place_of_another(tmp_path, there):
    path, new = tmp_path / "best", tmp_path / "best.new"
    for folder in [path, new] if there else [new]:
        folder.mkdir()
        (folder / folder.name).touch()
    replace_folder(path, new)
    assert [p.relative_to(tmp_path).as_posix() for p in sorted(tmp_path.rglob("*"))] == [
        "best",
        "best/best.new",
    ]


def test_a_folder_that_cannot_be_moved_leaves_the_old_one(tmp_path, monkeypatch):
    path, new = tmp_path / "best", tmp_path / "best.new"
    for folder in (path, new):
        folder.mkdir()
        (folder / folder.name).touch()
    rename = type(new).rename

    def refuse(self, target):
        if self == new:
            raise OSError("not here")
        return rename(self, target)

    monkeypatch.setattr(type(new), "rename", refuse)
    with pytest.raises(OSError, match="not here"):
        replace_folder(path, new)
    assert [file.name for file in path.iterdir()] == ["best"]
