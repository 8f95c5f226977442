"""What engines share: an index is a folder, a retriever turns its hits into a ranking."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QUERY
from pyterrier_rewrite.errors import DamagedError
from pyterrier_rewrite.ranges import Count, Share, Weight
from pyterrier_rewrite.rankings.lists import positions
from pyterrier_rewrite.rewritten import check_columns, check_qids
from pyterrier_rewrite.stores.sealed import check_files, is_sealed, read_sealed
from pyterrier_rewrite.stores.whole import METADATA, exclusive, finish_replacing, replacing
from pyterrier_rewrite.value import ValueTransformer

from .documents import DocumentStore, TextLoader

Index = TypeVar("Index", bound="BuiltIndex")
Self = TypeVar("Self", bound="Retriever")

Fill = Callable[[Path], None]
"""What fills the folder that it is given."""


class IndexFolder(ABC):
    """An index on disk, known by its path: it pickles, and is equal to any other of that path.

    Args:
        path: Folder of the index.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))

    @property
    @abstractmethod
    def num_docs(self) -> int:
        """Number of documents."""

    def __len__(self) -> int:
        return self.num_docs

    def __bool__(self) -> bool:
        return True  # not its length: an `if index` must not read the disk

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)


class TextIndex(IndexFolder, DocumentStore):
    """An index of words, which has the documents' texts as well."""

    _retriever: ClassVar[type[BM25Retriever]]

    def texts(self, docnos: Iterable[str]) -> dict[str, str]:
        """Return the text of each document; unknown ids are left out."""
        return {docno: text for docno, (text,) in self.records(docnos, ("text",)).items()}

    def holds(self, docnos: Iterable[str]) -> set[str]:
        """Return those of some documents that are in the index."""
        return set(self.records(docnos, ()))

    def text(self, *, columns: Iterable[str] = ("text",)) -> TextLoader:
        """Return a loader of document columns; see :class:`TextLoader`."""
        return TextLoader(self, columns=tuple(columns))

    def bm25(
        self,
        *,
        k1: float = 1.2,
        b: float = 0.75,
        num_results: int = 1000,
        threads: int = 1,
        verbose: bool = False,
    ) -> BM25Retriever:
        """Return a BM25 retriever; see :class:`BM25Retriever` and the engine's own."""
        return self._retriever(
            self, k1=k1, b=b, num_results=num_results, threads=threads, verbose=verbose
        )


class BuiltIndex(IndexFolder):
    """An index that we build ourselves, whole or not at all, with a file of what it is.

    A subclass says how it is built; it sees an index that is built anew at its path.
    """

    build: ClassVar[Callable[..., Any]]
    """Builds an index of a corpus at a path; what else it wants to know is the subclass's."""
    _how_to_build: ClassVar[str]
    """For the error where there is none: ``PisaIndex.build(path, corpus)``."""
    _marker: ClassVar[str] = METADATA
    """File that only an index of this kind has; one without it is not overwritten."""

    @abstractmethod
    def _check_metadata(self, found: dict[str, Any]) -> None:
        """Raise a ``ValueError`` if something else has built the index."""

    @classmethod
    def open_or_build(
        cls: type[Index], path: str | os.PathLike[str], corpus: object, **settings: Any
    ) -> Index:
        """Open the index at ``path`` or, if there is none, build it.

        The corpus itself is not read to open an index, so give one without a name a ``name``.

        Args:
            path: Folder of the index.
            corpus: As in ``build``.
            settings: As in ``build``; an index that is there has to have been built with them.

        Raises:
            ValueError: If the index is of another corpus or was built with other settings.
        """
        index: Index = cls.build(path, corpus, reuse=True, **settings)
        return index

    def _built(
        self: Index, settings: object, write: Fill, *, overwrite: bool, reuse: bool
    ) -> Index:
        """Let ``write`` fill a folder that becomes the index, or reuse the index that is there.

        Builds of one path take turns; whoever waited for another build may reuse its index. One
        of the same corpus and settings that an earlier version built, without checksums, is
        built anew.
        """
        kind = type(self).__name__
        if overwrite or not (reuse and self._usable):
            with exclusive(self.path):
                finish_replacing(self.path)
                if overwrite or not (reuse and self._usable):  # another process was not faster
                    old = reuse and not overwrite and self._finished
                    if old:
                        self.check_settings(settings)
                    with replacing(
                        self.path, kind=kind, marker=self._marker, overwrite=overwrite or old
                    ) as work:
                        write(work)
        self.check_settings(settings)
        return self

    def check_settings(self, wanted: object) -> None:
        """Raise a ``ValueError`` if the index was built of another corpus or otherwise.

        Args:
            wanted: An object with the expected settings as its attributes.
        """
        found = {**self.metadata, "fields": tuple(self.metadata["fields"])}
        differing = [
            f"{key}: expected {value!r}, found {found[key]!r}"
            for key, value in vars(wanted).items()
            if value != found[key]
        ]
        if differing:
            raise ValueError(
                f"the index at {self.path} is another one ({'; '.join(differing)}); choose "
                "another path, or pass overwrite=True to build it anew"
            )

    @property
    def metadata(self) -> dict[str, Any]:
        """What the index says of itself.

        Raises:
            FileNotFoundError: If there is no finished index.
            ValueError: If something else has built it.
            DamagedError: If it is not as it was written.
        """
        found = _load_metadata(self.path, self.stamp)
        self._check_metadata(found)
        return found

    def check_files(self, *names: str) -> None:
        """Raise unless files are as they were when the index was built; a process reads them once.

        Raises:
            DamagedError: If they are not.
        """
        stamp = self.stamp
        try:
            _check_files(self.path, stamp, names)
        except DamagedError:
            if self.stamp == stamp:
                raise
            self.check_files(*names)  # another process has built it anew meanwhile

    @property
    def stamp(self) -> tuple[int, int]:
        """Changes when the index is built anew; whatever is cached of an index goes by it."""
        try:
            found = (self.path / METADATA).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                f"there is no finished index at {self.path}; build one with {self._how_to_build}"
            ) from None
        return found.st_ino, found.st_mtime_ns

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return int(self.metadata["num_docs"])

    @property
    def name(self) -> str | None:
        """Name of the corpus, if it was known."""
        name: str | None = self.metadata["name"]
        return name

    @property
    def _finished(self) -> bool:
        return (self.path / METADATA).exists()

    @property
    def _usable(self) -> bool:
        return self._finished and is_sealed(self.path / METADATA)


