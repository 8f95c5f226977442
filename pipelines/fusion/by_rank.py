"""Fusion by ranks: reciprocal rank fusion, and in turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyterrier as pt

from pyterrier_rewrite.ranges import Count, Weight
from pyterrier_rewrite.rankings.lists import Floats, RankedLists

from .base import Fusion


class RRF(Fusion):
    """Reciprocal rank fusion: the sum over the lists of ``weight / (k + rank)``, ranks from 1.

    A document that a list does not hold gets nothing from it. Scores matter only for the order
    within a list, so that engines of any kind can be fused.

    Columns: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse; none to fuse the queries of each ``qgroup``.
        k: How little the first ranks stand out, 0 or more.
        weights: One number of 0 or more a system; None counts all the same.
        num_results: Most results a query, at least 1.

    Example:
        >>> import pandas as pd
        >>> columns = ["qid", "docno", "score"]
        >>> a = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]], columns=columns)
        >>> b = pd.DataFrame([["q", "d2", 9.0]], columns=columns)
        >>> fused = RRF(pt.Transformer.from_df(a), pt.Transformer.from_df(b)).search("x", qid="q")
        >>> fused["docno"].tolist()  # 1/62 + 1/61 against 1/61
        ['d2', 'd1']

    Reference: Cormack, Clarke and Büttcher: Reciprocal Rank Fusion outperforms Condorcet and
    individual Rank Learning Methods. SIGIR 2009.
    """

    def __init__(self, *systems: pt.Transformer, k: Weight = 60, **settings: Any) -> None:
        super().__init__(*systems, **settings)
        self.k = k

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of ``weight / (k + rank)``."""
        return lists.sum_by_pair(lists.weight / (self.k + lists.rank + 1))


class Interleave(Fusion):
    """Round robin: each list in turn gives its best document that is not yet taken.

    The score is ``1 / (rank + 1)``, ranks from 0. Weights play no part. It interleaves rankings;
    the formulation of the same name, :class:`pyterrier_rewrite.Interleave`, interleaves the query
    with generated texts.

    Columns: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse, in their turn; none to fuse the queries of each
            ``qgroup``.
        num_results: Most results a query, at least 1.

    Example:
        >>> import pandas as pd
        >>> columns = ["qid", "docno", "score"]
        >>> a = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]], columns=columns)
        >>> b = pd.DataFrame([["q", "d1", 9.0], ["q", "d3", 8]], columns=columns)
        >>> systems = pt.Transformer.from_df(a), pt.Transformer.from_df(b)
        >>> Interleave(*systems).search("x", qid="q")["docno"].tolist()
        ['d1', 'd3', 'd2']
    """

    def __init__(self, *systems: pt.Transformer, num_results: Count = 1000) -> None:
        super().__init__(*systems, num_results=num_results)

    def scores(self, lists: RankedLists) -> Floats:
        """Return the inverse of the round-robin ranks."""
        turns: dict[int, dict[int, deque[int]]] = {}
        rows = np.column_stack([lists.pair_query[lists.pair], lists.list_, lists.pair])
        for query, list_, pair in rows.tolist():
            turns.setdefault(query, {}).setdefault(list_, deque()).append(pair)
        scores = np.zeros(len(lists.pair_query))
        for waiting in turns.values():
            for rank, pair in enumerate(_round_robin(deque(waiting.values()))):
                scores[pair] = 1.0 / (rank + 1)
        return scores


def _round_robin(waiting: deque[deque[int]]) -> Iterator[int]:
    taken: set[int] = set()
    while waiting:
        turn = waiting.popleft()
        while turn and turn[0] in taken:
            turn.popleft()
        if turn:
            taken.add(turn[0])
            yield turn.popleft()
            waiting.append(turn)
