"""Terrier as an engine: an index that PyTerrier built, behind the methods of our own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, QUERY_TOKS, RANK, SCORE
from pyterrier_rewrite.errors import MissingExtraError

from ..base import BM25Retriever, IndexFolder
from ..text_loader import TextLoader
from .plain_text import PlainText


class TerrierIndex(IndexFolder):
    """A Terrier index on disk, which starts Java only when it is used.

    Build one with ``pt.terrier.IterDictIndexer(path, meta={"docno": 40, "text": 20_000})``; what
    stands in ``meta`` can be loaded by :meth:`text`.

    Args:
        path: Folder of the index.

    Raises:
        MissingExtraError: On use, if pyjnius is not installed.

    Example:
        >>> pipeline = TerrierIndex("cats.terrier").bm25() % 10  # doctest: +SKIP
    """

    statistics = analyzer = None
    """Terrier's counts and terms are not read, so methods that need them have to do without."""

    def bm25(
        self,
        *,
        k1: float = 1.2,
        b: float = 0.75,
        num_results: int = 1000,
        threads: int = 1,
        verbose: bool = False,
    ) -> TerrierBM25:
        """Return a BM25 retriever; see :class:`TerrierBM25`."""
        return TerrierBM25(
            self, k1=k1, b=b, num_results=num_results, threads=threads, verbose=verbose
        )

    def text(self, *, columns: Iterable[str] = ("text",)) -> TextLoader:
        """Return a loader of document columns; see :class:`TextLoader`."""
        return TextLoader(self, columns=tuple(columns))

    def texts(self, docnos: Iterable[str]) -> dict[str, str]:
        """Return the text of each document; unknown ids are left out."""
        return {docno: text for docno, (text,) in self.records(docnos, ("text",)).items()}

    def records(
        self, docnos: Iterable[str], columns: tuple[str, ...]
    ) -> Mapping[str, tuple[Any, ...]]:
        """Return the columns of each document; unknown ids are left out.

        Raises:
            ValueError: If the index does not store such a column.
        """
        meta = _open(self.path).index_obj().getMetaIndex()
        known = list(meta.getKeys())
        unknown = [column for column in columns if column not in known]
        if unknown:
            raise ValueError(
                f"{self!r} stores the columns {known}, not {unknown}; name them in meta= when "
                "indexing"
            )
        ids = {docno: meta.getDocument(DOCNO, docno) for docno in dict.fromkeys(docnos)}
        found = [docno for docno, number in ids.items() if number >= 0]
        rows = meta.getItems(list(columns), [ids[docno] for docno in found]) if found else []
        return {docno: tuple(row) for docno, row in zip(found, rows, strict=True)}

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return int(_open(self.path).index_obj().getCollectionStatistics().getNumberOfDocuments())


class TerrierBM25(BM25Retriever):
    """BM25 over a Terrier index; made by :meth:`TerrierIndex.bm25`.

    Input columns: ``qid``, ``query`` and, where a rewriter wrote it, ``query_toks``. A row
    whose ``query_toks`` is None uses its text, with all query operators taken out (see
    :class:`PlainText`); terms go to Terrier as they are, which stems them itself.

    Output columns: those of the input, ``docno``, ``score`` and ``rank`` (from 0); queries in
    the order of the input. A query without a match has no row.

    Args:
        index: The index.
        k1: How soon repetitions of a term in a document cease to matter, 0 or more.
        b: How much long documents are held back, in [0, 1].
        num_results: Most results a query, at least 1.
        threads: Threads to search with, at least 1.
        verbose: Whether to show progress.

    Raises:
        MissingExtraError: On use, if pyjnius is not installed.
        ValueError: On use, if a parameter is out of range.

    Example:
        >>> TerrierIndex("cats.terrier").bm25().search("cat food")  # doctest: +SKIP

    Reference:
        Macdonald et al. PyTerrier: Declarative Experimentation in Python from BM25 to Dense
        Retrieval. CIKM 2021.
    """

    index: TerrierIndex

    def search_frame(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the results of each query, texts first asked for."""
        weighted = (
            queries[QUERY_TOKS].notna()
            if QUERY_TOKS in queries
            else pd.Series(False, queries.index)
        )
        texts = PlainText()(queries.loc[~weighted, [QID, QUERY]])
        found = [_NO_RESULTS.astype({QID: queries[QID].dtype})]
        if (texts[QUERY] != "").any():
            found.append(self._retrieve(texts[texts[QUERY] != ""]))
        if weighted.any():
            found.append(self._retrieve(queries.loc[weighted, [QID, QUERY, QUERY_TOKS]]))
        out: pd.DataFrame = queries.merge(pd.concat(found, ignore_index=True), on=QID)
        return out

    def _retrieve(self, queries: pd.DataFrame) -> pd.DataFrame:
        retriever = _open(self.index.path).bm25(
            k1=self.k1,
            b=self.b,
            num_results=self.num_results,
            threads=self.threads,
            verbose=self.verbose,
        )
        results: pd.DataFrame = retriever(queries.reset_index(drop=True))
        return results[list(_NO_RESULTS)]


_NO_RESULTS = pd.DataFrame(
    {
        QID: pd.Series(dtype="str"),
        DOCNO: pd.Series(dtype="str"),
        SCORE: pd.Series(dtype="float64"),
        RANK: pd.Series(dtype="int64"),
    }
)


@lru_cache(maxsize=8)
def _open(path: Path) -> Any:
    """Return PyTerrier's own object for an index; starts Java."""
    if find_spec("jnius") is None:
        raise MissingExtraError("pyjnius", "java")
    return pt.terrier.TerrierIndex(str(path))
