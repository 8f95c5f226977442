"""CHIQ: improve the conversation step by step, then rewrite the turn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pyterrier as pt

from ..base import Rewritten
from ..columns import QGEN, QUSAGE
from ..errors import RewriteWarning
from ..llm.base import LLM
from ..prompting.llm_rewriter import Published
from ..usage import add_usage
from .history import History, limit_history, message
from .prompted import ConversationalRewriter, MessageStep

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
    published = Published(prompt="chiq/disambiguate", max_tokens=128)


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
    published = replace(MessageStep.published, prompt="chiq/expand-response", max_tokens=256)

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
    published = replace(MessageStep.published, prompt="chiq/pseudo-response", max_tokens=128)

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
    published = replace(MessageStep.published, prompt="chiq/topic-switch", max_tokens=8)

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
    published = replace(MessageStep.published, prompt="chiq/summarize", max_tokens=256)

    def objection(self, messages: History) -> str | None:
        """There must be something to sum up."""
        return None if messages else "no history"

    def written(self, messages: History, heard: str, query: str) -> History:
        """Return the summary as the only message."""
        return [message("assistant", heard)]


class CHIQ(ConversationalRewriter):
    """Rewrites a turn from a conversation that was improved step by step.

    Five steps, greedy, one request a turn each: drop what is off the topic, write the last
    response out, sum up, make the question unambiguous, add a likely answer. Then the rewriting
    itself. A step that fails, or that has nothing to do on a first turn, is left out.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``, which stays as it is.
    Output columns: see :class:`~pyterrier_rewrite.Rewriter`; ``qgen`` holds the generations
    of all steps, ``qusage`` their sum.

    Args:
        llm: The language model.
        steps: Other steps, in their order; by default the five of the paper. Any transformers
            that change ``query`` or ``qhistory`` will do, such as
            :class:`~pyterrier_rewrite.TopicShift`.
        history_tokens: Most tokens of the conversation in the prompt, at least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``history`` and ``query``.

    Example:
        >>> from pyterrier_rewrite import CHIQ, FakeLLM
        >>> CHIQ(FakeLLM("red linen sofas"), steps=[]).search("of linen?")["query"][0]
        'red linen sofas'
    """

    reference = REFERENCE
    published = Published(prompt="chiq/rewrite", max_tokens=128)

    def __init__(
        self, llm: LLM, *, steps: Sequence[pt.Transformer] | None = None, **settings: Any
    ) -> None:
        super().__init__(llm, **settings)
        self.steps = steps

    def check(self) -> None:
        """Raise if a step is none, or anything else cannot work."""
        super().check()
        for step in self.steps or ():
            if not isinstance(step, pt.Transformer):
                raise TypeError(
                    f"steps should be transformers, such as TopicShift(), found {step!r}"
                )

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Take the steps, then rewrite."""
        frame = queries.drop(columns=[QGEN, QUSAGE], errors="ignore")
        heard: list[list[str]] = [[] for _ in range(len(frame))]
        for step in self._steps():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RewriteWarning)  # a step is no loss
                frame = step.transform(frame.drop(columns=[QGEN], errors="ignore"))
            for its, new in zip(heard, frame.get(QGEN, [[]] * len(frame)), strict=True):
                its.extend(new)
        spent = frame[QUSAGE].tolist() if QUSAGE in frame.columns else [None] * len(frame)
        outcomes = super().rewrite(frame)
        for outcome, its, usage in zip(outcomes, heard, spent, strict=True):
            outcome.gen = [*its, *outcome.gen]
            outcome.usage = add_usage(usage, outcome.usage)
        return outcomes

    def _steps(self) -> Sequence[pt.Transformer]:
        if self.steps is not None:
            return self.steps
        five = (SwitchTopic, ExpandResponse, SummarizeHistory, DisambiguateQuestion, PseudoResponse)
        settings: dict[str, Any] = {"history_tokens": self.history_tokens, "seed": self.seed}
        return [step(self.llm, **settings) for step in five]
