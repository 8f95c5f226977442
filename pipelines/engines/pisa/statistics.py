"""Counts and terms of a collection, as its index has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from . import native as _pisa
from .folder import PisaFolder

# What PISA's tokenizer takes for a term: abbreviations lose their dots, and possessives what
# follows the apostrophe. Its own function leaks every term (63 bytes), which feedback methods
# would call for every document; a test holds the two equal.
_TERM = re.compile(r"((?:[A-Za-z]+\.){2,})|([A-Za-z0-9]+)(?:'[A-Za-z]+)?")


@dataclass(frozen=True)
class PisaAnalyzer:
    """How an index turns text into terms: ASCII letters and digits, its stop words, its stemmer.

    It keeps to the :class:`~pyterrier_rewrite.protocols.Analyzer` protocol.

    Args:
        stemmer: ``porter2``, ``krovetz`` or ``none``.
        stops: ``terrier``, ``lucene`` or ``none``.

    Example:
        >>> PisaAnalyzer().terms("Running in the U.S.A.'s parks")
        ['running', 'usa', 'parks']
        >>> PisaAnalyzer().stem("running")
        'run'
    """

    stemmer: str = "porter2"
    stops: str = "terrier"

    def terms(self, text: str) -> list[str]:
        """Return the surface terms of ``text`` in order, lower-cased, without stop words."""
        stopped = _stopped(self.stemmer, self.stops)
        return [term for term in tokenize(text) if _pisa.stem(term, self.stemmer) not in stopped]

    def stem(self, term: str) -> str:
        """Return the stem under which the engine indexes one surface term."""
        if term.isascii() and term.isalnum():  # nearly all; asked for each term of each candidate
            return _pisa.stem(term.lower(), self.stemmer)
        parts = tokenize(term)
        return _pisa.stem(parts[0], self.stemmer) if len(parts) == 1 else term


def tokenize(text: str) -> list[str]:
    """Return the terms of a text in order, lower-cased, stop words and all."""
    return [(term or dotted.replace(".", "")).lower() for dotted, term in _TERM.findall(text)]


@lru_cache(maxsize=8)
def _stopped(stemmer: str, stops: str) -> frozenset[str]:
    # PISA compares stems: it also drops a word that shares its stem with a stop word
    return frozenset(_pisa.stem(word, stemmer) for word in _pisa.stop_words(stops))


@dataclass(frozen=True)
class IndexStatistics:
    """Counts over the collection of an index, by stem.

    It keeps to the :class:`~pyterrier_rewrite.protocols.CollectionStatistics` protocol and
    reads a table that was written at indexing.

    Args:
        index: The index.
    """

    index: PisaFolder

    @property
    def analyzer(self) -> PisaAnalyzer:
        """How the index turns text into terms."""
        return PisaAnalyzer(self.index.stemmer, self.index.stops)

    @property
    def num_docs(self) -> int:
        """Number of documents."""
        return self.index.num_docs

    @property
    def num_tokens(self) -> int:
        """Number of terms in all documents, stop words included."""
        return self.index.num_tokens

    def document_frequencies(self, stems: Iterable[str]) -> Mapping[str, int]:
        """Return in how many documents each stem occurs; unknown stems are left out."""
        return self.index.term_counts("df", stems)

    def collection_frequencies(self, stems: Iterable[str]) -> Mapping[str, int]:
        """Return how often each stem occurs in the collection; unknown stems are left out."""
        return self.index.term_counts("cf", stems)
