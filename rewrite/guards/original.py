"""Original: the query as it was before any rewriter, in one word."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd
import pyterrier as pt

from ..columns import OK, QSTATUS, QUERY, QUERY_FORMS, skipped
from ..value import ValueTransformer

_EARLIER: Final = re.compile(r"query_\d+")


class Original(ValueTransformer):
    """Undoes every rewrite before it: ``rewriter >> bm25 >> text >> Original() >> reranker``.

    A frame that was never rewritten is handed through. Queries that were split stay as many rows,
    each with the text that was split, for a fusion to put together; behind a fusion there is one
    row a query anyway.

    Input columns: ``qid``, ``query``; queries or results.

    Output columns: the same rows, ``query`` with the first text, without ``query_0``,
    ``query_1``, …, ``query_toks`` and ``query_vec``, which an engine would prefer. ``qstatus``
    says ``skipped: rewrite undone`` where something was, and else what it said before. What the
    rewriters wrote and cost stays in ``qgen`` and ``qusage``.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Original, Query2Doc
        >>> pipeline = Query2Doc(FakeLLM("a couch")) >> Query2Doc(FakeLLM("a seat")) >> Original()
        >>> pipeline.search("sofa")[["query", "qstatus"]].values.tolist()
        [['sofa', 'skipped: rewrite undone']]
    """

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        """Put the first texts back; see the class.

        Raises:
            pt.validate.InputValidationError: If a column is missing.
        """
        pt.validate.columns(inp, includes=["qid", QUERY])
        out = inp.reset_index(drop=True)
        earlier = [column for column in out.columns if _EARLIER.fullmatch(column)]
        if not earlier:
            return out
        first = out[QUERY]
        for column in sorted(earlier, key=lambda name: int(name.removeprefix("query_"))):
            first = out[column].where(out[column].notna(), first)  # rows may differ in depth
        forms = [column for column in QUERY_FORMS if column in out.columns]
        undone = (first != out[QUERY]) | out[forms].notna().any(axis=1)
        status = out[QSTATUS] if QSTATUS in out.columns else pd.Series(OK, out.index, dtype=object)
        out[QSTATUS] = status.where(~undone, skipped("rewrite undone"))
        out[QUERY] = first
        return out.drop(columns=[*earlier, *forms])
