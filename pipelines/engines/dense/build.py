"""Building a dense index so that it is either complete or not there at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyterrier as pt

from pyterrier_rewrite._version import __version__
from pyterrier_rewrite.stores.folder import METADATA

from ... import models as _models
from ..documents import CorpusSettings, checked_docno, document_text, read_documents

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


def write(
    work: Path,
    *,
    corpus: object,
    settings: Settings,
    model: object,
    device: str | None,
    batch_size: int,
    verbose: bool,
) -> None:
    """Encode a corpus into a folder, the metadata last."""
    documents = iter(
        pt.tqdm(
            read_documents(corpus),
            desc="Encoding",
            unit="doc",
            total=len(corpus) if hasattr(corpus, "__len__") else None,
            disable=not verbose,
        )
    )
    seen: dict[str, int] = {}
    dimension = 0
    with open(work / VECTORS, "wb") as handle:
        while batch := list(islice(documents, max(1, batch_size) * _BATCHES)):
            texts = [_text(document, settings, seen) for document in batch]
            found = _models.encode(model, texts, batch_size=batch_size, device=device)
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
        "model_is_named": _models.named(model),
        "num_docs": len(seen),
        "dimension": dimension,
        "versions": {"pyterrier-rewrite": __version__},
    }
    (work / METADATA).write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")


def _text(document: Mapping[str, Any], settings: Settings, seen: dict[str, int]) -> str:
    position = len(seen) + 1
    docno = checked_docno(document, position)
    if docno in seen:
        raise ValueError(
            f"every docno should occur once, found {docno!r} as document {seen[docno]} and as "
            f"document {position}; drop one of them"
        )
    seen[docno] = position
    return settings.doc_prefix + document_text(document, settings.fields, docno)


def _header(handle: BinaryIO, count: int, dimension: int) -> None:
    np.lib.format.write_array_header_1_0(
        handle, {"descr": "<f4", "fortran_order": False, "shape": (count, dimension)}
    )
