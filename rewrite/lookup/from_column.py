"""Rewrites that a collection brings, as a column of its topics."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyterrier as pt

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QREWRITE, QUERY, failed, skipped


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

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Rewrite every query of a frame; see the class for columns."""
        pt.validate.query_frame(inp, [QUERY, self.column], context=self)
        return super().transform(inp)

    def rewrite(self, queries: pd.DataFrame) -> Sequence[Rewritten]:
        """Take every query's rewrite."""
        return [self._take(value) for value in queries[self.column]]

    def _take(self, value: object) -> Rewritten:
        if isinstance(value, str):
            blank = not value or value.isspace()
        elif not pd.api.types.is_scalar(value) or not pd.isna(value):
            return Rewritten(status=failed(f"{self.column} holds a {type(value).__name__}"))
        else:
            blank = True
        if blank:
            return Rewritten(status=skipped(f"no {self.column}"))
        return Rewritten([NewQuery(str(value))])
