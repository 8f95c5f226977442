"""The default engine: an index of PISA with the texts and counts of its documents."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial

from ..base import TextIndex
from .bm25 import BM25
from .folder import PisaFolder, Settings, write
from .statistics import IndexStatistics, PisaAnalyzer


class PisaIndex(PisaFolder, TextIndex):
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

    _retriever = BM25

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
        reuse: bool = False,
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
                One that a document lacks counts as empty, but for a ``text``, which is then the
                ``description`` of a catalogue. All other fields are kept too.
            name: Name of the corpus, if it bears none.
            overwrite: Whether to replace an index at ``path``.
            verbose: Whether to show progress.
            reuse: Whether to open an index at ``path`` that was built with the same settings;
                :meth:`open_or_build` does.

        Raises:
            FileExistsError: If there is something at ``path`` that is not to be replaced.
            ValueError: If the index to reuse is another, the corpus is empty, a ``docno`` is empty,
                occurs twice or has whitespace.
            TypeError: If a document is not a dict, or a field of it not a text.
            RewriteError: If PISA gives up, or the disk is full.
        """
        settings = Settings.of(corpus, name, fields, stemmer=stemmer, stops=stops)
        make = partial(write, corpus=corpus, settings=settings, verbose=verbose)
        return cls(path)._built(settings, make, overwrite=overwrite, reuse=reuse)

    @property
    def analyzer(self) -> PisaAnalyzer:
        """How the index turns text into terms."""
        return self.statistics.analyzer

    @property
    def statistics(self) -> IndexStatistics:
        """Counts over the collection."""
        return IndexStatistics(self)
