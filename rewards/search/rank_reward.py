"""RankReward: where the first relevant document stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import ir_measures

from .graded import Graded


@dataclass(frozen=True)
class RankReward(Graded):
    r"""From the best rank r of a relevant document: piecewise linear, steep at the top.

    .. math::

        R(r) = \begin{cases}
            2 - \frac{r - 1}{9} & 1 \le r \le 10 \\
            \frac{100 - r}{90} & 10 < r \le 100 \\
            0 & \text{else}
        \end{cases}

    From 2 at the top over 1 at rank 10 to 0 at rank 100. It tells rewrites apart that measures
    with a cutoff see alike.

    Input columns and verdicts: as :class:`SearchFeedback`.

    Args:
        engine: What follows the rewriter when it serves.
        qrels: Judgements of the original queries.
        rel: Least label of a relevant document.
        columns: Other columns that the engine reads.

    Example:
        >>> import pandas as pd
        >>> import pyterrier as pt
        >>> found = pd.DataFrame([["0", "d2", 2.0], ["0", "d1", 1.0]])
        >>> engine = pt.Transformer.from_df(found.set_axis(["qid", "docno", "score"], axis=1))
        >>> reward = RankReward(engine, {"q": {"d1": 1}})
        >>> round(reward.score(pd.DataFrame([{"qid": "q", "query": "sofa"}]))["q"], 3)
        1.889

    Reference: Zhu et al. ConvSearch-R1: Enhancing Query Reformulation for Conversational Search
    with Reasoning via Reinforcement Learning. EMNLP 2025.
    """

    rel: int = field(default=1, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    @property
    def measure(self) -> Any:
        """The inverse of the rank, 100 deep."""
        return ir_measures.RR(rel=self.rel) @ 100

    def grade(self, value: float) -> float:
        """Return the mark of a rank, whose inverse is ``value``."""
        rank = round(1 / value) if value else 100
        return 2 - (rank - 1) / 9 if rank <= 10 else (100 - rank) / 90
