"""Rewrites that were made before: by a collection, in a column of its topics, or in a file."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import Literal

import pandas as pd

from .base import NewQuery, Rewriter, Rewritten
from .columns import QID, QREWRITE, QUERY, TEXT, failed
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
    ``_id`` or ``qid`` and a text; it may be compressed (``.gz``). It is read once, at the first
    query. Queries that are not in it keep their text.

    Input columns: ``qid``, ``query``.

    Output columns: as :class:`Rewriter`; ``qstatus`` is ``skipped: not in <file name>`` where
    the file has no rewrite.

    Args:
        path: The file.
        prefix: Taken off each text that starts with it.
        field: Where a JSON object has the text.
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
        field: str = TEXT,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.path = path
        self.prefix = prefix
        self.field = field
        self.on_error = on_error
        self._rewrites: dict[str, str] | None = None

    def check(self) -> None:
        """Raise if there is no such file."""
        super().check()
        if self._rewrites is None and not Path(self.path).expanduser().is_file():
            raise ValueError(f"{self.path}: no such file; check the path of the rewrites")

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a query alone that is not in the file."""
        known, missing = self._known(), f"not in {Path(self.path).name}"
        return [None if qid in known else missing for qid in queries[QID]]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Look every query up."""
        known = self._known()
        return [Rewritten([NewQuery(known[qid])]) for qid in queries[QID]]

    def _known(self) -> dict[str, str]:
        if self._rewrites is None:
            self._rewrites = dict(self._read())
        return self._rewrites

    def _read(self) -> Iterator[tuple[str, str]]:
        file = TextFile(Path(self.path).expanduser())
        seen: set[str] = set()
        if file.starts_with("{"):
            for line, record in file.objects():
                key = QID if QID in record and "_id" not in record else "_id"
                qid = file.new_identifier(record.get(key), key, line, seen)
                yield qid, file.text(record, self.field, line).removeprefix(self.prefix)
        else:
            for line, (qid, text) in file.rows(QID, TEXT, headers=[(QID, QUERY), (QID, TEXT)]):
                qid = file.new_identifier(qid, QID, line, seen)
                yield qid, text.removeprefix(self.prefix)
