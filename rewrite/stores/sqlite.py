"""SQLite files of ours: marked, versioned, for many threads and processes at once."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..deadline import remaining
from ..errors import RewriteError

WAIT: Final = 60.0
"""Seconds to wait for whoever writes at the moment."""

SHORTEST_WAIT: Final = 0.05
"""The same where no time is left: what is there should still be kept."""

_ERRORS: Final = (sqlite3.Error, UnicodeError)
"""What reading a file raises; the names in a damaged one may be no text."""

_OF_THE_DISK = re.compile(
    r"lock(?:ed|ing)|unable to open|disk I/O|disk is full|readonly|permission denied"
)
"""How SQLite calls what is not the fault of the file's content."""

_NO_ROOM: Final = frozenset(
    {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EFBIG}
)

_MARK: Final = slice(68, 72)
"""Where in a file SQLite keeps the number that tells whose it is."""


@dataclass(frozen=True)
class Layout:
    """What tells one kind of file from another.

    Attributes:
        name: What it is, for errors, such as ``cache``.
        application: Four letters as a number; what tells our files from other SQLite files.
        tables: Statements that lay out an empty file.
        version: Of the tables.
        private: Whether the file holds what is personal: its owner alone may read it, and what
            is deleted is overwritten. Others write to a log beside the file (WAL), which would
            keep what was deleted.
        error: What is raised.
        missing: What to do where there is no file to read, for the error.
        reading: How to do with a file that is only readable, for the error.
    """

    name: str
    application: int
    tables: tuple[str, ...]
    version: int = 1
    private: bool = False
    error: type[Exception] = RewriteError
    missing: str = "write to it first"
    reading: str = ""


@dataclass(frozen=True)
class Database:
    """An open file; every statement is committed at once, but for those of a transaction."""

    path: Path
    layout: Layout
    db: sqlite3.Connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        with _explained(self.path, self.layout):
            self._wait_no_longer_than_may_be()
            return self.db.execute(statement, values).fetchall()

    def execute_many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for every row of values."""
        with _explained(self.path, self.layout):
            self._wait_no_longer_than_may_be()
            self.db.executemany(statement, rows)

    def _wait_no_longer_than_may_be(self) -> None:
        if remaining() is not None:
            self.db.execute(f"PRAGMA busy_timeout = {1000 * _wait():.0f}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other writers out, and commit all that is done or, after an error, nothing."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # what went wrong first is what to tell
                self.db.rollback()
            raise


@contextmanager
def open_database(path: Path, layout: Layout, *, read_only: bool = False) -> Iterator[Database]:
    """Open a file of ours for as long as it is used.

    That is quick, so nobody keeps one open for others to share: threads and forked processes
    open their own.

    Args:
        path: The file; it and its folder are made if missing.
        layout: What it should be.
        read_only: Only read; the file must be there.

    Raises:
        Exception: The layout's ``error``, if the file cannot be used, is damaged, is another
            program's, or was written by another version.
    """
    connect = _connect_to_read if read_only else _connect
    with ExitStack() as opened:
        with _explained(path, layout):
            db = connect(path, layout, opened)
        yield Database(path, layout, db)


def _wait() -> float:
    """Return the seconds to wait for others: about as many as there are left."""
    left = remaining()
    return WAIT if left is None else min(WAIT, max(left, SHORTEST_WAIT))


def _connect(path: Path, layout: Layout, opened: ExitStack) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if layout.private and not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    # a generator that holds the connection may be closed by another thread than began it
    db = sqlite3.connect(path, timeout=_wait(), isolation_level=None, check_same_thread=False)
    opened.callback(db.close)
    if layout.private:
        db.execute("PRAGMA secure_delete = ON")
    if not _is_marked(db, path, layout):
        if not layout.private:
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        if not _is_marked(db, path, layout):  # no other process was faster
            if not _tables(db):
                for table in layout.tables:
                    db.execute(table)
            db.execute(f"PRAGMA application_id = {layout.application}")
            db.execute(f"PRAGMA user_version = {layout.version}")
        db.execute("COMMIT")
    if not layout.private:
        # a commit waits for no disk: a killed process loses nothing, a power cut the last few
        db.execute("PRAGMA synchronous = NORMAL")
    return db


def _connect_to_read(path: Path, layout: Layout, opened: ExitStack) -> sqlite3.Connection:
    missing = layout.error(f"no {layout.name} at {path}: {layout.missing}")
    if not path.exists():
        raise missing
    # in a read-only folder SQLite finds no room for files of its own, and need not
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"{path.absolute().as_uri()}?{mode}"
        db = sqlite3.connect(uri, uri=True, timeout=_wait(), check_same_thread=False)
        opened.callback(db.close)
        try:
            if _is_marked(db, path, layout) or _tables(db):
                return db
            break
        except sqlite3.OperationalError:
            if "immutable" in mode:
                raise
    raise missing


def _is_marked(db: sqlite3.Connection, path: Path, layout: Layout) -> bool:
    """Return whether the file is marked as ours; raise if it is another's or another version's.

    One that is empty, or has our tables from before they were marked, is ours to mark.
    """
    # in this order, so that a file being laid out right now looks empty or complete
    tables = _tables(db)
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application == layout.application:
        if version != layout.version:
            raise layout.error(
                f"the {layout.name} {path} has layout {version}, expected {layout.version}: it was "
                "written by another version of pyterrier-rewrite; use that one, or another path"
            )
        return True
    if tables and (application or version or tables != _tables_of(layout)):
        raise layout.error(
            f"{path} is no usable {layout.name} but another program's SQLite file: use another path"
        )
    return False


def _tables(db: sqlite3.Connection) -> set[tuple[str, str]]:
    return set(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def _tables_of(layout: Layout) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:")) as db:
        for table in layout.tables:
            db.execute(table)
        return _tables(db)


def is_damage(error: Exception) -> bool:
    """Return whether an error of a layout tells of a damaged file."""
    return isinstance(error.__cause__, _ERRORS) and not _is_of_the_disk(error.__cause__)


def is_no_room(error: Exception) -> bool:
    """Return whether an error of a layout tells of no room, no right to write, or a lock."""
    cause = error.__cause__
    return _is_of_the_disk(cause) or (isinstance(cause, OSError) and cause.errno in _NO_ROOM)


def bears_mark(path: Path, layout: Layout) -> bool:
    """Return whether a file was once ours, which its first bytes tell however damaged it is."""
    with suppress(OSError), path.open("rb") as file:
        return file.read(_MARK.stop)[_MARK] == layout.application.to_bytes(4, "big")
    return False


@contextmanager
def _explained(path: Path, layout: Layout) -> Iterator[None]:
    try:
        yield
    except (*_ERRORS, OSError) as error:
        if isinstance(error, OSError) or _is_of_the_disk(error):
            raise layout.error(
                f"cannot use the {layout.name} {path}: {error}; its folder must be on a local "
                f"disk, have room and be writable{layout.reading}"
            ) from error
        raise layout.error(
            f"{path} is no usable {layout.name}: it is damaged or no SQLite file ({error}); move "
            "it away, or use another path"
        ) from error


def _is_of_the_disk(error: BaseException | None) -> bool:
    return isinstance(error, sqlite3.OperationalError) and bool(_OF_THE_DISK.search(str(error)))
