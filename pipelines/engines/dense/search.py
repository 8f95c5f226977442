"""Exact search with query vectors over a dense index, and reranking by its vectors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, QUERY_VEC, RANK
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings.lists import Ints, rank_results
from pyterrier_rewrite.rewritten import (
    check_columns,
    check_docnos,
    check_one_text,
    check_qids,
)
from pyterrier_rewrite.value import ValueTransformer

from ...models import Vectors, similarities
from ..base import Retriever, ranked_frame
from .folder import DenseFolder

_BLOCK: Final = 65_536
"""Documents compared at a time: with 64 queries of 768 dimensions about 200 MB."""

_Hits = tuple[Ints, Vectors]
_NO_HITS: Final[_Hits] = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))


class DenseRetriever(Retriever):
    """Exact nearest-neighbour search; made by :meth:`DenseIndex.retriever`.

    Input columns: ``qid``, ``query`` and, where a rewriter wrote it, ``query_vec``. A row whose
    ``query_vec`` is None has its text encoded by the model of the index, which is loaded only
    then.

    Output columns: those of the input, ``docno``, ``score`` (the similarity) and ``rank`` (from
    0); queries in the order of the input, ties in the order of the collection.

    Args:
        index: The index.
        num_results: Most results a query, at least 1.
        batch_size: Queries at a time, at least 1.
        verbose: Whether to show progress.

    Raises:
        ValueError: On use, if a parameter is out of range, or a vector has another number of
            dimensions than the index or a number that is not finite.
        TypeError: On use, if a query is not a text.

    Example:
        >>> retriever = DenseIndex("vaswani.dense").retriever()  # doctest: +SKIP
        >>> retriever.search("measurement of dielectric constant")  # doctest: +SKIP

    Reference: Karpukhin et al.: Dense Passage Retrieval for Open-Domain Question Answering.
    EMNLP 2020.
    """

    index: DenseFolder

    def __init__(self, index: DenseFolder, *, batch_size: Count = 64, **settings: Any) -> None:
        super().__init__(index, **settings)
        self.batch_size = batch_size

    def search_frame(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the results of each query."""
        found = list(self._found(queries)) if len(queries) else []
        rows = np.repeat(np.arange(len(found)), [len(scores) for _, scores in found])
        docnos = self.index.docnos if found else ()
        scores = np.concatenate([np.empty(0), *(scores for _, scores in found)])
        return ranked_frame(queries, rows, [docnos[at] for hits, _ in found for at in hits], scores)

    def _found(self, inp: pd.DataFrame) -> Iterator[_Hits]:
        """Yield the positions and scores of the best documents of each query, best first."""
        queries = query_vectors(self.index, inp, batch_size=self.batch_size, verbose=self.verbose)
        documents = self.index.vectors
        k = min(self.num_results, len(documents))
        with pt.tqdm(
            total=len(queries), desc="Dense", unit="q", disable=not self.verbose
        ) as progress:
            for start in range(0, len(queries), self.batch_size):
                batch = queries[start : start + self.batch_size]
                best = [_NO_HITS] * len(batch)
                for first in range(0, len(documents), _BLOCK):
                    scores = batch @ documents[first : first + _BLOCK].T
                    best = [
                        _merge(hits, _top(row, k, first), k)
                        for hits, row in zip(best, scores, strict=True)
                    ]
                yield from best
                progress.update(len(batch))


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

    def __init__(
        self, index: DenseFolder, *, batch_size: Count = 64, verbose: bool = False
    ) -> None:
        self.index = index
        self.batch_size = batch_size
        self.verbose = verbose

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Rerank; see the class."""
        check_columns(inp)
        pt.validate.result_frame(inp, [QUERY], context=self)
        self.check()
        check_docnos(inp)
        check_qids(inp, once=False)
        scores = np.empty(0)
        if len(inp):
            at = pd.factorize(inp[QID])[0]
            queries = inp.drop_duplicates(QID)
            check_one_text(queries, inp)
            vectors = query_vectors(
                self.index, queries, batch_size=self.batch_size, verbose=self.verbose
            )
            rows = self._positions(inp[DOCNO].tolist())
            scores = similarities(vectors, at, self.index.vectors, rows)
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


def query_vectors(
    index: DenseFolder, queries: pd.DataFrame, *, batch_size: int, verbose: bool
) -> Vectors:
    """Return the vector of each query: its own ``query_vec``, or else that of its text."""
    given = queries[QUERY_VEC].tolist() if QUERY_VEC in queries else [None] * len(queries)
    vectors = np.empty((len(queries), index.dimension), dtype=np.float32)
    texts: dict[int, str] = {}
    rows = zip(queries[QID], given, queries[QUERY], strict=True)
    for row, (qid, vector, text) in enumerate(rows):
        if not (pd.api.types.is_scalar(vector) and pd.isna(vector)):
            vectors[row] = index.comparable(_one_vector(vector, qid))[0]
        elif isinstance(text, str):
            texts[row] = text
        else:
            raise TypeError(
                f"query {qid!r} should be a text (str), found {text!r} of type "
                f"{type(text).__name__}"
            )
    if texts:
        vectors[list(texts)] = index.encode(
            list(texts.values()), batch_size=batch_size, verbose=verbose
        )
    return vectors


def _one_vector(vector: Any, qid: str) -> Vectors:
    wanted = f"query_vec of query {qid!r} should be a one-dimensional array of finite numbers"
    try:
        found = np.asarray(vector, dtype=np.float32)
    except (TypeError, ValueError):  # texts, or lists of different lengths
        raise ValueError(f"{wanted}, found {vector!r:.100}") from None
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError(f"{wanted}, found an array of shape {found.shape}")
    return found[None, :]


def _top(scores: Vectors, k: int, first: int) -> _Hits:
    """Return the positions and scores of the best of one block; of equal ones the earlier."""
    found = np.arange(len(scores))
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        found = np.flatnonzero(scores >= least)
    found = found[np.argsort(-scores[found], kind="stable")][:k]
    return found + first, scores[found]


def _merge(one: _Hits, other: _Hits, k: int) -> _Hits:
    scores = np.concatenate([one[1], other[1]])
    best = np.argsort(-scores, kind="stable")[:k]
    return np.concatenate([one[0], other[0]])[best], scores[best]


@lru_cache(maxsize=4)
def _numbers(docnos: tuple[str, ...]) -> dict[str, int]:
    return {docno: number for number, docno in enumerate(docnos)}
