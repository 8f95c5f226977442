"""PastQueries: what people found who asked something like it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import islice
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..base import NewQuery, Rewriter, Rewritten
from ..columns import QUERY, QUERY_TOKS, skipped
from ..protocols import Analyzer, CollectionStatistics, Encoder
from ..ranges import Count, Share, check_attributes
from ..text.analysis import mix_terms
from ..text.pool import TERMS, ExamplePool, likeness


class PastQueries(Rewriter):
    r"""Expands a query with the terms that answered the past queries most like it.

    Of each past query the pool knows the terms that are typical of its relevant (or clicked)
    documents. The ``n`` past queries that are most like the new one give theirs:

    .. math::

        P(w|q') = \lambda\, P(w|q) + (1 - \lambda) \sum_{p} \frac{s(p)}{\sum s}\, P(w|p)

    with ``s(p)`` the likeness, and ``P(w|p)`` the same for all terms of a past query. It needs
    judgements or clicks, but no training, no language model and no first search.

    A past query of the same id never counts. One of the same words counts if ``repeated``: in
    production it is the best evidence, in an experiment it may be the query under test.

    Input columns: ``qid``, ``query``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``query_toks`` holds the
    weighted terms, which sum to one, and ``query`` keeps its text. ``qstatus`` is ``skipped: …``
    where no past query is like it.

    Args:
        statistics: Gives the analyzer of the index that will be searched (``index.statistics``).
        pool: :meth:`~pyterrier_rewrite.ExamplePool.with_typical_terms` of the past.
        n: Past queries that count, at least 1.
        original_weight: Weight of the query itself, in [0, 1].
        min_likeness: A past query counts if it is more like the query than this, in [0, 1].
        repeated: Whether a past query of the same words counts.
        encoder: Compares queries by vectors, for example a dense index; None compares them by
            TF-IDF weights, in which queries that share no word are not alike at all.
        on_error: ``"keep"`` the original query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range, or the pool's examples have no ``terms``.

    Example:
        >>> pool = ExamplePool.with_typical_terms(          # doctest: +SKIP
        ...     topics, qrels, index, index.statistics)
        >>> pipeline = PastQueries(index.statistics, pool) >> bm25  # doctest: +SKIP

    Differs from the paper, which takes the terms of the documents that past queries found: ours
    are typical of their judged documents.
    """

    writes = (QUERY_TOKS,)
    reference = (
        "Fitzpatrick & Dent. Automatic Feedback Using Past Queries: Social Searching? SIGIR 1997"
    )

    def __init__(
        self,
        statistics: CollectionStatistics,
        pool: ExamplePool,
        *,
        n: Count = 5,
        original_weight: Share = 0.4,
        min_likeness: Share = 0.0,
        repeated: bool = False,
        encoder: Encoder | None = None,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        if not all(example.get(TERMS, "").strip() for example in pool):
            raise ValueError(
                "every past query needs its terms; make the pool with "
                "ExamplePool.with_typical_terms"
            )
        self.statistics = statistics
        self.pool = pool
        self.n = n
        self.original_weight = original_weight
        self.min_likeness = min_likeness
        self.repeated = repeated
        self.encoder = encoder
        self.on_error = on_error
        check_attributes(self)

    @property
    def analyzer(self) -> Analyzer:
        """The engine's."""
        return self.statistics.analyzer

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Expand every query by its past ones."""
        compare = likeness(self.pool, self.encoder)
        outcomes = []
        for query in queries.to_dict("records"):
            past = self._past(query, compare(query[QUERY]))
            if past:
                toks = self._mixed(query[QUERY], past)
                outcomes.append(Rewritten([NewQuery(query[QUERY], toks=toks)]))
            else:
                outcomes.append(Rewritten(status=skipped("no past query is like it")))
        return outcomes

    def _past(
        self, query: Mapping[Hashable, Any], alike: npt.NDArray[np.floating[Any]]
    ) -> list[tuple[str, float]]:
        """Return the terms of the past queries that count, and how alike each is."""
        at = np.flatnonzero(alike > self.min_likeness)
        best = at[np.argsort(-alike[at], kind="stable")].tolist()
        past = islice(self.pool.others(query, best, repeated=self.repeated), self.n)
        return [(self.pool.examples[i][TERMS], float(alike[i])) for i in past]

    def _mixed(self, query: str, past: list[tuple[str, float]]) -> dict[str, float]:
        total = sum(alike for _, alike in past)
        share = 1 - self.original_weight
        shares = [(terms, share * alike / total) for terms, alike in past]
        return mix_terms([(query, self.original_weight), *shares], self.analyzer)
