"""NovelDocuments: better results, and other ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pyterrier_rewrite.columns import QUERY_0
from pyterrier_rewrite.measures import measure_of
from pyterrier_rewrite.ranges import Share
from pyterrier_rewrite.rankings.asking import Requests

from ..candidates import groups_of, with_originals
from ..scoring import Marks
from .search_feedback import Searched, SearchFeedback


@dataclass(frozen=True)
class NovelDocuments(Searched):
    r"""Mixes the gain over the original query with the share of documents it did not find.

    .. math::

        R = (1 - w) \, \bigl(m(S(q')) - m(S(q))\bigr)
            + w \, \frac{|S_k(q') \setminus S_k(q)|}{|S_k(q')|}

    of the rewrite :math:`q'` and the original query :math:`q`, with :math:`S_k` the top k that the
    engine finds, :math:`m` the measure and k its cutoff.
    Any nonsense finds other documents, so keep ``w`` small.

    Input columns and verdicts: as :class:`SearchFeedback`, and ``query_0``. The originals are
    searched for in the same batch.

    Args:
        engine: What follows the rewriter when it serves.
        qrels: Judgements of the original queries.
        measure: A measure with a cutoff.
        novelty: The weight w, in [0, 1].
        columns: Other columns that the engine reads.

    Raises:
        ValueError: If the measure has no cutoff, or the weight is out of range.

    Example:
        >>> reward = NovelDocuments(bm25, qrels)  # doctest: +SKIP

    Reference: after Adolphs et al. Boosting Search Engines with Interactive Agents. TMLR 2022.
    """

    measure: Any = field(default="nDCG@10", kw_only=True)
    novelty: Share = field(default=0.2, kw_only=True)
    columns: Sequence[str] = field(default=(), kw_only=True)

    needs = (QUERY_0,)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "measure", measure_of(self.measure))
        if not isinstance(self.measure.params.get("cutoff"), int):
            raise ValueError(f"measure should have a cutoff such as nDCG@10, found {self.measure}")

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search for candidates and originals at once, and compare."""
        longer, original = with_originals(candidates)
        feedback = SearchFeedback(self.engine, self.qrels, self.measure, columns=self.columns)
        requests = Requests.of_candidates(longer, self.columns)
        runs = feedback.runs(requests)
        groups = groups_of(longer)
        measured = feedback.measured(groups, requests.asked, runs)
        k = self.measure.params["cutoff"]
        top = {
            name: list((runs or {}).get(request, {}))[:k]
            for name, request in zip(groups, requests.asked, strict=True)
        }
        rewrites = groups_of(candidates)
        marks: Marks = dict.fromkeys(rewrites)
        for name, group in rewrites.items():
            after, before = measured[name], measured[original[group]]
            if after is not None and before is not None:
                known = set(top[original[group]])
                fresh = sum(docno not in known for docno in top[name]) / max(1, len(top[name]))
                marks[name] = (1 - self.novelty) * (after - before) + self.novelty * fresh
        return marks
