"""Prompted methods for conversations: what they share, and the one that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pandas as pd

from ..base import Rewritten
from ..columns import OK, QHISTORY, QUERY
from ..llm.base import LLM, Completions
from ..prompting.formulation import Keep
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..ranges import Count
from .history import History, histories, show_history


class ConversationalRewriter(LLMRewriter):
    """An :class:`LLMRewriter` whose prompt has the slots ``history`` and ``query``."""

    def __init__(self, llm: LLM, *, history_tokens: Count = 2048, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.history_tokens = history_tokens

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in the turn and what was said before it."""
        return [
            {"query": query, "history": self.shown(history)}
            for query, history in zip(queries[QUERY], histories(queries), strict=True)
        ]

    def shown(self, history: History) -> str:
        """Show a history in a prompt."""
        return show_history(history, tokens=self.history_tokens)


class DialogueQuery(ConversationalRewriter):
    """Writes the one web search that helps most with the next answer.

    One generation, greedy, of at most 64 tokens; it takes the turn's place.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``. Output columns: see
    :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        llm: The language model.
        history_tokens: Most tokens of the conversation in the prompt, at least 1, estimated; the
            oldest messages go first.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history`` and ``query``.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import DialogueQuery, FakeLLM
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["of linen?"],
        ...     "qhistory": [[{"role": "user", "content": "red sofas"}]]})
        >>> DialogueQuery(FakeLLM("Search query: red linen sofas"))(topics)["query"][0]
        'red linen sofas'
    """

    reference = "Komeili, Shuster & Weston. Internet-Augmented Dialogue Generation. ACL 2022"
    published = Published(prompt="dialogue-search/query", max_tokens=64)


class MessageStep(ConversationalRewriter):
    """Asks about each turn and writes what it hears into a column of messages, not the query."""

    published = Published(formulation=Keep())

    column: ClassVar[str] = QHISTORY
    """The column that it reads and writes."""

    def objection(self, messages: History) -> str | None:
        """Say why there is nothing to ask about these messages; None if there is."""
        return None

    def written(self, messages: History, heard: str, query: str) -> History:
        """Return the messages as they are after the answer."""
        raise NotImplementedError

    @property
    def adds(self) -> tuple[str, ...]:
        """The column that it writes."""
        return (self.column,)

    def original_columns(self, queries: pd.DataFrame) -> dict[str, Sequence[object]]:
        """Return the messages as they are."""
        return {self.column: histories(queries, self.column)}

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave alone what there is nothing to ask about."""
        return [self.objection(its) for its in histories(queries, self.column)]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Ask about the turns, and write what is heard into the messages."""
        outcomes = super().rewrite(queries)
        before = histories(queries, self.column)
        for outcome, its, query in zip(outcomes, before, queries[QUERY], strict=True):
            if outcome.status == OK:
                heard = " ".join(self.parse(Completions(outcome.gen[:1]), query))
                outcome.columns = {self.column: self.written(its, heard, query)}
        return outcomes
