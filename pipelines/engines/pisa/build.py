"""Building an index so that it is either complete or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pyterrier_rewrite._version import __version__
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.stores.whole import METADATA
from pyterrier_rewrite.text.safe import safe_text

from ..documents import CorpusSettings, checked_docno, document_text, read_documents, twice
from . import native as _pisa
from .folder import create_store

_INDEXED: Final = re.compile("[A-Za-z0-9]")


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
    with closing(create_store(work)) as store:
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
    (work / METADATA).write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")


def _read(
    corpus: object, settings: Settings, store: sqlite3.Connection, texts: Path, *, verbose: bool
) -> dict[str, Any]:
    """Write every document to the store and, one a line, to the file that PISA indexes."""
    digest = hashlib.sha256()
    columns: dict[str, None] = {}
    count, indexable = 0, False
    documents = read_documents(corpus, "Indexing", verbose=verbose)
    with open(texts, "w", encoding="utf-8") as lines:
        for count, document in enumerate(documents, start=1):
            docno = checked_docno(document, count)
            text = document_text(document, settings.fields, docno)
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


def _count_terms(
    work: Path, num_docs: int
) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
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
