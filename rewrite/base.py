"""The contract that every rewriter keeps, and the one code path that keeps it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from .columns import (
    OK,
    QGEN,
    QGROUP,
    QGROUP_QUERY,
    QID,
    QSTATUS,
    QUERY,
    QUERY_0,
    QUERY_FORMS,
    QUERY_TOKS,
    QUERY_VEC,
    QUSAGE,
    QWEIGHT,
    RANK,
    SCORE,
    TEXT,
    USAGE_KEYS,
    failed,
    skipped,
)
from .errors import RewriteError, RewriteWarning
from .protocols import Analyzer
from .text.analysis import EnglishAnalyzer, count_terms
from .text.safe import safe_text
from .value import DOCS_URL, ValueTransformer

__all__ = [
    "DOCS_URL",
    "DOCUMENTS",
    "NewQuery",
    "Rewriter",
    "Rewritten",
    "Usage",
    "add_usage",
    "no_usage",
]

DOCUMENTS: Final = "documents"
"""Column of the frame handed to :meth:`Rewriter.rewrite`: a query's feedback documents."""

Usage = dict[str, float]


def no_usage() -> Usage:
    """Return a usage of nothing."""
    return dict.fromkeys(USAGE_KEYS, 0)


@dataclass(slots=True)
class NewQuery:
    """One query that a rewriter made.

    Attributes:
        text: The new text. A rewriter that writes terms or a vector leaves the text as it was.
        toks: Weighted terms for ``query_toks``, or None.
        vec: Dense vector for ``query_vec``, or None.
        weight: Weight within its group, if the rewriter makes several queries from one.
    """

    text: str
    toks: Mapping[str, float] | None = None
    vec: npt.NDArray[np.floating[Any]] | None = None
    weight: float = 1.0


@dataclass(slots=True)
class Rewritten:
    """What became of one query.

    Attributes:
        queries: The new queries: one, or several if the rewriter is of that kind. None at all
            means that the original stays, and ``status`` says why.
        status: ``ok``, ``skipped: …`` or ``failed: …``.
        gen: Raw generations, if a model made the query.
        usage: What it cost, under the keys of :data:`~pyterrier_rewrite.columns.USAGE_KEYS`.
    """

    queries: Sequence[NewQuery] = ()
    status: str = OK
    gen: list[str] = field(default_factory=list)
    usage: Usage | None = None


