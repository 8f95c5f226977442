"""Reranking by a model that reads query and document together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import models as _models
from .base import Reranker


class CrossEncoderReranker(Reranker):
    """Reranks with a model that reads query and document together.

    Columns: see :class:`Reranker`.

    Args:
        model: Name or path of a cross-encoder of sentence-transformers, loaded at the first
            result; or an object with ``predict(list[tuple[str, str]]) -> array``.
        settings: See :class:`Reranker`.

    Example:
        >>> reranker = CrossEncoderReranker("cross-encoder/ms-marco-MiniLM-L6-v2")
        >>> pipeline = bm25 % 100 >> index.text() >> reranker  # doctest: +SKIP

    Reference: Nogueira and Cho: Passage Re-ranking with BERT. arXiv 1901.04085, 2019.
    """

    def scores(self, queries: list[str], texts: list[str]) -> npt.NDArray[np.floating]:
        """Return what the model says of each pair."""
        return _models.score_pairs(
            self.model,
            list(zip(queries, texts, strict=True)),
            batch_size=self.batch_size,
            device=self.device,
            verbose=self.verbose,
        )
