"""CHIQ's five steps: each improves one thing about the conversation before a turn is rewritten."""

from __future__ import annotations

from typing import ClassVar

from ..prompting.formulation import Keep
from ..prompting.llm_rewriter import Published
from .history import History, limit_history
from .prompted import ConversationalRewriter, MessageStep, message

REFERENCE = (
    "Mo et al. CHIQ: Contextual History Enhancement for Improving Query Rewriting in "
    "Conversational Search. EMNLP 2024"
)


class DisambiguateQuestion(ConversationalRewriter):
    """Words a turn so that it cannot be misunderstood: abbreviations, pronouns, what is left out.

    The step of CHIQ that changes the query; the others change ``qhistory``. They compose, with
    each other and with any conversational rewriter behind them:
    ``SwitchTopic(llm) >> SummarizeHistory(llm) >> LLM4CS(llm) >> bm25``.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``. Output columns: see
    :class:`~pyterrier_rewrite.Rewriter`.

    Args:
        llm: The language model.
        history_tokens: Most tokens of the conversation in the prompt, at least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history`` and ``query``.

    Example:
        >>> from pyterrier_rewrite import DisambiguateQuestion, FakeLLM
        >>> step = DisambiguateQuestion(FakeLLM("Where is the World Health Organization?"))
        >>> step.search("where is WHO?")["query"][0]
        'Where is the World Health Organization?'
    """

    reference = REFERENCE
    published: ClassVar[Published] = Published(prompt="chiq/disambiguate", max_tokens=128)


class ExpandResponse(MessageStep):
    """Writes the assistant's last message out, so that it can be understood by itself.

    A conversation without responses stays as it is (``qstatus``: ``skipped: …``), as does one
    about which the model fails.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``. Output columns: the
    same text in ``query``, and the new ``qhistory``; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        history_tokens: Most tokens of the conversation in the prompt, at least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history`` and ``query``.
    """

    reference = REFERENCE
    published: ClassVar[Published] = Published(
        prompt="chiq/expand-response", max_tokens=256, formulation=Keep()
    )

    def objection(self, messages: History) -> str | None:
        """There must be a response."""
        return None if any(m["role"] == "assistant" for m in messages) else "no response"

    def written(self, messages: History, heard: str, query: str) -> History:
        """Put the full response in the place of the short one."""
        last = max(at for at, said in enumerate(messages) if said["role"] == "assistant")
        return [*messages[:last], message("assistant", heard), *messages[last + 1 :]]


class PseudoResponse(MessageStep):
    """Adds a likely answer to the turn, so that the rewriter can use its words.

    The turn and its likely answer become the last two messages of ``qhistory``.

    Columns, arguments and reference: see :class:`ExpandResponse`; first turns are asked about too.
    """

    reference = REFERENCE
    published: ClassVar[Published] = Published(
        prompt="chiq/pseudo-response", max_tokens=128, formulation=Keep()
    )

    def written(self, messages: History, heard: str, query: str) -> History:
        """Add turn and answer."""
        return [*messages, message("user", query), message("assistant", heard)]


class SwitchTopic(MessageStep):
    """Keeps only the last turn of the conversation where this one opens a new topic.

    The model is asked yes or no. :class:`~pyterrier_rewrite.TopicShift` does the
    like without a model.

    Columns, arguments and reference: see :class:`ExpandResponse`; first turns are skipped.
    """

    reference = REFERENCE
    published: ClassVar[Published] = Published(
        prompt="chiq/topic-switch", max_tokens=8, formulation=Keep()
    )

    def objection(self, messages: History) -> str | None:
        """There must be a conversation to leave."""
        return None if messages else "no history"

    def written(self, messages: History, heard: str, query: str) -> History:
        """Keep the last turn after a yes."""
        switched = heard.strip(" \"'*.").lower().startswith("yes")
        return limit_history(messages, turns=1) if switched else messages


class SummarizeHistory(MessageStep):
    """Puts a summary in the place of the conversation.

    Columns, arguments and reference: see :class:`ExpandResponse`; first turns are skipped.
    """

    reference = REFERENCE
    published: ClassVar[Published] = Published(
        prompt="chiq/summarize", max_tokens=256, formulation=Keep()
    )

    def objection(self, messages: History) -> str | None:
        """There must be something to sum up."""
        return None if messages else "no history"

    def written(self, messages: History, heard: str, query: str) -> History:
        """Return the summary as the only message."""
        return [message("assistant", heard)]
