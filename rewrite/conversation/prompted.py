"""What prompted methods for conversations share: the history in the prompt."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd

from ..base import Rewritten
from ..columns import OK, QHISTORY, QUERY, skipped
from ..llm.base import LLM, Message, Messages
from ..prompting.formulation import Keep
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..ranges import Count
from .history import History, histories, objects, show_history


class ConversationalRewriter(LLMRewriter):
    """An :class:`LLMRewriter` whose prompt has the slots ``history`` and ``query``."""

    def __init__(self, llm: LLM, *, history_tokens: Count = 2048, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.history_tokens = history_tokens

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a turn."""
        return [
            template.render(query=query, history=self.shown(history))
            for template, query, history in zip(
                self.templates(queries), queries[QUERY], histories(queries), strict=True
            )
        ]

    def shown(self, history: History) -> str:
        """Show a history in a prompt."""
        return show_history(history, tokens=self.history_tokens)


class MessageStep(ConversationalRewriter):
    """Asks about each turn and writes what it hears into a column of messages, not the query."""

    published: ClassVar[Published] = Published(formulation=Keep())

    column: ClassVar[str] = QHISTORY
    """The column that it reads and writes."""

    def objection(self, messages: History) -> str | None:
        """Say why there is nothing to ask about these messages; None if there is."""
        return None

    def written(self, messages: History, heard: str, query: str) -> History:
        """Return the messages as they are after the answer."""
        raise NotImplementedError

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask about the turns that there is something to ask about."""
        reasons = [self.objection(its) for its in histories(queries, self.column)]
        outcomes = [Rewritten(status=skipped(reason or "")) for reason in reasons]
        asked = [row for row, reason in enumerate(reasons) if reason is None]
        if asked:
            heard = super().rewrite(queries.iloc[asked].reset_index(drop=True))
            for row, outcome in zip(asked, heard, strict=True):
                outcomes[row] = outcome
        return outcomes

    def _assemble(self, queries: pd.DataFrame, outcomes: Any) -> pd.DataFrame:
        out = super()._assemble(queries, outcomes)
        cells = []
        before = histories(queries, self.column)
        for its, query, outcome in zip(before, queries[QUERY], outcomes, strict=True):
            if outcome.status == OK:
                heard = " ".join(self.parser(outcome.gen[0]))
                its = self.written(its, heard, query)
            cells.append(its)
        out[self.column] = objects(cells)
        return out


def message(role: str, content: str) -> Message:
    """Return one message."""
    return {"role": role, "content": content}
