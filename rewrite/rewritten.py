"""What a rewriter makes of a query, and the rows that come of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .columns import (
    DOCNO,
    OK,
    QCAND,
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
    skipped,
)
from .protocols import Analyzer
from .text.analysis import stems_of, words_of
from .text.safe import safe_text
from .usage import Usage, add_usage, no_usage


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
        columns: Cells of the columns that the rewriter adds; one that is not here stays as
            ``original_columns`` says.
    """

    queries: Sequence[NewQuery] = ()
    status: str = OK
    gen: list[str] = field(default_factory=list)
    usage: Usage | None = None
    columns: Mapping[str, object] = field(default_factory=dict)


def check_columns(inp: pd.DataFrame) -> None:
    """Raise if columns cannot be told apart by their names."""
    names = inp.columns.tolist()
    odd = [name for name in names if not isinstance(name, str)]
    if odd:
        raise TypeError(f"names of columns should be texts, found {odd[0]!r}; rename or drop it")
    if len(set(names)) < len(names):
        twice = inp.columns[inp.columns.duplicated()][0]
        raise ValueError(f"the column {twice!r} occurs twice; drop or rename one of them")


def check_qids(queries: pd.DataFrame, *, once: bool) -> None:
    """Raise if a row has no id or, where each is to occur once, the same as another."""
    qids = queries[QID].tolist()
    for row, qid in enumerate(qids, 1):
        if pd.isna(qid):
            raise ValueError(f"row {row} of {len(qids)} has no qid; number the rows")
    seen: set[str] = set()
    for qid in qids if once else ():
        if str(qid) in seen:
            raise ValueError(
                f"every qid should occur once, found {qid!r} twice; number the rows anew"
            )
        seen.add(str(qid))


def check_docnos(results: pd.DataFrame) -> None:
    """Raise if the id of a document is not a text."""
    for row, docno in enumerate(results[DOCNO].tolist(), start=1):
        if not isinstance(docno, str):
            raise TypeError(
                f"docno should be a text (str), found {docno!r} of type {type(docno).__name__} in "
                f"row {row} of {len(results)}; drop such rows, or turn numbers into texts"
            )


def check_cells(queries: pd.DataFrame, *, once: bool) -> None:
    """Raise if a query is not a text, or a row has no id (with ``once``, none of its own)."""
    check_qids(queries, once=once)
    for row, text in enumerate(queries[QUERY].tolist()):
        if not isinstance(text, str):
            qid = queries[QID].iloc[row]
            raise TypeError(
                f"query {qid!r} should be a text (str), found {text!r} of type "
                f"{type(text).__name__}; drop or fill such rows before rewriting"
            )


def check_one_text(queries: pd.DataFrame, results: pd.DataFrame) -> None:
    """Raise if results of several queries share one id, so that all but the first would be lost.

    Args:
        queries: The first row of each id.
        results: All rows.
    """
    first = dict(zip(queries[QID].tolist(), queries[QUERY].tolist(), strict=True))
    for qid, text in zip(results[QID].tolist(), results[QUERY].tolist(), strict=True):
        if text != first.get(qid):
            raise ValueError(
                f"every qid should occur once, found {qid!r} for {text!r:.80} and for another "
                "query; number the queries anew"
            )


def told_apart(
    queries: Sequence[NewQuery], original: str, analyzer: Analyzer | None, *, stays: bool
) -> list[NewQuery]:
    """Return the queries that an engine tells from one another; none, if all are the original.

    Args:
        queries: What a rewriter made of one query.
        original: The query.
        analyzer: Queries that have the same stems count once; without it, those that differ in
            case and punctuation only.
        stays: Whether the original is there beside them, so that it counts too.
    """
    longest = max(len(query.text) for query in queries)
    if analyzer is None and longest > 2 * len(original) + 20:
        only = all(is_repeated(query.text, original) for query in queries)
        return [] if only else list(queries)  # spares long passages a full look
    read = words_of if analyzer is None else partial(stems_of, analyzer=analyzer)
    distinct: dict[tuple[str, ...], NewQuery] = {}
    for query in queries:
        distinct.setdefault(read(query.text), query)
    if stays or set(distinct) == {read(original)}:
        distinct.pop(read(original), None)
    return list(distinct.values())


