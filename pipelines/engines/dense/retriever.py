"""Exact search with query vectors over a dense index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QID, QUERY, QUERY_VEC, RANK, SCORE
from pyterrier_rewrite.value import ValueTransformer

if TYPE_CHECKING:
    from .index import DenseIndex

_BLOCK: Final = 65_536
"""Documents compared at a time: with 64 queries of 768 dimensions about 200 MB."""

Vectors = npt.NDArray[np.float32]
_Hits = tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]


class DenseRetriever(ValueTransformer):
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

    def __init__(
        self,
        index: DenseIndex,
        *,
        num_results: int = 1000,
        batch_size: int = 64,
        verbose: bool = False,
    ) -> None:
        self.index = index
        self.num_results = num_results
        self.batch_size = batch_size
        self.verbose = verbose

    def fuse_rank_cutoff(self, k: int) -> DenseRetriever:
        """Return a retriever of at most ``k`` results, for ``retriever % k``."""
        if k >= self.num_results:
            return self
        cut: DenseRetriever = pt.inspect.transformer_apply_attributes(self, num_results=k)
        return cut

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Search for every query of a frame; see the class."""
        pt.validate.query_frame(inp, extra_columns=[QUERY], context=self)
        for name in ("num_results", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} should be at least 1, found {getattr(self, name)!r}")
        found = list(self._found(inp)) if len(inp) else []
        counts = [len(scores) for _, scores in found]
        out: pd.DataFrame = inp.iloc[np.repeat(np.arange(len(found)), counts)]
        out = out.reset_index(drop=True)
        docnos = self.index.docnos if found else ()
        out[DOCNO] = pd.Series([docnos[at] for hits, _ in found for at in hits], dtype="str")
        out[SCORE] = np.concatenate([np.empty(0), *(scores for _, scores in found)])
        out[RANK] = np.array([rank for count in counts for rank in range(count)], dtype=int)
        return out

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
                best: list[_Hits] = [
                    (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)) for _ in batch
                ]
                for first in range(0, len(documents), _BLOCK):
                    scores = batch @ documents[first : first + _BLOCK].T
                    best = [
                        _merge(hits, _top(row, k, first), k)
                        for hits, row in zip(best, scores, strict=True)
                    ]
                yield from best
                progress.update(len(batch))


def query_vectors(
    index: DenseIndex, queries: pd.DataFrame, *, batch_size: int, verbose: bool
) -> Vectors:
    """Return the vector of each query: its own ``query_vec``, or else that of its text."""
    given = queries[QUERY_VEC].tolist() if QUERY_VEC in queries else [None] * len(queries)
    vectors = np.empty((len(queries), index.dimension), dtype=np.float32)
    texts: dict[int, str] = {}
    for row, (vector, text) in enumerate(zip(given, queries[QUERY], strict=True)):
        qid = queries[QID].iloc[row]
        if vector is not None and not (np.ndim(vector) == 0 and pd.isna(vector)):
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
    found = np.asarray(vector, dtype=np.float32)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise ValueError(
            f"query_vec of query {qid!r} should be a one-dimensional array of finite numbers, "
            f"found an array of shape {found.shape}"
        )
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
