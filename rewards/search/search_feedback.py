"""SearchFeedback: the evaluation measure itself as the reward, and what such rewards share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import ir_measures
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.measures import measure_of
from pyterrier_rewrite.rankings.asking import Rankings, Requests, cut, spans

from ..asking import search, warn_no_verdict
from ..candidates import groups_of
from ..judgements import Judgements
from ..reward import Reward
from ..scoring import Marks


@dataclass(frozen=True)
class Searched(Reward):
    """A reward of what the engine finds for the rewrite, by judgements of the original query.

    A subclass is a frozen dataclass whose last field is :attr:`columns`.

    Args:
        engine: What follows the rewriter when it serves.
        qrels: Judgements of the original queries, see :class:`Judgements`.
    """

    engine: pt.Transformer
    qrels: Judgements

    @property
    @abstractmethod
    def columns(self) -> Sequence[str]:
        """Other columns that the engine reads, such as ``query_0``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "qrels", Judgements(self.qrels))
        object.__setattr__(self, "columns", tuple(self.columns))


_SLACK: Final = 5
"""How much deeper than the measure's cutoff is searched, to see ties that the cutoff parts."""


@dataclass(frozen=True)
class SearchFeedback(Searched):
    """``measure(S(rewrite), judgements of the original query)``, S being the engine.

    The mark is what ``pt.Experiment`` would report of the same engine. A batch is searched at
    once, each distinct query once, and only as deep as the measure looks, deeper where documents
    tie across its cutoff. (An engine that rounds otherwise at another depth, as PISA does in the
    last bits, can swap documents that all but tie.)

    A candidate that finds nothing gets 0; one whose original query has no judgements, or whose
    engine is down, gets no verdict, and a warning says so.

    Input columns: ``qid``, ``query``, ``query_toks`` and ``query_vec`` where a rewriter writes
    them, ``qgroup``, ``qcand``.

    Args:
        engine: What follows the rewriter when it serves, such as ``index.bm25()``. Where
            candidates are several queries, it ends in a fusion: ``index.bm25() >> RRF()``.
        qrels: Judgements of the original queries, see :class:`Judgements`.
        measure: Any measure of ir-measures, or its name: ``"nDCG@10"``.
        columns: Other columns that the engine reads, such as ``query_0``.

    Raises:
        ValueError: If the engine gives no ranking, or several queries are not fused.

    Example:
        >>> import pandas as pd
        >>> import pyterrier as pt
        >>> from pyterrier_rewrite.rewards import SearchFeedback
        >>> found = pd.DataFrame([["0", "d2", 2.0], ["0", "d1", 1.0]])
        >>> engine = pt.Transformer.from_df(found.set_axis(["qid", "docno", "score"], axis=1))
        >>> reward = SearchFeedback(engine, {"q": {"d1": 1}}, "RR")
        >>> reward.score(pd.DataFrame([{"qid": "q", "query": "sofa"}]))
        {'q': 0.5}
    """

    measure: Any
    columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "measure", measure_of(self.measure))

    @property
    def label(self) -> str:
        """The class and the measure."""
        return f"{type(self).__name__}({self.measure})"

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search and measure; see the class."""
        requests = Requests.of_candidates(candidates, self.columns)
        runs = self.runs(requests)
        return self.measured(groups_of(candidates), requests.asked, runs)

    def runs(self, requests: Requests) -> dict[int, dict[str, float]] | None:
        """Return the documents that the measure looks at, with their scores, by request."""
        depth = _cutoff(self.measure)
        engine = self.engine if depth is None else cut(self.engine, depth + _SLACK)
        if depth is None or engine is None:
            found = search(self.engine, requests.frame)
            return None if found is None else _runs(found, None)
        runs: dict[int, dict[str, float]] = {}
        asked, limit = requests.frame, depth + _SLACK
        while len(asked):
            found = search(engine, asked)
            if found is None:
                return None
            runs.update(_runs(found, depth))
            torn = _torn_ties(found, depth, limit)
            limit *= 2
            engine = cut(self.engine, limit)
            asked = requests.some(torn)
        return runs

    def measured(
        self, groups: dict[str, str], asked: list[int], runs: dict[int, dict[str, float]] | None
    ) -> Marks:
        """Return the measure of each candidate by the judgements of its group."""
        marks: Marks = dict.fromkeys(groups)
        nothing = float(self.measure.DEFAULT)
        if runs is None:
            return marks
        waiting: dict[str, list[tuple[str, dict[str, float]]]] = {}
        for (name, group), request in zip(groups.items(), asked, strict=True):
            if group in self.qrels.labels:
                marks[name] = nothing
                if request in runs:
                    waiting.setdefault(group, []).append((name, runs[request]))
        if waiting:
            evaluator = _evaluator(self.qrels, self.measure)
            # iter_calc itself also adds a 0 for every judged query that is not in the round
            calculate = getattr(evaluator, "_iter_calc", evaluator.iter_calc)
        # a round holds one candidate a group, so that judgements are handed over once, not for
        # every candidate under a name of its own
        while waiting:
            its = {group: queue.pop() for group, queue in waiting.items()}
            for metric in calculate({group: run for group, (_, run) in its.items()}):
                if metric.query_id in its:
                    marks[its[metric.query_id][0]] = metric.value
            waiting = {group: queue for group, queue in waiting.items() if queue}
        if None in marks.values():
            unjudged = {group for group in groups.values() if group not in self.qrels.labels}
            warn_no_verdict(
                f"{len(unjudged)} queries such as {min(unjudged)!r} have no judgements",
                sum(mark is None for mark in marks.values()),
            )
        return marks


# -- helpers --------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _evaluator(qrels: Judgements, measure: Any) -> Any:
    """Return what measures runs by judgements; handing those over takes longer than measuring."""
    return ir_measures.evaluator([measure], qrels.of(qrels.labels))


def _cutoff(measure: Any) -> int | None:
    """Return how deep a measure looks, None for all the way down."""
    if measure.params.get("judged_only"):
        return None
    depth = measure.params.get("cutoff")
    return depth if isinstance(depth, int) else None


def _runs(found: Rankings, depth: int | None) -> dict[int, dict[str, float]]:
    """Return documents and scores by request, down to ``depth`` and what ties there."""
    kept = slice(None) if depth is None else found.reaches(depth)
    docnos, scores = found.docnos[kept].tolist(), found.scores[kept].tolist()
    return {
        request: dict(zip(docnos[start:end], scores[start:end], strict=True))
        for request, start, end in spans(found.request[kept])
    }


def _torn_ties(found: Rankings, depth: int, limit: int) -> list[int]:
    """Return the requests whose results end amid documents that tie across the cutoff."""
    reaches = found.reaches(depth)
    return [
        request
        for request, start, end in spans(found.request)
        if end - start >= limit and reaches[end - 1]
    ]
