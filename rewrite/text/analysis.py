"""Text to terms, without an engine: for weighted terms where no index is at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ..protocols import Analyzer

_WORD = re.compile(r"[^\W_]+")
_PUNCTUATION = re.compile(r"[^\w\s+#&@$%€£]+")


@dataclass(frozen=True)
class EnglishAnalyzer:
    """English words: lower-cased, stop words out, Porter 2 stems.

    It keeps to the :class:`~pyterrier_rewrite.protocols.Analyzer` protocol. An engine's own
    analyzer (``index.analyzer``) is better where there is one, because terms are then the
    very terms that the index holds.
    """

    def terms(self, text: str) -> list[str]:
        """Return the surface terms of ``text`` in order, lower-cased, without stop words."""
        return [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]

    def stem(self, term: str) -> str:
        """Return the stem of one surface term."""
        return term if term.isdigit() else _stem(term)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text without case and punctuation; ``C++`` stays another than ``C``."""
    return tuple(_PUNCTUATION.sub(" ", text.casefold()).split()) or (text,)


def content_words(text: str) -> frozenset[str]:
    """Return the stems of a text's words, without function words of English."""
    return frozenset(map(_stem, EnglishAnalyzer().terms(text)))


def has_content(text: str) -> bool:
    """Say whether there is more than function words of English; a letter alone is a name."""
    found = (match[0].lower() for match in _WORD.finditer(text))
    return any(word not in STOP_WORDS for word in found) or len(text.strip()) == 1


def stems_of(text: str, analyzer: Analyzer) -> tuple[str, ...]:
    """Return what an engine reads of a text: the stems, or, of stop words only, the words."""
    return tuple(map(analyzer.stem, analyzer.terms(text))) or words_of(text)


def count_terms(text: str, analyzer: Analyzer) -> dict[str, float]:
    """Count the terms of a text, one key a stem.

    Args:
        text: Query or document text.
        analyzer: Decides what a term, a stop word and a stem is.

    Returns:
        The first surface form of each stem and how often any of its forms occurs. A text of
        nothing but stop words keeps them, so that a query is never empty.
    """
    return sum_terms([(text, 1.0)], analyzer)


def sum_terms(texts: Iterable[tuple[str, float]], analyzer: Analyzer) -> dict[str, float]:
    """Count the terms of several texts, each with the weight of one occurrence in it.

    Returns:
        The first surface form of each stem, in the order of the texts, and its weight in all.
        If all of them together are nothing but stop words, these are kept.
    """
    texts = list(texts)
    found = [(analyzer.terms(text), weight) for text, weight in texts]
    if not any(terms for terms, _ in found):
        found = [
            (_WORD.findall(text.lower()) or text.lower().split(), weight) for text, weight in texts
        ]
    weights: dict[str, float] = {}
    form_of: dict[str, str] = {}
    for terms, weight in found:
        for term in terms:
            form = form_of.setdefault(analyzer.stem(term), term)
            weights[form] = weights.get(form, 0.0) + weight
    return weights


def mix_terms(shares: Iterable[tuple[str, float]], analyzer: Analyzer) -> dict[str, float]:
    """Mix the terms of texts, each of which divides its share among its own occurrences.

    Returns:
        As :func:`sum_terms`, but all weights sum to 1, also where a text has no term or share.
    """
    weights = sum_terms(
        [(text, share / max(1, len(analyzer.terms(text)))) for text, share in shares if share > 0],
        analyzer,
    )
    total = sum(weights.values())  # not 1 where a text is stop words only
    return {term: weight / total for term, weight in weights.items()}


@lru_cache(maxsize=200_000)
def _stem(term: str) -> str:
    stem: str = _stemmer().stemWord(term)
    return stem


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]  # snowballstemmer has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")


STOP_WORDS = frozenset(
    """
    a about above after again against all am an and any are aren as at be because been before
    being below between both but by can cannot could couldn did didn do does doesn doing don down
    during each few for from further had hadn has hasn have haven having he her here hers herself
    him himself his how i if in into is isn it its itself just ll me might more most must my myself
    no nor not now of off on once only or other our ours ourselves out over own re same shan she
    should shouldn so some such t than that the their theirs them themselves then there these they
    this those through to too under until up ve very was wasn we were weren what when where which
    while who whom why will with won would wouldn you your yours yourself yourselves
    """.split()
)
"""Function words of English. An engine's own list is larger, and decides for that engine."""
