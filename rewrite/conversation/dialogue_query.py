"""DialogueQuery: one web query from the dialogue so far."""

from __future__ import annotations

from typing import ClassVar

from ..prompting.llm_rewriter import Published
from .prompted import ConversationalRewriter


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
    published: ClassVar[Published] = Published(prompt="dialogue-search/query", max_tokens=64)
