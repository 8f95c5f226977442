"""Ready-made pipelines for conversations."""

from __future__ import annotations

from typing import Any, Literal

import pyterrier as pt

from pyterrier_rewrite.conversation import LLM4CS
from pyterrier_rewrite.llm import LLM

from .engines.dense.index import DenseIndex
from .fusion.base import Fusion
from .fusion.by_rank import Interleave

__all__ = ["mean_intent_search", "multi_query_search", "turn_search"]


def turn_search(
    engine: pt.Transformer,
    *,
    rewriter: pt.Transformer | None = None,
    text: pt.Transformer | None = None,
    reranker: pt.Transformer | None = None,
) -> pt.Transformer:
    """Return ``rewriter >> engine >> text >> reranker``, of which only the engine must be.

    Args:
        engine: The retriever, ``index.bm25()`` or ``index.retriever()``.
        rewriter: What rewrites each turn; None searches the raw turns.
        text: What adds the documents' texts for the reranker, ``index.text()``.
        reranker: What reranks against the rewritten turn.

    Example:
        >>> from pyterrier_rewrite import AppendFirstTurn
        >>> turn_search(index.bm25(), rewriter=AppendFirstTurn())  # doctest: +SKIP
    """
    pipeline = engine if rewriter is None else rewriter >> engine
    for stage in (text, reranker):
        pipeline = pipeline if stage is None else pipeline >> stage
    return pipeline


def mean_intent_search(
    llm: LLM, index: DenseIndex, *, num_results: int = 1000, **settings: Any
) -> pt.Transformer:
    """Return LLM4CS as published: the mean of rewrites and responses searches a dense index.

    Args:
        llm: The language model.
        index: The dense index, which also encodes.
        num_results: Most results a turn, at least 1.
        **settings: As in :class:`~pyterrier_rewrite.LLM4CS`.
    """
    rewriter = LLM4CS(llm, encoder=index, aggregation="Mean", **settings)
    return rewriter >> index.retriever(num_results=num_results)


def multi_query_search(
    rewriter: pt.Transformer,
    engine: pt.Transformer,
    *,
    text: pt.Transformer,
    reranker: pt.Transformer,
    fuse: Literal["before", "after"] = "after",
    fusion: Fusion | None = None,
) -> pt.Transformer:
    """Return a pipeline of several queries a turn, fused before or after they are reranked.

    ``"after"``: the results of each query are reranked against that query, then fused.
    ``"before"``: the results are fused, then reranked against the turn as it came to the
    rewriter. A raw turn says little to a reranker, so rewrite it first:
    ``multi_query_search(DialogueQuery(llm) >> MQ4CS(llm), …, fuse="before")``.

    Args:
        rewriter: What makes several queries of a turn, such as ``MQ4CS(llm)``.
        engine: The retriever.
        text: What adds the documents' texts, ``index.text()``.
        reranker: What reranks.
        fuse: Where the rankings of a turn meet.
        fusion: How; by default :class:`~pyterrier_rewrite.pipelines.Interleave`.

    Raises:
        ValueError: If ``fuse`` is neither.
    """
    joined = Interleave() if fusion is None else fusion
    if fuse == "after":
        return rewriter >> engine >> text >> reranker >> joined
    if fuse == "before":
        return rewriter >> engine >> joined >> text >> reranker
    raise ValueError(f"fuse should be 'before' or 'after' the reranking, found {fuse!r}")
