"""Tool queries: what a request needs, in the words of a catalogue of tools."""

from __future__ import annotations

from ..parsing.parsers import Queries
from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published


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
