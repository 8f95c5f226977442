"""EventExpansion: what is happening at present, from the most recent documents that match."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..base import DOCUMENTS, Rewritten
from ..columns import QDATE, TEXT, failed, skipped
from ..llm.base import LLM
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..ranges import Count


class EventExpansion(LLMRewriter):
    """Appends a statement of the current event that a query is about.

    Of the documents that match, the most recent ones stand in the prompt, newest first, each
    with its date; the model states in a sentence what is happening. The new query is
    ``query + event``. A query without a dated document stays as it is.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno``, ``text`` and the
    ``date`` column; queries without results are then lost upstream. ``qdate``, where it is
    there, is the moment of the query: later documents are left out. A date without a time is
    the beginning of its day (UTC).

    Output columns: see :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        date: Column of the documents' dates: texts that begin year-month-day, or timestamps.
        recent: Documents in the prompt, at least 1.
        feedback: Pipeline that finds documents with their text and date:
            ``bm25 >> index.text(columns=("text", "date"))``.
        fb_docs: How many of the best documents count as matches.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Raises:
        ValueError: On use, if the documents have no such column, or ``recent`` is below 1.

    Example:
        >>> from pyterrier_rewrite import EventExpansion, FakeLLM
        >>> from pyterrier_rewrite.testing import sample_results
        >>> news = sample_results().assign(date="2024-05-03")
        >>> EventExpansion(FakeLLM("Couch fair opens in Milan."))(news)["query"][0]
        'red couch for two Couch fair opens in Milan.'
    """

    reference = "Event-driven Real-time Retrieval in Web Search. 2023"
    published = Published(
        prompt="event/statement", max_tokens=64, fb_docs=20, formulation=Repeat(1)
    )

    def __init__(self, llm: LLM, *, date: str = "date", recent: Count = 5, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.date = date
        self.recent = recent

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Keep each query's most recent documents, and ask about those queries that have any."""
        outcomes: list[Rewritten | None] = [None] * len(queries)
        latest: list[list[dict[str, Any]]] = []
        for row, query in enumerate(queries.to_dict("records")):
            until = _moment(query[QDATE]) if QDATE in query else pd.Timestamp.max.tz_localize("UTC")
            if until is None:
                outcomes[row] = Rewritten(status=failed(f"qdate {query[QDATE]!r} is no date"))
                continue
            found = self._latest(query[DOCUMENTS], until)
            if found:
                latest.append(found)
            else:
                outcomes[row] = Rewritten(status=skipped("no dated documents"))
        asked = [row for row, outcome in enumerate(outcomes) if outcome is None]
        batch = queries.iloc[asked].reset_index(drop=True)
        batch[DOCUMENTS] = pd.Series(latest, dtype=object)
        made = iter(super().rewrite(batch) if asked else ())
        return [outcome or next(made) for outcome in outcomes]

    def _latest(self, documents: list[dict[str, Any]], until: pd.Timestamp) -> list[dict[str, Any]]:
        """Return the most recent documents, newest first, their dates put before their texts."""
        if self.date not in documents[0]:
            raise ValueError(
                f"EventExpansion needs the documents' dates in the column {self.date!r}, found "
                f"{sorted(documents[0])}; load it with the texts, "
                f'index.text(columns=("text", "{self.date}")), or name another one with date='
            )
        dated = [(_moment(document[self.date]), document) for document in documents]
        known = [
            (moment, document)
            for moment, document in dated
            if moment is not None and moment <= until and isinstance(document[TEXT], str)
        ]
        known.sort(key=lambda pair: pair[0], reverse=True)
        return [
            {**document, TEXT: f"({moment:%Y-%m-%d}) {document[TEXT]}"}
            for moment, document in known[: self.recent]
        ]


def _moment(value: object) -> pd.Timestamp | None:
    """Return a moment in UTC, or None for what is no date."""
    text = str(value)
    try:
        # without a digit, pandas would take "now" and "today" for dates
        moment = pd.Timestamp(text) if any(map(str.isdigit, text)) else pd.NaT
    except (ValueError, OverflowError):
        return None
    if pd.isna(moment):
        return None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
