"""From the query and what was generated to the query that the engine gets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from .analysis import EnglishAnalyzer, sum_terms
from .base import NewQuery
from .columns import QUERY_TOKS
from .protocols import Analyzer


class Formulation(ABC):
    """Forms new queries; a value: two with the same settings are equal.

    Attributes:
        writes: Query forms beside text that it writes.
        several: Whether it makes several queries from one.
    """

    writes: ClassVar[tuple[str, ...]] = ()
    several: ClassVar[bool] = False

    @abstractmethod
    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Form the new query, or queries, from one query and its parts (never empty)."""

    def form_batch(
        self, queries: Sequence[str], parts: Sequence[Sequence[str]]
    ) -> list[list[NewQuery]]:
        """Form many at once; those that encode override it. No parts, no new query."""
        return [
            self.form(query, its) if its else [] for query, its in zip(queries, parts, strict=True)
        ]


@dataclass(frozen=True)
class Replace(Formulation):
    """The parts, joined by spaces, take the query's place."""

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the parts as one text."""
        return [NewQuery(" ".join(parts))]


@dataclass(frozen=True)
class Repeat(Formulation):
    """The query ``n`` times, then the parts: repetition is the weight of a sparse engine.

    Attributes:
        n: How often the query is repeated, at least 1.
    """

    n: int = 5

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"n should be at least 1, found {self.n}: the query would be lost")

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return ``query × n + parts``."""
        return [NewQuery(" ".join([query] * self.n + list(parts)))]


@dataclass(frozen=True)
class Join(Formulation):
    """The query and the parts with a separator between, as dense encoders take them.

    Attributes:
        separator: Text between them; `` [SEP] `` is BERT's.
    """

    separator: str = " [SEP] "

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return ``query [SEP] part [SEP] …``."""
        return [NewQuery(self.separator.join([query, *parts]))]


@dataclass(frozen=True)
class RepeatTerms(Formulation):
    """:class:`Repeat` as weighted terms: the same BM25 ranking, past the engine's query parser.

    Attributes:
        n: Weight of an occurrence in the query; one in the parts weighs 1. Any positive number.
        analyzer: The engine's, ``index.analyzer``; plain English words where there is none.
    """

    n: float = 5.0
    analyzer: Analyzer = EnglishAnalyzer()

    writes: ClassVar[tuple[str, ...]] = (QUERY_TOKS,)

    def __post_init__(self) -> None:
        if self.n <= 0:
            raise ValueError(f"n should be positive, found {self.n}: the query would be lost")

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the counted terms of ``query × n + parts``; the text stays the query's."""
        weights = sum_terms([(query, self.n), (" ".join(parts), 1.0)], self.analyzer)
        return [NewQuery(query, toks=weights)]


@dataclass(frozen=True)
class Several(Formulation):
    """Every part is a query of its own, of equal weight."""

    several: ClassVar[bool] = True

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return one query a part."""
        return [NewQuery(part) for part in parts]
