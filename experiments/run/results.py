"""What systems found, and what it is worth: by measures, with a paired test against a baseline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import QGROUP, QSTATUS
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.llm.metered import BudgetError, Spent

from ..config.schema import ExperimentConfig


@dataclass
class SystemRun:
    """One system's results.

    Attributes:
        name: Name in the config.
        results: Result frame: ``qid``, ``docno``, ``score``, ``rank``.
        rewrites: The queries as the last rewriter left them, or None without a rewriter.
        seconds: Time for all queries, shared stages counted in full.
        spent: What the language models were asked.
        prompts: Prompts that the system shows a model, with their versions.
        latencies: Seconds of queries that were run alone.
        unanswered: Topics for which the system has no result.
        unread: Those that did not reach the last rewriter: the engine before it found nothing.
    """

    name: str
    results: pd.DataFrame
    rewrites: pd.DataFrame | None
    seconds: float
    spent: Spent
    prompts: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """Why queries could not be rewritten, one reason a query."""
        if self.rewrites is None:
            return []
        statuses = self.rewrites.drop_duplicates(QGROUP if QGROUP in self.rewrites else "qid")
        return [s for s in statuses[QSTATUS] if s.startswith("failed")]

    @property
    def rewrote_none(self) -> bool:
        """Whether the system has a rewriter, which failed at every query."""
        groups = () if self.rewrites is None else self.rewrites.get(QGROUP, self.rewrites["qid"])
        return 0 < len(set(groups)) == len(self.failures)

    def notes(self, topics: int) -> Iterator[str]:
        """Yield what whoever reads the system's figures has to know.

        Args:
            topics: How many there are.
        """
        if self.failures:
            yield (
                f"{self.name}: {len(self.failures)} of {topics} queries could not be rewritten and "
                f"were searched as they were ({self.failures[0]})"
            )
        if self.unanswered:
            yield (
                f"{self.name}: no results for {len(self.unanswered)} of {topics} queries, first "
                f"{self.unanswered[0]!r}"
            )
        if self.unread:
            yield (
                f"{self.name}: {len(self.unread)} of them did not reach the rewriter, since the "
                "engine before it found nothing; give the rewriter feedback: [bm25, text] in place "
                "of stages before it, and none is lost"
            )


@dataclass
class Report:
    """An experiment's outcome.

    Attributes:
        config: The config as it was run.
        runs: One a system, in the config's order.
        table: One row a system; for the columns see
            :func:`compare`.
        perquery: ``name``, ``qid``, ``measure``, ``value``.
        num_queries: How many judged queries were run.
        depth: Means by turn and over conversations, of topics that are turns; see
            :func:`~pyterrier_rewrite.experiments.measures.depth.by_depth`.
        notes: What a reader should know.
        failed: Systems that could not be run to their end, and why; the table is without them.
    """

    config: ExperimentConfig
    runs: list[SystemRun]
    table: pd.DataFrame
    perquery: pd.DataFrame
    num_queries: int
    depth: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)

    @property
    def baseline(self) -> str | None:
        """The system that the others are compared with; None if it failed or there is none."""
        return None if self.config.baseline in self.failed else self.config.baseline

    def check(self) -> None:
        """Raise if a system failed.

        Raises:
            RewriteError: With the names of the systems that failed, or could rewrite no query.
        """
        none = [run.name for run in self.runs if run.rewrote_none]
        problems = [f"{', '.join(self.failed)} did not come to an end"] if self.failed else []
        problems += [f"no query could be rewritten by {', '.join(none)}"] if none else []
        if problems:
            raise RewriteError(f"{'; '.join(problems)}; see the notes above")


def told(failed: Mapping[str, Exception]) -> list[str]:
    """Return of every system that failed a line that says why."""
    return [f"{name} failed: {_reason(error)}" for name, error in failed.items()]


def _reason(error: Exception) -> str:
    """Return what an error says; one that was not meant for users with its kind."""
    meant = isinstance(error, RewriteError | BudgetError | ValueError | OSError)
    said = " ".join(str(error).split())
    return said if meant and said else f"{type(error).__name__}: {said}".rstrip(": ")


def evaluate(
    runs: Sequence[SystemRun], qrels: pd.DataFrame, measures: Sequence[Any]
) -> pd.DataFrame:
    """Return every measure of every system and judged query: name, qid, measure, value."""
    judged = pt.model.to_ir_measures(qrels)
    rows = []
    for run in runs:
        results = pt.model.to_ir_measures(run.results)
        for metric in ir_measures.iter_calc(measures, judged, results):
            rows.append((run.name, metric.query_id, str(metric.measure), metric.value))
    return pd.DataFrame(rows, columns=["name", "qid", "measure", "value"])


def compare(
    config: ExperimentConfig, runs: Sequence[SystemRun], perquery: pd.DataFrame, num_topics: int
) -> pd.DataFrame:
    """Return one row a system that was run; what is compared with one that was not is left out.

    Columns: ``name``; a column a measure with its mean; with a baseline, for each measure,
    ``<measure> change``, ``<measure> p`` (paired t-test, two-sided, corrected over the systems),
    ``<measure> won``, ``tied``, ``lost`` (queries); with an oracle ``gap_closed`` (share of the
    main measure's gap between baseline and oracle); ``failed`` (queries that could not be
    rewritten); ``no_results`` (queries for which the system has none); ``p50``, ``p95``
    (milliseconds of a query that is run alone, none from a cache); ``mrt`` (milliseconds a query,
    run together, caches included);
    ``requests``, ``cached``, ``prompt_tokens``, ``completion_tokens``; ``money`` where a price
    is known.
    """
    names = [run.name for run in runs]
    measures = [str(ir_measures.parse_measure(name)) for name in config.measures]
    table = pd.DataFrame({"name": names})
    values: dict[str, pd.DataFrame] = {}
    for measure in measures:
        of_measure = perquery[perquery["measure"] == measure]
        values[measure] = of_measure.pivot(index="qid", columns="name", values="value")[names]
        table[measure] = [_mean(measure, values[measure][name]) for name in names]
    baseline, oracle = config.baseline, config.oracle
    if baseline in names:
        for measure in measures:
            columns = against_baseline(values[measure], baseline, correction=config.correction)
            for column, cells in columns.items():
                table[f"{measure} {column}"] = [cells[name] for name in names]
    if baseline in names and oracle in names:
        main = table.set_index("name")[measures[0]]
        low, high = main[baseline], main[oracle]
        table["gap_closed"] = [
            (main[name] - low) / (high - low) if high != low else math.nan for name in names
        ]
    table["failed"] = [len(run.failures) for run in runs]
    table["no_results"] = [len(run.unanswered) for run in runs]
    for percentile in (50, 95):
        table[f"p{percentile}"] = [_milliseconds(run.latencies, percentile) for run in runs]
    table["mrt"] = [1000 * run.seconds / max(1, num_topics) for run in runs]
    for cost in ("requests", "cached", "prompt_tokens", "completion_tokens"):
        table[cost] = [getattr(run.spent, cost) for run in runs]
    if any(llm.price is not None for llm in config.llms.values()):
        table["money"] = [run.spent.money for run in runs]
    return table


def _milliseconds(latencies: Sequence[float], percentile: float) -> float:
    return 1000 * float(np.percentile(latencies, percentile)) if latencies else math.nan


def _mean(measure: str, values: pd.Series) -> float:
    aggregator = ir_measures.parse_measure(measure).aggregator()
    for value in values:
        aggregator.add(value)
    return float(aggregator.result())


def against_baseline(
    values: pd.DataFrame, baseline: str, *, correction: str | None
) -> dict[str, dict[str, float]]:
    """Compare the columns of a query-by-system table with one of them.

    Args:
        values: One row a query, one column a system.
        baseline: The column to compare with.
        correction: Method of :func:`statsmodels.stats.multitest.multipletests`, or None.

    Returns:
        For ``change``, ``p``, ``won``, ``tied`` and ``lost`` a value a system; ``p`` of the
        baseline itself, and where no query differs, is NaN.
    """
    from scipy.stats import ttest_rel
    from statsmodels.stats.multitest import multipletests

    base = values[baseline].to_numpy(dtype=float)
    out: dict[str, dict[str, float]] = {key: {} for key in ("change", "p", "won", "tied", "lost")}
    for name in values.columns:
        difference = values[name].to_numpy(dtype=float) - base
        moved = np.abs(difference) > 1e-9
        out["change"][name] = float(difference.mean())
        out["won"][name] = int((moved & (difference > 0)).sum())
        out["lost"][name] = int((moved & (difference < 0)).sum())
        out["tied"][name] = int((~moved).sum())
        tested = len(base) > 1 and bool(moved.any())
        out["p"][name] = float(ttest_rel(values[name], base).pvalue) if tested else math.nan
    compared = [name for name, p in out["p"].items() if not math.isnan(p)]
    if correction is not None and compared:
        corrected = multipletests([out["p"][name] for name in compared], method=correction)[1]
        out["p"].update(zip(compared, map(float, corrected), strict=True))
    return out
