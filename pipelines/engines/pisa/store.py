"""Documents and term counts beside an index, in one SQLite file: PISA keeps neither."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

STORE: Final = "store.sqlite"

_SCHEMA: Final = """
CREATE TABLE docs (docno TEXT PRIMARY KEY, text TEXT NOT NULL, fields TEXT NOT NULL);
CREATE TABLE terms (stem TEXT PRIMARY KEY, df INTEGER NOT NULL, cf INTEGER NOT NULL) WITHOUT ROWID;
"""

_local = threading.local()

T = TypeVar("T")


def create(folder: Path) -> sqlite3.Connection:
    """Create the store of an index that is being built; nothing is durable until committed."""
    connection = sqlite3.connect(folder / STORE, isolation_level=None)
    # an interrupted build is thrown away as a whole, so it needs no journal
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;" + _SCHEMA)
    return connection


def texts(folder: Path, stamp: object, docnos: Iterable[str]) -> dict[str, str]:
    """Return the texts of documents; unknown ids are left out."""
    rows = _select(folder, stamp, "SELECT docno, text FROM docs WHERE docno IN", docnos)
    return dict(rows)


def records(folder: Path, stamp: object, docnos: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``text`` and all other fields of documents; unknown ids are left out."""
    rows = _select(folder, stamp, "SELECT docno, text, fields FROM docs WHERE docno IN", docnos)
    return {docno: {**json.loads(fields), "text": text} for docno, text, fields in rows}


def term_counts(folder: Path, stamp: object, column: str, stems: Iterable[str]) -> dict[str, int]:
    """Return ``df`` or ``cf`` of stems; unknown stems are left out."""
    return dict(_select(folder, stamp, f"SELECT stem, {column} FROM terms WHERE stem IN", stems))


def _select(
    folder: Path, stamp: object, statement: str, keys: Iterable[str]
) -> Iterator[tuple[Any, ...]]:
    connection = _connection(folder, stamp)
    wanted = list(dict.fromkeys(keys))
    for batch in _batches(wanted, 10_000):
        parameter = json.dumps(batch)
        yield from connection.execute(f"{statement} (SELECT value FROM json_each(?))", [parameter])


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _connection(folder: Path, stamp: object) -> sqlite3.Connection:
    """Return this thread's connection; a new one after a fork or a rebuild of the index."""
    opened: dict[Path, tuple[object, sqlite3.Connection]] = _local.__dict__.setdefault("opened", {})
    owner = (os.getpid(), stamp)
    if folder not in opened or opened[folder][0] != owner:
        address = f"{(folder / STORE).as_uri()}?mode=ro&immutable=1"
        opened[folder] = (owner, sqlite3.connect(address, uri=True))
    return opened[folder][1]
