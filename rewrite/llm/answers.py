"""A SQLite file of answers, safe for threads and processes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import LLMError
from .base import Completions

SCHEMA: Final = 1
"""Version of the file's layout and of its keys."""

APPLICATION: Final = 0x7074_7277
"""What tells our files from other SQLite files: ``ptrw`` in ASCII."""

_KEPT: Final = ("texts", "prompt_tokens", "completion_tokens", "seconds", "cut")

_KEYS_A_QUERY: Final = 500
"""SQLite takes at least 999."""


@dataclass(frozen=True, slots=True)
class Answers:
    """An open file of answers."""

    path: Path
    db: sqlite3.Connection

    def find(self, keys: Sequence[bytes]) -> Iterator[Completions | None]:
        """Yield the answer of every key, in order; None where there is none."""
        for start in range(0, len(keys), _KEYS_A_QUERY):
            some = keys[start : start + _KEYS_A_QUERY]
            holes = ",".join("?" * len(some))
            with _explained(self.path):
                found = dict(
                    self.db.execute(f"SELECT key, answer FROM answers WHERE key IN ({holes})", some)
                )
            for stored in map(found.get, some):
                yield None if stored is None else Completions(**json.loads(stored), cached=True)

    def add(self, key: bytes, request: str, answer: Completions) -> None:
        """Store an answer and commit it; the first one of a key stays."""
        kept = canonical_json({name: getattr(answer, name) for name in _KEPT})
        with _explained(self.path):
            self.db.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, request, kept))

    def clear(self) -> None:
        """Forget every answer."""
        with _explained(self.path):
            self.db.execute("DELETE FROM answers")

    def __len__(self) -> int:
        with _explained(self.path):
            return int(self.db.execute("SELECT count(*) FROM answers").fetchone()[0])


@contextmanager
def open_answers(path: Path, *, read_only: bool = False) -> Iterator[Answers]:
    """Open a file of answers; that is quick, so nobody keeps one open for others to share.

    Args:
        path: The file; it and its folder are made if missing.
        read_only: Only read; the file must be there.

    Raises:
        LLMError: If the file cannot be used, is damaged, or is not ours.
    """
    with _explained(path):
        db = _connect_to_read(path) if read_only else _connect(path)
    with closing(db):
        yield Answers(path, db)


def canonical_json(value: object) -> str:
    """Return JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # a generator that holds the connection may be closed by another thread than began it
    db = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    try:
        if not _laid_out(db, path):
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("BEGIN IMMEDIATE")
            if not _laid_out(db, path):  # no other process was faster
                db.execute("CREATE TABLE answers (key BLOB PRIMARY KEY, request TEXT, answer TEXT)")
                db.execute(f"PRAGMA application_id = {APPLICATION}")
                db.execute(f"PRAGMA user_version = {SCHEMA}")
            db.execute("COMMIT")
        # a commit waits for no disk: a killed process loses nothing, a power cut the last answers
        db.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        db.close()
        raise
    return db


def _connect_to_read(path: Path) -> sqlite3.Connection:
    missing = LLMError(f"no cache at {path}: run once with offline=False to ask the model")
    if not path.exists():
        raise missing
    # in a read-only folder SQLite finds no room for files of its own, and need not
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"{path.absolute().as_uri()}?{mode}"
        db = sqlite3.connect(uri, uri=True, timeout=60, check_same_thread=False)
        try:
            if not _laid_out(db, path):
                raise missing
        except sqlite3.OperationalError:
            db.close()
            if "immutable" in mode:
                raise
        except BaseException:
            db.close()
            raise
        else:
            return db
    raise missing


def _laid_out(db: sqlite3.Connection, path: Path) -> bool:
    """Return whether the file is ours; raise if it is another's or of another version."""
    # in this order, so that a file being laid out right now looks empty or complete
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION:
        if version != SCHEMA:
            raise LLMError(
                f"the cache {path} has layout {version}, expected {SCHEMA}: it was written by "
                "another version of pyterrier-rewrite; use that one, or another path"
            )
        return True
    if tables:
        raise LLMError(
            f"expected a cache of answers, found another program's SQLite file {path}: use "
            "another path"
        )
    return False


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise LLMError(
            f"cannot use the cache {path}: {error}; its folder must be on a local disk, have room "
            "and be writable (readable is enough with offline=True)"
        ) from error
    except sqlite3.DatabaseError as error:
        raise LLMError(
            f"the cache {path} is damaged or no SQLite file: {error}; move it away, or use "
            "another path"
        ) from error
