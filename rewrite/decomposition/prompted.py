"""Methods that are one prompt: what is asked, and how the answer becomes queries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ..columns import QUERY
from ..llm.base import LLM, Completions
from ..parsing.parsers import Marked, Queries
from ..prompting.formulation import Repeat, Replace, Several
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

    def slots(self, queries: pd.DataFrame) -> list[dict[str, str]]:
        """Fill in the query, and how many rewordings to give."""
        return [{"query": query, "count": str(self.count)} for query in queries[QUERY]]

    def parse(self, answer: Completions, query: str = "") -> list[str]:
        """Return at most ``count`` rewordings: models like to give more."""
        return super().parse(answer, query)[: self.count]


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
    published = replace(
        MultiQuery.published, prompt="query-to-event/decomposition", parser=Queries(limit=6)
    )


class StepBack(LLMRewriter):
    """Adds one broader question, so that principles and background are found too.

    One generation, greedy, with four examples. Both questions are queries; fuse their results by
    ``StepBack(llm) >> bm25 >> RRF()``, with k = 60.

    Input columns: ``qid``, ``query``. Output columns: ``qid`` (``<qid>~1`` the original,
    ``<qid>~2`` the broader question), ``query``, ``qgroup``, ``qgroup_query``, ``qweight``; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        prompt: ``"step-back/few-shot"`` (default; your own examples by
            ``examples=[{"query": …, "broader": …}, …]``) or ``"step-back/zero-shot"``.
        include_original: Whether the original is searched as well; yes, as published.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, StepBack
        >>> rewriter = StepBack(FakeLLM("how does cold affect batteries"))
        >>> rewriter.search("e-bike at -5 degrees")["query"].tolist()
        ['e-bike at -5 degrees', 'how does cold affect batteries']
    """

    reference = (
        "Zheng et al. Take a Step Back: Evoking Reasoning via Abstraction in Large Language "
        "Models. ICLR 2024"
    )
    published = replace(MultiQuery.published, prompt="step-back/few-shot", parser=Queries(limit=1))


class ToolQueries(LLMRewriter):
    r"""Describes the tools that a request needs as their catalogue would.

    One generation, greedy. A vague request and the tools that serve it share few words; the
    descriptions bridge them. The new query is the request and all descriptions; with
    ``formulation=Several()`` each description is a query of its own, for a fusion behind.

    Input columns: ``qid``, ``query``. Output columns: the same; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, ToolQueries
        >>> rewriter = ToolQueries(FakeLLM("- Forecasts the weather of a place."))
        >>> rewriter.search("do I need an umbrella")["query"][0]
        'do I need an umbrella Forecasts the weather of a place.'
    """

    reference = (
        "Kachuee et al. Improving Tool Retrieval by Leveraging Large Language Models for Query "
        "Generation. COLING 2025"
    )
    published = Published(prompt="tools/catalogue", parser=Queries(limit=5), formulation=Repeat(1))


class RewriteRetrieveRead(LLMRewriter):
    """Replaces a question by what one would type to answer it.

    One generation, greedy, with three examples: one or several searches, ``;`` between them and
    ``**`` at the end. They replace the question as one text; with ``formulation=Several()`` each
    is a query of its own, for a fusion behind. Retrieving and reading are yours:
    ``RewriteRetrieveRead(llm) >> bm25 >> reader``.

    Input columns: ``qid``, ``query``. Output columns: the same; see
    :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        prompt: ``"rewrite-retrieve-read/few-shot"`` (default; your own examples by
            ``examples=[{"query": …, "searches": "…; …"}, …]``) or
            ``"rewrite-retrieve-read/zero-shot"``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, RewriteRetrieveRead, Several
        >>> llm = FakeLLM("author of The Trial; Franz Kafka birthplace **")
        >>> question = "where was the author of The Trial born"
        >>> RewriteRetrieveRead(llm).search(question)["query"][0]
        'author of The Trial Franz Kafka birthplace'
        >>> RewriteRetrieveRead(llm, formulation=Several()).search(question)["query"].tolist()
        ['author of The Trial', 'Franz Kafka birthplace']
    """

    reference = "Ma et al. Query Rewriting in Retrieval-Augmented Large Language Models. EMNLP 2023"
    published = Published(
        prompt="rewrite-retrieve-read/few-shot", parser=Marked(), formulation=Replace()
    )
