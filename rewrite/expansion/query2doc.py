"""Query2Doc: expand a query by a passage that a model writes for it."""

from __future__ import annotations

from ..prompting.formulation import Repeat
from ..prompting.llm_rewriter import LLMRewriter, Published


class Query2Doc(LLMRewriter):
    """Appends a generated passage to the query (query2doc).

    One passage of at most 128 tokens, at temperature 1. The new query is ``query × 5 + passage``
    for a sparse engine; other forms by ``formulation``:
    :class:`~pyterrier_rewrite.RepeatTerms` (weighted terms) or
    :class:`~pyterrier_rewrite.Join` (``query [SEP] passage``, for dense retrieval).

    Input columns: ``qid``, ``query``. Output columns: the same, and ``query_toks`` with
    ``RepeatTerms``; see :class:`~pyterrier_rewrite.Rewriter` for the others.

    Args:
        llm: The language model.
        prompt: ``"query2doc/zero-shot"`` (default) or ``"query2doc/few-shot"`` (four examples,
            as published; your own by ``examples=[{"query": …, "passage": …}, …]``).
        **settings: As in :class:`~pyterrier_rewrite.LLMRewriter`.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import FakeLLM, Query2Doc
        >>> rewriter = Query2Doc(FakeLLM("A sofa seats two or three people."))
        >>> rewriter.search("couch")["query"][0]
        'couch couch couch couch couch A sofa seats two or three people.'
    """

    reference = (
        "Wang, Yang & Wei. Query2doc: Query Expansion with Large Language Models. EMNLP 2023"
    )
    published = Published(
        prompt="query2doc/zero-shot", n=1, temperature=1.0, max_tokens=128, formulation=Repeat(5)
    )
