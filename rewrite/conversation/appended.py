"""The honest baselines: append what was said, without asking what of it matters."""

from __future__ import annotations

import pandas as pd

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QUERY
from .history import History, histories


class AppendHistory(Rewriter):
    """Appends the whole conversation to the turn.

    ``LimitHistory(responses=False) >> AppendHistory()`` appends what the user said only. The
    turn comes first, so that of a conversation that is too long for a query the end is cut.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``. Output columns: see
    :class:`~pyterrier_rewrite.Rewriter`; ``qstatus`` is ``skipped: no history`` for a first
    turn.

    Example:
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["of linen?"],
        ...     "qhistory": [[{"role": "user", "content": "red sofas"}]]})
        >>> AppendHistory()(topics)["query"][0]
        'of linen? red sofas'
    """

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a turn alone before which nothing was said."""
        return [None if self.choose(its) else "no history" for its in histories(queries)]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Append every history."""
        return [
            Rewritten([NewQuery(" ".join([query, *(m["content"] for m in self.choose(history))]))])
            for query, history in zip(queries[QUERY], histories(queries), strict=True)
        ]

    def choose(self, history: History) -> History:
        """Return the messages to append."""
        return history


class AppendFirstTurn(AppendHistory):
    """Appends the first thing that the user said: it often names the topic.

    Columns: see :class:`AppendHistory`.

    Example:
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["of linen?"], "qhistory": [[
        ...     {"role": "user", "content": "red sofas"}, {"role": "user", "content": "small"}]]})
        >>> AppendFirstTurn()(topics)["query"][0]
        'of linen? red sofas'
    """

    def choose(self, history: History) -> History:
        """Return the user's first message."""
        return [message for message in history if message["role"] == "user"][:1]
