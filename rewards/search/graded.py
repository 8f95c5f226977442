"""RankReward and TieredRecall: a measure, and what each of its values is worth."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import ir_measures
import pandas as pd

from pyterrier_rewrite.ranges import Count

from ..scoring import Marks, each_mark
from .search_feedback import Searched, SearchFeedback


@dataclass(frozen=True)
class Graded(Searched):
    """A function of a measure of the rewrite's results.

    Input columns and verdicts: as :class:`SearchFeedback`.
    """

    @property
    @abstractmethod
    def measure(self) -> Any:
        """The measure, of ir-measures."""

    @abstractmethod
    def grade(self, value: float) -> float:
        """Return the mark for a value of the measure."""

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search, measure and grade."""
        feedback = SearchFeedback(self.engine, self.qrels, self.measure, columns=self.columns)
        return each_mark(feedback.marks(candidates), self.grade)


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
