"""CHIQ: improve the conversation first, then rewrite the turn."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import pandas as pd
import pyterrier as pt

from ..base import Rewritten, add_usage
from ..columns import QGEN, QUSAGE
from ..errors import RewriteWarning
from ..llm.base import LLM
from ..prompting.llm_rewriter import Published
from .chiq_steps import (
    REFERENCE,
    DisambiguateQuestion,
    ExpandResponse,
    PseudoResponse,
    SummarizeHistory,
    SwitchTopic,
)
from .prompted import ConversationalRewriter


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
    published: ClassVar[Published] = Published(prompt="chiq/rewrite", max_tokens=128)

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
        settings: dict[str, Any] = {"history_tokens": self.history_tokens, "seed": self.seed}
        return [
            step(self.llm, **settings)
            for step in (
                SwitchTopic,
                ExpandResponse,
                SummarizeHistory,
                DisambiguateQuestion,
                PseudoResponse,
            )
        ]
