"""Rewrites that a collection brings, as a column of its topics."""

from __future__ import annotations

import pandas as pd

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QREWRITE, failed


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
