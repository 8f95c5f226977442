"""Fitting HQE's thresholds to an engine and a collection."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt

from ..columns import QID, QUERY
from .hqe import HQE, ScoredTurn, score_turns

_SHARES: Final = (0.0, 0.25, 0.5, 0.65, 0.8, 0.9, 0.95)
"""Shares of the training words, or turns, below a threshold that is tried."""


def fit_hqe(
    bm25: pt.Transformer,
    topics: pd.DataFrame,
    qrels: pd.DataFrame,
    *,
    measure: str = "nDCG@10",
    last_turns: int = 5,
    responses: bool = False,
) -> HQE:
    """Return the HQE whose thresholds do best on training conversations.

    Tried are the scores below which certain shares of the words and of the turns lie, and to
    append nothing at all. Each distinct query is searched once. Of equal thresholds those that
    append fewest words win.

    Args:
        bm25: The engine that will be searched.
        topics: ``qid``, ``query``, ``qhistory``.
        qrels: Judgements: ``qid``, ``docno``, ``label``.
        measure: What to maximise, as ir-measures names it.
        last_turns: As in :class:`HQE`.
        responses: As in :class:`HQE`.

    Raises:
        ValueError: If no topic is judged, or none has a history.

    Example:
        >>> hqe = fit_hqe(bm25, train_topics, qrels)                       # doctest: +SKIP
        >>> hqe(test_topics)                                               # doctest: +SKIP
    """
    topics = topics[topics[QID].isin(set(qrels[QID]))].reset_index(drop=True)
    start = HQE(bm25, last_turns=last_turns, responses=responses)
    turns = score_turns(bm25, topics, start.analyzer, responses=responses)
    words = [word.score for turn in turns for words in turn.history for word in words]
    if not words:
        raise ValueError(
            f"expected judged topics with a history to fit to, found {len(turns)} judged topics "
            "and no word in a history; give training conversations and their qrels"
        )
    word_scores = [float("inf"), *_quantiles(words)]
    turn_scores = [0.0, *_quantiles([turn.score for turn in turns if turn.history])]
    candidates: dict[tuple[str, ...], HQE] = {}
    for topic, subtopic, clear in product(word_scores, word_scores, turn_scores):
        if (subtopic < topic) != (clear > 0):
            continue  # it would append what another one does
        hqe = start.apply_attributes(topic_score=topic, subtopic_score=subtopic, clear_score=clear)
        candidates.setdefault(tuple(_texts(hqe, turns)), hqe)
    values = _values(bm25, topics[QID].tolist(), list(candidates), qrels, measure)
    fewest_words = sorted(
        zip(values, candidates.items(), strict=True),
        key=lambda found: (-found[0], sum(map(len, found[1][0]))),
    )
    return fewest_words[0][1][1]


def _quantiles(scores: Sequence[float]) -> list[float]:
    """Return thresholds, highest first."""
    return sorted({float(value) for value in np.quantile(scores, _SHARES)}, reverse=True)


def _texts(hqe: HQE, turns: Sequence[ScoredTurn]) -> list[str]:
    return [" ".join([turn.query, *hqe.keywords(turn)]) for turn in turns]


def _values(
    bm25: pt.Transformer,
    qids: Sequence[str],
    variants: Sequence[Sequence[str]],
    qrels: pd.DataFrame,
    measure: str,
) -> list[float]:
    """Return the mean of the measure for each way to put all topics."""
    asked = list(
        dict.fromkeys((q, t) for texts in variants for q, t in zip(qids, texts, strict=True))
    )
    number = {pair: str(at) for at, pair in enumerate(asked)}
    results = bm25.transform(
        pd.DataFrame({QID: list(number.values()), QUERY: [t for _, t in asked]})
    )
    judged = qrels.merge(
        pd.DataFrame({QID: [q for q, _ in asked], "asked": list(number.values())}), on=QID
    )
    judged = judged.drop(columns=QID).rename(columns={"asked": QID})
    parsed = ir_measures.parse_measure(measure)
    found = {
        metric.query_id: metric.value
        for metric in ir_measures.iter_calc(
            [parsed], pt.model.to_ir_measures(judged), pt.model.to_ir_measures(results)
        )
    }
    return [
        float(np.mean([found.get(number[pair], 0.0) for pair in zip(qids, texts, strict=True)]))
        for texts in variants
    ]
