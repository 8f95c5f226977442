"""Ranked lists as arrays, so that fusing thousands of them takes no Python loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..columns import DOCNO, QID, RANK, SCORE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankedLists:
    """The rows of many ranked lists, list after list, each from its best document down.

    A pair is one document for one query, which several lists may hold; a list holds it once.

    Attributes:
        row: Position of the row in the frame it came from.
        pair: Number of the pair that the row is about.
        list_: Number of the list.
        rank: Position in the list, from 0.
        score: Score in the list.
        weight: Weight of the list.
        pair_query: Query number of each pair.
        pair_doc: Document number of each pair, in the order of the document ids.
        docnos: Document ids by number.
    """

    row: Ints
    pair: Ints
    list_: Ints
    rank: Ints
    score: Floats
    weight: Floats
    pair_query: Ints
    pair_doc: Ints
    docnos: Any

    @classmethod
    def of(cls, frame: pd.DataFrame, *, queries: Ints, lists: Ints, weights: Floats) -> RankedLists:
        """Sort the rows of ranked lists by score, ties by rank, and number documents and pairs.

        Args:
            frame: Results with ``docno``, ``score`` and perhaps ``rank``. A document that a list
                holds twice counts once, where it is best.
            queries: Number of the query that each row is for.
            lists: Number of the list that each row is in; a list is for one query.
            weights: Weight of each row's list.
        """
        scores = frame[SCORE].to_numpy(float)
        docs, docnos = pd.factorize(frame[DOCNO], sort=True)
        size = max(1, len(docnos))
        ranks = frame[RANK].to_numpy(float) if RANK in frame.columns else np.zeros(len(frame))
        row = np.lexsort((ranks, -scores, lists))
        copies = pd.Series(lists[row] * size + docs[row]).duplicated().to_numpy(bool)
        row = row[~copies]
        pair, pairs = pd.factorize(queries[row] * size + docs[row])
        return cls(
            row=row,
            pair=pair,
            list_=lists[row],
            rank=positions(lists[row]),
            score=scores[row],
            weight=weights[row],
            pair_query=pairs // size,
            pair_doc=pairs % size,
            docnos=docnos,
        )

    def sum_by_pair(self, terms: Floats) -> Floats:
        """Add up the terms of each pair, smallest first: the order of the lists is no matter."""
        order = np.argsort(terms, kind="stable")
        pairs = len(self.pair_query)
        total = np.bincount(self.pair[order], weights=terms[order], minlength=pairs)
        return np.asarray(total, dtype=np.float64)

    def normalised(self, norm: Literal["minmax", "zscore"] | None) -> Floats:
        """Return the scores of each list between 0 and 1, or as deviations from their mean."""
        if norm is None:
            return self.score
        lists = pd.Series(self.score).groupby(self.list_)
        low, high = (np.asarray(lists.transform(which), dtype=float) for which in ("min", "max"))
        if norm == "minmax":
            start, spread, constant = low, high - low, 1.0
        else:
            start = np.asarray(lists.transform("mean"), dtype=float)
            spread, constant = np.asarray(lists.transform("std", ddof=0), dtype=float), 0.0
        normalised: Floats = np.full(len(self.score), constant)
        np.divide(self.score - start, spread, out=normalised, where=(high > low) & (spread > 0))
        return normalised

    def count_by_pair(self) -> Ints:
        """Return how many lists hold each pair."""
        return np.bincount(self.pair, minlength=len(self.pair_query))

    def first_by_pair(self, column: pd.Series[Any]) -> Any:
        """Return for each pair the first value that is not missing, in the order of the frame."""
        found = np.flatnonzero(column.notna().to_numpy()[self.row])
        found = found[np.argsort(-self.row[found])]  # the first is written last, so it stays
        first = np.full(len(self.pair_query), -1)
        first[self.pair[found]] = self.row[found]
        return pd.api.extensions.take(column.array, first, allow_fill=True)

    def order(self, scores: Floats, num_results: int) -> tuple[Ints, Ints]:
        """Rank the pairs of each query by score, ties by document id.

        Returns:
            The best ``num_results`` pairs of each query, query after query, and their ranks.
        """
        best = np.lexsort((self.pair_doc, -scores, self.pair_query))
        rank = positions(self.pair_query[best])
        return best[rank < num_results], rank[rank < num_results]


def positions(groups: npt.NDArray[Any]) -> Ints:
    """Number the rows of each group from 0; the rows of a group stand together."""
    at = np.arange(len(groups))
    starts = np.ones(len(groups), dtype=bool)
    starts[1:] = groups[1:] != groups[:-1]
    return at - np.maximum.accumulate(np.where(starts, at, 0))


def rank_results(results: pd.DataFrame) -> pd.DataFrame:
    """Sort results by score within each query, ties by ``docno``, and number the ranks from 0.

    Args:
        results: A result frame with ``qid``, ``docno`` and ``score``; its queries keep the order
            in which they first occur.
    """
    queries = pd.factorize(results[QID])[0]
    docs = pd.factorize(results[DOCNO], sort=True)[0]
    order = np.lexsort((docs, -results[SCORE].to_numpy(float), queries))
    ranked = results.iloc[order].reset_index(drop=True)
    return ranked.assign(rank=positions(queries[order]))


def top(results: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return the ``k`` best results of each query, the best first.

    Args:
        results: Ranked by ``rank``, else by ``score``, else as they stand.
        k: Most results a query.
    """
    if RANK in results.columns:
        results = results.sort_values(RANK, kind="stable")
    elif SCORE in results.columns:
        results = results.sort_values(SCORE, ascending=False, kind="stable")
    return results.groupby(QID, sort=False).head(k)


def best_records(results: pd.DataFrame, k: int) -> dict[str, list[dict[str, Any]]]:
    """Return the ``k`` best results of each query, by its id, as dicts of document columns."""
    columns = [name for name in results.columns if not name.startswith("q")]
    found: dict[str, list[dict[str, Any]]] = {}
    best = top(results, k)
    for qid, record in zip(best[QID], best[columns].to_dict("records"), strict=True):
        found.setdefault(str(qid), []).append(record)
    return found