class Retriever(ValueTransformer):
    """Searches an index; the subclasses say how.

    Args:
        index: The index.
        num_results: Most results a query, at least 1.
        verbose: Whether to show progress.
    """

    def __init__(self, index: Any, *, num_results: Count = 1000, verbose: bool = False) -> None:
        self.index = index
        self.num_results = num_results
        self.verbose = verbose

    @abstractmethod
    def search_frame(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the results of a frame with ``qid`` and ``query``."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search for every query of a frame; see the class.

        Raises:
            pt.validate.InputValidationError: If a column is missing.
            TypeError: If the name of a column, or what is searched for, is of another type.
            ValueError: If a column or a ``qid`` occurs twice, or a ``qid`` is missing.
            DamagedError: If the index is not as it was built.
        """
        check_columns(inp)
        pt.validate.query_frame(inp, extra_columns=[QUERY], context=self)
        self.check()
        check_qids(inp, once=True)
        return self.search_frame(inp)

    def fuse_rank_cutoff(self: Self, k: int) -> Self:
        """Return a retriever of at most ``k`` results, for ``retriever % k``."""
        return self if k >= self.num_results else self.apply_attributes(num_results=k)


class BM25Retriever(Retriever):
    """BM25 over an index.

    Args:
        index: The index.
        k1: How soon repetitions of a term in a document cease to matter, 0 or more.
        b: How much long documents are held back, in [0, 1].
        threads: Threads to search with, at least 1.
        settings: ``num_results`` and ``verbose``; see :class:`Retriever`.
    """

    def __init__(
        self, index: Any, *, k1: Weight = 1.2, b: Share = 0.75, threads: Count = 1, **settings: Any
    ) -> None:
        super().__init__(index, **settings)
        self.k1 = k1
        self.b = b
        self.threads = threads


def ranked_frame(
    queries: pd.DataFrame,
    rows: npt.NDArray[np.integer],
    docnos: Sequence[str] | npt.NDArray[np.object_],
    scores: npt.NDArray[np.floating],
) -> pd.DataFrame:
    """Return hits as a result frame.

    Args:
        queries: The queries, whose columns are repeated.
        rows: For each hit the position of its query, ascending.
        docnos: The documents, for each query best first.
        scores: Their scores.
    """
    out: pd.DataFrame = queries.iloc[rows].reset_index(drop=True)
    out[DOCNO] = pd.Series(docnos, dtype="str")
    out["score"] = np.asarray(scores, dtype=np.float64)
    out["rank"] = positions(rows)
    return out


@lru_cache(maxsize=64)
def _load_metadata(path: Path, stamp: object) -> dict[str, Any]:
    return read_sealed(path / METADATA)


@lru_cache(maxsize=64)
def _check_files(path: Path, stamp: object, names: tuple[str, ...]) -> None:
    check_files(path, _load_metadata(path, stamp), names)
