"""Asking back, and taking what is said about a query into the query."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd

from ...columns import QFEEDBACK, QUERY
from ...llm.base import Messages
from ...prompting.formulation import Keep
from ...prompting.llm_rewriter import Published
from ..history import History, histories
from ..prompted import ConversationalRewriter, MessageStep, message

REFERENCE = (
    "Owoicho et al. Exploiting Simulated User Feedback for Conversational Search: Ranking, "
    "Rewriting, and Beyond. SIGIR 2023"
)


class FeedbackRewriter(ConversationalRewriter):
    """Takes an answer to a clarifying question, or a comment on results, into the query.

    One generation, greedy. What was said stands in ``qfeedback``, in the form of ``qhistory``: an
    assistant's question and the user's answer, or the user's comment alone, and so on over any
    number of rounds. A query without feedback stays as it is.

    Input columns: ``qid``, ``query`` and, where there are any, ``qfeedback`` and ``qhistory``.
    Output columns: see :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        llm: The language model.
        history_tokens: Most tokens of the conversation, and of the feedback, in the prompt, at
            least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history``, ``query`` and ``feedback``.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import FakeLLM, FeedbackRewriter
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["jaguar"], "qfeedback": [[
        ...     {"role": "assistant", "content": "The car or the animal?"},
        ...     {"role": "user", "content": "The animal."}]]})
        >>> FeedbackRewriter(FakeLLM("jaguar animal"))(topics)["query"][0]
        'jaguar animal'
    """

    reference = REFERENCE
    published: ClassVar[Published] = Published(prompt="feedback/rewrite", max_tokens=128)

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a query."""
        return _with_feedback(self, queries)

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave the queries alone about which nothing was said."""
        return [
            None if any(m["role"] == "user" for m in said) else "no feedback"
            for said in histories(queries, QFEEDBACK)
        ]


class AskClarification(MessageStep):
    """Asks the one question that would tell best what a query means.

    One generation, greedy; the question becomes the last message of ``qfeedback``, the query
    stays. Someone answers it, or :class:`SimulatedAnswer` does.

    Input columns: ``qid``, ``query`` and, where there are any, ``qfeedback`` and ``qhistory``.
    Output columns: the same, and ``qfeedback``; see :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        llm: The language model.
        history_tokens: Most tokens of the conversation, and of the feedback, in the prompt, at
            least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history``, ``query`` and ``feedback``.

    Example:
        >>> from pyterrier_rewrite import AskClarification, FakeLLM
        >>> asked = AskClarification(FakeLLM("The car or the animal?")).search("jaguar")
        >>> asked["qfeedback"][0]
        [{'role': 'assistant', 'content': 'The car or the animal?'}]
    """

    reference = REFERENCE
    column: ClassVar[str] = QFEEDBACK
    published: ClassVar[Published] = Published(
        prompt="feedback/ask", max_tokens=64, formulation=Keep()
    )

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a query."""
        return _with_feedback(self, queries)

    def written(self, messages: History, heard: str, query: str) -> History:
        """Add the question."""
        return [*messages, message("assistant", heard)]


def _with_feedback(
    method: ConversationalRewriter, queries: pd.DataFrame, **others: list[Any]
) -> list[Messages]:
    """Render prompts with the slots history, query, feedback and others."""
    values = zip(*others.values(), strict=True) if others else iter([()] * len(queries))
    return [
        template.render(
            history=method.shown(history),
            query=query,
            feedback=method.shown(feedback),
            **dict(zip(others, its, strict=True)),
        )
        for template, query, history, feedback, its in zip(
            method.templates(queries),
            queries[QUERY],
            histories(queries),
            histories(queries, QFEEDBACK),
            values,
            strict=True,
        )
    ]
