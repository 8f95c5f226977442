"""Several queries from one, seen from behind the engine: whose results are these?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from ..columns import QGROUP, QGROUP_QUERY, QID, QUERY, QUERY_FORMS, QUSAGE, QWEIGHT
from ..usage import add_usage
from ..value import same
from .lists import Floats, Ints


def query_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row a query, with its query columns, in order of first occurrence."""
    columns = set(pt.model.query_columns(frame))
    queries = frame[[c for c in frame.columns if c in columns]].drop_duplicates(subset=[QID])
    return queries.reset_index(drop=True)


def weights(frame: pd.DataFrame) -> Floats:
    """Return the ``qweight`` of each row, 1 where there is none."""
    if QWEIGHT not in frame.columns:
        return np.ones(len(frame))
    return np.asarray(frame[QWEIGHT].astype(float).fillna(1.0), dtype=np.float64)


# -- behind a split: the queries as they were before it ----------------------------------------


def restored(queries: pd.DataFrame) -> tuple[pd.DataFrame, Ints]:
    """Undo a split.

    Args:
        queries: One row a query, perhaps with ``qgroup``.

    Returns:
        The queries as they were before the split, and for each row of ``queries`` the position
        of the one that it was made from.
    """
    if QGROUP not in queries.columns:
        return queries, np.arange(len(queries))
    groups = queries[QGROUP].where(queries[QGROUP].notna(), queries[QID])
    owner, _ = pd.factorize(groups)
    first = ~pd.Series(owner).duplicated().to_numpy(bool)
    out = queries.drop(columns=[c for c in QUERY_FORMS if c in queries.columns])
    for column in out.columns.difference([QID, QUERY, QGROUP, QGROUP_QUERY, QWEIGHT, QUSAGE]):
        disputed = _disputed(out[column].tolist(), owner)
        out[column] = out[column].where(~disputed, None)
    out[QID] = groups
    if QGROUP_QUERY in out.columns:
        out[QUERY] = out[QGROUP_QUERY].where(out[QGROUP_QUERY].notna(), out[QUERY])
    out = out[first].reset_index(drop=True)
    if QUSAGE in out.columns:
        total: list[Any] = [None] * len(out)
        for at, usage in zip(owner, queries[QUSAGE], strict=True):
            total[at] = add_usage(total[at], usage)
        out[QUSAGE] = pd.Series(total, dtype=object)
    return out.drop(columns=[QGROUP, QGROUP_QUERY, QWEIGHT], errors="ignore"), owner


def _disputed(values: list[Any], owner: Ints) -> npt.NDArray[np.bool_]:
    """Say for each row whether the rows of its group differ in value."""
    first: dict[int, Any] = {}
    differ: set[int] = set()
    for at, value in zip(owner.tolist(), values, strict=True):
        if not same(first.setdefault(at, value), value):
            differ.add(at)
    return np.isin(owner, list(differ))


# -- around a split: a system that was asked one query and answers several ---------------------


def asked(queries: pd.DataFrame, answers: pd.DataFrame) -> Ints:
    """Return for each query that a system answers the position of the one that it was asked.

    Args:
        queries: What the system was asked, one row a query.
        answers: What it answers, one row a query: the same, or queries made from them.

    Raises:
        ValueError: If a query was never asked.
    """
    position = {qid: at for at, qid in enumerate(queries[QID])}
    groups = answers[QGROUP] if QGROUP in answers.columns else answers[QID]
    found = []
    for qid, group in zip(answers[QID], groups, strict=True):
        origin = qid
        while origin not in position and isinstance(origin, str) and "~" in origin:
            origin = origin.rpartition("~")[0]
        at = position.get(origin, position.get(group))
        if at is None:
            raise ValueError(
                f"a system returned results for the query {qid!r}, which it was not asked; a "
                "system of a fusion should keep the qid, or write <qid>~1, <qid>~2, … for the "
                "queries it makes from one"
            )
        found.append(at)
    return np.array(found, dtype=np.int64)


def with_usage(
    queries: pd.DataFrame, answers: Sequence[pd.DataFrame], owners: Sequence[Ints]
) -> pd.DataFrame:
    """Return the queries, their ``qusage`` raised by what the systems spent on them."""
    if not any(QUSAGE in answer.columns for answer in answers):
        return queries
    before = queries[QUSAGE].tolist() if QUSAGE in queries.columns else [None] * len(queries)
    total = [add_usage(usage, None) for usage in before]
    for answer, owner in zip(answers, owners, strict=True):
        if QUSAGE not in answer.columns:
            continue
        for at, usage in zip(owner.tolist(), answer[QUSAGE], strict=True):
            total[at] = add_usage(total[at], usage)
        for at in set(owner.tolist()):
            inherited = add_usage(before[at], None)
            total[at] = add_usage(total[at], {key: -n for key, n in inherited.items()})
    return queries.assign(**{QUSAGE: pd.Series(total, dtype=object)})
