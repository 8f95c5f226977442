"""A dense index: exact search over the vectors of a collection."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyterrier_rewrite.stores.folder import METADATA, exclusive, replacing
from pyterrier_rewrite.value import same

from ... import models as _models
from ..documents import corpus_name
from .build import DOCNOS, FORMAT, VECTORS, Settings, write
from .reranker import DenseReranker
from .retriever import DenseRetriever


class DenseIndex:
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

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        model: object | None = None,
        device: str | None = None,
    ) -> None:
        self.path = Path(path).absolute()
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
        settings = _settings(corpus, model, fields, similarity, query_prefix, doc_prefix, name)
        index = cls(path, model=None if _models.named(model) else model, device=device)
        with (
            exclusive(index.path),
            replacing(index.path, kind="DenseIndex", marker=VECTORS, overwrite=overwrite) as work,
        ):
            write(
                work,
                corpus,
                settings,
                model=model,
                device=device,
                batch_size=batch_size,
                verbose=verbose,
            )
        return index

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
        settings = _settings(corpus, model, fields, similarity, query_prefix, doc_prefix, name)
        index = cls(path, model=None if _models.named(model) else model, device=device)
        if overwrite or not (index.path / METADATA).exists():
            try:
                return cls.build(
                    path,
                    corpus,
                    model=model,
                    fields=fields,
                    batch_size=batch_size,
                    similarity=similarity,
                    query_prefix=query_prefix,
                    doc_prefix=doc_prefix,
                    device=device,
                    name=name,
                    overwrite=overwrite,
                    verbose=verbose,
                )
            except FileExistsError:
                if not (index.path / METADATA).exists():  # else another process was faster
                    raise
        index._check_settings(settings)
        return index

    def _check_settings(self, wanted: Settings) -> None:
        found = {**self._metadata, "fields": tuple(self._metadata["fields"])}
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
        found = self._metadata
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
                f"(model {self._metadata['model']!r}), found one of {vectors.shape[1]}; encode "
                "queries with the model of the index, for example by its encode()"
            )
        return _models.unit_length(vectors) if self.similarity == "cosine" else vectors

    # -- what it is ----------------------------------------------------------------------

    @property
    def vectors(self) -> npt.NDArray[np.float32]:
        """The documents' vectors, one row each, as a read-only memory map."""
        _ = self._metadata  # says what is wrong if there is no index
        mapped: npt.NDArray[np.float32] = np.load(self.path / VECTORS, mmap_mode="r")
        return mapped

    @property
    def docnos(self) -> Sequence[str]:
        """The documents' ids, in the order of the vectors."""
        return _load_docnos(self.path, self._stamp)

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return int(self._metadata["num_docs"])

    @property
    def dimension(self) -> int:
        """Number of dimensions of a vector."""
        return int(self._metadata["dimension"])

    @property
    def similarity(self) -> str:
        """How vectors are compared: ``cosine`` or ``dot``."""
        return str(self._metadata["similarity"])

    @property
    def name(self) -> str | None:
        """Name of the corpus, if it was known."""
        name: str | None = self._metadata["name"]
        return name

    @property
    def _stamp(self) -> tuple[int, int]:
        """Changes when the index is built anew."""
        try:
            found = (self.path / METADATA).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(
                f"there is no finished index at {self.path}; build one with "
                "DenseIndex.build(path, corpus, model=…)"
            ) from None
        return found.st_ino, found.st_mtime_ns

    @property
    def _metadata(self) -> dict[str, Any]:
        return _load_metadata(self.path, self._stamp)

    def __len__(self) -> int:
        return self.num_docs

    def __bool__(self) -> bool:
        return True  # not its length: an `if index` must not read the disk

    def __repr__(self) -> str:
        model = "" if self.model is None else f", model={self.model!r}"
        return f"DenseIndex({str(self.path)!r}{model})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, DenseIndex)
            and self.path == other.path
            and same(self.model, other.model)
        )

    def __hash__(self) -> int:
        return hash(self.path)


def _settings(
    corpus: object,
    model: object,
    fields: Iterable[str],
    similarity: str,
    query_prefix: str,
    doc_prefix: str,
    name: str | None,
) -> Settings:
    fields = (fields,) if isinstance(fields, str) else tuple(fields)
    described = f"{type(model).__module__}.{type(model).__qualname__}"
    if _models.named(model):
        described = str(model)
    return Settings(
        name or corpus_name(corpus), fields, described, similarity, query_prefix, doc_prefix
    )


@lru_cache(maxsize=64)
def _load_metadata(path: Path, stamp: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / METADATA).read_text(encoding="utf-8"))
    if found.get("format") != FORMAT:
        raise ValueError(
            f"the index at {path} was not built by DenseIndex.build, its format is "
            f"{found.get('format')!r}; open it with what built it, or build another elsewhere"
        )
    return found


@lru_cache(maxsize=4)
def _load_docnos(path: Path, stamp: object) -> tuple[str, ...]:
    return tuple((path / DOCNOS).read_text(encoding="utf-8").split("\n")[:-1])
