"""A warm start without a teacher: targets from judged documents (distant supervision)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pandas as pd
import pyterrier as pt

from ...columns import DOCNO, LABEL, QCAND, QID, QUERY, SCORE
from ...parsing.parsers import Text, written
from ...prompting.formulation import Formulation
from ...prompting.llm_rewriter import LLMRewriter
from ...protocols import CollectionStatistics, Reward, TextSource
from ...ranges import Count, Natural, Share, Weight, check_ranges
from ...rankings.lists import top
from ...text.typical import typical_terms
from ..run.columns import TARGET
from ..run.marks import checked
from ..run.task import Task


def distant_supervision(
    rewriter: LLMRewriter,
    topics: pd.DataFrame,
    qrels: pd.DataFrame,
    reward: Reward,
    *,
    texts: TextSource,
    statistics: CollectionStatistics,
    documents: Count = 20,
    candidates: Count = 16,
    terms: Count = 8,
    min_share: Share = 0.25,
    min_gain: Weight = 0.02,
    formulations: Sequence[Formulation] = (),
    verbose: bool = True,
) -> pd.DataFrame:
    r"""Find targets for :func:`~pyterrier_rewrite.training.sft`: the words that help retrieval.

    Candidate terms of a query are those that its best documents have in common and the
    collection has not, by

    .. math::  p \log \frac{p N}{df}

    with ``p`` the share of the best documents (those of the query's highest grade) that hold the
    term. From these a target is put together greedily: in each round the term is added whose
    rewrite, formed as the rewriter forms it, gets the highest mark, until none gains
    ``min_gain``. Each round scores all queries at once. Terms are written as the rewriter's parser
    reads them and its prompt asks for them: between commas, one a line, or in one text.

    Args:
        rewriter: Its prompt, parser and formulation make queries of terms; its model is not asked.
        topics: ``qid``, ``query`` and whatever prompt and reward need.
        qrels: ``qid``, ``docno``, ``label``.
        reward: What is to gain, such as ``SearchFeedback(bm25, qrels, "nDCG@10")``.
        texts: Document texts, such as an index.
        statistics: Document frequencies and analyzer, such as ``index.statistics``.
        documents: Most documents a query, at least 1.
        candidates: Most candidate terms a query, at least 1.
        terms: Most terms a target, at least 1.
        min_share: Least ``p`` of a candidate term, in [0, 1].
        min_gain: Least gain of a term, in the reward's units, 0 or more.
        formulations: Formulations to find targets for, in place of the rewriter's own; equal
            targets are given once. Two weights of the query, as in ``RepeatTerms(1)`` and
            ``RepeatTerms(0.3)``, teach a small model more than one: terms that helped by chance
            do not recur.
        verbose: Whether to show progress.

    Returns:
        The topics' columns with ``target`` (terms, the one that gains most first) and ``score``
        (the reward's mark), one row a target. A topic is missing if it has no relevant document,
        nothing gains, or the reward has no verdict on it.

    Raises:
        ValueError: If a number is out of its range, or no topic has a relevant document with text.
        TrainingError: If a mark is NaN or missing; it names the queries.

    Example:
        >>> reward = SearchFeedback(index.bm25(), qrels, "nDCG@10")        # doctest: +SKIP
        >>> pairs = distant_supervision(rewriter, topics, qrels, reward,
        ...     texts=index, statistics=index.statistics)                  # doctest: +SKIP
        >>> warm = sft(rewriter, pairs, output_dir="runs/warm")            # doctest: +SKIP
    """
    check_ranges(distant_supervision, locals())
    task = Task.of(rewriter, topics)
    how = {"documents": documents, "min_share": min_share}
    ranked = _ranked_terms(task.topics, qrels, texts=texts, statistics=statistics, **how)
    options = [ranked.get(qid, [])[:candidates] for qid in task.topics[QID]]
    found = []
    for formulation in pt.tqdm(
        formulations or [rewriter.formulation], "distant supervision", disable=not verbose
    ):
        formed = replace(task, rewriter=rewriter.apply_attributes(formulation=formulation))
        chosen, marks = _greedy(_Marks(formed, reward), options, terms, min_gain)
        targets = [written(rewriter.parser, its) for its in chosen]
        frame = task.topics.assign(**{TARGET: targets, SCORE: marks})
        found.append(frame[[bool(its) for its in chosen]])
    return pd.concat(found).drop_duplicates([QID, TARGET]).reset_index(drop=True)


def typical_targets(
    topics: pd.DataFrame,
    qrels: pd.DataFrame,
    *,
    texts: TextSource,
    statistics: CollectionStatistics,
    rewriter: LLMRewriter | None = None,
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
        rewriter: Who will learn them: terms are written as its prompt asks for them; None writes
            one text.
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
    how = {"documents": documents, "min_share": min_share}
    ranked = _ranked_terms(topics, qrels, texts=texts, statistics=statistics, **how)
    parser = Text() if rewriter is None else rewriter.parser
    random = Random(seed)
    rows: list[int] = []
    targets: list[str] = []
    for row, qid in enumerate(topics[QID]):
        its = ranked.get(qid, [])[:candidates]
        if its:
            rows.extend([row] * draws)
            drawn = (_draw(its, terms, random) for _ in range(draws))
            targets.extend(written(parser, some) for some in drawn)
    return topics.iloc[rows].assign(**{TARGET: targets}).reset_index(drop=True)


def pseudo_judgements(
    topics: pd.DataFrame, pipeline: pt.Transformer, *, documents: Count = 5
) -> pd.DataFrame:
    """Take what a pipeline ranks first for relevant, where nobody has judged.

    The targets that :func:`distant_supervision` finds with these teach a cheap engine to find
    what an expensive one, such as a dense retriever or a reranker, would have found.

    Args:
        topics: ``qid``, ``query`` and whatever the pipeline reads.
        pipeline: The teacher.
        documents: How many of its first documents count, at least 1.

    Returns:
        ``qid``, ``docno``, ``label`` (1).

    Example:
        >>> found = pd.DataFrame([["q", "d1", 2.0], ["q", "d2", 1.0]])
        >>> teacher = pt.Transformer.from_df(found.set_axis(["qid", "docno", "score"], axis=1))
        >>> topics = pd.DataFrame([{"qid": "q", "query": "couch"}])
        >>> pseudo_judgements(topics, teacher, documents=1).values.tolist()
        [['q', 'd1', 1]]
    """
    check_ranges(pseudo_judgements, locals())
    first = top(pipeline.transform(topics), documents)
    return first[[QID, DOCNO]].assign(label=1).reset_index(drop=True)


def join_pairs(
    data: pd.DataFrame, *, count: Natural, rewriter: LLMRewriter | None = None, seed: int = 0
) -> pd.DataFrame:
    """Add rows that ask two queries at once and want both targets.

    To answer them a model must find out which words of the query call for which words of the
    target, and cannot learn whole queries by heart. For small models from scratch this is worth
    more than anything else; large ones know it already.

    Args:
        data: ``qid``, ``query``, ``target``, as for :func:`~pyterrier_rewrite.training.sft`.
        count: Rows to add, 0 or more.
        rewriter: Who will learn them: both targets are joined as its prompt asks for parts; None
            puts a space between.
        seed: Decides who is joined with whom.

    Returns:
        The rows of ``data`` and then the new ones, whose qid is ``<qid>+<qid>``. Other columns of
        a new row are those of its first query.

    Example:
        >>> pairs = pd.DataFrame([{"qid": "1", "query": "couch", "target": "sofa"}])
        >>> join_pairs(pairs, count=1).iloc[1].tolist()
        ['1+1', 'couch couch', 'sofa sofa']
    """
    check_ranges(join_pairs, locals())
    random = Random(seed)
    if not len(data):
        return data
    rows = [random.randrange(len(data)) for _ in range(2 * count)]
    first, second = (data.iloc[rows[i::2]].reset_index(drop=True) for i in (0, 1))
    parser = Text() if rewriter is None else rewriter.parser
    targets = [written(parser, both) for both in zip(first[TARGET], second[TARGET], strict=True)]
    joined = first.assign(
        **{
            QID: first[QID] + "+" + second[QID],
            QUERY: first[QUERY] + " " + second[QUERY],
            TARGET: targets,
        }
    )
    return pd.concat([data, joined], ignore_index=True)


def _ranked_terms(topics: pd.DataFrame, qrels: pd.DataFrame, **how: Any) -> dict[str, list[str]]:
    """Return the typical terms of each topic that has a relevant document."""
    pt.validate.columns(qrels, includes=[LABEL, DOCNO, QID])
    return typical_terms(qrels[qrels[QID].isin(set(topics[QID]))], **how)


def _draw(ranked: Sequence[str], count: int, random: Random) -> list[str]:
    """Return some of the terms, in their order."""
    kept = sorted(random.sample(range(len(ranked)), min(count, len(ranked))))
    return [ranked[i] for i in kept]


def _greedy(
    marks_of: _Marks, options: Sequence[Sequence[str]], terms: int, min_gain: float
) -> tuple[list[list[str]], list[float | None]]:
    """Add to each topic's target, round by round, the term that gains most."""
    targets: list[list[str]] = [[] for _ in options]
    marks = marks_of.of([(row, ()) for row in range(len(options))])
    active = {row: mark for row, mark in enumerate(marks) if mark is not None}
    for _ in range(terms):
        tries = [
            (row, (*targets[row], term))
            for row in active
            for term in options[row]
            if term not in targets[row]
        ]
        if not tries:
            break
        found = marks_of.of(tries)
        better: dict[int, float] = {}
        for (row, target), mark in zip(tries, found, strict=True):
            if mark is not None and mark > better.get(row, active[row] + min_gain):
                better[row] = marks[row] = mark
                targets[row] = list(target)
        active = better
    return targets, marks


class _Marks:
    """The marks of targets, each asked for once; an empty one leaves the query as it is."""

    def __init__(self, task: Task, reward: Reward) -> None:
        self.task = task
        self.reward = reward
        self.known: dict[tuple[int, tuple[str, ...]], float | None] = {}

    def of(self, tries: Sequence[tuple[int, tuple[str, ...]]]) -> list[float | None]:
        """Return the marks of pairs of a topic's number and the terms of a target."""
        new = [key for key in dict.fromkeys(tries) if key not in self.known]
        if new:
            texts = [written(self.task.rewriter.parser, terms) if terms else "" for _, terms in new]
            frame = self.task.candidates([row for row, _ in new], texts)
            marks = checked(self.reward, frame)
            for key, name in zip(new, frame[QCAND].unique(), strict=True):
                self.known[key] = marks[name]
        return [self.known[key] for key in tries]
