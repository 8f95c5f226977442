"""Targets of typical terms: what the relevant documents of a query say."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pandas as pd
import pyterrier as pt

from ...columns import DOCNO, LABEL, QID, QUERY
from ...protocols import CollectionStatistics, TextSource
from ...ranges import Count, Share, check_ranges
from ...text.typical import typical_terms
from ..run.columns import TARGET


def typical_targets(
    topics: pd.DataFrame,
    qrels: pd.DataFrame,
    *,
    texts: TextSource,
    statistics: CollectionStatistics,
    draws: Count = 10,
    terms: Count = 5,
    candidates: Count = 12,
    documents: Count = 50,
    min_share: Share = 0.1,
    seed: int = 0,
) -> pd.DataFrame:
    """Draw targets for :func:`~pyterrier_rewrite.training.sft` from the typical terms of queries.

    Where :func:`~pyterrier_rewrite.training.distant_supervision` looks for the one best target,
    this draws several at random from the terms that are typical of a query's relevant documents,
    and asks no reward. A model that learns them writes something else every time, and several
    samples together weigh the terms by how typical they are: serve it with ``n`` over 1.

    Args:
        topics: ``qid``, ``query`` and whatever the prompt needs.
        qrels: ``qid``, ``docno``, ``label``.
        texts: Document texts, such as an index.
        statistics: Document frequencies and analyzer, such as ``index.statistics``.
        draws: Targets a query, at least 1.
        terms: Terms a target, at least 1.
        candidates: The most typical terms of a query, from which is drawn, at least 1.
        documents: Most documents a query, at least 1.
        min_share: Least share of the documents that hold a term, in [0, 1].
        seed: Decides the draws.

    Returns:
        The topics' columns with ``target``, one row a draw, the most typical term of a draw
        first. A topic without a relevant document is missing.

    Raises:
        ValueError: If a number is out of its range, or no topic has a relevant document with text.
    """
    check_ranges(typical_targets, locals())
    pt.validate.query_frame(topics, [QUERY])
    pt.validate.columns(qrels, includes=[LABEL, DOCNO, QID])
    ranked = typical_terms(
        qrels[qrels[QID].isin(set(topics[QID]))],
        texts=texts,
        statistics=statistics,
        documents=documents,
        min_share=min_share,
    )
    random = Random(seed)
    rows: list[int] = []
    targets: list[str] = []
    for row, qid in enumerate(topics[QID]):
        its = ranked.get(qid, [])[:candidates]
        if its:
            rows.extend([row] * draws)
            targets.extend(_draw(its, terms, random) for _ in range(draws))
    return topics.iloc[rows].assign(**{TARGET: targets}).reset_index(drop=True)


def _draw(ranked: Sequence[str], count: int, random: Random) -> str:
    """Return some of the terms, in their order."""
    kept = sorted(random.sample(range(len(ranked)), min(count, len(ranked))))
    return " ".join(ranked[i] for i in kept)
