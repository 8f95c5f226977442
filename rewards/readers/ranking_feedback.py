"""RankingFeedback: a reranker's opinion instead of judgements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite.columns import DOCNO, QGROUP, QID, QUERY, QUERY_0, SCORE
from pyterrier_rewrite.ranges import Count
from pyterrier_rewrite.rankings.asking import Requests, cut, spans

from ..asking import run, search
from ..candidates import groups_of
from ..reward import Reward
from ..scoring import Marks


@dataclass(frozen=True)
class RankingFeedback(Reward):
    """Mean score that a reranker gives the documents of the rewrite for the **original** query.

    ``mean over the top documents d of S(rewrite) of rerank(original query, d)``: a rewrite that
    drifts finds documents that do not answer the original query. It needs no judgements. Each
    pair of original query and document is reranked once a batch.

    Input columns: as :class:`SearchFeedback`, and ``query_0``.

    Args:
        engine: What follows the rewriter when it serves, with the texts that the reranker reads:
            ``index.bm25(num_results=5) >> index.text()``.
        reranker: A transformer from results with ``qid``, ``query``, ``docno`` and texts to
            ``score``, such as ``CrossEncoderReranker``.
        num_docs: Top documents that count, at least 1.
        nothing_found: Mark of a rewrite that finds nothing: the low end of the reranker's scale.
        columns: Other columns that the engine reads.

    Raises:
        ValueError: If the reranker leaves documents out.

    Example:
        >>> engine = index.bm25(num_results=5) >> index.text()  # doctest: +SKIP
        >>> reward = RankingFeedback(engine, CrossEncoderReranker(model))  # doctest: +SKIP

    Reference: Mao et al. RaFe: Ranking Feedback Improves Query Rewriting for RAG. Findings of
    EMNLP 2024.
    """

    engine: pt.Transformer
    reranker: pt.Transformer
    num_docs: Count = field(default=5, kw_only=True)
    nothing_found: float = field(default=0.0, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    needs = (QUERY_0,)

    def threshold(self, candidates: pd.DataFrame) -> float:
        """Return μ, the mean over all feedback data: a candidate is good above it, else bad.

        Raises:
            ValueError: If no candidate has a verdict.
        """
        marks = [mark for mark in self.score(candidates).values() if mark is not None]
        if not marks:
            raise ValueError("there is no mean: no candidate has a verdict")
        return fmean(marks)

    def good(self, candidates: pd.DataFrame, *, threshold: float) -> dict[str, bool | None]:
        """Say which candidates are good, for preferences and KTO; None is no verdict.

        Args:
            candidates: The candidates.
            threshold: As :meth:`threshold` returns it for all feedback data.
        """
        return {
            name: None if mark is None else mark > threshold
            for name, mark in self.score(candidates).items()
        }

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search, rerank every distinct pair, and take the means."""
        groups = groups_of(candidates)
        marks: Marks = dict.fromkeys(groups)
        requests = Requests.of_candidates(candidates, self.columns)
        found = search(cut(self.engine, self.num_docs) or self.engine, requests.frame)
        if found is None:
            return marks
        rows = {
            request: range(start, min(end, start + self.num_docs))
            for request, start, end in spans(found.request)
        }
        wanted: dict[tuple[str, str], int] = {}
        lists: dict[str, list[tuple[str, str]]] = {}
        for (name, group), request in zip(groups.items(), requests.asked, strict=True):
            lists[name] = [(group, found.docnos[row]) for row in rows.get(request, ())]
            for pair, row in zip(lists[name], rows.get(request, ()), strict=True):
                wanted.setdefault(pair, row)
        scores = self._rerank(candidates, found.results, wanted) if wanted else {}
        if scores is None:
            return marks
        for name, pairs in lists.items():
            marks[name] = fmean([scores[p] for p in pairs]) if pairs else self.nothing_found
        return marks

    def _rerank(
        self,
        candidates: pd.DataFrame,
        results: pd.DataFrame,
        wanted: dict[tuple[str, str], int],
    ) -> dict[tuple[str, str], float] | None:
        texts = dict(zip(candidates[QGROUP].tolist(), candidates[QUERY_0].tolist(), strict=True))
        of_document = [column for column in results.columns if not column.startswith("q")]
        pairs = results.iloc[list(wanted.values())][of_document].reset_index(drop=True)
        pairs.insert(0, QID, [group for group, _ in wanted])
        pairs.insert(1, QUERY, [texts[group] for group, _ in wanted])
        reranked = run(self.reranker, pairs)
        if reranked is None:
            return None
        keys = zip(reranked[QID].tolist(), reranked[DOCNO].tolist(), strict=True)
        scores = dict(zip(keys, reranked[SCORE].tolist(), strict=True))
        missing = [pair for pair in wanted if pair not in scores]
        if missing:
            raise ValueError(
                f"the reranker should score every document, but {self.reranker!r} left out "
                f"{len(missing)} of {len(wanted)}, such as {missing[0]}; does it cut the ranking?"
            )
        return scores
