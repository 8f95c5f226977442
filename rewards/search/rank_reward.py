"""RankReward: where the first relevant document stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import ir_measures
import pandas as pd
import pyterrier as pt

from ..judgements import Judgements
from ..reward import Marks, Reward
from .search_feedback import SearchFeedback


@dataclass(frozen=True)
class RankReward(Reward):
    """From the best rank r of a relevant document: piecewise linear, steep at the top.

    ``2 − (r − 1) / 9`` for r ≤ 10, ``(100 − r) / 90`` for r ≤ 100, else 0: from 2 at the top over
    1 at rank 10 to 0 at rank 100. It tells rewrites apart that measures with a cutoff see alike.

    Input columns and verdicts: as :class:`SearchFeedback`.

    Args:
        engine: What follows the rewriter when it serves.
        qrels: Judgements of the original queries.
        rel: Least label of a relevant document.
        columns: Other columns that the engine reads.

    Example:
        >>> found = pd.DataFrame([["0", "d2", 2.0], ["0", "d1", 1.0]])
        >>> engine = pt.Transformer.from_df(found.set_axis(["qid", "docno", "score"], axis=1))
        >>> reward = RankReward(engine, {"q": {"d1": 1}})
        >>> round(reward.score(pd.DataFrame([{"qid": "q", "query": "sofa"}]))["q"], 3)
        1.889

    Reference: Zhu et al. ConvSearch-R1: Enhancing Query Reformulation for Conversational Search
    with Reasoning via Reinforcement Learning. EMNLP 2025.
    """

    engine: pt.Transformer
    qrels: Judgements
    rel: int = field(default=1, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "qrels", Judgements(self.qrels))

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search 100 deep and look for the first relevant document."""
        measure = ir_measures.RR(rel=self.rel) @ 100
        inverse = SearchFeedback(self.engine, self.qrels, measure, columns=self.columns)
        return {
            name: None if mark is None else _of_rank(round(1 / mark)) if mark else 0.0
            for name, mark in inverse.marks(candidates).items()
        }


def _of_rank(rank: int) -> float:
    return 2 - (rank - 1) / 9 if rank <= 10 else max(0.0, (100 - rank) / 90)
