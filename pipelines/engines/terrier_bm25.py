"""BM25 by Terrier: an index that PyTerrier built, behind the methods of our own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, QUERY_TOKS, RANK, SCORE
from pyterrier_rewrite.errors import MissingExtraError
from pyterrier_rewrite.text.safe import safe_text
from pyterrier_rewrite.value import ValueTransformer

from .base import BM25Retriever, TextIndex

__all__ = ["PlainText", "TerrierBM25", "TerrierIndex"]

_OPERATOR: Final = re.compile(
    r"\bapplypipeline:\w*"  # switches stemming and stop words off
    r"|\^\d+(?:\.\d+)?"  # weight of a term
    r"|#\w+(?=[:(])"  # Indri-like operator: #1(…), #combine:0=0.5(…)
    r"|[^\w\s]|_",  # fields, phrases, required and excluded terms, groups, ranges
    re.IGNORECASE,
)

_NO_RESULTS: Final = pd.DataFrame(columns=[QID, DOCNO, SCORE, RANK]).astype(
    {QID: "str", DOCNO: "str", SCORE: "float64", RANK: "int64"}
)


class TerrierBM25(BM25Retriever):
    """BM25 over a Terrier index; made by ``TerrierIndex.bm25()``.

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
        nothing = pd.Series(index=queries.index, dtype=object)
        weighted = queries.get(QUERY_TOKS, nothing).notna()
        texts = PlainText()(queries.loc[~weighted, [QID, QUERY]])
        found = [_NO_RESULTS.astype({QID: queries[QID].dtype})]
        if (texts[QUERY] != "").any():
            found.append(self._retrieve(texts[texts[QUERY] != ""]))
        if weighted.any():
            found.append(self._retrieve(queries.loc[weighted, [QID, QUERY, QUERY_TOKS]]))
        out: pd.DataFrame = queries.merge(pd.concat(found, ignore_index=True), on=QID)
        return out

    def _retrieve(self, queries: pd.DataFrame) -> pd.DataFrame:
        settings = {name: getattr(self, name) for name in self.parameters() if name != "index"}
        retriever = _open(self.index.path).bm25(**settings)
        results: pd.DataFrame = retriever(queries.reset_index(drop=True))
        return results[list(_NO_RESULTS)]


class TerrierIndex(TextIndex):
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

    _retriever = TerrierBM25

    statistics = analyzer = None
    """Terrier's counts and terms are not read, so methods that need them have to do without."""

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
        if not found or not columns:
            return dict.fromkeys(found, ())
        rows = meta.getItems(list(columns), [ids[docno] for docno in found])
        return {docno: tuple(row) for docno, row in zip(found, rows, strict=True)}

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return int(_open(self.path).index_obj().getCollectionStatistics().getNumberOfDocuments())


class PlainText(ValueTransformer):
    """Takes the operators of Terrier's query language out of queries, leaving their words.

    A rewriter's text comes from a model or a document, where ``:`` or ``-`` mean nothing to a
    search engine; Terrier's parser would fail on them or search for something else.

    Input columns: ``query`` and any others.

    Output columns: those of the input; ``query`` holds words and single spaces only, and is
    empty where there was no word.

    Example:
        >>> PlainText()(pd.DataFrame({"qid": ["1"], "query": ['title:"cat food"^2 -dog']}))
          qid               query
        0   1  title cat food dog
    """

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Clean every query of a frame; see the class."""
        pt.validate.columns(inp, includes=[QUERY], context=self)
        plain = [plain_text(text) for text in inp[QUERY]]
        out: pd.DataFrame = inp.assign(**{QUERY: pd.Series(plain, index=inp.index, dtype="str")})
        return out


def plain_text(text: str) -> str:
    """Return the words of a text, without any operator of Terrier's query language."""
    return " ".join(_OPERATOR.sub(" ", safe_text(text)).split())


@lru_cache(maxsize=8)
def _open(path: Path) -> Any:
    """Return PyTerrier's own object for an index; starts Java."""
    if find_spec("jnius") is None:
        raise MissingExtraError("pyjnius", "java")
    return pt.terrier.TerrierIndex(str(path))
