"""Reranking by the vectors of query and document."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import models as _models
from .base import Reranker


class BiEncoderReranker(Reranker):
    """Reranks by the similarity of the vectors of query and document.

    Each distinct query and each distinct text is encoded once.

    Columns: see :class:`Reranker`.

    Args:
        model: Name or path of a sentence-transformers model, loaded at the first result; or an
            object with ``encode(list[str]) -> array``.
        similarity: ``cosine`` or ``dot``.
        query_prefix: What the model wants in front of a query, such as ``"query: "``.
        doc_prefix: What the model wants in front of a document, such as ``"passage: "``.
        settings: See :class:`Reranker`.

    Example:
        >>> reranker = BiEncoderReranker("sentence-transformers/all-MiniLM-L6-v2")
        >>> pipeline = bm25 % 100 >> index.text() >> reranker  # doctest: +SKIP

    Reference: Reimers and Gurevych: Sentence-BERT: Sentence Embeddings using Siamese
    BERT-Networks. EMNLP 2019.
    """

    def __init__(
        self,
        model: object,
        *,
        similarity: Literal["cosine", "dot"] = "cosine",
        query_prefix: str = "",
        doc_prefix: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(model, **settings)
        self.similarity = similarity
        self.query_prefix = query_prefix
        self.doc_prefix = doc_prefix

    def check(self) -> None:
        """Raise if an argument is out of range."""
        super().check()
        _models.check_similarity(self.similarity)

    def scores(self, queries: list[str], texts: list[str]) -> npt.NDArray[np.floating]:
        """Return the similarity of each query and the text beside it."""
        queries = [self.query_prefix + query for query in queries]
        texts = [self.doc_prefix + text for text in texts]
        distinct = list(dict.fromkeys([*queries, *texts]))
        vectors = _models.encode(
            self.model,
            distinct,
            batch_size=self.batch_size,
            device=self.device,
            verbose=self.verbose,
        )
        if self.similarity == "cosine":
            vectors = _models.unit_length(vectors)
        at = {text: number for number, text in enumerate(distinct)}
        scores = np.empty(len(queries))
        for start in range(0, len(queries), 10_000):  # a bounded piece of the vectors at a time
            rows = slice(start, start + 10_000)
            left = vectors[[at[query] for query in queries[rows]]]
            right = vectors[[at[text] for text in texts[rows]]]
            scores[rows] = np.einsum("ij,ij->i", left, right)
        return scores
