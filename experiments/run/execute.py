"""Run the systems of an experiment and compare them, TREC style."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.base import Rewriter
from pyterrier_rewrite.columns import QGEN, QGROUP, QSTATUS
from pyterrier_rewrite.llm.metered import Spent

from ..build.workbench import Workbench
from ..config.errors import ConfigError
from ..config.schema import ExperimentConfig
from ..measures.depth import DEPTH_MEASURE, by_depth, is_conversational

RESULT_COLUMNS = ("qid", "docno", "score", "rank")


@dataclass
class SystemRun:
    """One system's results.

    Attributes:
        name: Name in the config.
        results: Result frame: ``qid``, ``docno``, ``score``, ``rank``.
        rewrites: The queries as the last rewriter left them, or None without a rewriter.
        seconds: Time for all queries, shared stages counted in full.
        spent: What the language models were asked.
    """

    name: str
    results: pd.DataFrame
    rewrites: pd.DataFrame | None
    seconds: float
    spent: Spent

    @property
    def failures(self) -> list[str]:
        """Why queries could not be rewritten, one reason a query."""
        if self.rewrites is None:
            return []
        statuses = self.rewrites.drop_duplicates(QGROUP if QGROUP in self.rewrites else "qid")
        return [s for s in statuses[QSTATUS] if s.startswith("failed")]


@dataclass
class Report:
    """An experiment's outcome.

    Attributes:
        config: The config as it was run.
        runs: One a system, in the config's order.
        table: One row a system; see :func:`compare` for the columns.
        perquery: ``name``, ``qid``, ``measure``, ``value``.
        num_queries: How many judged queries were run.
        depth: Means by turn and over conversations, of topics that are turns; see
            :func:`~pyterrier_rewrite.experiments.measures.depth.by_depth`.
        notes: What a reader should know.
    """

    config: ExperimentConfig
    runs: list[SystemRun]
    table: pd.DataFrame
    perquery: pd.DataFrame
    num_queries: int
    depth: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)


def run_experiment(workbench: Workbench) -> Report:
    """Run every system once and evaluate it with ir-measures.

    Stages that systems share from their start are run once; language models are asked once for
    all topics. Topics without judgements are run but not evaluated; a judged topic without
    results counts as 0.

    Args:
        workbench: The config's objects.

    Raises:
        ConfigError: If a system cannot be built, or ends in something else than results.
        BudgetError: If the cap is reached.
    """
    config = workbench.config
    topics = workbench.topics()
    qrels = workbench.qrels()
    qrels = qrels[qrels["qid"].isin(set(topics["qid"]))]
    if qrels.empty:
        raise ConfigError(
            f"none of the {len(topics)} topics of {workbench.collection!r} is judged; "
            "check the split"
        )
    systems = {name: workbench.system(name) for name in config.systems}
    check_systems(systems, list(topics.columns))
    executor = Executor(topics, workbench)
    runs = [
        executor.run(name, stages)
        for name, stages in pt.tqdm(systems.items(), "systems", disable=not workbench.verbose)
    ]
    conversational = is_conversational(topics)
    names = [*config.measures, *([DEPTH_MEASURE] if conversational else [])]
    measures = list(dict.fromkeys(map(ir_measures.parse_measure, names)))
    perquery = evaluate(runs, qrels, measures)
    depth = by_depth(perquery, topics) if conversational else None
    table = compare(config, runs, perquery, len(topics))
    judged = int(qrels["qid"].nunique())
    notes = [
        f"{run.name}: {len(run.failures)} of {len(topics)} queries could not be rewritten and "
        f"were searched as they were ({run.failures[0]})"
        for run in runs
        if run.failures
    ]
    if judged < len(topics):
        notes.append(f"{len(topics) - judged} of {len(topics)} topics have no judgements")
    return Report(config, runs, table, perquery, judged, depth, notes)


def check_systems(systems: Mapping[str, Sequence[pt.Transformer]], columns: Sequence[str]) -> None:
    """Check before anything is run that every stage fits the next one.

    Raises:
        ConfigError: If a stage misses a column, or a system does not end in results.
    """
    for name, stages in systems.items():
        here: list[str] | None = list(columns)
        for number, stage in enumerate(stages):
            try:
                here = pt.inspect.transformer_outputs(stage, here or [])
            except pt.validate.InputValidationError as error:
                raise ConfigError(
                    f"systems.{name}.{number}: {type(stage).__name__} cannot take what comes "
                    f"before it: {_missing(error)}{_advice(error)}"
                ) from None
            except pt.inspect.InspectError:
                here = None
                break
        if here is not None and not set(RESULT_COLUMNS[:3]) <= set(here):
            raise ConfigError(
                f"systems.{name}: a system should end in results (qid, docno, score), found the "
                f"columns {here}; end it with an engine, such as bm25"
            )


def _missing(error: Any) -> str:
    wanted = [
        " ".join(
            part
            for part in (
                f"it needs {mode.missing_columns}" if mode.missing_columns else "",
                f"without {mode.extra_columns}" if mode.extra_columns else "",
            )
            if part
        )
        for mode in error.modes
    ]
    return ", or ".join(wanted)


def _advice(error: Any) -> str:
    needed = {column for mode in error.modes for column in mode.missing_columns}
    if not {"docno", "text"} & needed:
        return ""
    return "; put bm25 and text before it, or give it feedback: [bm25, text]"


class Executor:
    """Runs systems over one set of topics, every shared prefix once."""

    def __init__(self, topics: pd.DataFrame, workbench: Workbench) -> None:
        self.topics = topics
        self.workbench = workbench
        self._done: dict[tuple[pt.Transformer, ...], tuple[pd.DataFrame, float, Spent]] = {}

    def run(self, name: str, stages: Sequence[pt.Transformer]) -> SystemRun:
        """Run one system."""
        frame, seconds, spent = self.topics, 0.0, Spent()
        rewrites = None
        for length in range(1, len(stages) + 1):
            prefix = tuple(stages[:length])
            if prefix not in self._done:
                self._done[prefix] = self._step(stages[length - 1], frame)
            frame, its_seconds, its_spent = self._done[prefix]
            seconds, spent = seconds + its_seconds, spent + its_spent
            if QGEN in frame.columns and "docno" not in frame.columns:
                rewrites = frame
        strange = set(frame["qid"]) - set(self.topics["qid"])
        if strange:
            raise ConfigError(
                f"systems.{name}: returns results for {sorted(strange)[0]!r}, which is no topic; "
                "where a rewriter makes several queries from one, end the system with a fusion, "
                "such as RRF"
            )
        # a TREC run: one row a document, best first
        results = frame.loc[:, [c for c in RESULT_COLUMNS if c in frame.columns]]
        results = results.sort_values(["qid", "score"], ascending=[True, False], kind="stable")
        results = results.groupby("qid", sort=False).head(self.workbench.config.depth)
        return SystemRun(name, results.reset_index(drop=True), rewrites, seconds, spent)

    def _step(
        self, stage: pt.Transformer, frame: pd.DataFrame
    ) -> tuple[pd.DataFrame, float, Spent]:
        if not isinstance(stage, Rewriter) and not pt.inspect.subtransformers(stage):
            stage.transform(frame[frame["qid"] == frame["qid"].iloc[0]])  # opens index or model
        before, started = self.workbench.spent, perf_counter()
        out = stage.transform(frame)
        return out, perf_counter() - started, self.workbench.spent - before


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
    """Return one row a system.

    Columns: ``name``; a column a measure with its mean; with a baseline, for each measure,
    ``<measure> change``, ``<measure> p`` (paired t-test, two-sided, corrected over the systems),
    ``<measure> won``, ``tied``, ``lost`` (queries); with an oracle ``gap_closed`` (share of the
    main measure's gap between baseline and oracle); ``failed`` (queries that could not be
    rewritten); ``mrt`` (milliseconds a query);
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
    if config.baseline is not None:
        for measure in measures:
            columns = against_baseline(
                values[measure], config.baseline, correction=config.correction
            )
            for column, cells in columns.items():
                table[f"{measure} {column}"] = [cells[name] for name in names]
    if config.oracle is not None and config.baseline is not None:
        main = table.set_index("name")[measures[0]]
        low, high = main[config.baseline], main[config.oracle]
        table["gap_closed"] = [
            (main[name] - low) / (high - low) if high != low else math.nan for name in names
        ]
    table["failed"] = [len(run.failures) for run in runs]
    table["mrt"] = [1000 * run.seconds / max(1, num_topics) for run in runs]
    for cost in ("requests", "cached", "prompt_tokens", "completion_tokens"):
        table[cost] = [getattr(run.spent, cost) for run in runs]
    if any(llm.price is not None for llm in config.llms.values()):
        table["money"] = [run.spent.money for run in runs]
    return table


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
