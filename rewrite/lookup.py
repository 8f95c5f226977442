"""Rewrites that were made before: by a collection, in a column of its topics, or in a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Literal

import pandas as pd

from .base import NewQuery, Rewriter, Rewritten
from .columns import (
    QGROUP,
    QID,
    QREWRITE,
    QUERY,
    QUERY_0,
    QUERY_TOKS,
    QWEIGHT,
    TEXT,
    failed,
)
from .text.files import TextFile

__all__ = ["FromColumn", "FromFile"]


class FromColumn(Rewriter):
    """Takes each query's rewrite from a column: the reference rewrite, an oracle to compare with.

    Input columns: ``qid``, ``query`` and the column.

    Output columns: as :class:`Rewriter`; ``qstatus`` is ``skipped: no <column>`` where the
    column is empty.

    Args:
        column: The column that holds the rewrites.

    Raises:
        pt.validate.InputValidationError: If the column is missing.

    Example:
        >>> import pandas as pd
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["and his?"], "qrewrite": ["Bach's age"]})
        >>> FromColumn()(topics)["query"].tolist()
        ["Bach's age"]
    """

    def __init__(self, column: str = QREWRITE) -> None:
        self.column = column

    @property
    def needs(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a query alone whose cell is empty."""
        return [f"no {self.column}" if _is_empty(its) else None for its in queries[self.column]]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Take every query's rewrite."""
        return [
            Rewritten([NewQuery(its)])
            if isinstance(its, str)
            else Rewritten(status=failed(f"{self.column} holds a {type(its).__name__}"))
            for its in queries[self.column]
        ]


def _is_empty(cell: object) -> bool:
    if isinstance(cell, str):
        return not cell or cell.isspace()
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


class FromFile(Rewriter):
    r"""Takes each query's rewrite from a file, by query id.

    The file holds ``qid<TAB>text`` lines, with or without a header, or JSON objects with
    ``_id`` or ``qid`` and a text; it may be compressed (``.gz``). What ``pt-rewrite run`` writes,
    ``rewrites/SYSTEM.jsonl``, is taken whole: weighted terms, and groups of queries with their
    weights. The file is read once, at the first query. Queries that are not in it keep their text.

    Input columns: ``qid``, ``query``.

    Output columns: as :class:`Rewriter`; ``qstatus`` is ``skipped: not in <file name>`` where
    the file has no rewrite.

    Args:
        path: The file.
        prefix: Taken off each text that starts with it.
        field: Where a JSON object has the text; None is ``text``, or ``query`` in a file of
            ``pt-rewrite run``.
        on_error: ``"keep"`` the query where its rewrite is empty, or ``"raise"``.

    Raises:
        ValueError: At the first query, if the file is missing or malformed; the text names the
            line.

    Example:
        >>> FromFile("rewrites.jsonl", prefix="|user|: ")
        FromFile('rewrites.jsonl', prefix='|user|: ')
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        prefix: str = "",
        field: str | None = None,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.path = path
        self.prefix = prefix
        self.field = field
        self.on_error = on_error
        self._rewrites: dict[str, list[NewQuery]] | None = None

    def check(self) -> None:
        """Raise if there is no such file."""
        super().check()
        if not self._is_there():
            raise ValueError(f"{self.path}: no such file; check the path of the rewrites")

    @property
    def writes(self) -> tuple[str, ...]:
        """``query_toks``, if the file has weighted terms."""
        made = (query for its in self._known().values() for query in its)
        return (QUERY_TOKS,) if any(query.toks for query in made) else ()

    @property
    def several(self) -> bool:
        """Whether the file has several queries for one."""
        return any(len(its) > 1 for its in self._known().values())

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a query alone that is not in the file."""
        known, missing = self._known(), f"not in {Path(self.path).name}"
        return [None if qid in known else missing for qid in queries[QID]]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Look every query up."""
        known = self._known()
        return [Rewritten([replace(query) for query in known[qid]]) for qid in queries[QID]]

    def _is_there(self) -> bool:
        return self._rewrites is not None or Path(self.path).expanduser().is_file()

    def _known(self) -> dict[str, list[NewQuery]]:
        if self._rewrites is None:
            if not self._is_there():
                return {}
            known: dict[str, list[NewQuery]] = {}
            for qid, query in self._read():
                known.setdefault(qid, []).append(query)
            self._rewrites = known
        return self._rewrites

    def _read(self) -> Iterator[tuple[str, NewQuery]]:
        file = TextFile(Path(self.path).expanduser())
        seen: set[str] = set()
        if file.starts_with("{"):
            for line, record in file.objects():
                key = QID if QID in record and "_id" not in record else "_id"
                qid = file.new_identifier(record.get(key), key, line, seen)
                field = self.field or (QUERY if TEXT not in record and QUERY_0 in record else TEXT)
                text = file.text(record, field, line).removeprefix(self.prefix)
                group = record.get(QGROUP)
                group = qid if group is None else file.identifier(group, QGROUP, line)
                toks, weight = record.get(QUERY_TOKS), record.get(QWEIGHT)
                weight = 1.0 if weight is None else weight
                if not _is_number(weight) or weight <= 0:
                    problem = f"expected {QWEIGHT!r} as a positive number, found {weight!r:.80}"
                    raise file.wrong(problem, "correct it", line)
                if toks is not None and not _are_weights(toks):
                    problem = f"expected {QUERY_TOKS!r} as terms with numbers, found {toks!r:.80}"
                    raise file.wrong(problem, 'write {"term": weight, …}', line)
                yield group, NewQuery(text, toks=toks, weight=float(weight))
        else:
            for line, (qid, text) in file.rows(QID, TEXT, header=True):
                qid = file.new_identifier(qid, QID, line, seen)
                yield qid, NewQuery(text.removeprefix(self.prefix))


def _are_weights(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_number, value.values()))


def _is_number(value: object) -> bool:
    """Say whether a value of JSON is a number, and neither NaN nor infinite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
