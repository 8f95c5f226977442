"""Fusion by scores."""

from __future__ import annotations

from typing import Any, Literal

import pyterrier as pt

from pyterrier_rewrite.rankings.lists import Floats, RankedLists

from .base import Fusion


class CombSUM(Fusion):
    """The sum over the lists of ``weight * score``, the scores of each list normalised first.

    With ``norm="minmax"`` a list's scores become ``(score - min) / (max - min)``; a list of
    constant scores, such as a single result, becomes 1. With ``norm="zscore"`` they become
    ``(score - mean) / deviation`` (of the population); a list of constant scores becomes 0. Mind
    that a document that a list does not hold counts as 0, with z-scores as average.

    Columns: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse; none to fuse the queries of each ``qgroup``.
        norm: ``"minmax"``, ``"zscore"``, or None for the scores as they are.
        weights: One number of 0 or more a system; None counts all the same.
        num_results: Most results a query, at least 1.

    Example:
        >>> import pandas as pd
        >>> columns = ["qid", "docno", "score"]
        >>> a = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]], columns=columns)
        >>> b = pd.DataFrame([["q", "d2", 9.0]], columns=columns)
        >>> systems = pt.Transformer.from_df(a), pt.Transformer.from_df(b)
        >>> CombSUM(*systems, weights=[2, 1]).search("x", qid="q")["score"].tolist()
        [2.0, 1.0]

    Reference: Fox and Shaw: Combination of Multiple Searches. TREC-2, 1993.
    """

    def __init__(
        self,
        *systems: pt.Transformer,
        norm: Literal["minmax", "zscore"] | None = "minmax",
        **settings: Any,
    ) -> None:
        super().__init__(*systems, **settings)
        self.norm = norm

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of the weighted, normalised scores."""
        return lists.sum_by_pair(lists.weight * lists.normalised(self.norm))

    def check(self) -> None:
        """Raise if an argument is out of range."""
        super().check()
        if self.norm not in ("minmax", "zscore", None):
            raise ValueError(f"norm should be 'minmax', 'zscore' or None, found {self.norm!r}")


class CombMNZ(CombSUM):
    """:class:`CombSUM` times the number of lists that hold the document.

    Columns, arguments, example and reference: see :class:`CombSUM`.
    """

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of the weighted, normalised scores times the number of lists."""
        return super().scores(lists) * lists.count_by_pair()
