"""Rocchio: move the query towards relevant documents and away from others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..protocols import CollectionStatistics
from ..ranges import Weight
from ._terms import FeedbackDocument, TermFeedback, Weights, top


class Rocchio(TermFeedback):
    r"""Moves the query towards the centre of relevant documents and away from the others.

    .. math::

        q' = \alpha\, q + \frac{\beta}{|D^+|} \sum_{d \in D^+} d
             - \frac{\gamma}{|D^-|} \sum_{d \in D^-} d

    Documents are vectors of ``(1 + log tf) · log(N / df)`` and the query one of term counts,
    because the engine brings the query's inverse document frequencies in itself; all are
    scaled to length one. Of the feedback, the ``fb_terms`` best terms and those of the query
    are kept, and negative weights dropped.

    Every feedback document counts as relevant (pseudo-relevance), unless the frame has judged
    ones: with a column ``label``, those above 0 are relevant and those of 0 or less are not.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno``, ``text`` and, if
    there, ``rank`` or ``score``, and ``label``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``query_toks`` holds the
    weighted terms, and ``query`` keeps its text.

    Args:
        statistics: Document frequencies and analyzer of the index that will be searched
            (``index.statistics``).
        fb_docs: Feedback documents a query, at least 1.
        fb_terms: Feedback terms, at least 1.
        alpha: Weight of the original query, 0 or more.
        beta: Weight of relevant documents, 0 or more.
        gamma: Weight of documents that are not relevant, 0 or more; without a column ``label``
            there are none.
        feedback: Pipeline that finds documents with ``text`` for a query frame.
        on_error: ``"keep"`` the original query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> feedback = index.bm25() >> index.text()  # doctest: +SKIP
        >>> pipeline = Rocchio(index.statistics, feedback=feedback) >> bm25  # doctest: +SKIP
    """

    reference = (
        "Rocchio. Relevance Feedback in Information Retrieval. In Salton (ed.), The SMART "
        "Retrieval System, 1971; weights as in Salton & Buckley. Improving Retrieval Performance "
        "by Relevance Feedback. JASIS 41(4), 1990"
    )

    def __init__(
        self,
        statistics: CollectionStatistics,
        *,
        alpha: Weight = 1.0,
        beta: Weight = 0.75,
        gamma: Weight = 0.0,
        **settings: Any,
    ) -> None:
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        super().__init__(statistics, **settings)

    def weigh(
        self, query: Weights, documents: Sequence[FeedbackDocument], frequencies: Mapping[str, int]
    ) -> Weights:
        """Return the moved query."""
        relevant = [d for d in documents if d.label is None or d.label > 0]
        others = [d for d in documents if d.label is not None and d.label <= 0]
        move: Weights = {}
        for group, step in ((relevant, self.beta), (others, -self.gamma)):
            for document in group:
                for stem, weight in self._vector(document, frequencies).items():
                    move[stem] = move.get(stem, 0.0) + step / len(group) * weight
        if not move:
            return {}
        original = unit(query)
        return {
            stem: self.alpha * original.get(stem, 0.0) + move.get(stem, 0.0)
            for stem in original | top(move, self.fb_terms)
        }

    def _vector(self, document: FeedbackDocument, frequencies: Mapping[str, int]) -> Weights:
        """Return a document as tf-idf weights of length one."""
        size = self.statistics.num_docs
        return unit(
            {
                stem: (1 + math.log(count)) * math.log(size / frequencies[stem])
                for stem, count in document.counts.items()
                if frequencies[stem] < size
            }
        )


def unit(weights: Mapping[str, float]) -> Weights:
    """Return the weights scaled to a Euclidean length of one; nothing stays nothing."""
    length = math.hypot(*weights.values())
    return {stem: weight / length for stem, weight in weights.items()}
