"""The default engine: an index of PISA with the texts and counts of its documents."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyterrier_rewrite.stores.folder import METADATA, exclusive

from ..documents import corpus_name
from ..text_loader import TextLoader
from . import store as _store
from .bm25 import BM25
from .build import Settings, build
from .statistics import IndexStatistics, PisaAnalyzer


class PisaIndex:
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

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))

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
        index = cls(path)
        settings = _settings(corpus, stemmer, stops, fields, name)
        with exclusive(index.path):
            build(index.path, corpus, settings, overwrite=overwrite, verbose=verbose)
        return index

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
        index = cls(path)
        settings = _settings(corpus, stemmer, stops, fields, name)
        finished = index.path / METADATA
        if overwrite or not finished.exists():
            with exclusive(index.path):
                if overwrite or not finished.exists():  # another process may have been faster
                    build(index.path, corpus, settings, overwrite=overwrite, verbose=verbose)
        index._check_settings(settings)
        return index

    def _check_settings(self, wanted: Settings) -> None:
        differing = [
            f"{key}: expected {value!r}, found {getattr(self, key)!r}"
            for key, value in vars(wanted).items()
            if value != getattr(self, key)
        ]
        if differing:
            raise ValueError(
                f"the index at {self.path} is another one ({'; '.join(differing)}); choose "
                "another path, or pass overwrite=True to build it anew"
            )

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
        known = ["text", *self._metadata["columns"]]
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
        return PisaAnalyzer(self.stemmer, self.stops)

    @property
    def statistics(self) -> IndexStatistics:
        """Counts over the collection."""
        return IndexStatistics(self)

    # -- what it is ----------------------------------------------------------------------

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return int(self._metadata["num_docs"])

    @property
    def num_tokens(self) -> int:
        """Number of terms in all documents, stop words included."""
        return int(self._metadata["num_tokens"])

    @property
    def name(self) -> str | None:
        """Name of the corpus, if it was known."""
        name: str | None = self._metadata["name"]
        return name

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the ids and text lengths of all documents."""
        return str(self._metadata["fingerprint"])

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that make up the text."""
        return tuple(self._metadata["fields"])

    @property
    def stemmer(self) -> str:
        """Name of the stemmer."""
        return str(self._metadata["stemmer"])

    @property
    def stops(self) -> str:
        """Name of the list of stop words."""
        return str(self._metadata["stops"])

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the packages that built the index."""
        return dict(self._metadata["versions"])

    @property
    def stamp(self) -> tuple[int, int]:
        """Changes when the index is built anew; whatever is cached of an index goes by it."""
        try:
            found = (self.path / METADATA).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                f"there is no finished index at {self.path}; build one with "
                "PisaIndex.build(path, corpus)"
            ) from None
        return found.st_ino, found.st_mtime_ns

    @property
    def _metadata(self) -> dict[str, Any]:
        return _load_metadata(self.path, self.stamp)

    def __len__(self) -> int:
        return self.num_docs

    def __bool__(self) -> bool:
        return True  # not its length: an `if index` must not read the disk

    def __repr__(self) -> str:
        return f"PisaIndex({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PisaIndex) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)


def _settings(
    corpus: object, stemmer: str, stops: str, fields: Iterable[str], name: str | None
) -> Settings:
    if isinstance(fields, str):
        fields = (fields,)
    return Settings(name or corpus_name(corpus), tuple(fields), stemmer, stops)


@lru_cache(maxsize=64)
def _load_metadata(path: Path, stamp: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / METADATA).read_text(encoding="utf-8"))
    if "fingerprint" not in found:
        raise ValueError(
            f"the index at {path} was not built by PisaIndex.build: it lacks document texts and "
            "counts; build it anew at another path"
        )
    return found
