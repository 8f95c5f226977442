"""The default engine: an index of PISA with the texts and counts of its documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..base import BuiltIndex
from ..text_loader import TextLoader
from . import store as _store
from .bm25 import BM25
from .build import Settings, write
from .statistics import IndexStatistics, PisaAnalyzer


class PisaIndex(BuiltIndex):
    """A finished index on disk: retrieval by PISA, document texts, collection statistics.

    The object holds nothing but the path: it pickles, is equal to any other of the same path,
    and sees an index that is built anew. Build one with :meth:`build` or :meth:`open_or_build`.

    Args:
        path: Folder of the index.

    Raises:
        FileNotFoundError: On use, if there is no finished index.
        ValueError: On use, if the index was made by something else.

    Example:
        >>> index = PisaIndex.open_or_build("cats.pisa", documents)  # doctest: +SKIP
        >>> pipeline = index.bm25() % 10 >> index.text()  # doctest: +SKIP

    Reference:
        Mallia et al. PISA: Performant Indexes and Search for Academia. OSIRRC 2019.
    """

    _how_to_build = "PisaIndex.build(path, corpus)"

    # -- building ------------------------------------------------------------------------

    @classmethod
    def build(
        cls,
        path: str | os.PathLike[str],
        corpus: object,
        *,
        stemmer: str = "porter2",
        stops: str = "terrier",
        fields: Iterable[str] = ("title", "text"),
        name: str | None = None,
        overwrite: bool = False,
        verbose: bool = True,
    ) -> PisaIndex:
        """Index a corpus.

        The index appears at ``path`` when it is complete; whatever interrupts the build leaves
        nothing there, or the index that was there before. A second build of the same path
        waits for the first.

        Args:
            path: Folder to make.
            corpus: A PyTerrier dataset, or an iterable of dicts with ``docno`` and texts.
            stemmer: ``porter2``, ``krovetz`` or ``none``.
            stops: Stop words to leave out of queries: ``terrier``, ``lucene`` or ``none``.
            fields: Text fields that are joined by a space, indexed, and handed out as ``text``.
                One that a document lacks counts as empty. All other fields are kept too.
            name: Name of the corpus, if it bears none.
            overwrite: Whether to replace an index at ``path``.
            verbose: Whether to show progress.

        Raises:
            FileExistsError: If there is something at ``path`` that is not to be replaced.
            ValueError: If the corpus is empty, or a ``docno`` is empty, occurs twice or has
                whitespace.
            TypeError: If a document is not a dict, or a field of it not a text.
            RewriteError: If PISA gives up.
        """
        settings = Settings.of(corpus, name, fields, stemmer=stemmer, stops=stops)
        make = partial(write, corpus=corpus, settings=settings, verbose=verbose)
        return cls(path)._build(make, overwrite=overwrite)

    @classmethod
    def open_or_build(
        cls,
        path: str | os.PathLike[str],
        corpus: object,
        *,
        stemmer: str = "porter2",
        stops: str = "terrier",
        fields: Iterable[str] = ("title", "text"),
        name: str | None = None,
        overwrite: bool = False,
        verbose: bool = True,
    ) -> PisaIndex:
        """Open the index at ``path`` or, if there is none, build it; see :meth:`build`.

        The corpus itself is not read to open an index, so give one without a name a ``name``.

        Raises:
            ValueError: If the index is of another corpus or was built with other settings.
        """
        settings = Settings.of(corpus, name, fields, stemmer=stemmer, stops=stops)
        make = partial(write, corpus=corpus, settings=settings, verbose=verbose)
        return cls(path)._open_or_build(settings, make, overwrite=overwrite)

    # -- transformers --------------------------------------------------------------------

    def bm25(
        self,
        *,
        k1: float = 1.2,
        b: float = 0.75,
        num_results: int = 1000,
        threads: int = 1,
        verbose: bool = False,
    ) -> BM25:
        """Return a BM25 retriever; see :class:`BM25`."""
        return BM25(self, k1=k1, b=b, num_results=num_results, threads=threads, verbose=verbose)

    def text(self, *, columns: Iterable[str] = ("text",)) -> TextLoader:
        """Return a loader of document columns; see :class:`TextLoader`."""
        return TextLoader(self, columns=tuple(columns))

    # -- documents and counts ------------------------------------------------------------

    def texts(self, docnos: Iterable[str]) -> dict[str, str]:
        """Return the text of each document; unknown ids are left out."""
        return _store.texts(self.path, self.stamp, docnos)

    def records(
        self, docnos: Iterable[str], columns: tuple[str, ...]
    ) -> Mapping[str, tuple[Any, ...]]:
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
        found = _store.records(self.path, self.stamp, docnos)
        return {docno: tuple(map(r.get, columns)) for docno, r in found.items()}

    @property
    def analyzer(self) -> PisaAnalyzer:
        """How the index turns text into terms."""
        return self.statistics.analyzer

    @property
    def statistics(self) -> IndexStatistics:
        """Counts over the collection."""
        return IndexStatistics(self)

    # -- what it is ----------------------------------------------------------------------

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
