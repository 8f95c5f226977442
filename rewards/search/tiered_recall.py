"""TieredRecall: recall in steps, a miss well below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import ir_measures

from pyterrier_rewrite.ranges import Count

from .graded import Graded

TIERS: Final = ((0.7, 5.0), (0.5, 4.0), (0.4, 3.0), (0.3, 1.0), (0.1, 0.5), (0.05, 0.1))
"""Least recall and its mark, best first."""

MISS: Final = -3.5
"""Mark below all tiers."""


@dataclass(frozen=True)
class TieredRecall(Graded):
    r"""Recall in the top k, in steps.

    .. math::

        R(\rho) = \begin{cases}
            5 & .7 \le \rho \\
            4 & .5 \le \rho < .7 \\
            3 & .4 \le \rho < .5 \\
            1 & .3 \le \rho < .4 \\
            .5 & .1 \le \rho < .3 \\
            .1 & .05 \le \rho < .1 \\
            -3.5 & \rho < .05
        \end{cases}

    with :math:`\rho` the recall in the top k.

    Input columns and verdicts: as :class:`SearchFeedback`. Because a guard caps a total at 0 by
    default, which is above a miss, gate this reward with ``cap=-3.5``.

    Args:
        engine: What follows the rewriter when it serves; it should give ``k`` results.
        qrels: Judgements of the original queries.
        k: Depth, at least 1 (3,000 in the paper).
        rel: Least label of a relevant document.
        columns: Other columns that the engine reads.

    Example:
        >>> import pandas as pd
        >>> import pyterrier as pt
        >>> found = pd.DataFrame([["0", "d2", 2.0], ["0", "d1", 1.0]])
        >>> engine = pt.Transformer.from_df(found.set_axis(["qid", "docno", "score"], axis=1))
        >>> reward = TieredRecall(engine, {"q": {"d1": 1, "d9": 1}})
        >>> reward.score(pd.DataFrame([{"qid": "q", "query": "sofa"}]))
        {'q': 4.0}

    Reference: Jiang et al. DeepRetrieval: Hacking Real Search Engines and Retrievers with Large
    Language Models via Reinforcement Learning. COLM 2025.
    """

    k: Count = field(default=1000, kw_only=True)
    rel: int = field(default=1, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    @property
    def measure(self) -> Any:
        """The recall, k deep."""
        return ir_measures.R(rel=self.rel) @ self.k

    def grade(self, value: float) -> float:
        """Return the mark of the tier."""
        return next((mark for least, mark in TIERS if value >= least - 1e-9), MISS)
