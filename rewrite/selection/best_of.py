"""BestOf: sample several rewrites, keep the one that a reward likes best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..around import Around
from ..base import Rewriter, Rewritten
from ..columns import QCAND, QID, QSTATUS, skipped
from ..llm.wrapped import Spread
from ..protocols import Reward
from ..ranges import Count
from ..usage import add_usage


class BestOf(Around):
    """Samples ``n`` rewrites of each query and keeps the one with the highest reward.

    The reward is best one that needs no judgements, such as
    :class:`~pyterrier_rewrite.rewards.RankingFeedback`: what picks the best when training, picks
    it when serving. Of equal rewards the first wins. Samples without a verdict (``None``) lose
    against those with one; if none has one, the first sample is taken, as without a reward.
    Samples that cannot be read take no part.

    Input and output columns: those of the rewriter; the reward may read others. ``qgen`` is that
    of the winner, ``qusage`` sums over all samples.

    Args:
        rewriter: The rewriter that is sampled. Its feedback documents are found once a query. A
            model is asked once a query, for ``n`` samples.
        reward: Scores the candidates.
        n: Samples a query, at least 1.
        temperature: Of the samples; None keeps the rewriter's, which must then be above 0.
        or_original: Let the original query compete. A rewrite then has to be better: where the
            original wins, or is as good, it stays and ``qstatus`` says ``skipped: …``.
        on_error: ``"keep"`` the original text of a query that fails, or ``"raise"``.

    Raises:
        ValueError: On use, if ``n`` is below 1, or all samples would be the same.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt
        >>> from pyterrier_rewrite.rewards import Length
        >>> rewrite = Prompt("mine/rewrite", 1, (("user", "Rewrite: {query}"),), ("query",))
        >>> llm = FakeLLM(["a sofa, or maybe a couch, for two", "sofa for two"])
        >>> rewriter = LLMRewriter(llm, prompt=rewrite, temperature=1.0)
        >>> BestOf(rewriter, Length(high=4), n=2).search("couch")["query"][0]
        'sofa for two'
    """

    reference = (
        "Stiennon et al. Learning to summarize with human feedback. NeurIPS 2020 (best of n)"
    )

    def __init__(
        self,
        rewriter: Rewriter,
        reward: Reward,
        *,
        n: Count = 8,
        temperature: float | None = None,
        or_original: bool = False,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.rewriter = rewriter
        self.reward = reward
        self.n = n
        self.temperature = temperature
        self.or_original = or_original
        self.on_error = on_error

    include_original = False  # the samples bring it

    def check(self) -> None:
        """Raise if an argument cannot work, or all samples would be the same."""
        super().check()
        if not isinstance(self.rewriter, Rewriter):
            raise TypeError(
                f"rewriter should be one, such as Query2Doc(llm), found {self.rewriter!r}"
            )
        if not isinstance(self.reward, Reward):
            raise TypeError(f"reward should have score(candidates), found {self.reward!r}")
        self._sampler()

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Sample, score and choose, the whole batch at once."""
        sampler = self._sampler()
        copies = queries.loc[queries.index.repeat(self.n)].reset_index(drop=True)
        number = np.tile(np.arange(1, self.n + 1), len(queries))
        copies[QID] = [f"{qid}~{i}" for qid, i in zip(copies[QID], number, strict=True)]
        made = list(sampler.rewrite(copies))
        samples = [made[start : start + self.n] for start in range(0, len(made), self.n)]
        if self.or_original:
            for its in samples:
                its.insert(0, Rewritten(status=skipped("no rewrite is better")))
        marks = self._marks(sampler, queries, samples)
        return [
            _combined(its, _winner(its, marked, has_original=self.or_original))
            for its, marked in zip(samples, marks, strict=True)
        ]

    def _sampler(self) -> Rewriter:
        """Return the rewriter as it is sampled."""
        known = self.rewriter.parameters()
        changes: dict[str, Any] = {}
        if "llm" in known:
            changes["llm"] = Spread(self.rewriter.llm)
        if "temperature" in known:
            temperature = self.rewriter.temperature
            changes["temperature"] = temperature if self.temperature is None else self.temperature
            if self.n > 1 and changes["temperature"] == 0:
                raise ValueError(
                    f"all {self.n} samples would be the same, because {self.rewriter!r} asks its "
                    "model at temperature 0; pass temperature=0.7 or the like"
                )
        sampler: Rewriter = self.rewriter.apply_attributes(**changes)
        return sampler

    def _marks(
        self, sampler: Rewriter, queries: pd.DataFrame, samples: Sequence[Sequence[Rewritten]]
    ) -> list[list[float | None]]:
        """Return the mark of every sample; one that cannot be read has none."""
        each = len(samples[0])
        copies = queries.loc[queries.index.repeat(each)].reset_index(drop=True)
        made = [sample for its in samples for sample in its]
        rows = sampler.candidates(copies, made, first=0 if self.or_original else 1)
        names = rows[QCAND].unique().tolist()
        readable = rows[~rows[QSTATUS].str.startswith("failed")].reset_index(drop=True)
        found = self.reward.score(readable) if len(readable) else {}
        marks = [found.get(name) for name in names]
        return [marks[start : start + each] for start in range(0, len(marks), each)]

    @property
    def repeatable(self) -> bool:
        """Whether the rewriter always makes the same samples."""
        return super().repeatable and self.temperature is None


def _winner(
    samples: Sequence[Rewritten], marks: Sequence[float | None], *, has_original: bool
) -> int | None:
    """Return the place of the best mark, or else of the first sample that can be read."""
    known = [i for i, mark in enumerate(marks) if mark is not None]
    if known:
        return max(known, key=lambda i: (marks[i], -i))
    readable = [i for i, sample in enumerate(samples) if not sample.status.startswith("failed")]
    return next((i for i in readable if i > 0 or not has_original), None)


def _combined(samples: Sequence[Rewritten], winner: int | None) -> Rewritten:
    """Return the winner at the cost of all."""
    usage = None
    for sample in samples:
        if sample.usage is not None:
            usage = add_usage(usage, sample.usage)
    if winner is None:
        return replace(samples[-1], queries=(), usage=usage)
    best = samples[winner]
    queries = () if best.status.startswith("skipped") else best.queries
    return replace(best, queries=queries, usage=usage)
