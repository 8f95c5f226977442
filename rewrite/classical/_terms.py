"""What the classical rewriters share: feedback documents counted by stem, terms handed back."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd
import pyterrier as pt

from ..base import DOCUMENTS, NewQuery, Rewriter, Rewritten
from ..columns import LABEL, QUERY, QUERY_TOKS, SCORE, TEXT, skipped
from ..protocols import Analyzer, CollectionStatistics
from ..ranges import Count, check_attributes
from ..text.analysis import count_terms

Weights = dict[str, float]
"""Weights by stem."""

STEM_CHARS: Final = (2, 20)
"""Shortest and longest stem, in characters, that may expand a query; Anserini's limits."""


@dataclass(frozen=True, slots=True)
class FeedbackDocument:
    """A feedback document, counted.

    Attributes:
        terms: How often each surface form occurs, in the order of the text.
        counts: How often each stem occurs that may expand a query, in the same order.
        score: Score in the ranking, or None.
        label: Relevance as somebody judged it, or None.
    """

    terms: Counter[str]
    counts: Mapping[str, int]
    score: float | None
    label: float | None

    @property
    def length(self) -> int:
        """Number of terms, whether they may expand a query or not."""
        return self.terms.total()


class TermFeedback(Rewriter):
    """A rewriter that weighs the terms of feedback documents.

    A subclass says how it weighs (:meth:`weigh`) and which counts over the collection it needs
    for that (:meth:`frequencies`). Weighing goes by stem; the engine gets surface forms, the
    query's own or else the most frequent one in the documents, and stems them itself.

    A stem may expand a query if the collection holds it, and if it is alphanumeric and of a
    length within :data:`STEM_CHARS`. Stop words are out, because the analyzer drops them.
    """

    writes = (QUERY_TOKS,)

    def __init__(
        self,
        statistics: CollectionStatistics,
        *,
        fb_docs: Count = 10,
        fb_terms: Count = 10,
        feedback: pt.Transformer | None = None,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.statistics = statistics
        self.fb_docs = fb_docs
        self.fb_terms = fb_terms
        self.feedback = feedback
        self.on_error = on_error
        check_attributes(self)

    def check(self) -> None:
        """Raise if a number is out of range or there are no statistics."""
        super().check()
        if not isinstance(self.statistics, CollectionStatistics):
            raise TypeError(
                "statistics should be the counts of an index, index.statistics, found "
                f"{self.statistics!r}"
            )

    @property
    def analyzer(self) -> Analyzer:
        """The analyzer of the index that the statistics describe."""
        return self.statistics.analyzer

    def frequencies(self, stems: Iterable[str]) -> Mapping[str, int]:
        """Return the counts over the collection that :meth:`weigh` needs: by document."""
        return self.statistics.document_frequencies(stems)

    @abstractmethod
    def weigh(
        self, query: Weights, documents: Sequence[FeedbackDocument], frequencies: Mapping[str, int]
    ) -> Weights:
        """Return the weights of the new query.

        Args:
            query: How often each stem occurs in the query; at least one stem.
            documents: The feedback documents that have terms, best first; at least one.
            frequencies: What :meth:`frequencies` says, for every stem of the documents.

        Returns:
            Weights of original and new terms; empty if the documents give no terms.
        """

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Give every query the terms of its feedback documents; see the class."""
        analyzer = self.analyzer
        # a document that serves several queries is tokenised once a batch
        terms: dict[str, Counter[str]] = {
            text: Counter(analyzer.terms(text))
            for text in {row[TEXT] for rows in queries[DOCUMENTS] for row in rows}
            if isinstance(text, str)
        }
        stems = {term: analyzer.stem(term) for term in set().union(*terms.values())}
        candidates = {stem for stem in stems.values() if _may_expand(stem)}
        frequencies = {s: n for s, n in self.frequencies(sorted(candidates)).items() if n > 0}
        counts = {text: _by_stem(found, stems, frequencies) for text, found in terms.items()}

        outcomes = []
        for text, rows in zip(queries[QUERY], queries[DOCUMENTS], strict=True):
            documents = [
                FeedbackDocument(
                    terms=terms[row[TEXT]],
                    counts=counts[row[TEXT]],
                    score=_number(row.get(SCORE)),
                    label=_number(row.get(LABEL)),
                )
                for row in rows
                if terms.get(row[TEXT])
            ]
            query = count_terms(text, analyzer)
            forms = {analyzer.stem(term): term for term in query}
            by_stem = {stem: query[term] for stem, term in forms.items()}
            weights = self.weigh(by_stem, documents, frequencies) if documents else {}
            if not weights:
                outcomes.append(Rewritten(status=skipped("no terms in the feedback documents")))
                continue
            pool: Counter[str] = Counter()
            for document in documents:
                pool.update(document.terms)
            for term, _ in pool.most_common():
                forms.setdefault(stems[term], term)
            toks = {forms[stem]: weight for stem, weight in weights.items()}
            outcomes.append(Rewritten([NewQuery(text, toks=toks)]))
        return outcomes


# -- arithmetic on weights --------------------------------------------------------------------


def top(weights: Mapping[str, float], k: int) -> Weights:
    """Return the ``k`` largest weights; of equal ones, those that come first."""
    return dict(sorted(weights.items(), key=lambda item: -item[1])[:k])


def shares(weights: Mapping[str, float]) -> Weights:
    """Return the weights divided by their sum; nothing if the sum is 0."""
    total = sum(weights.values())
    return {stem: weight / total for stem, weight in weights.items()} if total > 0 else {}


def _may_expand(stem: str) -> bool:
    return stem.isalnum() and STEM_CHARS[0] <= len(stem) <= STEM_CHARS[1]


def _by_stem(
    terms: Counter[str], stems: Mapping[str, str], known: Mapping[str, int]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    for term, count in terms.items():
        stem = stems[term]
        if stem in known:
            counts[stem] = counts.get(stem, 0) + count
    return counts


def _number(value: Any) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
