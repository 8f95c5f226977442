"""TieredRecall: recall in steps, a miss well below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import ir_measures
import pandas as pd
import pyterrier as pt

from ..judgements import Judgements
from ..reward import Marks, Reward
from .search_feedback import SearchFeedback

TIERS: Final = ((0.7, 5.0), (0.5, 4.0), (0.4, 3.0), (0.3, 1.0), (0.1, 0.5), (0.05, 0.1))
"""Least recall and its mark, best first."""

MISS: Final = -3.5
"""Mark below all tiers."""


@dataclass(frozen=True)
class TieredRecall(Reward):
    """Recall in the top k, in steps.

    A recall of at least .7 gives 5, .5: 4, .4: 3, .3: 1, .1: .5, .05: .1, less: −3.5.

    Input columns and verdicts: as :class:`SearchFeedback`. Because a guard caps a total at 0 by
    default, which is above a miss, gate this reward with ``cap=-3.5``.

    Args:
        engine: What follows the rewriter when it serves; it should give ``k`` results.
        qrels: Judgements of the original queries.
        k: Depth, at least 1 (3,000 in the paper).
        rel: Least label of a relevant document.
        columns: Other columns that the engine reads.

    Example:
        >>> found = pd.DataFrame([["0", "d2", 2.0], ["0", "d1", 1.0]])
        >>> engine = pt.Transformer.from_df(found.set_axis(["qid", "docno", "score"], axis=1))
        >>> reward = TieredRecall(engine, {"q": {"d1": 1, "d9": 1}})
        >>> reward.score(pd.DataFrame([{"qid": "q", "query": "sofa"}]))
        {'q': 4.0}

    Reference: Jiang et al. DeepRetrieval: Hacking Real Search Engines and Retrievers with Large
    Language Models via Reinforcement Learning. COLM 2025.
    """

    engine: pt.Transformer
    qrels: Judgements
    k: int = field(default=1000, kw_only=True)
    rel: int = field(default=1, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "qrels", Judgements(self.qrels))

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search k deep and grade the recall."""
        measure = ir_measures.R(rel=self.rel) @ self.k
        recall = SearchFeedback(self.engine, self.qrels, measure, columns=self.columns)
        return {
            name: None if mark is None else _tier(mark)
            for name, mark in recall.marks(candidates).items()
        }


def _tier(recall: float) -> float:
    return next((mark for least, mark in TIERS if recall >= least - 1e-9), MISS)
