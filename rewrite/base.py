"""The contract that every rewriter keeps, and the one code path that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic, perf_counter
from typing import Any, ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from .columns import OK, QID, QUERY, QUERY_TOKS, QUERY_VEC, TEXT, failed, skipped
from .deadline import time_limit
from .errors import RewriteError
from .protocols import Analyzer
from .rankings.groups import query_frame
from .rankings.lists import best_records
from .reporting import report_failures
from .rewritten import (
    NewQuery,
    Rewritten,
    as_candidates,
    check_cells,
    check_columns,
    check_one_text,
    check_outcomes,
    output_rows,
    safe_terms,
    still_asked,
    told_apart,
)
from .text.analysis import EnglishAnalyzer, count_terms
from .text.safe import safe_text
from .usage import Usage, no_usage
from .value import DOCS_URL, ValueTransformer

__all__ = ["DOCS_URL", "DOCUMENTS", "NewQuery", "Rewriter", "Rewritten", "Usage", "no_usage"]

DOCUMENTS: Final = "documents"
"""Column of the frame handed to :meth:`Rewriter.rewrite`: a query's feedback documents."""


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

    Query ids that are no texts, such as numbers, stay what they are in the output, and are texts to
    :meth:`rewrite` and to the feedback pipeline. Rows with one ``qid`` are rewritten each for
    itself; where they could not be told apart, by a rewriter with feedback documents or with
    ``several``, they are a ``ValueError``.

    A query that cannot be rewritten keeps its text, says why in ``qstatus``, and one
    :class:`~pyterrier_rewrite.RewriteWarning` sums up, once a minute where every query of a call
    fails, call after call; with ``on_error="raise"`` the first failure raises.
    """

    reference: ClassVar[str] = ""
    """The publication, as ``pt-rewrite methods`` lists it."""

    fb_docs: int = 0
    """How many feedback documents a query are used; 0 for a rewriter without feedback."""

    feedback: pt.Transformer | None = None
    """Pipeline that finds the feedback documents and their ``text`` for a query frame."""

    include_original: bool = False
    """Whether the original is kept as one of several queries."""

    deadline: float | None = None
    """Seconds that a call may take, after which models are not waited for; None is no limit."""

    on_error: Literal["keep", "raise"] = "keep"

    at_once: int | None = None
    """Most queries that one call of :meth:`rewrite` gets, so that prompts do not pile up."""

    @property
    def writes(self) -> tuple[str, ...]:
        """The query forms beside text that this rewriter writes: ``query_toks``, ``query_vec``."""
        return ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The query columns that it reads beside ``qid`` and ``query``, and cannot do without."""
        return ()

    @property
    def adds(self) -> tuple[str, ...]:
        """The query columns that it writes beside those of every rewriter."""
        return ()

    @property
    def several(self) -> bool:
        """Whether one query can become several."""
        return False

    @property
    def analyzer(self) -> Analyzer:
        """What decides what a term is, for rewriters that write ``query_toks``."""
        return EnglishAnalyzer()

    def check(self) -> None:
        """Raise if an argument cannot work; see :class:`ValueTransformer`."""
        super().check()
        if not isinstance(self.feedback, pt.Transformer | None):
            raise TypeError(
                "feedback should be a pipeline, such as bm25 >> index.text(), found "
                f"{self.feedback!r:.80}"
            )

    def skip(self, queries: pd.DataFrame) -> Sequence[str | None]:
        """Say why queries are left alone, before documents are searched or a model is asked.

        Args:
            queries: One row a query, with all its columns; ``query`` is clean and not empty.

        Returns:
            For each row a reason, which ``qstatus`` gives as ``skipped: <reason>``, or None for a
            query to rewrite: :meth:`rewrite` sees no others.
        """
        return [None] * len(queries)

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
            TypeError: If a query, or the name of a column, is not a text.
            ValueError: If an argument cannot work, a column occurs twice, a ``qid`` is missing, or
                rows with one ``qid`` cannot be told apart.
            RewriteError: If a query fails and ``on_error`` is ``"raise"``.
        """
        started = monotonic()
        if len(inp):
            self.check()
        check_columns(inp)
        try:
            with pt.validate.any(inp, context=self) as v:
                if self.fb_docs <= 0 or self.feedback is not None:
                    v.query_frame(extra_columns=[QUERY, *self.needs], mode="queries")
                if self.fb_docs > 0:
                    v.result_frame(extra_columns=[QUERY, TEXT, *self.needs], mode="results")
        except pt.validate.InputValidationError as error:
            if self.fb_docs > 0 and self.feedback is None and QUERY in inp.columns:
                raise pt.validate.InputValidationError(_NO_FEEDBACK % self, error.modes) from None
            raise
        if v.mode is None:  # only reached by pt.inspect on a frame of another kind
            raise pt.validate.InputValidationError(f"unknown kind of frame: {list(inp)}", [])
        queries = inp if v.mode == "queries" else query_frame(inp)
        check_cells(queries, once=self.several or self.fb_docs > 0)
        if v.mode == "results":
            check_one_text(queries, inp)
        with time_limit(self.deadline, since=started):
            outcomes = self._outcomes(queries, inp if v.mode == "results" else None)
        out = self._rows(queries, outcomes)
        report_failures(self, queries[QID].tolist(), outcomes)
        return out

    def candidates(
        self, queries: pd.DataFrame, outcomes: Sequence[Rewritten], *, first: int = 1
    ) -> pd.DataFrame:
        """Return outcomes as candidates for a reward, in the rows that :meth:`transform` gives.

        Args:
            queries: One row an outcome, as :meth:`rewrite` got them; samples for one query share
                its ``qid``.
            outcomes: What :meth:`rewrite` made of them; they are made safe.
            first: Number of a query's first candidate.
        """
        named = as_candidates(queries.drop(columns=[DOCUMENTS], errors="ignore"), first=first)
        return self._rows(named, outcomes)

    def _outcomes(self, queries: pd.DataFrame, results: pd.DataFrame | None) -> list[Rewritten]:
        outcomes = [Rewritten() for _ in range(len(queries))]
        texts, qids = queries[QUERY].tolist(), queries[QID].tolist()
        clean, names = list(map(safe_text, texts)), list(map(str, qids))
        batch = queries.reset_index(drop=True)
        if clean != texts or names != qids:  # seldom, and columns cost a single query much
            batch = batch.assign(**{QID: names, QUERY: clean})
        started = perf_counter()
        try:
            batch = still_asked(
                batch, outcomes, [None if text else "empty query" for text in clean]
            )
            if len(batch):
                batch = still_asked(batch, outcomes, self.skip(batch.reset_index(drop=True)))
            if len(batch) and self.fb_docs > 0:
                asked = batch.reset_index(drop=True)
                found = self.retrieve_feedback(asked) if results is None else results
                documents = self.best_documents(asked, found)
                column = pd.Series(documents, index=batch.index, dtype=object)
                batch = batch.assign(**{DOCUMENTS: column})
                reasons = [None if its else "no feedback documents" for its in documents]
                batch = still_asked(batch, outcomes, reasons)
            rewritten = self._in_slices(batch)
        except RewriteError as error:
            rewritten = self._failed(error, len(batch))
        seconds = (perf_counter() - started) / max(1, len(batch))
        for row, outcome in zip(batch.index, rewritten, strict=True):
            if outcome.usage is None:
                outcome.usage = {**no_usage(), "seconds": seconds}
            outcomes[row] = outcome
        return outcomes

    def _in_slices(self, batch: pd.DataFrame) -> list[Rewritten]:
        size = self.at_once or max(1, len(batch))
        outcomes: list[Rewritten] = []
        for start in range(0, len(batch), size):
            its = batch if len(batch) <= size else batch.iloc[start : start + size]
            try:
                made = self.rewrite(its.reset_index(drop=True))
            except RewriteError as error:
                made = self._failed(error, len(its))
            check_outcomes(type(self).__name__, made, len(its), self.adds)
            outcomes += made
        return outcomes

    def _failed(self, error: RewriteError, queries: int) -> list[Rewritten]:
        if self.on_error == "raise":
            raise error
        reason = failed(str(error) or type(error).__name__)
        return [Rewritten(status=reason) for _ in range(queries)]

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
        found = best_records(results, self.fb_docs)
        return [found.get(str(qid), []) for qid in queries[QID]]

    def _make_safe(self, outcome: Rewritten, original: str) -> None:
        """Clean what the rewriter made; where nothing is left, the original stays."""
        writes, safe = self.writes, []
        for query in outcome.queries:
            query.text = safe_text(query.text)
            if QUERY_TOKS in writes:
                query.toks = safe_terms(query.toks)
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
        if safe and not (outcome.columns or {QUERY_TOKS, QUERY_VEC}.intersection(writes)):
            stays = not self.several or self.include_original
            safe = told_apart(safe, original, self.analyzer if self.several else None, stays=stays)
            if not safe and outcome.status == OK:
                outcome.status = skipped("unchanged")
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

    def original_columns(self, queries: pd.DataFrame) -> dict[str, Sequence[object]]:
        """Return the cells of the columns that it adds, for queries that are left alone."""
        nothing = [None] * len(queries)
        return {name: queries.get(name, nothing) for name in self.adds}

    def _rows(self, queries: pd.DataFrame, outcomes: Sequence[Rewritten]) -> pd.DataFrame:
        for outcome, text in zip(outcomes, queries[QUERY].tolist(), strict=True):
            self._make_safe(outcome, safe_text(text))
        return output_rows(
            queries,
            outcomes,
            writes=self.writes,
            several=self.several,
            added=self.original_columns(queries),
        )

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return the pipelines inside this one, for :mod:`pyterrier.inspect`."""
        return {} if self.feedback is None else {"feedback": self.feedback}


_NO_FEEDBACK: Final = (
    "%r reads feedback documents: give feedback=bm25 >> index.text(), or put it behind them, "
    "bm25 >> index.text() >> rewriter; missing:"
)
