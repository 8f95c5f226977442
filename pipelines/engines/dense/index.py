"""A dense index: exact search over the vectors of a collection."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyterrier_rewrite.value import same

from ... import models as _models
from ..base import BuiltIndex
from .build import DOCNOS, FORMAT, VECTORS, Settings, write
from .reranker import DenseReranker
from .retriever import DenseRetriever


class DenseIndex(BuiltIndex):
    """A finished index on disk: the vectors of a collection's documents, and their ids.

    Search is exact, in bounded memory, and meant for up to a million documents. The object holds
    nothing but its arguments: it pickles, is equal to any other of the same arguments, and sees
    an index that is built anew. The model is loaded when a text is to be encoded, and shared.

    Args:
        path: Folder of the index.
        model: Name or path of a sentence-transformers model, or an object with
            ``encode(list[str]) -> array``; None takes the model that the index was built with,
            which an index of an object's vectors cannot know.
        device: Device of a model that is loaded by name, such as ``cpu``; None lets it choose.

    Raises:
        FileNotFoundError: On use, if there is no finished index.
        ValueError: On use, if the index was made by something else.

    Example:
        >>> model = "sentence-transformers/all-MiniLM-L6-v2"
        >>> index = DenseIndex.open_or_build("cats.dense", cats, model=model)  # doctest: +SKIP
        >>> pipeline = index.retriever() % 10  # doctest: +SKIP

    Reference: Karpukhin et al.: Dense Passage Retrieval for Open-Domain Question Answering.
    EMNLP 2020.
    """

    _how_to_build = "DenseIndex.build(path, corpus, model=…)"
    _marker = VECTORS

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: object | None = None,
        device: str | None = None,
    ) -> None:
        super().__init__(path)
        self.model = model
        self.device = device

    # -- building ------------------------------------------------------------------------

    @classmethod
    def build(
        cls,
        path: str | os.PathLike[str],
        corpus: object,
        *,
        model: object,
        fields: Iterable[str] = ("title", "text"),
        batch_size: int = 64,
        similarity: Literal["cosine", "dot"] = "cosine",
        query_prefix: str = "",
        doc_prefix: str = "",
        device: str | None = None,
        name: str | None = None,
        overwrite: bool = False,
        verbose: bool = True,
    ) -> DenseIndex:
        """Encode a corpus.

        The index appears at ``path`` when it is complete; whatever interrupts the build leaves
        nothing there, or the index that was there before. A second build of the same path
        waits for the first.

        Args:
            path: Folder to make.
            corpus: A PyTerrier dataset, or an iterable of dicts with ``docno`` and texts.
            model: Name or path of a sentence-transformers model, or an object with
                ``encode(list[str]) -> array``.
            fields: Text fields that are joined by a space and encoded. One that a document lacks
                counts as empty.
            batch_size: Texts at a time, at least 1.
            similarity: ``cosine`` (vectors are brought to length 1) or ``dot``.
            query_prefix: What the model wants in front of a query, such as ``"query: "``.
            doc_prefix: What the model wants in front of a document, such as ``"passage: "``.
            device: Device of a model that is loaded by name; None lets it choose.
            name: Name of the corpus, if it bears none.
            overwrite: Whether to replace an index at ``path``.
            verbose: Whether to show progress.

        Raises:
            FileExistsError: If there is something at ``path`` that is not to be replaced.
            ValueError: If the corpus is empty, or a ``docno`` is empty, occurs twice or has
                whitespace, or the model gives no vectors.
            TypeError: If a document is not a dict, or a field of it not a text.
            MissingExtraError: If sentence-transformers is needed and not installed.
        """
        settings = Settings.of(
            corpus,
            name,
            fields,
            model=_models.described(model),
            similarity=similarity,
            query_prefix=query_prefix,
            doc_prefix=doc_prefix,
        )
        make = partial(
            write,
            corpus=corpus,
            settings=settings,
            model=model,
            device=device,
            batch_size=batch_size,
            verbose=verbose,
        )
        index = cls(path, model=None if _models.named(model) else model, device=device)
        return index._build(make, overwrite=overwrite)

    @classmethod
    def open_or_build(
        cls,
        path: str | os.PathLike[str],
        corpus: object,
        *,
        model: object,
        fields: Iterable[str] = ("title", "text"),
        batch_size: int = 64,
        similarity: Literal["cosine", "dot"] = "cosine",
        query_prefix: str = "",
        doc_prefix: str = "",
        device: str | None = None,
        name: str | None = None,
        overwrite: bool = False,
        verbose: bool = True,
    ) -> DenseIndex:
        """Open the index at ``path`` or, if there is none, build it; see :meth:`build`.

        The corpus itself is not read to open an index, so give one without a name a ``name``.

        Raises:
            ValueError: If the index is of another corpus or was built with other settings.
        """
        settings = Settings.of(
            corpus,
            name,
            fields,
            model=_models.described(model),
            similarity=similarity,
            query_prefix=query_prefix,
            doc_prefix=doc_prefix,
        )
        make = partial(
            write,
            corpus=corpus,
            settings=settings,
            model=model,
            device=device,
            batch_size=batch_size,
            verbose=verbose,
        )
        index = cls(path, model=None if _models.named(model) else model, device=device)
        return index._open_or_build(settings, make, overwrite=overwrite)

    # -- use -----------------------------------------------------------------------------

    def retriever(
        self, *, num_results: int = 1000, batch_size: int = 64, verbose: bool = False
    ) -> DenseRetriever:
        """Return a retriever; see :class:`DenseRetriever`."""
        return DenseRetriever(self, num_results=num_results, batch_size=batch_size, verbose=verbose)

    def reranker(self, *, batch_size: int = 64, verbose: bool = False) -> DenseReranker:
        """Return a reranker that reads no text; see :class:`DenseReranker`."""
        return DenseReranker(self, batch_size=batch_size, verbose=verbose)

    def encode(
        self,
        texts: Sequence[str],
        *,
        documents: bool = False,
        batch_size: int = 64,
        verbose: bool = False,
    ) -> npt.NDArray[np.float32]:
        """Encode texts as the index does.

        Args:
            texts: What to encode.
            documents: Whether they are documents rather than queries, and get the documents'
                prefix.
            batch_size: Texts at a time, at least 1.
            verbose: Whether to show progress.

        Returns:
            One row a text: of length 1 if the similarity is ``cosine``.

        Raises:
            ValueError: If the model is not known, or makes vectors of another length.
        """
        found = self.metadata
        if self.model is None and not found["model_is_named"]:
            raise ValueError(
                f"the index at {self.path} was built with an object of class {found['model']}, "
                "which it cannot load; open it with DenseIndex(path, model=…)"
            )
        if not len(texts):
            return np.empty((0, self.dimension), dtype=np.float32)
        prefix = found["doc_prefix" if documents else "query_prefix"]
        vectors = _models.encode(
            found["model"] if self.model is None else self.model,
            [prefix + text for text in texts],
            batch_size=batch_size,
            device=self.device,
            verbose=verbose,
        )
        return self.comparable(vectors)

    def comparable(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return vectors as the documents' are: their length checked, scaled for ``cosine``.

        Raises:
            ValueError: If they have another number of dimensions than the index.
        """
        if vectors.shape[1] != self.dimension:
            raise ValueError(
                f"the vectors of the index at {self.path} have {self.dimension} dimensions "
                f"(model {self.metadata['model']!r}), found one of {vectors.shape[1]}; encode "
                "queries with the model of the index, for example by its encode()"
            )
        return _models.unit_length(vectors) if self.similarity == "cosine" else vectors

    # -- what it is ----------------------------------------------------------------------

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        """The documents' vectors, one row each, as a read-only memory map."""
        _ = self.metadata  # says what is wrong if there is no index
        mapped: npt.NDArray[np.float32] = np.load(self.path / VECTORS, mmap_mode="r")
        return mapped

    @property
    def docnos(self) -> Sequence[str]:
        """The documents' ids, in the order of the vectors."""
        return _load_docnos(self.path, self.stamp)

    @property
    def dimension(self) -> int:
        """Number of dimensions of a vector."""
        return int(self.metadata["dimension"])

    @property
    def similarity(self) -> str:
        """How vectors are compared: ``cosine`` or ``dot``."""
        return str(self.metadata["similarity"])

    def _check_metadata(self, found: dict[str, Any]) -> None:
        if found.get("format") != FORMAT:
            raise ValueError(
                f"the index at {self.path} was not built by DenseIndex.build, its format is "
                f"{found.get('format')!r}; open it with what built it, or build another elsewhere"
            )

    def __repr__(self) -> str:
        model = "" if self.model is None else f", model={self.model!r}"
        return f"DenseIndex({str(self.path)!r}{model})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DenseIndex)
            and self.path == other.path
            and same(self.model, other.model)
        )

    __hash__ = BuiltIndex.__hash__


@lru_cache(maxsize=4)
def _load_docnos(path: Path, stamp: object) -> tuple[str, ...]:
    return tuple((path / DOCNOS).read_text(encoding="utf-8").split("\n")[:-1])