class Rewriter(ValueTransformer):
    """A transformer that maps query frames to query frames.

    A subclass stores its arguments in ``__init__`` and implements :meth:`rewrite`; everything
    that makes a rewriter safe to compose is done here, the same way for 0, 1 and n queries.

    Input columns: ``qid``, ``query``. A rewriter with ``fb_docs > 0`` either takes a result
    frame with ``docno`` and ``text`` (``bm25 >> text >> rewriter``; queries without results are
    then lost upstream), or, if it was given a ``feedback`` pipeline, a query frame.

    Output columns: one row a query in input order, every input column (of a result frame: every
    query column) but the query forms that this rewriter does not write. ``query`` is the new
    text and ``query_0`` the one before; ``qgen``, ``qstatus`` and ``qusage`` say what happened.
    A rewriter with ``several`` writes rows ``<qid>~1``, ``<qid>~2``, … with ``qgroup`` and
    ``qweight``.

    A query that cannot be rewritten keeps its text, says why in ``qstatus``, and one
    :class:`~pyterrier_rewrite.RewriteWarning` sums up; with ``on_error="raise"`` the
    first failure raises.
    """

    reference: ClassVar[str] = ""
    """The publication, as ``pt-rewrite methods`` lists it."""

    fb_docs: int = 0
    """How many feedback documents a query are used; 0 for a rewriter without feedback."""

    feedback: pt.Transformer | None = None
    """Pipeline that finds the feedback documents and their ``text`` for a query frame."""

    include_original: bool = False
    """Whether the original is kept as one of several queries."""

    on_error: Literal["keep", "raise"] = "keep"

    @property
    def writes(self) -> tuple[str, ...]:
        """The query forms beside text that this rewriter writes: ``query_toks``, ``query_vec``."""
        return ()

    @property
    def several(self) -> bool:
        """Whether one query can become several."""
        return False

    @property
    def analyzer(self) -> Analyzer:
        """What decides what a term is, for rewriters that write ``query_toks``."""
        return EnglishAnalyzer()

    def rewrite(self, queries: pd.DataFrame) -> Sequence[Rewritten]:
        """Rewrite a batch of queries.

        Args:
            queries: One row a query, with all its columns; ``query`` is clean and not empty. If
                ``fb_docs`` is positive, ``documents`` holds up to that many result rows of each
                query as dicts, best first, at least one.

        Returns:
            One :class:`Rewritten` a row, in the same order.

        Raises:
            RewriteError: If no query of the batch could be rewritten.
        """
        raise NotImplementedError(f"{type(self).__name__} should implement rewrite(queries)")

    # -- the one code path ---------------------------------------------------------------

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Rewrite every query of a frame; see the class for columns.

        Raises:
            pt.validate.InputValidationError: If a column is missing.
            TypeError: If a query is not a text.
            RewriteError: If a query fails and ``on_error`` is ``"raise"``.
        """
        with pt.validate.any(inp, context=self) as v:
            if self.fb_docs == 0 or self.feedback is not None:
                v.query_frame(extra_columns=[QUERY], mode="queries")
            if self.fb_docs > 0:
                v.result_frame(extra_columns=[QUERY, TEXT], mode="results")
        if v.mode is None:  # only reached by pt.inspect on a frame of another kind
            raise pt.validate.InputValidationError(f"unknown kind of frame: {list(inp)}", [])
        queries = inp if v.mode == "queries" else _queries_of_results(inp)
        if len(queries):
            self.check()
        _check_texts(queries)
        results = inp if v.mode == "results" else None
        outcomes = self._outcomes(queries, results)
        self._report(queries, outcomes)
        return self._assemble(queries, outcomes)

    def _outcomes(self, queries: pd.DataFrame, results: pd.DataFrame | None) -> list[Rewritten]:
        clean = [safe_text(text) for text in queries[QUERY]]
        outcomes = [
            Rewritten() if text else Rewritten(status=skipped("empty query")) for text in clean
        ]
        todo = [row for row, text in enumerate(clean) if text]
        batch = queries.assign(**{QUERY: clean}).iloc[todo].reset_index(drop=True)
        started = perf_counter()
        try:
            if self.fb_docs > 0:
                found = self.retrieve_feedback(batch) if results is None else results
                documents = self.best_documents(batch, found)
                for row, its in zip(todo, documents, strict=True):
                    if not its:
                        outcomes[row] = Rewritten(status=skipped("no feedback documents"))
                keep = [i for i, its in enumerate(documents) if its]
                batch = batch.assign(**{DOCUMENTS: pd.Series(documents, dtype=object)})
                batch = batch.iloc[keep].reset_index(drop=True)
                todo = [todo[i] for i in keep]
            rewritten = self.rewrite(batch) if todo else []
        except RewriteError as error:
            if self.on_error == "raise":
                raise
            reason = failed(_one_line(error))
            rewritten = [Rewritten(status=reason) for _ in todo]
        if len(rewritten) != len(todo):
            raise RuntimeError(
                f"{type(self).__name__}.rewrite returned {len(rewritten)} outcomes for "
                f"{len(todo)} queries; it must return one a query"
            )
        for outcome in rewritten:
            if not isinstance(outcome, Rewritten):
                raise TypeError(
                    f"{type(self).__name__}.rewrite should return Rewritten([NewQuery(…)]) for "
                    f"each query, found {outcome!r}"
                )
        seconds = (perf_counter() - started) / max(1, len(todo))
        for row, outcome in zip(todo, rewritten, strict=True):
            if outcome.usage is None:
                outcome.usage = no_usage()
                outcome.usage["seconds"] = seconds
            outcomes[row] = outcome
        for outcome, text in zip(outcomes, clean, strict=True):
            self._make_safe(outcome, text)
        return outcomes

    def retrieve_feedback(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return what the feedback pipeline finds for a query frame.

        Raises:
            RewriteError: If the pipeline cannot read or reach something.
            ValueError: If it gives no ``text``.
        """
        assert self.feedback is not None
        try:
            results: pd.DataFrame = self.feedback.transform(queries)
        except OSError as error:
            raise RewriteError(f"the feedback pipeline failed: {error}") from error
        if TEXT not in results.columns:
            raise ValueError(
                f"the feedback pipeline of {type(self).__name__} gives the columns "
                f"{sorted(results.columns)} but no 'text'; end it with the index's text "
                "loader: feedback=bm25 >> index.text()"
            )
        return results

    def best_documents(
        self, queries: pd.DataFrame, results: pd.DataFrame
    ) -> list[list[dict[str, Any]]]:
        """Return the ``fb_docs`` best results of each query, as dicts of document columns."""
        if RANK in results.columns:
            results = results.sort_values(RANK, kind="stable")
        elif SCORE in results.columns:
            results = results.sort_values(SCORE, ascending=False, kind="stable")
        columns = [c for c in results.columns if not c.startswith("q")]
        found: dict[str, list[dict[str, Any]]] = {}
        top = results.groupby(QID, sort=False).head(self.fb_docs)
        for qid, record in zip(top[QID], top[columns].to_dict("records"), strict=True):
            found.setdefault(qid, []).append(record)
        return [found.get(qid, []) for qid in queries[QID]]

    def _make_safe(self, outcome: Rewritten, original: str) -> None:
        """Clean what the rewriter made; where nothing is left, the original stays."""
        writes, safe = self.writes, []
        for query in outcome.queries:
            query.text = safe_text(query.text)
            if QUERY_TOKS in writes:
                query.toks = _safe_terms(query.toks)
            usable = query.text and (QUERY_TOKS not in writes or query.toks)
            if usable and (QUERY_VEC not in writes or query.vec is not None):
                safe.append(query)
        if len(safe) > 1 and not self.several:
            raise RuntimeError(
                f"{type(self).__name__}.rewrite returned {len(safe)} queries for one; a rewriter "
                "that does so says several = True"
            )
        if not safe and outcome.status == OK:
            outcome.status = failed("the rewrite is empty")
        if not safe or (self.several and self.include_original):
            safe.insert(0, self.original_query(original))
        outcome.queries = safe

    def original_query(self, text: str) -> NewQuery:
        """Return the original query in the forms that this rewriter writes."""
        query = NewQuery(text)
        if QUERY_TOKS in self.writes:
            query.toks = self.original_terms(text)
        if QUERY_VEC in self.writes:
            query.vec = self.original_vector(text)
        return query

    def original_terms(self, text: str) -> dict[str, float]:
        """Return the terms of an unchanged query."""
        return count_terms(text, self.analyzer)

    def original_vector(self, text: str) -> npt.NDArray[np.floating[Any]] | None:
        """Return the vector of an unchanged query; None lets the engine encode the text."""
        return None

    def _report(self, queries: pd.DataFrame, outcomes: Sequence[Rewritten]) -> None:
        bad = [
            (qid, outcome.status)
            for qid, outcome in zip(queries[QID], outcomes, strict=True)
            if outcome.status.startswith("failed")
        ]
        if not bad:
            return
        qid, status = bad[0]
        message = (
            f"{type(self).__name__}: {len(bad)} of {len(outcomes)} queries failed "
            f"(first: query {qid!r}, {status})"
        )
        if self.on_error == "raise":
            raise RewriteError(message)
        warnings.warn(
            f"{message}; they keep their text, see the column qstatus", RewriteWarning, stacklevel=4
        )

    def _assemble(self, queries: pd.DataFrame, outcomes: Sequence[Rewritten]) -> pd.DataFrame:
        out: pd.DataFrame = pt.model.push_queries(queries, keep_original=True)
        dropped = [c for c in QUERY_FORMS if c in out.columns and c not in self.writes]
        out = out.drop(columns=dropped).reset_index(drop=True)
        before = out[QUSAGE].tolist() if QUSAGE in out.columns else [None] * len(out)
        made = [query for outcome in outcomes for query in outcome.queries]
        rows = out
        if self.several:
            counts = [len(outcome.queries) for outcome in outcomes]
            rows = out.loc[out.index.repeat(counts)].reset_index(drop=True)
            if QGROUP not in rows.columns:
                rows[QGROUP] = rows[QID]
                rows[QGROUP_QUERY] = rows[QUERY_0]
            number = [i for count in counts for i in range(1, count + 1)]
            rows[QID] = [f"{qid}~{i}" for qid, i in zip(rows[QID], number, strict=True)]
            inherited = rows[QWEIGHT].tolist() if QWEIGHT in rows.columns else [1.0] * len(rows)
            rows[QWEIGHT] = [w * q.weight for w, q in zip(inherited, made, strict=True)]
        rows[QUERY] = _objects([query.text for query in made])
        if QUERY_TOKS in self.writes:
            rows[QUERY_TOKS] = _objects([query.toks for query in made])
        if QUERY_VEC in self.writes:
            rows[QUERY_VEC] = _objects([query.vec for query in made])
        rows[QGEN] = _objects([o.gen for o in outcomes for _ in o.queries])
        rows[QSTATUS] = _objects([o.status for o in outcomes for _ in o.queries])
        # the cost stands in the first row of a group, so that a sum over rows is right
        costs = []
        for outcome, earlier in zip(outcomes, before, strict=True):
            costs.append(add_usage(earlier, outcome.usage))
            costs.extend(no_usage() for _ in outcome.queries[1:])
        rows[QUSAGE] = _objects(costs)
        return rows

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return the pipelines inside this one, for :mod:`pyterrier.inspect`."""
        return {} if self.feedback is None else {"feedback": self.feedback}


# -- helpers --------------------------------------------------------------------------------


def add_usage(earlier: object, now: Usage | None) -> Usage:
    """Return the sum of two usages, either of which may be missing."""
    total = no_usage()
    for usage in (earlier, now):
        if isinstance(usage, Mapping):
            for key in USAGE_KEYS:
                total[key] += usage.get(key, 0)
    return total


def _queries_of_results(results: pd.DataFrame) -> pd.DataFrame:
    kept = set(pt.model.query_columns(results))
    queries = results.loc[:, [column in kept for column in results.columns]]
    return queries.drop_duplicates(subset=[QID]).reset_index(drop=True)


def _check_texts(queries: pd.DataFrame) -> None:
    for qid, text in zip(queries[QID], queries[QUERY], strict=True):
        if not isinstance(text, str):
            raise TypeError(
                f"query {qid!r} should be a text (str), found {text!r} of type "
                f"{type(text).__name__}; drop or fill such rows before rewriting"
            )


def _safe_terms(terms: Mapping[str, float] | None) -> dict[str, float]:
    safe: dict[str, float] = {}
    for term, weight in (terms or {}).items():
        if not term.isalnum() or not term.islower():
            term = safe_text(term).lower()
        weight = float(weight)
        if term and math.isfinite(weight) and weight > 0:
            safe[term] = safe.get(term, 0.0) + weight
    return safe


def _objects(values: Sequence[object]) -> pd.Series:
    """Return a column of objects; as pandas' text type, long queries are copied at every result."""
    return pd.Series(list(values), dtype=object)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
