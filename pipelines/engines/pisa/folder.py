"""The folder of an index: how it is built, and what is read from it beside PISA's own files."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np

from pyterrier_rewrite._version import __version__
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.rankings.lists import Ints
from pyterrier_rewrite.stores.sealed import write_sealed
from pyterrier_rewrite.stores.whole import METADATA
from pyterrier_rewrite.text.safe import safe_text

from ..base import BuiltIndex
from ..documents import CorpusSettings, read_texts, twice
from . import native as _pisa

STORE: Final = "store.sqlite"
"""Documents and term counts in one SQLite file: PISA keeps neither."""

_SCHEMA: Final = """
CREATE TABLE docs (docno TEXT PRIMARY KEY, text TEXT NOT NULL, fields TEXT NOT NULL);
CREATE TABLE terms (stem TEXT PRIMARY KEY, df INTEGER NOT NULL, cf INTEGER NOT NULL) WITHOUT ROWID;
"""

_THERE: Final = "SELECT docno FROM docs WHERE docno IN"

_INDEXED: Final = re.compile("[A-Za-z0-9]")

_local = threading.local()


@dataclass(frozen=True)
class Settings(CorpusSettings):
    """What decides an index, beside the documents.

    Attributes:
        stemmer: PISA's name of the stemmer.
        stops: PISA's name of the list of stop words.
    """

    stemmer: str
    stops: str

    def __post_init__(self) -> None:
        _pisa.check_choice("stemmer", self.stemmer, _pisa.STEMMERS)
        _pisa.check_choice("stops", self.stops, _pisa.STOP_LISTS)
        super().__post_init__()


def write(work: Path, *, corpus: object, settings: Settings, verbose: bool) -> None:
    """Index a corpus into a folder, the metadata last."""
    texts = work / "texts"
    with closing(_create_store(work)) as store:
        facts = _read(corpus, settings, store, texts, verbose=verbose)
        _pisa.index(texts, work, stemmer=settings.stemmer, threads=max(1, (os.cpu_count() or 1)))
        texts.unlink()
        stems, df, cf = _count_terms(work, facts["num_docs"])
        rows = zip(stems, df.tolist(), cf.tolist(), strict=True)
        store.executemany("INSERT INTO terms VALUES (?, ?, ?)", rows)
        store.execute("COMMIT")
    metadata = {
        "type": "sparse_index",
        "format": "pisa",
        "package_hint": "pyterrier-pisa",
        "stemmer": settings.stemmer,
        "stops": settings.stops,
        "fields": list(settings.fields),
        "name": settings.name,
        **facts,
        "num_tokens": int(cf.sum()),
        "versions": {"pyterrier-rewrite": __version__, "pyterrier-pisa": version("pyterrier-pisa")},
    }
    write_sealed(work / METADATA, metadata, (*_pisa.INPUTS, STORE))


def _create_store(folder: Path) -> sqlite3.Connection:
    """Create the store of an index that is being built; nothing is durable until committed."""
    connection = sqlite3.connect(folder / STORE, isolation_level=None)
    # an interrupted build is thrown away as a whole, so it needs no journal
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;" + _SCHEMA)
    return connection


def _read(
    corpus: object, settings: Settings, store: sqlite3.Connection, texts: Path, *, verbose: bool
) -> dict[str, Any]:
    """Write every document to the store and, one a line, to the file that PISA indexes."""
    digest = hashlib.sha256()
    columns: dict[str, None] = {}
    count, indexable = 0, False
    documents = read_texts(corpus, "Indexing", settings.fields, verbose=verbose)
    with open(texts, "w", encoding="utf-8") as lines:
        for count, (docno, text, document) in enumerate(documents, start=1):
            others = {k: v for k, v in document.items() if k not in ("docno", "text")}
            columns.update(dict.fromkeys(others))
            row = (docno, text, json.dumps(others, default=str))
            try:
                store.execute("INSERT INTO docs VALUES (?, ?, ?)", row)
            except sqlite3.IntegrityError:
                found = store.execute("SELECT rowid FROM docs WHERE docno = ?", [docno])
                raise twice(docno, found.fetchone()[0], count) from None
            clean = safe_text(text, max_chars=sys.maxsize)
            indexable = indexable or _INDEXED.search(clean) is not None
            lines.write(f"{docno} {clean}\n")
            digest.update(f"{docno}\t{len(text)}\n".encode())
    if count == 0:
        raise ValueError("the corpus should have at least one document, found none")
    if not indexable:
        raise ValueError(
            f"no document has a word (ASCII letters or digits) in the fields "
            f"{list(settings.fields)}; the corpus has the fields {[*columns, 'text']}: "
            "name the right ones with fields=(…)"
        )
    return {"num_docs": count, "fingerprint": digest.hexdigest(), "columns": list(columns)}


def _count_terms(work: Path, num_docs: int) -> tuple[list[str], Ints, Ints]:
    """Read document and collection frequencies from PISA's inverted index.

    Its files are 32-bit numbers: a list is its length and then so many numbers. ``inv.sizes``
    is one list, a number a document; ``inv.freqs`` is one list a term, in the order of
    ``fwd.terms``, a number a document that has the term.

    Raises:
        RewriteError: If the files do not fit together, as after a full disk.
    """
    stems = (work / "fwd.terms").read_text(encoding="utf-8").split("\n")[:-1]
    sizes = np.fromfile(work / "inv.sizes", dtype=np.uint32)[1:]
    freqs = np.memmap(work / "inv.freqs", dtype=np.uint32, mode="r")
    starts = np.zeros(len(stems), dtype=np.int64)
    df = np.zeros(len(stems), dtype=np.int64)
    at = 0
    for i in range(len(stems)):
        if at >= len(freqs):
            break
        starts[i], df[i] = at + 1, freqs[at]
        at += 1 + int(freqs[at])
    complete = at == len(freqs) and bool(df.all()) and len(sizes) == num_docs
    cf = np.zeros(len(stems), dtype=np.int64)
    if complete:
        counts = np.array(freqs, dtype=np.int64)
        counts[starts - 1] = 0  # the lengths
        cf = np.add.reduceat(counts, starts - 1)
    if not complete or cf.sum() != sizes.sum(dtype=np.int64):
        raise RewriteError(
            f"PISA wrote an incomplete index of {num_docs} documents; is the disk full?"
        )
    return stems, df, cf


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
        if not columns:
            return {docno: () for (docno,) in self._select(_THERE, docnos)}
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
            self.check_files(STORE)
            address = f"{(self.path / STORE).as_uri()}?mode=ro&immutable=1"
            opened[self.path] = (owner, sqlite3.connect(address, uri=True))
        return opened[self.path][1]
