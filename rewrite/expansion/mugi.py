"""MuGI: expand a query by several passages, and repeat it to match their length."""

from __future__ import annotations

from ..prompting.formulation import AdaptiveRepeat
from ..prompting.llm_rewriter import LLMRewriter, Published


class MuGI(LLMRewriter):
    """Appends five passages; the longer they are, the more often the query is repeated.

    Five passages are sampled at temperature 1. The query is repeated
    max(1, ⌊characters of all passages ÷ (β × characters of the query)⌋) times, β = 4. The
    released code can fall to 0 repetitions, which loses the query; this one cannot. For dense
    retrieval, give :class:`~pyterrier_rewrite.MeanVector` or
    :class:`~pyterrier_rewrite.Join`.

    Input columns: ``qid``, ``query``. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        formulation: ``AdaptiveRepeat(beta)`` with another β; 4 to 6 as published.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, MuGI
        >>> MuGI(FakeLLM("Sofas seat two."), n=2).search("couch")["query"][0]
        'couch Sofas seat two. Sofas seat two.'
    """

    reference = (
        "Zhang, Wu, Yang & Nie. Exploring the Best Practices of Query Expansion with Large "
        "Language Models. Findings of EMNLP 2024"
    )
    published = Published(
        prompt="mugi/passage", n=5, temperature=1.0, max_tokens=1024, formulation=AdaptiveRepeat(4)
    )
