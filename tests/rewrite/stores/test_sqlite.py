"""SQLite files of ours open for ever, and those of others never."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from contextlib import closing
from dataclasses import replace

import pytest

import pyterrier_rewrite as pr
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.llm.answers import open_answers
from pyterrier_rewrite.stores.sqlite import Layout, is_damage, is_no_room, open_database

NOTES = Layout("notebook", 0x6E6F7465, ("CREATE TABLE notes (text TEXT)",))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new folder" / "notes.db"


def notes(path, layout=NOTES, **how):
    with open_database(path, layout, **how) as file:
        return [text for (text,) in file.execute("SELECT text FROM notes")]


def note(path, text, layout=NOTES):
    with open_database(path, layout) as file:
        file.execute("INSERT INTO notes VALUES (?)", [text])


def pragma(path, name):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(f"PRAGMA {name}").fetchone()[0]


def made_by(path, *statements):
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)
    return path


@pytest.mark.parametrize("private", [False, True])
def test_a_new_file_is_laid_out_and_marked(path, private):
    layout = replace(NOTES, private=private)
    note(path, "a", layout)
    assert notes(path, layout) == notes(path, layout, read_only=True) == ["a"]
    assert pragma(path, "application_id") == NOTES.application
    assert pragma(path, "user_version") == 1
    assert pragma(path, "journal_mode") == ("delete" if private else "wal")
    assert (stat.S_IMODE(path.stat().st_mode) == 0o600) == private


def test_what_is_deleted_from_a_private_file_is_in_it_no_more(path):
    layout = replace(NOTES, private=True)
    note(path, "a secret of mine", layout)
    with open_database(path, layout) as file:
        file.execute("DELETE FROM notes")
    assert b"secret" not in path.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_a_transaction_is_done_whole_or_not_at_all(path):
    def write(table, *texts):
        with open_database(path, NOTES) as file, file.transaction():
            file.execute_many("INSERT INTO notes VALUES (?)", [[text] for text in texts])
            file.execute(f"SELECT * FROM {table}")

    write("notes", "a", "b")
    with pytest.raises(RewriteError, match="no such table"):
        write("others", "c")
    assert notes(path) == ["a", "b"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("INSERT INTO notes VALUES (CAST(x'ff' AS TEXT))", "damaged.*decode"),
        ("DROP TABLE notes", "damaged.*no such table"),
    ],
)
def test_damage_is_not_taken_for_a_full_disk(path, damage, said):
    note(path, "a")
    made_by(path, damage)
    with pytest.raises(RewriteError, match=said) as error:
        notes(path)
    assert "have room" not in str(error.value)
    assert is_damage(error.value)
    assert not is_no_room(error.value)


def test_a_lock_is_no_damage(path, monkeypatch):
    monkeypatch.setattr("pyterrier_rewrite.stores.sqlite.WAIT", 0.01)
    note(path, "a")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(RewriteError, match="have room") as error:
            note(path, "b")
    assert not is_damage(error.value)
    assert is_no_room(error.value)


def test_what_cannot_be_committed_is_undone(path):
    deferred = replace(
        NOTES,
        tables=(
            "CREATE TABLE notes (text TEXT PRIMARY KEY)",
            "CREATE TABLE more (note TEXT REFERENCES notes DEFERRABLE INITIALLY DEFERRED)",
        ),
    )
    with open_database(path, deferred) as file:
        file.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(RewriteError, match="FOREIGN KEY"), file.transaction():
            file.execute("INSERT INTO more VALUES ('nobody')")
        with file.transaction():
            file.execute("INSERT INTO notes VALUES ('a')")
        assert file.execute("SELECT * FROM more") == []


def test_an_unmarked_file_with_our_tables_is_taken_over(path):
    made_by(path, *NOTES.tables, "INSERT INTO notes VALUES ('old')")
    assert notes(path, read_only=True) == ["old"]
    assert pragma(path, "application_id") == 0
    assert notes(path) == ["old"]
    assert pragma(path, "application_id") == NOTES.application


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["CREATE TABLE notes (other TEXT)"], "no usable notebook but another program's"),
        (["CREATE TABLE notes (text TEXT)", "CREATE TABLE more (x)"], "another program's"),
        (["CREATE TABLE notes (text TEXT)", "PRAGMA user_version = 7"], "another program's"),
        (["CREATE TABLE notes (text TEXT)", "PRAGMA application_id = 7"], "another program's"),
        ([f"PRAGMA application_id = {NOTES.application}"], "has layout 0, expected 1"),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_another_kind_or_version_is_refused_and_not_touched(
    path, statements, said, read_only
):
    made_by(path, *statements)
    before = path.read_bytes()
    with pytest.raises(RewriteError, match=said):
        notes(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_file_of_a_newer_version_is_refused(path):
    note(path, "a", replace(NOTES, version=2))
    with pytest.raises(RewriteError, match="layout 2, expected 1: it was written by another"):
        notes(path)


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.touch()])
def test_nothing_to_read_is_told(path, make):
    path.parent.mkdir()
    make(path)
    with pytest.raises(RewriteError, match=r"no notebook at .*: write to it first"):
        notes(path, read_only=True)


def test_an_error_of_the_reader_is_not_taken_for_one_of_the_file(path):
    with pytest.raises(OSError, match="elsewhere"), open_database(path, NOTES):
        raise OSError("elsewhere")


def test_threads_and_forks_write_at_once(path):
    threads = [threading.Thread(target=note, args=(path, "t")) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            try:
                note(path, "f")
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert sorted(notes(path)) == ["f"] * 4 + ["t"] * 16


# -- files from before there was one way to write them --------------------------------------------


def test_a_cache_from_before_still_answers(path):
    made_by(
        path,
        "CREATE TABLE answers (key BLOB PRIMARY KEY, request TEXT, answer TEXT)",
        "PRAGMA application_id = 1886679671",
        "PRAGMA user_version = 1",
        "INSERT INTO answers VALUES (x'00', '[]', '{\"texts\":[\"kept\"]}')",
    )
    for offline in (True, False):
        with open_answers(path, offline=offline, on_full=pytest.fail) as file:
            found = file.found([b"\0", b"\1"])
            assert [answer and answer.texts for answer in found] == [["kept"], None]


def test_an_entity_store_from_before_still_counts(path):
    made_by(
        path,
        "\ncreate table if not exists entities (\n"
        "    user text not null, entity text not null, count integer not null, first real not "
        "null,\n    last real not null, primary key (user, entity)\n) without rowid\n",
        "insert into entities values ('ann', 'Oslo', 2, 1.0, 2.0)",
    )
    store = pr.EntityStore(path)
    store.add("ann", ["oslo"], time=3.0)
    assert store.export("ann") == [{"entity": "Oslo", "count": 3, "first": 1.0, "last": 3.0}]
    assert pragma(path, "application_id") == 0x70747265
