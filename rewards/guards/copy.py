"""Copy: a rewrite that is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pyterrier_rewrite.columns import QUERY, QUERY_0, QUERY_TOKS

from .guard import Guard

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Copy(Guard):
    """1 if the rewrite is not identical to the query, 0 if it is.

    Case, punctuation and spaces do not matter, the order of words and their number do. Weighted
    terms are a copy if they are words of the query, all of one weight.

    Input columns: ``query``, ``query_0``, and ``query_toks`` where there are weighted terms.

    Example:
        >>> frame = pd.DataFrame([{"qid": "1", "query": "Red sofa!", "query_0": "red sofa"}])
        >>> Copy().score(frame)
        {'1': 0.0}
    """

    needs = (QUERY_0,)

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows differ from the original."""
        toks = rows[QUERY_TOKS].tolist() if QUERY_TOKS in rows.columns else [None] * len(rows)
        return [
            not _is_copy(text, its, original)
            for text, its, original in zip(
                rows[QUERY].tolist(), toks, rows[QUERY_0].tolist(), strict=True
            )
        ]


def _is_copy(text: str, toks: object, original: str) -> bool:
    words = _WORD.findall(original.casefold())
    if isinstance(toks, Mapping):
        return set(toks) <= set(words) and len(set(toks.values())) <= 1
    return _WORD.findall(text.casefold()) == words
