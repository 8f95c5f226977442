"""Query-to-Event decomposition: the course and the circumstances of the event in a query."""

from __future__ import annotations

from ..parsing.parsers import Queries
from ..prompting.formulation import Several
from ..prompting.llm_rewriter import LLMRewriter, Published


class Q2EDecomposition(LLMRewriter):
    r"""Searches what comes before, during and after an event, and who, where and when (Q2E).

    One generation, greedy, that lists the six queries. The sub-queries differ much in how well
    they tell documents apart, so their rankings are fused by entropy: ``Q2EDecomposition(llm) >>
    bm25 >> EntropyFusion()``.

    Input columns: ``qid``, ``query``. Output columns: ``qid`` (``<qid>~1`` the original,
    ``<qid>~2``, … its decomposition), ``query``, ``qgroup``, ``qgroup_query``, ``qweight``; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        include_original: Whether the original is searched as well; yes, as published.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, Q2EDecomposition
        >>> rewriter = Q2EDecomposition(FakeLLM("1. heavy rain in July\n2. streets under water"))
        >>> rewriter.search("Ahr flood")["query"].tolist()
        ['Ahr flood', 'heavy rain in July', 'streets under water']
    """

    reference = (
        "Dipta & Ferraro. Q2E: Query-to-Event Decomposition for Zero-Shot Multilingual "
        "Text-to-Video Retrieval. 2025"
    )
    published = Published(
        prompt="query-to-event/decomposition",
        parser=Queries(limit=6),
        formulation=Several(),
        include_original=True,
    )
