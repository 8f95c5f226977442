"""Language: a rewrite in the language of its query."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pyterrier_rewrite.columns import QUERY_0
from pyterrier_rewrite.text.language import language_change

from ..candidates import row_texts
from .guard import Guard


@dataclass(frozen=True)
class Language(Guard):
    """1 if the rewrite is in the language of the query, 0 if it is in another.

    The detector works offline. It is unsure of short texts, so a candidate fails only if both
    languages are told with confidence, or the scripts differ; see
    :func:`~pyterrier_rewrite.text.language.language_change`.

    Input columns: ``query`` or ``query_toks``, and ``query_0``.

    Raises:
        MissingExtraError: If py3langid is not installed.

    Example:
        >>> row = {"qid": "1", "query": "红色沙发", "query_0": "a red sofa"}
        >>> Language().score(pd.DataFrame([row]))
        {'1': 0.0}

    Reference: the detector is Lui and Baldwin. langid.py: An Off-the-shelf Language
    Identification Tool. ACL 2012.
    """

    needs = (QUERY_0,)

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows are in the right language."""
        originals = rows[QUERY_0].tolist()
        return [
            language_change(before, after) is None
            for before, after in zip(originals, row_texts(rows), strict=True)
        ]
