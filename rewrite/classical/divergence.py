"""Bo1 and KL: terms whose frequency in the feedback diverges from that in the collection."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..protocols import CollectionStatistics
from ..ranges import Count
from ._terms import FeedbackDocument, TermFeedback, Weights, top


class Divergence(TermFeedback):
    """What :class:`Bo1` and :class:`KL` share: Terrier's parameter-free query expansion.

    The feedback documents are taken as one. The weight of a term in the new query is

    ``qtf / qtf_max + w(tf, cf) / w(tf_best, tf_best)``

    with ``w`` the divergence of its frequency ``tf`` in the feedback from its frequency ``cf``
    in the collection, and ``tf_best`` the frequency in the feedback of the term with the
    largest ``w``: the bound that ``w`` has as all occurrences come to lie in the feedback. As in
    Terrier, a new term occurs in at least two feedback documents (where there are two), and a
    query longer than ``fb_terms`` gets as many terms as it has itself.
    """

    reference = (
        "Amati. Probabilistic Models for Information Retrieval based on Divergence from "
        "Randomness. PhD thesis, University of Glasgow, 2003"
    )

    def __init__(
        self, statistics: CollectionStatistics, *, fb_docs: Count = 3, **settings: Any
    ) -> None:
        super().__init__(statistics, fb_docs=fb_docs, **settings)

    @abstractmethod
    def divergence(self, tf: int, cf: int, length: int) -> float:
        """Return ``w``, in bits.

        Args:
            tf: Frequency of the term in the feedback documents.
            cf: Frequency of the term in the collection.
            length: Terms in the feedback documents.
        """

    def frequencies(self, stems: Iterable[str]) -> Mapping[str, int]:
        """Return collection frequencies."""
        return self.statistics.collection_frequencies(stems)

    def weigh(
        self, query: Weights, documents: Sequence[FeedbackDocument], frequencies: Mapping[str, int]
    ) -> Weights:
        """Return the query's terms and those that diverge most."""
        length = sum(document.length for document in documents)
        tf: Counter[str] = Counter()
        found_in: Counter[str] = Counter()
        for document in documents:
            tf.update(document.counts)
            found_in.update(document.counts.keys())
        weights = {
            stem: self.divergence(count, frequencies[stem], length)
            for stem, count in tf.items()
            if stem in query or found_in[stem] >= min(2, len(documents))
        }
        best = max(weights, key=lambda stem: weights[stem], default=None)
        if best is None or weights[best] <= 0:
            return {}
        # feedback from elsewhere can hold a term more often than the collection does
        bound = self.divergence(tf[best], min(tf[best], frequencies[best]), length)
        most = max(query.values())
        chosen = top(weights, max(self.fb_terms, len(query)))
        return {
            stem: query.get(stem, 0.0) / most + chosen.get(stem, 0.0) / bound
            for stem in query | chosen
        }


class Bo1(Divergence):
    r"""Expands a query with terms whose frequency in its documents chance does not explain.

    Bose-Einstein statistics with the term's mean frequency in the collection,
    :math:`\lambda = cf / N`:

    .. math::

        w(t) = tf \log_2 \frac{1 + \lambda}{\lambda} + \log_2 (1 + \lambda)

    :class:`Divergence` says what becomes of the weights; there is nothing to tune.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno``, ``text`` and, if
    there, ``rank`` or ``score``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``query_toks`` holds the
    weighted terms, and ``query`` keeps its text.

    Args:
        statistics: Collection frequencies and analyzer of the index that will be searched
            (``index.statistics``).
        fb_docs: Feedback documents a query, at least 1.
        fb_terms: Feedback terms, at least 1.
        feedback: Pipeline that finds documents with ``text`` for a query frame.
        on_error: ``"keep"`` the original query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> feedback = index.bm25() >> index.text()  # doctest: +SKIP
        >>> pipeline = Bo1(index.statistics, feedback=feedback) >> bm25  # doctest: +SKIP
    """

    def divergence(self, tf: int, cf: int, length: int) -> float:
        """Return the information of ``tf`` occurrences, in bits."""
        mean = cf / self.statistics.num_docs
        return tf * math.log2((1 + mean) / mean) + math.log2(1 + mean)


class KL(Divergence):
    r"""Expands a query with terms that are likelier in its documents than in the collection.

    The term's part of the Kullback-Leibler divergence, with :math:`l` terms in the feedback
    documents, without stop words, and the collection's :math:`C` tokens as the statistics count
    them; 0 for terms that are less likely:

    .. math::

        w(t) = \frac{tf}{l} \log_2 \frac{tf / l}{cf / C}

    :class:`Divergence` says what becomes of the weights; there is nothing to tune.

    Input columns: ``qid``, ``query`` and, without ``feedback``, ``docno``, ``text`` and, if
    there, ``rank`` or ``score``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``query_toks`` holds the
    weighted terms, and ``query`` keeps its text.

    Args:
        statistics: Collection frequencies and analyzer of the index that will be searched
            (``index.statistics``).
        fb_docs: Feedback documents a query, at least 1.
        fb_terms: Feedback terms, at least 1.
        feedback: Pipeline that finds documents with ``text`` for a query frame.
        on_error: ``"keep"`` the original query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range.

    Example:
        >>> feedback = index.bm25() >> index.text()  # doctest: +SKIP
        >>> pipeline = KL(index.statistics, feedback=feedback) >> bm25  # doctest: +SKIP
    """

    def divergence(self, tf: int, cf: int, length: int) -> float:
        """Return the term's part of the divergence, in bits."""
        here, everywhere = tf / length, cf / self.statistics.num_tokens
        return max(0.0, here * math.log2(here / everywhere))