def is_repeated(text: str, original: str) -> bool:
    """Say whether a text is the original several times over, and nothing else."""
    words = words_of(original)
    if words_of(text[-len(original) - 8 :])[-len(words) :] != words:
        return False
    said = words_of(text)
    return said == words * (len(said) // len(words))


def still_asked(
    batch: pd.DataFrame, outcomes: list[Rewritten], reasons: Sequence[str | None]
) -> pd.DataFrame:
    """Note why queries are left alone, and return the others; the index numbers the outcomes."""
    if len(reasons) != len(batch):
        raise RuntimeError(
            f"skip returned {len(reasons)} reasons for {len(batch)} queries; it must return a "
            "reason or None for each"
        )
    for row, reason in zip(batch.index, reasons, strict=True):
        if reason is not None:
            outcomes[row] = Rewritten(status=skipped(reason))
    asked = [at for at, reason in enumerate(reasons) if reason is None]
    return batch if len(asked) == len(batch) else batch.iloc[asked]


def check_outcomes(
    rewriter: str, outcomes: Sequence[object], asked: int, adds: Sequence[str]
) -> None:
    """Raise if a rewriter does not return one outcome a query, or columns that it does not name."""
    if len(outcomes) != asked:
        raise RuntimeError(
            f"{rewriter}.rewrite returned {len(outcomes)} outcomes for {asked} queries; it must "
            "return one a query"
        )
    for outcome in outcomes:
        if not isinstance(outcome, Rewritten):
            raise TypeError(
                f"{rewriter}.rewrite should return Rewritten([NewQuery(…)]) for each query, found "
                f"{outcome!r}"
            )
        unknown = sorted(set(outcome.columns).difference(adds))
        if unknown:
            raise RuntimeError(
                f"{rewriter}.rewrite wrote the columns {unknown}; a rewriter that does so names "
                "them in adds"
            )


def output_rows(
    queries: pd.DataFrame,
    outcomes: Sequence[Rewritten],
    *,
    writes: Sequence[str],
    several: bool,
    added: Mapping[str, Sequence[object]],
) -> pd.DataFrame:
    """Return the output frame of a rewriter.

    Args:
        queries: One row a query.
        outcomes: One a row, each with at least one query.
        writes: Query forms that the rewriter writes.
        several: Whether one query can become several.
        added: For each added column its cells, one a row, where an outcome says nothing of it.
    """
    before = queries[QUSAGE].tolist() if QUSAGE in queries.columns else [None] * len(queries)
    made = [query for outcome in outcomes for query in outcome.queries]
    kept = queries.reset_index(drop=True)
    if several:
        counts = [len(outcome.queries) for outcome in outcomes]
        kept = kept.loc[kept.index.repeat(counts)].reset_index(drop=True)
    column = partial(pd.Series, index=kept.index, dtype=object)
    # a dict of columns of one index: a frame that grows by one column after the other, or aligns
    # them, costs a single query more than all else that is done here
    rows = {n: its for n, its in _pushed(kept).items() if n not in QUERY_FORMS or n in writes}
    if several:
        if QGROUP not in rows:
            rows[QGROUP], rows[QGROUP_QUERY] = rows[QID], rows[QUERY_0]
        number = [i for count in counts for i in range(1, count + 1)]
        rows[QID] = [f"{qid}~{i}" for qid, i in zip(rows[QID], number, strict=True)]
        inherited = rows.get(QWEIGHT, [1.0] * len(made))
        rows[QWEIGHT] = [w * q.weight for w, q in zip(inherited, made, strict=True)]
    rows[QUERY] = column([query.text for query in made])
    if QUERY_TOKS in writes:
        rows[QUERY_TOKS] = column([query.toks for query in made])
    if QUERY_VEC in writes:
        rows[QUERY_VEC] = column([query.vec for query in made])
    rows[QGEN] = column([o.gen for o in outcomes for _ in o.queries])
    rows[QSTATUS] = column([o.status for o in outcomes for _ in o.queries])
    # the cost stands in the first row of a group, so that a sum over rows is right
    costs = []
    for outcome, earlier in zip(outcomes, before, strict=True):
        costs.append(add_usage(earlier, outcome.usage))
        costs.extend(no_usage() for _ in outcome.queries[1:])
    rows[QUSAGE] = column(costs)
    for name, cells in added.items():
        rows[name] = column(
            [
                outcome.columns.get(name, cell)
                for outcome, cell in zip(outcomes, cells, strict=True)
                for _ in outcome.queries
            ]
        )
    return pd.DataFrame(rows, index=kept.index)


def _pushed(queries: pd.DataFrame) -> dict[str, Any]:
    """Return the columns with ``query`` as ``query_0``, that as ``query_1`` and so on.

    That is what ``pt.model.push_queries`` does, which copies the frame.
    """
    names, last = {}, QUERY
    for number in range(len(queries.columns)):
        if last in queries.columns:
            names[last] = f"{QUERY}_{number}"
            last = names[last]
    columns = {names.get(name, name): column for name, column in queries.items()}
    return {**columns, QUERY: columns[QUERY_0]}


def as_outcome(row: Mapping[str, Any], adds: Sequence[str]) -> Rewritten:
    """Return the outcome behind a row of a rewriter that makes one query of each.

    Args:
        row: A row, as :func:`output_rows` makes it.
        adds: The columns that the rewriter adds.
    """
    usage, gen = row.get(QUSAGE), row.get(QGEN)
    status = row.get(QSTATUS, OK)
    new = NewQuery(row[QUERY], toks=row.get(QUERY_TOKS), vec=row.get(QUERY_VEC))
    return Rewritten(
        [new] if status == OK else [],
        status,
        list(gen) if isinstance(gen, list) else [],
        dict(usage) if isinstance(usage, Mapping) else None,
        {name: row[name] for name in adds},
    )


def as_candidates(queries: pd.DataFrame, *, first: int = 1) -> pd.DataFrame:
    """Name rows as candidates for a reward.

    Args:
        queries: One row a candidate; candidates for one query share its ``qid``.
        first: Number of a query's first candidate.

    Returns:
        The rows, with ``qid`` and ``qcand`` ``<qid>~<i>``, and ``qgroup`` and ``qgroup_query``,
        where there were none, the query.
    """
    number = queries.groupby(QID).cumcount() + first
    names = [f"{qid}~{i}" for qid, i in zip(queries[QID], number, strict=True)]
    grouped = {} if QGROUP in queries else {QGROUP: queries[QID], QGROUP_QUERY: queries[QUERY]}
    return queries.assign(**grouped, **{QID: names, QCAND: names})


def safe_terms(terms: Mapping[str, float] | None) -> dict[str, float]:
    """Return terms that an engine can take: clean, lower-cased, with positive weights."""
    safe: dict[str, float] = {}
    for term, weight in (terms or {}).items():
        if not term.isalnum() or not term.islower():
            term = safe_text(term).lower()
        weight = float(weight)
        if term and math.isfinite(weight) and weight > 0:
            safe[term] = safe.get(term, 0.0) + weight
    return safe


def objects(values: Sequence[object]) -> pd.Series:
    """Return a column of objects; as pandas' text type, long queries are copied at every result."""
    return pd.Series(list(values), dtype=object)
