"""Formulations whose new query is weighted terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ...base import NewQuery
from ...columns import QUERY_TOKS
from ...protocols import Analyzer
from ...ranges import Portion
from ...text.analysis import EnglishAnalyzer, mix_terms, sum_terms
from .base import Formulation


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

    writes: ClassVar[tuple[str, ...]] = (QUERY_TOKS,)

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

    writes: ClassVar[tuple[str, ...]] = (QUERY_TOKS,)

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

    writes: ClassVar[tuple[str, ...]] = (QUERY_TOKS,)

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
