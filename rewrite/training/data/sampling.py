"""Candidates sampled from a rewriter, and what training makes of their marks."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean
from typing import Any, Literal

import pandas as pd

from ...columns import QCAND, QGEN, QGROUP, QID, QSTATUS, SCORE, failed
from ...prompting.llm_rewriter import LLMRewriter
from ...protocols import Reward
from ..run.columns import CHOSEN, COMPLETION, GOOD, REJECTED, TARGET
from ..run.marks import checked, unread
from ..run.task import Task


def sample_candidates(
    rewriter: LLMRewriter,
    topics: pd.DataFrame,
    *,
    n: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int | None = 0,
) -> pd.DataFrame:
    """Sample rewrites of each topic: the frame that rewards score.

    Args:
        rewriter: A rewriter on any model.
        topics: ``qid`` (unique), ``query`` and whatever the prompt needs.
        n: Samples a topic, at least 1.
        temperature: 0 is greedy, and all samples are the same.
        top_p: Nucleus mass in (0, 1].
        seed: Makes the samples repeatable; None draws anew each time.

    Returns:
        One row a candidate (several where it is several queries): ``qid``, ``qcand``
        (``<topic>~<i>``), ``qgroup`` (the topic's qid), ``query``, ``query_0``, ``qgen``,
        ``qstatus``, the query forms that the rewriter writes, and the topics' columns. Topics
        without a prompt have no rows.

    Raises:
        ValueError: If the topics give no prompt, or ``n`` is below 1.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import FakeLLM, Query2Doc
        >>> topics = pd.DataFrame([{"qid": "1", "query": "couch"}])
        >>> sample_candidates(Query2Doc(FakeLLM("a sofa")), topics, n=2)["qid"].tolist()
        ['1~1', '1~2']
    """
    task = Task.of(rewriter, topics)
    sampler = rewriter.apply_attributes(n=n, temperature=temperature, top_p=top_p, seed=seed)
    answers = sampler.generate(task.prompts)
    rows = [row for row, answer in enumerate(answers) for _ in range(n)]
    # a request that failed has no texts: its candidates are unreadable, and say why
    texts = [text for answer in answers for text in (answer.texts or [""] * n)]
    cut = [answer.cut for answer in answers for _ in range(n)]
    frame = task.candidates(rows, texts, cut=cut)
    reasons = {
        qid: failed(answer.error)
        for qid, answer in zip(task.topics[QID], answers, strict=True)
        if answer.error is not None
    }
    if reasons:
        frame[QSTATUS] = frame[QGROUP].map(reasons).fillna(frame[QSTATUS])
    return frame


def rejection_samples(
    rewriter: LLMRewriter,
    topics: pd.DataFrame,
    reward: Reward,
    *,
    n: int,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int | None = 0,
    threshold: float | None = None,
    drop_ties: bool = True,
) -> pd.DataFrame:
    """Keep each topic's best of ``n`` samples as a target for :func:`sft`.

    Args:
        rewriter: A rewriter on any model.
        topics: ``qid`` (unique), ``query`` and whatever prompt and reward need.
        reward: Marks the samples; without a verdict a sample is left out.
        n: Samples a topic.
        temperature: Of the samples.
        top_p: Nucleus mass in (0, 1].
        seed: Makes the samples repeatable.
        threshold: Lowest mark that is kept; None keeps any.
        drop_ties: Leave out topics all of whose samples have the same mark: nothing speaks for
            one of them.

    Returns:
        The topics' columns with ``target`` (the raw generation) and ``score`` (its mark); a
        topic of which no sample is kept is missing.

    Raises:
        TrainingError: If a mark is NaN or missing; it names the queries.

    Example:
        >>> data = rejection_samples(rewriter, topics, reward, n=8)  # doctest: +SKIP
        >>> warm = sft(rewriter, data, output_dir="runs/best-of-8")  # doctest: +SKIP
    """
    marked = _marked(rewriter, topics, reward, n=n, temperature=temperature, top_p=top_p, seed=seed)
    rows: list[tuple[Any, ...]] = []
    for qid, its in marked.groupby(QGROUP, sort=False):
        best = its.loc[its[SCORE].idxmax()]
        if threshold is not None and best[SCORE] < threshold:
            continue
        if drop_ties and its[SCORE].nunique() < 2:
            continue
        rows.append((qid, best["text"], best[SCORE]))
    return _with_topics(topics, rows, [TARGET, SCORE])


def preference_pairs(
    rewriter: LLMRewriter,
    topics: pd.DataFrame,
    reward: Reward,
    *,
    n: int,
    strategy: Literal["best_worst", "adjacent"] = "best_worst",
    solved: float | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int | None = 0,
) -> pd.DataFrame:
    """Pair better with worse samples of each topic, for :func:`dpo`.

    Args:
        rewriter: A rewriter on any model.
        topics: ``qid`` (unique), ``query`` and whatever prompt and reward need.
        reward: Marks the samples; without a verdict a sample is left out.
        n: Samples a topic, at least 2.
        strategy: ``"best_worst"`` makes one pair a topic. ``"adjacent"`` groups samples of the
            same mark and pairs every sample with every one of the next lower group (LeReT).
        solved: A topic all of whose samples reach this mark is left out; None leaves out none.
        temperature: Of the samples.
        top_p: Nucleus mass in (0, 1].
        seed: Makes the samples repeatable.

    Returns:
        The topics' columns with ``chosen`` and ``rejected`` (raw generations) and their marks
        ``chosen_score``, ``rejected_score``; topics whose samples all have one mark are missing.

    Raises:
        TrainingError: If a mark is NaN or missing; it names the queries.
        ValueError: If the strategy is not known.

    Example:
        >>> pairs = preference_pairs(rewriter, topics, reward, n=8)  # doctest: +SKIP
        >>> trained = dpo(rewriter, pairs, output_dir="runs/dpo")  # doctest: +SKIP

    Reference:
        Hsu et al., "Grounding by Trying: LLMs with Reinforcement Learning-Enhanced Retrieval",
        2024 (adjacent groups).
    """
    if strategy not in ("best_worst", "adjacent"):
        raise ValueError(f"strategy should be 'best_worst' or 'adjacent', found {strategy!r}")
    marked = _marked(rewriter, topics, reward, n=n, temperature=temperature, top_p=top_p, seed=seed)
    rows: list[tuple[Any, ...]] = []
    for qid, its in marked.groupby(QGROUP, sort=False):
        if solved is not None and its[SCORE].min() >= solved:
            continue
        # the same text twice is one sample
        levels = [
            (score, list(dict.fromkeys(level["text"])))
            for score, level in its.groupby(SCORE, sort=True)
        ]
        if strategy == "best_worst":
            levels = [(score, texts[:1]) for score, texts in (levels[0], levels[-1])]
        for (worse, rejected), (better, chosen) in pairwise(levels):
            if better > worse:
                rows += [(qid, good, bad, better, worse) for good in chosen for bad in rejected]
    return _with_topics(topics, rows, [CHOSEN, REJECTED, "chosen_score", "rejected_score"])


def labelled_samples(
    rewriter: LLMRewriter,
    topics: pd.DataFrame,
    reward: Reward,
    *,
    n: int,
    mu: float | None = None,
    temperature: float = 1.0,
    top_p: float = 1.0,
    seed: int | None = 0,
) -> pd.DataFrame:
    """Label samples good or bad, for :func:`kto`.

    Args:
        rewriter: A rewriter on any model.
        topics: ``qid`` (unique), ``query`` and whatever prompt and reward need.
        reward: Marks the samples; without a verdict a sample is left out.
        n: Samples a topic.
        mu: A sample is good if its mark is above it; None takes the mean over all samples, as
            RaFe does.
        temperature: Of the samples.
        top_p: Nucleus mass in (0, 1].
        seed: Makes the samples repeatable.

    Returns:
        The topics' columns with ``completion`` (raw generation), ``label`` and ``score``, one row
        a sample.

    Raises:
        TrainingError: If a mark is NaN or missing; it names the queries.

    Example:
        >>> samples = labelled_samples(rewriter, topics, reward, n=4)  # doctest: +SKIP
        >>> trained = kto(rewriter, samples, output_dir="runs/kto")  # doctest: +SKIP

    Reference:
        Mao et al., "RaFe: Ranking Feedback Improves Query Rewriting for RAG", Findings of EMNLP
        2024.
    """
    marked = _marked(rewriter, topics, reward, n=n, temperature=temperature, top_p=top_p, seed=seed)
    if mu is None and len(marked):
        mu = fmean(marked[SCORE])
    rows = [
        (qid, text, bool(score > mu), score)
        for qid, text, score in zip(marked[QGROUP], marked["text"], marked[SCORE], strict=True)
    ]
    return _with_topics(topics, rows, [COMPLETION, GOOD, SCORE])


def _marked(
    rewriter: LLMRewriter, topics: pd.DataFrame, reward: Reward, **sampling: Any
) -> pd.DataFrame:
    """Return one row a sample that could be read and has a verdict: group, raw text, mark."""
    sampled = sample_candidates(rewriter, topics, **sampling)
    frame = sampled[~unread(sampled)]
    marks = checked(reward, frame) if len(frame) else {}
    one = frame.drop_duplicates(QCAND)
    texts = [generations[0] for generations in one[QGEN]]
    marked = pd.DataFrame(
        {QGROUP: one[QGROUP].to_numpy(), "text": texts, SCORE: [marks[c] for c in one[QCAND]]}
    )
    return marked.dropna(subset=[SCORE]).astype({SCORE: float}).reset_index(drop=True)


def _with_topics(
    topics: pd.DataFrame, rows: list[tuple[Any, ...]], columns: list[str]
) -> pd.DataFrame:
    """Return the topics that have rows, which say its qid and the columns."""
    kept = topics.drop(columns=columns, errors="ignore")
    return kept.merge(pd.DataFrame(rows, columns=[QID, *columns]), on=QID, how="inner")
