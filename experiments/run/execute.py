"""Run the systems of an experiment, TREC style."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Final, TypeAlias

import ir_measures
import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.base import Rewriter
from pyterrier_rewrite.columns import DOCNO, LABEL, QGEN, QGROUP, QSTATUS
from pyterrier_rewrite.errors import RewriteError, RewriteWarning
from pyterrier_rewrite.llm.metered import Spent
from pyterrier_rewrite.text.safe import encodable

from ..build.cards import prompts_of
from ..build.workbench import Workbench
from ..config.errors import ConfigError
from ..measures.depth import DEPTH_MEASURE, by_depth, is_conversational
from .results import Report, SystemRun, compare, evaluate, told

Done: TypeAlias = tuple[pd.DataFrame, float, Spent]
"""What a stage made of a frame, in how many seconds, and what models were asked for it."""

LONGEST_TIMING: Final = 20.0
"""Seconds after which no further query of a system is run alone."""

RESULT_COLUMNS = ("qid", "docno", "score", "rank")


def run_experiment(workbench: Workbench) -> Report:
    """Run every system once and evaluate it with ir-measures.

    Stages that systems share from their start are run once; language models are asked once for
    all topics. A system that fails costs the others nothing: the report says why. Topics without
    judgements are run but not evaluated; a judged topic without results counts as 0.

    Args:
        workbench: The config's objects.

    Raises:
        ConfigError: If a system cannot be built, or ends in something else than results.
        Exception: What the first system raised, if all of them failed.
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
    runs, failed = Executor(topics, workbench).run_all(systems)
    conversational = is_conversational(topics)
    names = [*config.measures, *([DEPTH_MEASURE] if conversational else [])]
    measures = list(dict.fromkeys(map(ir_measures.parse_measure, names)))
    perquery = evaluate(runs, qrels, measures)
    depth = by_depth(perquery, topics) if conversational else None
    table = compare(config, runs, perquery, len(topics))
    notes = told(failed) + [note for run in runs for note in run.notes(len(topics))]
    judged = int(qrels["qid"].nunique())
    if judged < len(topics):
        notes.append(f"{len(topics) - judged} of {len(topics)} topics have no judgements")
    if lost := workbench.unindexed(qrels[DOCNO]):
        of_them = qrels[qrels[DOCNO].isin(lost) & (qrels[LABEL] > 0)][DOCNO].nunique()
        notes.append(
            f"{len(lost)} of {qrels[DOCNO].nunique()} judged documents ({of_them} of them "
            f"relevant) are not in the index, first {lost[0]!r}: no system can find them; check "
            "that documents and judgements belong together"
        )
    return Report(config, runs, table, perquery, judged, depth, notes, failed)


def estimate(workbench: Workbench) -> tuple[list[tuple[str, Spent]], dict[str, Exception]]:
    """Run every system of a dry run.

    Args:
        workbench: The config's objects, with ``dry_run``.

    Returns:
        What each system would ask of language models, and why others would fail.

    Raises:
        ConfigError: If a system cannot be built.
        Exception: What the first system raised, if all of them failed.
    """
    systems = {name: workbench.system(name) for name in workbench.config.systems}
    check_systems(systems, list(workbench.topics().columns))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RewriteWarning)
        runs, failed = Executor(workbench.topics(), workbench).run_all(systems)
    # not one request: a model that is not there, or a parameter that it cannot take
    for run in runs:
        if run.rewrote_none and run.spent == Spent():
            failed[run.name] = RewriteError(run.failures[0].removeprefix("failed: "))
    return [(run.name, run.spent) for run in runs], failed


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
    wanted = []
    for mode in error.modes:
        needed = [f"it needs {mode.missing_columns}"] if mode.missing_columns else []
        barred = [f"it takes no {mode.extra_columns}"] if mode.extra_columns else []
        wanted.append(" and ".join(needed + barred))
    return ", or ".join(wanted)


def _advice(error: Any) -> str:
    needed = {column for mode in error.modes for column in mode.missing_columns}
    if all("docno" in mode.extra_columns for mode in error.modes):
        return "; put it before the engine"
    if not {"docno", "text"} & needed:
        return ""
    return "; give it feedback: [bm25, text], or put bm25 and text before it"


