"""HQE: keywords of the conversation, found by the engine's own scores, and fitted to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

import ir_measures
import numpy as np
import pandas as pd
import pyterrier as pt

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QID, QUERY, SCORE, skipped
from ..measures import measure_of
from ..protocols import Analyzer
from ..ranges import Natural
from .history import History, histories

_SHARES: Final = (0.0, 0.25, 0.5, 0.65, 0.8, 0.9, 0.95)
"""Shares of the training words, or turns, below a threshold that is tried."""


class HQE(Rewriter):
    """Appends the conversation's keywords: historical query expansion.

    A word is as good a keyword as its best document under BM25 says: rare words that some
    document is about score high. Words of the whole conversation that score at least
    ``topic_score`` are appended. Where the turn is ambiguous, because even its own best document
    scores below ``clear_score``, so are words of the last ``last_turns`` turns that score at least
    ``subtopic_score``. Each stem is appended once, and not if the turn has it.

    Scores depend on engine and collection. The defaults are the paper's, for Lucene and CAsT
    2019: let :func:`fit_hqe` find yours.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``qstatus`` is ``skipped: …``
    for a turn without history, and where no word is a keyword.

    Args:
        bm25: The engine that will be searched; it scores single words and turns.
        topic_score: Least score of a keyword of the topic; ``inf`` appends none.
        subtopic_score: Least score of a keyword of the sub-topic.
        clear_score: Best score from which a turn is clear; 0 takes every turn for clear.
        last_turns: From how many of the last turns sub-topic words are taken, 0 or more.
        responses: Whether to take words from the assistant's messages too.
        on_error: ``"keep"`` the query, or ``"raise"``.

    Raises:
        ValueError: If ``last_turns`` is negative.

    Example:
        >>> hqe = HQE(bm25, topic_score=9, subtopic_score=7)               # doctest: +SKIP
        >>> pipeline = hqe >> bm25                                         # doctest: +SKIP
    """

    reference = (
        "Lin et al. Multi-Stage Conversational Passage Retrieval: An Approach to Fusing Term "
        "Importance Estimation and Neural Query Rewriting. TOIS 2021"
    )

    def __init__(
        self,
        bm25: pt.Transformer,
        *,
        topic_score: float = 4.5,
        subtopic_score: float = 3.5,
        clear_score: float = 10.0,
        last_turns: Natural = 5,
        responses: bool = False,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.bm25 = bm25
        self.topic_score = topic_score
        self.subtopic_score = subtopic_score
        self.clear_score = clear_score
        self.last_turns = last_turns
        self.responses = responses
        self.on_error = on_error
        self.check()

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a turn alone before which nothing was said."""
        said = [_turns(history, self.responses) for history in histories(queries)]
        return [None if turns else "no history" for turns in said]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Append the keywords of every conversation; the engine is asked once for the batch."""
        outcomes = []
        for turn in score_turns(self.bm25, queries, self.analyzer, responses=self.responses):
            terms = self.keywords(turn)
            if terms:
                outcomes.append(Rewritten([NewQuery(" ".join([turn.query, *terms]))]))
            else:
                outcomes.append(Rewritten(status=skipped("no keywords in the history")))
        return outcomes

    def keywords(self, turn: ScoredTurn) -> list[str]:
        """Return the words to append: of each stem the first form, in the order of the history."""
        ambiguous = turn.score < self.clear_score
        recent = len(turn.history) - self.last_turns
        found: dict[str, str] = {}
        for at, words in enumerate(turn.history):
            least = self.topic_score
            if ambiguous and at >= recent:
                least = min(least, self.subtopic_score)
            for word in words:
                if word.score >= least:
                    found.setdefault(word.stem, word.text)
        return [word for stem, word in found.items() if stem not in turn.stems]

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return the engine, for :mod:`pyterrier.inspect`."""
        return {"bm25": self.bm25}


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the history; ``score`` is the best of any document for it alone."""

    text: str
    stem: str
    score: float


@dataclass(frozen=True, slots=True)
class ScoredTurn:
    """A turn with what the engine says about it.

    Attributes:
        query: The turn's text.
        stems: The stems of its words.
        score: The best score of any document for it; of a turn without history, infinity.
        history: The words of each turn before it, oldest first.
    """

    query: str
    stems: frozenset[str]
    score: float
    history: Sequence[Sequence[Word]]


def score_turns(
    bm25: pt.Transformer, queries: pd.DataFrame, analyzer: Analyzer, *, responses: bool
) -> list[ScoredTurn]:
    """Ask the engine for the best score of every turn and of every word said before it."""
    texts = queries[QUERY].tolist()
    said = [_turns(history, responses) for history in histories(queries)]
    messages = {message for turns in said for turn in turns for message in turn}
    terms_of = {message: analyzer.terms(message) for message in messages}
    terms = sorted({term for its in terms_of.values() for term in its})
    asked = sorted({text for text, turns in zip(texts, said, strict=True) if turns})
    best = best_scores(bm25, [*terms, *asked])
    words = {term: Word(term, analyzer.stem(term), best.get(term, 0.0)) for term in terms}
    return [
        ScoredTurn(
            text,
            frozenset(map(analyzer.stem, analyzer.terms(text))),
            best.get(text, 0.0) if turns else math.inf,
            [[words[term] for message in turn for term in terms_of[message]] for turn in turns],
        )
        for text, turns in zip(texts, said, strict=True)
    ]


def _turns(history: History, responses: bool) -> list[list[str]]:
    """Return the messages of each turn: what the user said and, if wanted, the responses."""
    turns: list[list[str]] = []
    for message in history:
        if message["role"] == "user":
            turns.append([message["content"]])
        elif responses:
            turns = turns or [[]]
            turns[-1].append(message["content"])
    return turns


def best_scores(bm25: pt.Transformer, texts: Iterable[str]) -> dict[str, float]:
    """Return the best score of each text; those that find nothing are left out."""
    distinct = list(dict.fromkeys(texts))
    queries = pd.DataFrame({QID: list(map(str, range(len(distinct)))), QUERY: distinct})
    if queries.empty:
        return {}
    results = (bm25 % 1).compile().transform(queries)
    return dict(zip(results[QUERY], map(float, results[SCORE]), strict=True))


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
        texts = tuple(" ".join([turn.query, *hqe.keywords(turn)]) for turn in turns)
        candidates.setdefault(texts, hqe)
    values = _values(bm25, topics[QID].tolist(), list(candidates), qrels, measure)
    _, best = min(
        zip(values, candidates, strict=True), key=lambda found: (-found[0], sum(map(len, found[1])))
    )
    return candidates[best]


def _quantiles(scores: Sequence[float]) -> list[float]:
    """Return thresholds, highest first."""
    return sorted({float(value) for value in np.quantile(scores, _SHARES)}, reverse=True)


def _values(
    bm25: pt.Transformer,
    qids: Sequence[str],
    variants: Sequence[Sequence[str]],
    qrels: pd.DataFrame,
    measure: str,
) -> list[float]:
    """Return the mean of the measure for each way to put all topics."""
    pairs = (pair for texts in variants for pair in zip(qids, texts, strict=True))
    asked = pd.DataFrame(list(dict.fromkeys(pairs)), columns=["topic", QUERY])
    asked[QID] = asked.index.astype(str)
    results = bm25.transform(asked[[QID, QUERY]])
    judged = qrels.rename(columns={QID: "topic"}).merge(asked[["topic", QID]], on="topic")
    metrics = ir_measures.iter_calc(
        [measure_of(measure)],
        pt.model.to_ir_measures(judged.drop(columns="topic")),
        pt.model.to_ir_measures(results),
    )
    found = {metric.query_id: metric.value for metric in metrics}
    rows = zip(asked["topic"], asked[QUERY], asked[QID], strict=True)
    values = {(topic, text): found.get(qid, 0.0) for topic, text, qid in rows}
    return [
        float(np.mean([values[pair] for pair in zip(qids, texts, strict=True)]))
        for texts in variants
    ]
