"""Multi-query, the first half of RAG-Fusion: the same question in several wordings."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..columns import QUERY
from ..llm.base import LLM, Completions, Messages
from ..parsing.parsers import Queries
from ..prompting.formulation import Several
from ..prompting.llm_rewriter import LLMRewriter, Published
from ..ranges import Count


class MultiQuery(LLMRewriter):
    r"""Searches several rewordings of a query beside it.

    One generation, greedy, that lists the rewordings. ``MultiQuery(llm) >> bm25 >> RRF()`` with
    k = 60 is RAG-Fusion's retrieval.

    Input columns: ``qid``, ``query``. Output columns: ``qid`` (``<qid>~1`` the original,
    ``<qid>~2``, … the rewordings), ``query``, ``qgroup``, ``qgroup_query``, ``qweight``; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        count: Rewordings a query, at least 1.
        include_original: Whether the original is searched as well; yes, as published.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`. A prompt of your
            own has the slots ``query`` and ``count``.

    Raises:
        ValueError: On use, if ``count`` is below 1.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, MultiQuery
        >>> rewriter = MultiQuery(FakeLLM("1. sofa for two\n2. small couch"), count=2)
        >>> rewriter.search("loveseat")["query"].tolist()
        ['loveseat', 'sofa for two', 'small couch']
    """

    reference = "Rackauckas. RAG-Fusion: a New Take on Retrieval-Augmented Generation. IJNLC 2024"
    published = Published(
        prompt="multi-query/rewordings",
        parser=Queries(),
        formulation=Several(),
        include_original=True,
    )

    def __init__(self, llm: LLM, *, count: Count = 4, **settings: Any) -> None:
        super().__init__(llm, **settings)
        self.count = count

    def messages(self, queries: pd.DataFrame) -> list[Messages]:
        """Render one prompt a query, with the number of rewordings."""
        return [
            template.render(query=query, count=str(self.count))
            for template, query in zip(self.templates(queries), queries[QUERY], strict=True)
        ]

    def parse(self, answer: Completions) -> list[str]:
        """Return at most ``count`` rewordings: models like to give more."""
        return super().parse(answer)[: self.count]
