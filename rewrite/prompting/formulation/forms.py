"""Formulations whose new query is weighted terms or a vector, and the text stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...base import NewQuery
from ...columns import QUERY_TOKS, QUERY_VEC
from ...protocols import Analyzer, Encoder
from ...ranges import Portion
from ...text.analysis import EnglishAnalyzer, mix_terms, sum_terms
from ...text.similarity import encode_groups
from .base import Formulation, Vector


@dataclass(frozen=True)
class RepeatTerms(Formulation):
    """:class:`Repeat` as weighted terms: the same BM25 ranking, past the engine's query parser.

    Attributes:
        n: Weight of an occurrence in the query; one in the parts weighs 1. Any positive number.
        analyzer: The engine's, ``index.analyzer``; plain English words where there is none.
        per_part: Whether the query weighs ``n`` for each part, so that its share does not depend
            on how many samples make up the parts.

    Example:
        >>> RepeatTerms(2, per_part=True).form("red sofa", ["couch", "sofas"])[0].toks
        {'red': 4.0, 'sofa': 5.0, 'couch': 1.0}
    """

    n: float = 5.0
    analyzer: Analyzer = EnglishAnalyzer()
    per_part: bool = False

    writes = (QUERY_TOKS,)

    def __post_init__(self) -> None:
        if self.n <= 0:
            raise ValueError(f"n should be positive, found {self.n}: the query would be lost")

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the counted terms of ``query × n + parts``; the text stays the query's."""
        own = float(self.n * len(parts) if self.per_part else self.n)
        weights = sum_terms([(query, own), (" ".join(parts), 1.0)], self.analyzer)
        return [NewQuery(query, toks=weights)]


@dataclass(frozen=True)
class WeightedTerms(Formulation):
    """A mixture of the query's terms and the parts' terms, as in a relevance model.

    With λ the original weight, a term t weighs λ·tf(t, q) ÷ Σtf(q) + (1 − λ)·tf(t, g) ÷ Σtf(g),
    where q is the query and g all parts together; all weights sum to 1. Unlike a repetition, the
    query's share does not depend on how much was generated.

    Attributes:
        original_weight: Share of the query, λ, over 0 and at most 1.
        analyzer: The engine's, ``index.analyzer``; plain English words where there is none.
    """

    original_weight: Portion = 0.5
    analyzer: Analyzer = EnglishAnalyzer()

    writes = (QUERY_TOKS,)

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the mixed terms; the text stays the query's."""
        shares = [(query, self.original_weight), (" ".join(parts), 1 - self.original_weight)]
        return [NewQuery(query, toks=mix_terms(shares, self.analyzer))]


@dataclass(frozen=True)
class AsTerms(Formulation):
    """Another formulation's text as counted terms: the same BM25 ranking, past the query parser.

    Attributes:
        formulation: One that makes one text, such as :class:`AdaptiveRepeat`.
        analyzer: The engine's, ``index.analyzer``; plain English words where there is none.

    Example:
        >>> from pyterrier_rewrite import Interleave
        >>> AsTerms(Interleave()).form("red sofa", ["couch", "sofas"])[0].toks
        {'red': 2.0, 'sofa': 3.0, 'couch': 1.0}
    """

    formulation: Formulation
    analyzer: Analyzer = EnglishAnalyzer()

    writes = (QUERY_TOKS,)

    def __post_init__(self) -> None:
        if not isinstance(self.formulation, Formulation):
            raise TypeError(
                f"formulation should be one of pyterrier_rewrite's formulations, such as "
                f"AdaptiveRepeat(), found {self.formulation!r}"
            )
        if self.formulation.writes or self.formulation.several:
            raise ValueError(
                "formulation should make one text, such as Repeat or AdaptiveRepeat, found "
                f"{self.formulation!r}"
            )

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the counted terms of the other's text; the text stays the query's."""
        (new,) = self.formulation.form(query, parts)
        return [NewQuery(query, toks=sum_terms([(new.text, 1.0)], self.analyzer))]


@dataclass(frozen=True)
class MeanVector(Formulation):
    """The mean of the vectors of the query and the parts, for dense retrieval (HyDE).

    Attributes:
        encoder: What encodes, for example a dense index: anything with
            ``encode(list[str]) -> array``. One that tells documents from queries, as a
            ``DenseIndex`` does by ``encode(texts, documents=True)``, encodes the parts as
            documents.
    """

    encoder: Encoder

    writes = (QUERY_VEC,)

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the query with its vector; the text stays the query's."""
        return self.form_batch([query], [parts])[0]

    def form_batch(
        self, queries: Sequence[str], parts: Sequence[Sequence[str]]
    ) -> list[list[NewQuery]]:
        """Encode all queries at once, and the parts of many at once."""
        rows = list(zip(queries, parts, strict=True))
        asked = [query for query, its in rows if its]
        if not asked:
            return [[] for _ in queries]
        of_queries = np.asarray(self.encoder.encode(asked))
        of_parts = encode_groups([its for its in parts if its], self.encoder)
        means = (np.vstack(both).mean(axis=0) for both in zip(of_queries, of_parts, strict=True))
        return [[NewQuery(query, vec=next(means))] if its else [] for query, its in rows]

    def original_vector(self, query: str) -> Vector:
        """Return the query's own vector."""
        vector: Vector = np.asarray(self.encoder.encode([query]))[0]
        return vector
