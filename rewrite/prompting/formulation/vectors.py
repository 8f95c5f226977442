"""Formulations whose new query is a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ...base import NewQuery
from ...columns import QUERY_VEC
from ...protocols import Encoder
from ...text.similarity import encode_documents
from .base import Formulation, Vector


@dataclass(frozen=True)
class MeanVector(Formulation):
    """The mean of the vectors of the query and the parts, for dense retrieval (HyDE).

    Attributes:
        encoder: What encodes, for example a dense index: anything with
            ``encode(list[str]) -> array``. One that tells documents from queries, as a
            ``DenseIndex`` does by ``encode(texts, documents=True)``, encodes the parts as
            documents.
    """

    encoder: Encoder

    writes: ClassVar[tuple[str, ...]] = (QUERY_VEC,)

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the query with its vector; the text stays the query's."""
        return self.form_batch([query], [parts])[0]

    def form_batch(
        self, queries: Sequence[str], parts: Sequence[Sequence[str]]
    ) -> list[list[NewQuery]]:
        """Encode all queries at once, and all parts at once."""
        asked = [query for query, its in zip(queries, parts, strict=True) if its]
        if not asked:
            return [[] for _ in queries]
        of_queries = iter(np.asarray(self.encoder.encode(asked)))
        of_parts = encode_documents([part for its in parts for part in its], self.encoder)
        formed: list[list[NewQuery]] = []
        start = 0
        for query, its in zip(queries, parts, strict=True):
            own = of_parts[start : start + len(its)]
            start += len(its)
            formed.append(
                [NewQuery(query, vec=np.vstack([next(of_queries), own]).mean(axis=0))]
                if its
                else []
            )
        return formed

    def original_vector(self, query: str) -> Vector:
        """Return the query's own vector."""
        vector: Vector = np.asarray(self.encoder.encode([query]))[0]
        return vector
