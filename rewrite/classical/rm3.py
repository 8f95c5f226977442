"""RM3: the relevance model, interpolated with the original query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..protocols import CollectionStatistics
from ..ranges import Share
from ._terms import FeedbackDocument, TermFeedback, Weights, shares, top


class RM3(TermFeedback):
    r"""Expands a query with the terms that its best documents have in common.

    The relevance model is estimated from the feedback documents and mixed with the original
    query, both as probabilities:

    .. math::

        P(w|R) \propto \sum_{d} P(w|d)\, s(d), \qquad
        P(w|q') = \lambda\, P(w|q) + (1 - \lambda)\, P(w|R)

    with the choices of Anserini: ``s(d)`` is the document's score as a share of all scores,
    ``P(w|d)`` the share of the term among the ``fb_terms`` most frequent terms of the document,
    and the ``fb_terms`` best terms of the model are kept and sum to one. Terms shorter than 2
    or longer than 20 characters, with other characters than letters and digits, and those in
    more than a tenth of the collection do not expand. Documents weigh the same if a score is
    missing or negative (as logarithms of probabilities are), or if all are 0.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno``, ``text`` and, if
    there, ``rank`` and ``score``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``query_toks`` holds the
    weighted terms, which sum to one, and ``query`` keeps its text.

    Args:
        statistics: Document frequencies and analyzer of the index that will be searched
            (``index.statistics``).
        fb_docs: Feedback documents a query, at least 1.
        fb_terms: Terms of the relevance model, at least 1.
        original_weight: Weight of the original query, in [0, 1]; 1 leaves the query alone, 0
            is the plain relevance model RM1.
        max_df: Largest share of the collection's documents, in [0, 1], that a new term may
            occur in. In a small collection on one subject, 1 can be better.
        feedback: Pipeline that finds documents with ``text`` for a query frame.
        on_error: ``"keep"`` the original query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> feedback = index.bm25() >> index.text()  # doctest: +SKIP
        >>> pipeline = RM3(index.statistics, feedback=feedback) >> bm25  # doctest: +SKIP
    """

    reference = (
        "Lavrenko & Croft. Relevance-Based Language Models. SIGIR 2001; Abdul-Jaleel et al. UMass "
        "at TREC 2004: Novelty and HARD. TREC 2004"
    )

    def __init__(
        self,
        statistics: CollectionStatistics,
        *,
        original_weight: Share = 0.5,
        max_df: Share = 0.1,
        **settings: Any,
    ) -> None:
        self.original_weight = original_weight
        self.max_df = max_df
        super().__init__(statistics, **settings)

    def weigh(
        self, query: Weights, documents: Sequence[FeedbackDocument], frequencies: Mapping[str, int]
    ) -> Weights:
        """Return the relevance model, mixed with the query."""
        most = self.max_df * self.statistics.num_docs
        model: Weights = {}
        for document, weight in zip(documents, document_weights(documents), strict=True):
            rare = {s: n for s, n in document.counts.items() if frequencies[s] <= most}
            for stem, probability in shares(top(rare, self.fb_terms)).items():
                model[stem] = model.get(stem, 0.0) + weight * probability
        model = shares(top(model, self.fb_terms))
        if not model:
            return {}
        original = shares(query)
        return {
            stem: self.original_weight * original.get(stem, 0.0)
            + (1 - self.original_weight) * model.get(stem, 0.0)
            for stem in original | model
        }


def document_weights(documents: Sequence[FeedbackDocument]) -> list[float]:
    """Return each document's share of the scores; equal shares if scores cannot be shared out."""
    scores = [document.score for document in documents]
    usable = [score for score in scores if score is not None and score >= 0]
    total = sum(usable)
    if len(usable) < len(scores) or total == 0:
        return [1 / len(documents)] * len(documents)
    return [score / total for score in usable]
