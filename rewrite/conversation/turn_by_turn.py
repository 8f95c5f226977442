"""TurnByTurn: a conversation with the system's own earlier rewrites in its history."""

from __future__ import annotations

import warnings
from collections import deque
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyterrier as pt

from ..around import Around
from ..columns import QCONVERSATION, QGEN, QHISTORY, QID, QSTATUS, QTURN, QUERY, QUSAGE
from ..errors import RewriteWarning
from ..rewritten import Rewritten, as_outcome, objects
from ..text.safe import safe_text
from .history import History, histories, message


class TurnByTurn(Around):
    """Rewrites auto-regressively: each turn sees the earlier turns as they were rewritten.

    A rewriter by itself is parallel: all turns go to it at once, with the raw turns in their
    histories. ``TurnByTurn(rewriter)`` goes through the conversations in step, all first turns in
    one batch, then all second turns, and so on. Wherever a history holds the raw text of an
    earlier turn of the frame, it gets what the rewriter made of it. Responses stay.

    Input columns: those of the rewriter, and ``qconversation`` and ``qturn``; without these two
    every row is a conversation of its own, and this is the rewriter alone. Turns that are not in
    the frame stay raw in the histories. Output columns: those of the rewriter; ``qhistory`` stays
    as it was.

    Args:
        rewriter: A rewriter that makes one query of each, or a pipeline that ends in one, such as
            ``LimitHistory(turns=5) >> LLM4CS(llm)``.
        on_error: ``"keep"`` the original text of a query that fails, or ``"raise"``.

    Raises:
        ValueError: On use, if the rewriter makes several queries from one, or a ``qturn`` is no
            number.

    Example:
        >>> from pyterrier_rewrite import AppendHistory, TurnByTurn
        >>> first = {"role": "user", "content": "sofas"}
        >>> second = {"role": "user", "content": "red?"}
        >>> topics = pd.DataFrame({"qid": ["a1", "a2", "a3"], "qconversation": ["a"] * 3,
        ...     "qturn": [1, 2, 3], "query": ["sofas", "red?", "linen?"],
        ...     "qhistory": [[], [first], [first, second]]})
        >>> TurnByTurn(AppendHistory())(topics)["query"].tolist()
        ['sofas', 'red? sofas', 'linen? sofas red? sofas']
    """

    def __init__(
        self, rewriter: pt.Transformer, *, on_error: Literal["keep", "raise"] = "keep"
    ) -> None:
        self.rewriter = rewriter
        self.on_error = on_error

    fb_docs = 0  # the rewriter finds its documents itself, turn by turn
    feedback = None
    at_once = None  # the turns of a conversation are seen together

    def check(self) -> None:
        """Raise if the rewriter is none, or makes several queries."""
        super().check()
        if self.several:
            raise ValueError(
                f"{type(self.inner).__name__} makes several queries from one, so there is no one "
                "rewrite to put into a history; use a rewriter that makes one"
            )

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave no turn alone: the rewriter does, when it knows what was said before."""
        return [None] * len(queries)

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Rewrite all first turns, then all second turns, and so on."""
        frame = queries.drop(columns=[QGEN, QSTATUS, QUSAGE], errors="ignore")
        conversations, steps = _steps(frame)
        raw = [safe_text(text) for text in frame[QUERY]]
        said = histories(frame)
        outcomes: list[Rewritten] = [Rewritten() for _ in raw]
        done: dict[Any, list[tuple[str, str]]] = {}
        for rows in steps:
            batch = frame.iloc[rows].reset_index(drop=True)
            batch[QHISTORY] = objects(
                [_rewritten(said[row], done.get(conversations[row], [])) for row in rows]
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RewriteWarning)  # one warning sums up, at the end
                made = self.rewriter.transform(batch)
            for row, record in zip(rows, made.to_dict("records"), strict=True):
                outcomes[row] = as_outcome(record, self.adds)
                pair = (raw[row], safe_text(record[QUERY]) or raw[row])
                done.setdefault(conversations[row], []).append(pair)
        return outcomes


def _steps(queries: pd.DataFrame) -> tuple[list[Any], list[list[int]]]:
    """Return the conversation of each row, and the rows of each step."""
    if QCONVERSATION not in queries.columns or QTURN not in queries.columns:
        return list(range(len(queries))), [list(range(len(queries)))]
    turns = pd.to_numeric(queries[QTURN], errors="coerce")
    if turns.isna().any():
        at = int(np.flatnonzero(turns.isna())[0])
        raise ValueError(
            f"query {queries[QID].iloc[at]!r}: expected {QTURN} as a number, found "
            f"{queries[QTURN].iloc[at]!r}"
        )
    step = turns.groupby(queries[QCONVERSATION].astype(str)).rank(method="dense").astype(int)
    rows = [np.flatnonzero(step == number).tolist() for number in range(1, int(step.max()) + 1)]
    return queries[QCONVERSATION].astype(str).tolist(), rows


def _rewritten(history: History, done: list[tuple[str, str]]) -> History:
    """Put rewrites in the place of the raw turns of a history; a turn said twice, in its order."""
    left: dict[str, deque[str]] = {}
    for raw, rewrite in done:
        left.setdefault(raw, deque()).append(rewrite)
    return [
        message("user", left[said["content"]].popleft())
        if said["role"] == "user" and left.get(said["content"])
        else said
        for said in history
    ]