class Executor:
    """Runs systems over one set of topics, every shared prefix once."""

    def __init__(self, topics: pd.DataFrame, workbench: Workbench) -> None:
        self.topics = topics
        self.workbench = workbench
        self._done: dict[tuple[pt.Transformer, ...], Done | Exception] = {}
        self._alone: dict[tuple[pt.Transformer, ...], dict[int, Done]] = {}

    def run_all(
        self, systems: Mapping[str, Sequence[pt.Transformer]]
    ) -> tuple[list[SystemRun], dict[str, Exception]]:
        """Run every system, and return those that came to their end and the errors of the others.

        Raises:
            Exception: What the first raised, if all of them failed.
        """
        runs, failed = [], {}
        for name, stages in pt.tqdm(systems.items(), "systems", disable=not self.workbench.verbose):
            try:
                runs.append(self.run(name, stages))
            except Exception as error:
                failed[name] = error
        if not runs:
            raise next(iter(failed.values()))
        return runs, failed

    def run(self, name: str, stages: Sequence[pt.Transformer]) -> SystemRun:
        """Run one system: some queries alone, for their time, and all together."""
        latencies = self._run_alone(stages)
        frame, seconds, spent = self.topics, 0.0, self._spent_alone(stages)
        rewrites = None
        for length in range(1, len(stages) + 1):
            prefix = tuple(stages[:length])
            if prefix not in self._done:
                self._done[prefix] = self._step(stages[length - 1], frame)
            done = self._done[prefix]
            if isinstance(done, Exception):
                raise done
            frame, its_seconds, its_spent = done
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
        odd = [docno for docno in frame["docno"].unique() if encodable(docno) != docno]
        if odd:
            raise ConfigError(
                f"systems.{name}: returns the document {odd[0]!r}, whose id is no text that a file "
                "can hold; index it under another"
            )
        # a TREC run: one row a document, best first
        results = frame.loc[:, [c for c in RESULT_COLUMNS if c in frame.columns]]
        results = results.sort_values(["qid", "score"], ascending=[True, False], kind="stable")
        results = results.groupby("qid", sort=False).head(self.workbench.config.depth)
        results = results.reset_index(drop=True)
        self.workbench.forget()
        run = SystemRun(name, results, rewrites, seconds, spent, prompts_of(stages), latencies)
        run.unanswered = self._missing(frame["qid"])
        if rewrites is not None:
            run.unread = self._missing(rewrites[QGROUP if QGROUP in rewrites else "qid"])
        return run

    def _run_alone(self, stages: Sequence[pt.Transformer]) -> list[float]:
        """Run queries one by one, and return the seconds of those that nothing went wrong with.

        The first one opens indexes and loads models, and is not timed. What models answer here
        they are not asked for again when all queries are run.
        """
        count = 0 if self.workbench.dry_run else self.workbench.config.timed
        latencies: list[float] = []
        stop = perf_counter() + LONGEST_TIMING
        with self.workbench.noting(), warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)
            for at in range(min(count + 1, len(self.topics)) if count else 0):
                try:
                    seconds = self._seconds_alone(stages, at)
                except Exception:  # it is reported where all queries are run
                    return []
                if seconds is not None and at > 0:
                    latencies.append(seconds)
                if perf_counter() > stop:
                    break
        return latencies

    def _seconds_alone(self, stages: Sequence[pt.Transformer], at: int) -> float | None:
        """Return the seconds of one query; None if it fails, was cached, or could not be timed."""
        frame, total = self.topics.iloc[[at]], 0.0
        for length, stage in enumerate(stages, 1):
            prefix = tuple(stages[:length])
            timed = self._alone.setdefault(prefix, {})
            if at not in timed:
                if prefix in self._done:
                    return None
                before, started = self.workbench.spent, perf_counter()
                out = stage.transform(frame)
                seconds = perf_counter() - started
                timed[at] = (out, seconds, self.workbench.spent - before)
            frame, seconds, spent = timed[at]
            total += seconds
            if spent.cached:
                return None  # a replay says nothing of the model
            if QSTATUS in frame and frame[QSTATUS].astype(str).str.startswith("failed").any():
                return None
        return total

    def _spent_alone(self, stages: Sequence[pt.Transformer]) -> Spent:
        prefixes = (tuple(stages[:length]) for length in range(1, len(stages) + 1))
        timed = (its for prefix in prefixes for its in self._alone.get(prefix, {}).values())
        return sum((spent for _, _, spent in timed), Spent())

    def _missing(self, qids: pd.Series) -> list[str]:
        there = set(qids)
        return [qid for qid in self.topics["qid"] if qid not in there]

    def _step(self, stage: pt.Transformer, frame: pd.DataFrame) -> Done | Exception:
        """Run a stage; what it raises is kept, for it would fail the next system as well."""
        try:
            if not isinstance(stage, Rewriter) and not pt.inspect.subtransformers(stage):
                stage.transform(frame[frame["qid"] == frame["qid"].iloc[0]])  # opens index or model
            before, started = self.workbench.spent, perf_counter()
            out = stage.transform(frame)
        except Exception as error:
            _let_go(error)
            return error
        return out, perf_counter() - started, self.workbench.spent - before


def _let_go(error: BaseException | None) -> None:
    """Free what the code that failed was holding, such as a GPU's memory: others need it."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
