"""BestOf: sample several rewrites, keep the one that a reward likes best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyterrier as pt

from ..base import DOCUMENTS, Rewriter, Rewritten, add_usage
from ..columns import QCAND, QGROUP, QGROUP_QUERY, QID, QUERY, skipped
from ..llm.spread import Spread
from ..protocols import Analyzer, Reward


class BestOf(Rewriter):
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
        n: int = 8,
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

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Sample, score and choose, the whole batch at once."""
        sampler = self._sampler()
        copies = queries.loc[queries.index.repeat(self.n)].reset_index(drop=True)
        number = np.tile(np.arange(1, self.n + 1), len(queries))
        copies[QID] = [f"{qid}~{i}" for qid, i in zip(copies[QID], number, strict=True)]
        made = list(sampler.rewrite(copies))
        samples = [made[start : start + self.n] for start in range(0, len(made), self.n)]
        for its, text in zip(samples, queries[QUERY], strict=True):
            for sample in its:
                sampler._make_safe(sample, text)
            if self.or_original:
                kept = skipped("no rewrite is better")
                its.insert(0, Rewritten([self.original_query(text)], kept))
        marks = self._marks(sampler, queries, samples)
        return [
            _combined(its, _winner(its, marked, has_original=self.or_original))
            for its, marked in zip(samples, marks, strict=True)
        ]

    def _sampler(self) -> Rewriter:
        """Return the rewriter as it is sampled."""
        if self.n < 1:
            raise ValueError(f"n should be at least 1, found {self.n}")
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
        return self.rewriter.apply_attributes(**changes)

    def _marks(
        self, sampler: Rewriter, queries: pd.DataFrame, samples: Sequence[Sequence[Rewritten]]
    ) -> list[list[float | None]]:
        """Return the mark of every sample; one that cannot be read has none."""
        places = [
            (row, i)
            for row, its in enumerate(samples)
            for i, sample in enumerate(its)
            if not sample.status.startswith("failed")
        ]
        marks: list[list[float | None]] = [[None] * len(its) for its in samples]
        if not places:
            return marks
        frame = queries.drop(columns=[DOCUMENTS], errors="ignore")
        frame = frame.iloc[[row for row, _ in places]].reset_index(drop=True)
        if QGROUP not in frame.columns:
            frame[QGROUP], frame[QGROUP_QUERY] = frame[QID], frame[QUERY]
        first = 0 if self.or_original else 1
        names = [f"{qid}~{i + first}" for qid, (_, i) in zip(frame[QID], places, strict=True)]
        frame[QID] = frame[QCAND] = names
        candidates = sampler._assemble(frame, [samples[row][i] for row, i in places])
        found = self.reward.score(candidates)
        for name, (row, i) in zip(names, places, strict=True):
            marks[row][i] = found[name]
        return marks

    # -- what the rewriter is like -------------------------------------------------------

    @property
    def fb_docs(self) -> int:  # type: ignore[override]
        """Feedback documents that the rewriter reads."""
        return self.rewriter.fb_docs

    @property
    def feedback(self) -> pt.Transformer | None:  # type: ignore[override]
        """Pipeline that finds them."""
        return self.rewriter.feedback

    @property
    def writes(self) -> tuple[str, ...]:
        """The query forms that the rewriter writes."""
        return self.rewriter.writes

    @property
    def several(self) -> bool:
        """Whether the rewriter makes several queries from one."""
        return self.rewriter.several

    @property
    def analyzer(self) -> Analyzer:
        """The rewriter's."""
        return self.rewriter.analyzer

    @property
    def repeatable(self) -> bool:
        """Whether the rewriter always makes the same samples."""
        return self.rewriter.repeatable and self.temperature is None

    def original_terms(self, text: str) -> dict[str, float]:
        """Return the terms of an unchanged query, as the rewriter has them."""
        return self.rewriter.original_terms(text)

    def original_vector(self, text: str) -> npt.NDArray[np.floating[Any]] | None:
        """Return the vector of an unchanged query, as the rewriter has it."""
        return self.rewriter.original_vector(text)

    def subtransformers(self) -> dict[str, pt.Transformer]:
        """Return the rewriter inside this one, for :mod:`pyterrier.inspect`."""
        return {"rewriter": self.rewriter}


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
        return Rewritten((), samples[-1].status, samples[-1].gen, usage)
    best = samples[winner]
    queries = () if best.status.startswith("skipped") else best.queries
    return Rewritten(queries, best.status, best.gen, usage)
