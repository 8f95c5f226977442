"""Reranking by the vectors of a dense index: no document is read or encoded again."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, RANK
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings.lists import rank_results
from pyterrier_rewrite.value import ValueTransformer

from .facts import DenseFacts
from .retriever import query_vectors


class DenseReranker(ValueTransformer):
    """Scores each document of a result frame by its vector in an index, and sorts anew.

    Made by :meth:`DenseIndex.reranker`. It scores as
    :class:`~pyterrier_rewrite.pipelines.BiEncoderReranker` does with the model of the index, at
    the cost of the queries alone.

    Input columns: ``qid``, ``query``, ``docno`` and, where a rewriter wrote it, ``query_vec``.

    Output columns: those of the input; ``score`` (the similarity) and ``rank`` (from 0) are new.
    Rows are sorted by rank, ties by ``docno``, queries in input order.

    Args:
        index: The index.
        batch_size: Queries at a time, at least 1.
        verbose: Whether to show progress.

    Raises:
        ValueError: On use, if a document is not in the index, ``batch_size`` is out of range, or
            a vector does not fit.
        TypeError: On use, if a query is not a text.

    Example:
        >>> index = DenseIndex("vaswani.dense")  # doctest: +SKIP
        >>> pipeline = bm25 % 100 >> index.reranker()  # doctest: +SKIP
    """

    def __init__(self, index: DenseFacts, *, batch_size: Count = 64, verbose: bool = False) -> None:
        self.index = index
        self.batch_size = batch_size
        self.verbose = verbose

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Rerank; see the class."""
        pt.validate.result_frame(inp, [QUERY], context=self)
        self.check()
        scores = np.empty(len(inp))
        if len(inp):
            at = pd.factorize(inp[QID])[0]
            queries = inp.drop_duplicates(QID)
            vectors = query_vectors(
                self.index, queries, batch_size=self.batch_size, verbose=self.verbose
            )
            documents = self.index.vectors
            rows = self._positions(inp[DOCNO].tolist())
            for start in range(0, len(inp), 10_000):  # a bounded piece of the vectors at a time
                part = slice(start, start + 10_000)
                scores[part] = np.einsum("ij,ij->i", vectors[at[part]], documents[rows[part]])
        return rank_results(inp.drop(columns=RANK, errors="ignore").assign(score=scores))

    def _positions(self, docnos: list[str]) -> Any:
        known = _numbers(tuple(self.index.docnos))
        try:
            return np.array([known[docno] for docno in docnos])
        except KeyError as error:
            raise ValueError(
                f"the document {error.args[0]!r} is not in {self.index!r}; build both indexes of "
                "the same corpus"
            ) from None


@lru_cache(maxsize=4)
def _numbers(docnos: tuple[str, ...]) -> dict[str, int]:
    return {docno: number for number, docno in enumerate(docnos)}
