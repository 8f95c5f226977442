"""Fusion by scores: their sum, and one where a ranking that tells its documents apart counts."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyterrier as pt

from pyterrier_rewrite.rankings.lists import Floats, Ints, RankedLists

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


class EntropyFusion(Fusion):
    """The sum over the lists of ``weight * certainty * score``, min-max scores.

    A list whose scores are flat cannot tell its documents apart, so it counts less. With p the
    scores of a list as shares of their sum (shifted first, if some are negative) and N the number
    of documents that any list holds for the query, its certainty is 1 − H(p) ÷ ln N, H being the
    entropy −Σ p ln p; the certainties of a query's lists are then scaled to sum to 1. If every
    list is flat, all count the same. (Published is 1 ÷ H, which has no bound for a list of one
    document and tells long lists hardly apart.)

    Columns and arguments: see :class:`Fusion`.

    Args:
        systems: The transformers to fuse; none to fuse the queries of each ``qgroup``.
        weights: One number of 0 or more a system; None counts all the same.
        num_results: Most results a query, at least 1.

    Example:
        >>> import pandas as pd
        >>> import pyterrier as pt
        >>> columns = ["qid", "docno", "score"]
        >>> flat = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.9]], columns=columns)
        >>> steep = pd.DataFrame([["q", "d2", 9.0], ["q", "d1", 1.0]], columns=columns)
        >>> systems = pt.Transformer.from_df(flat), pt.Transformer.from_df(steep)
        >>> EntropyFusion(*systems).search("x", qid="q")["docno"].tolist()
        ['d2', 'd1']

    Reference: Dipta & Ferraro. Q2E: Query-to-Event Decomposition for Zero-Shot Multilingual
    Text-to-Video Retrieval. 2025.
    """

    def scores(self, lists: RankedLists) -> Floats:
        """Return the sum of the weighted, normalised scores, each list by its certainty."""
        return lists.sum_by_pair(lists.weight * certainties(lists) * lists.normalised("minmax"))


def certainties(lists: RankedLists) -> Floats:
    """Return the certainty of the list of each row; those of a query's lists sum to 1."""
    first, list_ = np.unique(lists.list_, return_index=True, return_inverse=True)[1:]
    low = np.zeros(len(first))
    np.minimum.at(low, list_, lists.score)
    shares = _shares(lists.score - low[list_], list_)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = np.bincount(list_, weights=-shares * logs, minlength=len(first))
    query = lists.pair_query[lists.pair][first]
    candidates = np.bincount(lists.pair_query)[query]
    most = np.log(candidates, out=np.ones(len(first)), where=candidates > 1)
    certain = 1 - entropy / most
    certain[certain < 1e-9] = 0.0  # flat but for rounding
    return _shares(certain, query)[list_]


def _shares(values: Floats, groups: Ints) -> Floats:
    """Return values as shares of their group's sum; equal shares where that is 0."""
    total = np.bincount(groups, weights=values)[groups]
    size = np.bincount(groups)[groups]
    return np.divide(values, total, out=1 / size, where=total > 0)
