"""The first results of each query."""

from __future__ import annotations

import pandas as pd

from ..columns import QID, RANK, SCORE


def top(results: pd.DataFrame, k: int) -> pd.DataFrame:
    """Return the ``k`` best results of each query, the best first.

    Args:
        results: Ranked by ``rank``, else by ``score``, else as they stand.
        k: Most results a query.
    """
    if RANK in results.columns:
        results = results.sort_values(RANK, kind="stable")
    elif SCORE in results.columns:
        results = results.sort_values(SCORE, ascending=False, kind="stable")
    return results.groupby(QID, sort=False).head(k)
