"""The folder of a dense index: how it is written, and what is read from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from pyterrier_rewrite._version import __version__
from pyterrier_rewrite.stores.sealed import write_sealed
from pyterrier_rewrite.stores.whole import METADATA
from pyterrier_rewrite.value import same

from ... import models as _models
from ...models import Vectors
from ..base import BuiltIndex
from ..documents import CorpusSettings, read_texts, twice

VECTORS: Final = "vectors.npy"
DOCNOS: Final = "docnos.txt"
FORMAT: Final = "pyterrier-rewrite-dense"

_BATCHES: Final = 32
"""Batches read at a time, so that texts of like length can share one."""


@dataclass(frozen=True)
class Settings(CorpusSettings):
    """What decides an index, beside the documents.

    Attributes:
        model: Name or path of the model, or the class of the object that it is.
        similarity: ``cosine`` or ``dot``.
        query_prefix: What stands in front of a query.
        doc_prefix: What stands in front of a document.
    """

    model: str
    similarity: str
    query_prefix: str
    doc_prefix: str

    def __post_init__(self) -> None:
        _models.check_similarity(self.similarity)
        super().__post_init__()


def _note(docno: str, seen: dict[str, int]) -> None:
    """Note the position of a document; raise if its docno was there before."""
    position = len(seen) + 1
    if seen.setdefault(docno, position) != position:
        raise twice(docno, seen[docno], position)


def _header(handle: BinaryIO, count: int, dimension: int) -> None:
    np.lib.format.write_array_header_1_0(
        handle, {"descr": "<f4", "fortran_order": False, "shape": (count, dimension)}
    )


class DenseFolder(BuiltIndex):
    """A dense index as its readers see it: its vectors, and queries encoded like them."""

    _how_to_build = "DenseIndex.build(path, corpus, model=…)"
    _marker = VECTORS

    def __init__(
        self, path: str | os.PathLike[str], *, model: object = None, device: str | None = None
    ) -> None:
        super().__init__(path)
        self.model = model
        self.device = device

    def _write(
        self, work: Path, *, corpus: object, settings: Settings, batch_size: int, verbose: bool
    ) -> None:
        """Encode a corpus into a folder, the metadata last."""
        model = settings.model if self.model is None else self.model
        documents = read_texts(corpus, "Encoding", settings.fields, verbose=verbose)
        seen: dict[str, int] = {}
        dimension = 0
        with open(work / VECTORS, "wb") as handle:
            while batch := list(islice(documents, max(1, batch_size) * _BATCHES)):
                for docno, _, _ in batch:
                    _note(docno, seen)
                texts = [settings.doc_prefix + text for _, text, _ in batch]
                found = _models.encode(model, texts, batch_size=batch_size, device=self.device)
                if settings.similarity == "cosine":
                    found = _models.unit_length(found)
                if not dimension:
                    dimension = found.shape[1]
                    _header(handle, 0, dimension)  # numpy leaves room for the count to grow
                handle.write(found.astype("<f4", copy=False).tobytes())
            if not seen:
                raise ValueError("the corpus should have at least one document, found none")
            handle.seek(0)
            _header(handle, len(seen), dimension)
        (work / DOCNOS).write_text("".join(f"{docno}\n" for docno in seen), encoding="utf-8")
        metadata = {
            "type": "dense_index",
            "format": FORMAT,
            "package_hint": "pyterrier-rewrite",
            **asdict(settings),
            "model_is_named": self.model is None,
            "num_docs": len(seen),
            "dimension": dimension,
            "versions": {"pyterrier-rewrite": __version__},
        }
        write_sealed(work / METADATA, metadata, (VECTORS, DOCNOS))

    def encode(
        self,
        texts: Sequence[str],
        *,
        documents: bool = False,
        batch_size: int = 64,
        verbose: bool = False,
    ) -> Vectors:
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

    def comparable(self, vectors: Vectors) -> Vectors:
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

    @property
    def vectors(self) -> Vectors:
        """The documents' vectors, one row each, as a read-only memory map."""
        _ = self.metadata  # says what is wrong if there is no index
        self.check_files(VECTORS)
        mapped: Vectors = np.load(self.path / VECTORS, mmap_mode="r")
        return mapped

    @property
    def docnos(self) -> Sequence[str]:
        """The documents' ids, in the order of the vectors."""
        self.check_files(DOCNOS)
        return _load_docnos(self.path, self.stamp)

    def holds(self, docnos: Iterable[str]) -> set[str]:
        """Return those of some documents that are in the index."""
        return set(self.docnos).intersection(docnos)

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
            isinstance(other, DenseFolder)
            and self.path == other.path
            and same(self.model, other.model)
        )

    __hash__ = BuiltIndex.__hash__


@lru_cache(maxsize=4)
def _load_docnos(path: Path, stamp: object) -> tuple[str, ...]:
    return tuple((path / DOCNOS).read_text(encoding="utf-8").split("\n")[:-1])
