"""ConvSim: a person played by a model, who answers questions and comments on results."""

from __future__ import annotations

from typing import Any, ClassVar

import pandas as pd

from ...base import DOCUMENTS
from ...columns import QFEEDBACK, QNEED
from ...llm.base import LLM, Messages
from ...prompting.formulation import Keep
from ...prompting.llm_rewriter import Published
from ...text.quoting import quoted
from ..history import History
from ..prompted import MessageStep, message
from .feedback import REFERENCE, _with_feedback


class SimulatedUser(MessageStep):
    """What both simulated users share: the information need, known to them alone."""

    reference = REFERENCE
    column: ClassVar[str] = QFEEDBACK

    def __init__(self, llm: LLM, *, need: str = QNEED, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.need = need

    @property
    def needs(self) -> tuple[str, ...]:
        """The column of the need."""
        return (self.need,)

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a query."""
        needs = [quoted(need) if isinstance(need, str) else "" for need in queries[self.need]]
        others = {"need": needs}
        if self.fb_docs > 0:
            others["documents"] = [self.show(documents) for documents in queries[DOCUMENTS]]
        return _with_feedback(self, queries, **others)

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

    published: ClassVar[Published] = Published(
        prompt="simulator/answer", max_tokens=64, formulation=Keep()
    )

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

    published: ClassVar[Published] = Published(
        prompt="simulator/comment", max_tokens=64, fb_docs=3, formulation=Keep()
    )
