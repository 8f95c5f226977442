"""The measure that decides: a rewriter in its pipeline, on queries that are not trained on."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyterrier as pt

from ...columns import LABEL, QID
from ...errors import RewriteWarning
from ...ranges import Count, check_ranges


@dataclass(frozen=True, eq=False)
class Validation:
    """Which weights are kept, and when to stop.

    The rewriter is run as it is served in front of the real pipeline, greedily, or with a fixed
    seed where several samples make a query; its value is what ``pt.Experiment`` would report on
    these topics.

    Args:
        pipeline_after: What follows the rewriter, from queries to results:
            ``index.bm25(num_results=10)``, or with fusion where it writes several queries.
        topics: Queries of a development split.
        qrels: Their judgements.
        measure: An ir-measures measure or its name; more is better.
        every: Steps between two validations, at least 1.
        patience: Stop after so many validations without a new best; None goes on to the end.

    Raises:
        ValueError: If ``every`` or ``patience`` is below 1, or no topic has judgements.

    Example:
        >>> Validation(index.bm25(num_results=10), dev.topics, dev.qrels, every=25)
        ... # doctest: +SKIP
    """

    pipeline_after: pt.Transformer
    topics: pd.DataFrame
    qrels: pd.DataFrame
    measure: Any = "nDCG@10"
    every: Count = 50
    patience: Count | None = None

    def __post_init__(self) -> None:
        check_ranges(type(self), vars(self))
        if not self.qrels[QID].isin(self.topics[QID]).any():
            raise ValueError(
                "none of the topics of the validation has judgements; hand over the topics and "
                "qrels of the same split"
            )

    def score(self, rewriter: pt.Transformer) -> float:
        """Return the mean value of the measure over the judged topics."""
        import ir_measures

        measure = self.measure
        if isinstance(measure, str):
            measure = ir_measures.parse_measure(measure)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)  # the monitor counts them
            results = (rewriter >> self.pipeline_after)(self.topics)
        qrels = self.qrels[self.qrels[QID].isin(self.topics[QID])]
        if len(results) and not results[QID].isin(self.topics[QID]).all():
            stranger = next(qid for qid in results[QID] if qid not in set(self.topics[QID]))
            raise ValueError(
                f"pipeline_after gives results for {stranger!r}, which is not among the topics; a "
                "rewriter that writes several queries needs a fusion: index.bm25() >> RRF()"
            )
        names = {"qid": "query_id", "docno": "doc_id", LABEL: "relevance"}
        value: float = ir_measures.calc_aggregate(
            [measure], qrels.rename(columns=names), results.rename(columns=names)
        )[measure]
        return value
