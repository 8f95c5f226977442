"""A dense index: exact search over the vectors of a collection."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from typing import Literal

from ... import models as _models
from .folder import DenseFolder, Settings
from .search import DenseReranker, DenseRetriever


class DenseIndex(DenseFolder):
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
        reuse: bool = False,
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
                counts as empty, but for a ``text``, which is then the ``description``.
            batch_size: Texts at a time, at least 1.
            similarity: ``cosine`` (vectors are brought to length 1) or ``dot``.
            query_prefix: What the model wants in front of a query, such as ``"query: "``.
            doc_prefix: What the model wants in front of a document, such as ``"passage: "``.
            device: Device of a model that is loaded by name; None lets it choose.
            name: Name of the corpus, if it bears none.
            overwrite: Whether to replace an index at ``path``.
            verbose: Whether to show progress.
            reuse: Whether to open an index at ``path`` that was built with the same settings;
                :meth:`open_or_build` does.

        Raises:
            FileExistsError: If there is something at ``path`` that is not to be replaced.
            ValueError: If the index to reuse is another, the corpus is empty, a ``docno`` is empty,
                occurs twice or has whitespace, or the model gives no vectors.
            TypeError: If a document is not a dict, or a field of it not a text.
            RewriteError: If the disk is full.
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
        index = cls(path, model=None if _models.named(model) else model, device=device)
        make = partial(
            index._write, corpus=corpus, settings=settings, batch_size=batch_size, verbose=verbose
        )
        return index._built(settings, make, overwrite=overwrite, reuse=reuse)

    def retriever(
        self, *, num_results: int = 1000, batch_size: int = 64, verbose: bool = False
    ) -> DenseRetriever:
        """Return a retriever; see :class:`DenseRetriever`."""
        return DenseRetriever(self, num_results=num_results, batch_size=batch_size, verbose=verbose)

    def reranker(self, *, batch_size: int = 64, verbose: bool = False) -> DenseReranker:
        """Return a reranker that reads no text; see :class:`DenseReranker`."""
        return DenseReranker(self, batch_size=batch_size, verbose=verbose)
