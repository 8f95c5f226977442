"""What stands in an index's folder beside PISA's own files: its metadata, documents and counts."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ..base import BuiltIndex

STORE: Final = "store.sqlite"
"""Documents and term counts in one SQLite file: PISA keeps neither."""

_SCHEMA: Final = """
CREATE TABLE docs (docno TEXT PRIMARY KEY, text TEXT NOT NULL, fields TEXT NOT NULL);
CREATE TABLE terms (stem TEXT PRIMARY KEY, df INTEGER NOT NULL, cf INTEGER NOT NULL) WITHOUT ROWID;
"""

_local = threading.local()


def create_store(folder: Path) -> sqlite3.Connection:
    """Create the store of an index that is being built; nothing is durable until committed."""
    connection = sqlite3.connect(folder / STORE, isolation_level=None)
    # an interrupted build is thrown away as a whole, so it needs no journal
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;" + _SCHEMA)
    return connection


class PisaFolder(BuiltIndex):
    """An index of PISA as its readers see it: what it is, its documents and its counts."""

    _how_to_build = "PisaIndex.build(path, corpus)"

    @property
    def num_tokens(self) -> int:
        """Number of terms in all documents, stop words included."""
        return int(self.metadata["num_tokens"])

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the ids and text lengths of all documents."""
        return str(self.metadata["fingerprint"])

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that make up the text."""
        return tuple(self.metadata["fields"])

    @property
    def stemmer(self) -> str:
        """Name of the stemmer."""
        return str(self.metadata["stemmer"])

    @property
    def stops(self) -> str:
        """Name of the list of stop words."""
        return str(self.metadata["stops"])

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the packages that built the index."""
        return dict(self.metadata["versions"])

    def _check_metadata(self, found: dict[str, Any]) -> None:
        if "fingerprint" not in found:
            raise ValueError(
                f"the index at {self.path} was not built by PisaIndex.build: it lacks document "
                "texts and counts; build it anew at another path"
            )

    # -- documents and counts ------------------------------------------------------------

    def texts(self, docnos: Iterable[str]) -> dict[str, str]:
        """Return the text of each document; unknown ids are left out."""
        return dict(self._select("SELECT docno, text FROM docs WHERE docno IN", docnos))

    def records(
        self, docnos: Iterable[str], columns: tuple[str, ...]
    ) -> dict[str, tuple[Any, ...]]:
        """Return the columns of each document, None where it has none; unknown ids are left out.

        Raises:
            ValueError: If no document of the index has such a column.
        """
        known = ["text", *self.metadata["columns"]]
        unknown = [column for column in columns if column not in known]
        if unknown:
            raise ValueError(f"{self!r} has the columns {known}, not {unknown}")
        if columns == ("text",):  # the common case, and much faster
            return {docno: (text,) for docno, text in self.texts(docnos).items()}
        rows = self._select("SELECT docno, text, fields FROM docs WHERE docno IN", docnos)
        found = {docno: {**json.loads(fields), "text": text} for docno, text, fields in rows}
        return {docno: tuple(map(record.get, columns)) for docno, record in found.items()}

    def term_counts(self, column: str, stems: Iterable[str]) -> dict[str, int]:
        """Return ``df`` or ``cf`` of stems; unknown stems are left out."""
        return dict(self._select(f"SELECT stem, {column} FROM terms WHERE stem IN", stems))

    def _select(self, statement: str, keys: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        connection = self._connection()
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), 10_000):
            batch = json.dumps(wanted[start : start + 10_000])
            yield from connection.execute(f"{statement} (SELECT value FROM json_each(?))", [batch])

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection; a new one after a fork or a rebuild of the index."""
        opened: dict[Path, tuple[object, sqlite3.Connection]]
        opened = _local.__dict__.setdefault("opened", {})
        owner = (os.getpid(), self.stamp)
        if self.path not in opened or opened[self.path][0] != owner:
            address = f"{(self.path / STORE).as_uri()}?mode=ro&immutable=1"
            opened[self.path] = (owner, sqlite3.connect(address, uri=True))
        return opened[self.path][1]
