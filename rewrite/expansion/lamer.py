"""LameR: answers that take into account what a first search found."""

from __future__ import annotations

from ..prompting.formulation import Interleave
from ..prompting.llm_rewriter import LLMRewriter, Published


class LameR(LLMRewriter):
    """Expands a query by five answers, written in view of ten candidates that may be wrong.

    The top ten documents stand in the prompt as candidate answers of which most are wrong, so
    that the model takes over the collection's words but not its errors. Five answers of at most
    128 tokens are sampled at temperature 1. The new query is ``q g1 q g2 … q g5``.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno`` and ``text``; queries
    without results are then lost upstream. Output columns: see
    :class:`~pyterrier_rewrite.LLMRewriter`.

    Args:
        llm: The language model.
        feedback: Pipeline that finds documents with their ``text``: ``bm25 >> index.text()``.
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> from pyterrier_rewrite import FakeLLM, LameR
        >>> from pyterrier_rewrite.testing import sample_results
        >>> LameR(FakeLLM(["a sofa", "a settee"]), n=2)(sample_results())["query"][0]
        'red couch for two a sofa red couch for two a settee'
    """

    reference = "Shen et al. Large Language Models are Strong Zero-Shot Retriever. 2023"
    published = Published(
        prompt="lamer/answer",
        n=5,
        temperature=1.0,
        max_tokens=128,
        fb_docs=10,
        formulation=Interleave(),
    )
