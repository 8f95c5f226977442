"""How alike texts are, by any encoder; by their terms where there is none."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..protocols import Analyzer, Encoder
from .analysis import EnglishAnalyzer

Vectors = npt.NDArray[np.floating[Any]]

_GROUPS: Final = 64
"""Groups that a model encodes at a time, enough to fill its batches."""


@dataclass(frozen=True)
class TermVectors:
    """An encoder without a model: a dimension a term, 1 + log(count).

    Vectors can be compared with those of the same call only.

    Attributes:
        analyzer: The engine's, ``index.analyzer``; plain English words where there is none.

    Example:
        >>> vectors = TermVectors().encode(["red sofa", "a sofa, not red", "desk"])
        >>> cosines(vectors[:1], vectors).round(2).tolist()
        [[1.0, 1.0, 0.0]]
    """

    analyzer: Analyzer = EnglishAnalyzer()

    def encode(self, texts: list[str], /) -> Vectors:
        """Return one row a text; a text without terms is all zeros."""
        stem = self.analyzer.stem
        counted = [Counter(map(stem, self.analyzer.terms(text))) for text in texts]
        column = {term: at for at, term in enumerate(dict.fromkeys(t for c in counted for t in c))}
        vectors = np.zeros((len(texts), len(column)), dtype=np.float32)
        for row, counts in enumerate(counted):
            for term, count in counts.items():
                vectors[row, column[term]] = 1 + log(count)
        return vectors


def encode_groups(groups: Sequence[Sequence[str]], encoder: Encoder | None) -> Iterator[Vectors]:
    """Encode the texts of many queries, many queries at once where a model does it.

    Args:
        groups: The texts of each query.
        encoder: What encodes; None takes :class:`TermVectors`.

    Yields:
        For each query one row a text.
    """
    size = 1 if encoder is None else _GROUPS  # a query's own terms make short vectors
    encoder = TermVectors() if encoder is None else encoder
    for start in range(0, len(groups), size):
        block = groups[start : start + size]
        vectors = encode_documents([text for group in block for text in group], encoder)
        yield from np.split(vectors, np.cumsum([len(group) for group in block])[:-1])


def encode_documents(texts: list[str], encoder: Encoder) -> Vectors:
    """Encode texts as documents, where the encoder tells documents from queries."""
    encode: Any = encoder.encode
    told_apart = "documents" in inspect.signature(encode).parameters
    return np.asarray(encode(texts, documents=True) if told_apart else encode(texts))


def cosines(one: Vectors, other: Vectors) -> Vectors:
    """Return the cosine of each row of one with each row of the other; 0 for a zero vector."""
    alike: Vectors = _unit_length(one) @ _unit_length(other).T
    return alike


def _unit_length(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
