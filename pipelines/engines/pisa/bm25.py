"""BM25 over a PISA index, for text and for weighted terms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Real
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import QID, QUERY, QUERY_TOKS
from pyterrier_rewrite.text.safe import safe_text

from ..base import BM25Retriever, ranked_frame
from . import native as _pisa
from .folder import PisaFolder
from .statistics import tokenize

_BUFFER: Final = 1_000_000
"""Results that are held for one call of PISA, which wants room for the most there can be."""

_LARGEST: Final = 100
"""PISA repeats a term as often as its weight says, so weights become whole numbers up to this."""

_Hits = tuple[npt.NDArray[np.int32], npt.NDArray[np.object_], npt.NDArray[np.float64]]


class BM25(BM25Retriever):
    """BM25 over a PISA index; made by ``PisaIndex.bm25()``.

    Input columns: ``qid``, ``query`` and, where a rewriter wrote it, ``query_toks``. A row
    whose ``query_toks`` is None uses its text.

    Output columns: those of the input, ``docno``, ``score`` and ``rank`` (from 0); queries in
    the order of the input, ties in the order of the collection. A query without a match has no
    row.

    Weighted terms and text are scored on one scale: ``{"a": 1, "b": 2}`` scores as ``a b b``.
    Weights are rounded to hundredths of the largest weight of their query, and the smallest
    counts as one hundredth. Terms in ``query_toks`` are stemmed, but stop words among them stay.

    Args:
        index: The index.
        k1: How soon repetitions of a term in a document cease to matter, 0 or more.
        b: How much long documents are held back, in [0, 1].
        num_results: Most results a query, at least 1.
        threads: Threads to search with, at least 1.
        verbose: Whether to show progress.

    Raises:
        ValueError: On use, if a parameter is out of range or a weight is negative or not finite.
        TypeError: On use, if a query is not a text or its terms not a dict.

    Example:
        >>> bm25 = PisaIndex("vaswani.pisa").bm25()  # doctest: +SKIP
        >>> bm25.search("measurement of dielectric constant")  # doctest: +SKIP

    Reference:
        Robertson et al. Okapi at TREC-3. TREC 1994.
    """

    index: PisaFolder

    def search_frame(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the results of each query."""
        return ranked_frame(queries, *_joined(self._search(_requests(queries))))

    def _search(self, requests: Sequence[str | Mapping[str, float]]) -> Iterator[_Hits]:
        """Yield the hits of a batch of queries at a time, texts first."""
        if not requests:
            return
        index = self.index
        context = _pisa.context(
            index.path, index.stamp, index.stemmer, index.stops, float(self.k1), float(self.b)
        )
        k = min(self.num_results, index.num_docs)
        size = max(1, _BUFFER // k)
        with pt.tqdm(
            total=len(requests), desc="BM25", unit="q", disable=not self.verbose
        ) as progress:
            for start in range(0, len(requests), size):
                texts, weighted, scales = [], [], np.ones(size)
                batch = requests[start : start + size]
                for at, request in enumerate(batch):
                    if isinstance(request, str):
                        texts.append((at, request))
                    else:
                        repeats, scales[at] = whole_weights(request)
                        weighted.append((at, repeats))
                for queries in (texts, weighted):
                    rows, docnos, scores = self._retrieve(context, queries, k)
                    yield rows + start, docnos, scores / scales[rows]
                progress.update(len(batch))

    def _retrieve(self, context: Any, queries: Sequence[tuple[int, Any]], k: int) -> _Hits:
        room = len(queries) * k
        rows, ranks = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.int32)
        docnos, scores = np.empty(room, dtype=object), np.empty(room, dtype=np.float32)
        size = 0
        if queries:
            size = _pisa.extension().retrieve(
                context,
                "block_max_wand",
                queries,
                k=k,
                threads=self.threads,
                # without it PISA ignores weights, and repetitions in a text
                query_weighted=1,
                pretokenised=not isinstance(queries[0][1], str),
                result_qidxs=rows,
                result_docnos=docnos,
                result_ranks=ranks,
                result_scores=scores,
            )
        return rows[:size], docnos[:size].copy(), scores[:size].astype(np.float64)


def _requests(queries: pd.DataFrame) -> list[str | Mapping[str, float]]:
    """Return what to ask for each query: its weighted terms, or else its text."""
    texts = queries[QUERY].tolist()
    terms = queries[QUERY_TOKS].tolist() if QUERY_TOKS in queries else [None] * len(texts)
    requests: list[str | Mapping[str, float]] = []
    for qid, text, toks in zip(queries[QID], texts, terms, strict=True):
        if isinstance(toks, Mapping):
            requests.append(toks)
        elif toks is not None and toks is not pd.NA and toks == toks:  # NaN is missing too
            raise _wrong_type(qid, QUERY_TOKS, "a dict", toks)
        elif isinstance(text, str):
            requests.append(safe_text(text))  # a NUL or a lone surrogate would crash PISA
        else:
            raise _wrong_type(qid, QUERY, "a text (str)", text)
    return requests


def _wrong_type(qid: object, column: str, expected: str, found: object) -> TypeError:
    return TypeError(
        f"{column!r} of query {qid!r} should be {expected}, found {found!r} of type "
        f"{type(found).__name__}"
    )


def whole_weights(terms: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """Return term weights as whole numbers, and the factor that they were multiplied by.

    Args:
        terms: Surface terms and their weights; a term of several words gives its weight to each.

    Returns:
        Whole weights from 1 to about 100, as floats, and the factor; whole weights up to 100
        stay as they are.
    """
    weights: dict[str, float] = {}
    for term, weight in terms.items():
        if not isinstance(term, str) or not isinstance(weight, Real):
            raise TypeError(
                "query_toks should map terms (str) to numbers, found "
                f"{term!r:.100}: {weight!r:.100}"
            )
        weight = float(weight)
        if not 0 <= weight < math.inf:
            raise ValueError(
                f"weights in query_toks should be finite and not negative, found {weight} for "
                f"{term!r}"
            )
        for word in tokenize(term):
            weights[word] = weights.get(word, 0.0) + weight
    weights = {word: weight for word, weight in weights.items() if weight > 0}
    largest = max(weights.values(), default=1.0)
    whole = largest <= _LARGEST and all(weight.is_integer() for weight in weights.values())
    if whole:
        return weights, 1.0
    whole_weight = {w: max(1.0, float(round(x / largest * _LARGEST))) for w, x in weights.items()}
    return whole_weight, _LARGEST / largest


def _joined(parts: Iterable[_Hits]) -> _Hits:
    """Join hits in the order of the queries; those of one query stand together already."""
    nothing: _Hits = (np.empty(0, np.int32), np.empty(0, np.object_), np.empty(0))
    rows, docnos, scores = (np.concatenate(column) for column in zip(nothing, *parts, strict=True))
    if np.any(np.diff(rows) < 0):
        order = np.argsort(rows, kind="stable")
        rows, docnos, scores = rows[order], docnos[order], scores[order]
    return rows, docnos, scores
