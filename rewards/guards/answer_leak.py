"""AnswerLeak: the answer appended to the query."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pyterrier_rewrite.columns import QANSWERS, QUERY_0

from ..candidates import answers_of, row_texts
from ..readers.squad import contains
from .guard import Guard


@dataclass(frozen=True)
class AnswerLeak(Guard):
    """1 if the rewrite holds no answer that the query does not hold itself, 0 if it does.

    A model that knows the answers can append them to the query and so find the documents that
    hold them; it learns to answer, not to search. Answers are compared word by word, without
    case, punctuation and articles. A query without answers passes.

    Input columns: ``query`` or ``query_toks``, ``query_0``, ``qanswers`` (a list of texts).

    Example:
        >>> row = {"qid": "1", "query": "capital of France Paris", "qanswers": ["Paris"]}
        >>> AnswerLeak().score(pd.DataFrame([{**row, "query_0": "capital of France"}]))
        {'1': 0.0}
    """

    needs = (QUERY_0, QANSWERS)

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows hold no answer."""
        return [
            not any(contains(text, a) and not contains(original, a) for a in answers_of(answers))
            for text, original, answers in zip(
                row_texts(rows), rows[QUERY_0].tolist(), rows[QANSWERS].tolist(), strict=True
            )
        ]
