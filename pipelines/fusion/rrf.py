"""Fusion by ranks."""

from __future__ import annotations

from typing import Any

import pyterrier as pt

from pyterrier_rewrite.ranges import Weight
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
