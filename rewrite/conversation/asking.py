"""Asking back, users who answer, and taking what is said about a query into the query."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ..base import DOCUMENTS
from ..columns import QFEEDBACK, QNEED
from ..llm.base import LLM
from ..prompting.llm_rewriter import Published
from ..text.quoting import quoted
from .history import History, histories, message
from .prompted import ConversationalRewriter, MessageStep


class FeedbackPrompt(ConversationalRewriter):
    """A prompt that also has the slot ``feedback``: what was said about the query."""

    reference = (
        "Owoicho et al. Exploiting Simulated User Feedback for Conversational Search: Ranking, "
        "Rewriting, and Beyond. SIGIR 2023"
    )

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in turn, history and feedback."""
        filled = super().slots(queries)
        for values, said in zip(filled, histories(queries, QFEEDBACK), strict=True):
            values["feedback"] = self.shown(said)
        return filled


class FeedbackRewriter(FeedbackPrompt):
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

    published = Published(prompt="feedback/rewrite", max_tokens=128)

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave the queries alone about which nothing was said."""
        return [
            None if any(m["role"] == "user" for m in said) else "no feedback"
            for said in histories(queries, QFEEDBACK)
        ]


class AskClarification(FeedbackPrompt, MessageStep):
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

    column = QFEEDBACK
    published = replace(MessageStep.published, prompt="feedback/ask", max_tokens=64)

    def written(self, messages: History, heard: str, query: str) -> History:
        """Add the question."""
        return [*messages, message("assistant", heard)]


class SimulatedUser(FeedbackPrompt, MessageStep):
    """What both simulated users share: the information need, known to them alone."""

    column = QFEEDBACK

    def __init__(self, llm: LLM, *, need: str = QNEED, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.need = need

    @property
    def needs(self) -> tuple[str, ...]:
        """The column of the need."""
        return (self.need,)

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in turn, history, feedback and need, and the documents if there are any."""
        filled = super().slots(queries)
        for values, need in zip(filled, queries[self.need], strict=True):
            values["need"] = quoted(need) if isinstance(need, str) else ""
        if self.fb_docs > 0:
            for values, documents in zip(filled, queries[DOCUMENTS], strict=True):
                values["documents"] = self.show(documents)
        return filled

    def written(self, messages: History, heard: str, query: str) -> History:
        """Add what the person says."""
        return [*messages, message("user", heard)]


class SimulatedAnswer(SimulatedUser):
    """Answers the clarifying question that was asked last, from an information need.

    One generation, greedy, so that with a cache an evaluation over several rounds can be
    repeated: ``AskClarification(llm) >> SimulatedAnswer(user) >> FeedbackRewriter(llm) >> bm25``,
    once or several times over. For people who differ give a ``temperature`` and a ``seed``.

    Input columns: ``qid``, ``query``, the need and, where there are any, ``qfeedback`` and
    ``qhistory``. Output columns: the same, and the answer in ``qfeedback``; ``query`` stays. A
    query about which nothing was asked is skipped. See
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model that plays the person; best another than the rewriter's.
        need: Column with the information need: what the person wants to know.
        history_tokens: Most tokens of the conversation, and of the feedback, in the prompt, at
            least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``need``, ``history``, ``query`` and ``feedback``.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import FakeLLM, SimulatedAnswer
        >>> topics = pd.DataFrame({"qid": ["1"], "query": ["jaguar"], "qneed": ["what jaguars eat"],
        ...     "qfeedback": [[{"role": "assistant", "content": "The car or the animal?"}]]})
        >>> SimulatedAnswer(FakeLLM("The animal."))(topics)["qfeedback"][0][-1]
        {'role': 'user', 'content': 'The animal.'}

    Reference: Owoicho et al. SIGIR 2023.
    """

    published = replace(MessageStep.published, prompt="simulator/answer", max_tokens=64)

    def objection(self, messages: History) -> str | None:
        """There must be a question."""
        asked = messages and messages[-1]["role"] == "assistant"
        return None if asked else "nothing was asked"


class SimulatedComment(SimulatedUser):
    """Comments on the results of a query, from an information need.

    One generation, greedy, that sees the three best documents:
    ``SimulatedComment(user, feedback=bm25 >> text) >> FeedbackRewriter(llm) >> bm25``.

    Input columns: ``qid``, ``query``, the need, and without ``feedback`` also ``docno``,
    ``text``. Output columns: the query columns, and the comment in ``qfeedback``; ``query``
    stays. See :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model that plays the person; best another than the rewriter's.
        need: Column with the information need: what the person wants to know.
        history_tokens: Most tokens of the conversation, and of the feedback, in the prompt, at
            least 1, estimated.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``need``, ``history``, ``query``, ``feedback`` and ``documents``.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, SimulatedComment
        >>> from pyterrier_rewrite.testing import sample_results
        >>> results = sample_results().assign(qneed="a sofa for the living room")
        >>> SimulatedComment(FakeLLM("Too small."))(results)["qfeedback"][0]
        [{'role': 'user', 'content': 'Too small.'}]

    Reference: Owoicho et al. SIGIR 2023.
    """

    published = replace(MessageStep.published, prompt="simulator/comment", max_tokens=64, fb_docs=3)
