"""Step-back prompting: also ask the broader question behind a query."""

from __future__ import annotations

from ..parsing.parsers import Queries
from ..prompting.formulation import Several
from ..prompting.llm_rewriter import LLMRewriter, Published


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
    published = Published(
        prompt="step-back/few-shot",
        parser=Queries(limit=1),
        formulation=Several(),
        include_original=True,
    )
