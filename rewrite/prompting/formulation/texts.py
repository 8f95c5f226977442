"""Formulations whose new query is text, or several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from ...base import NewQuery
from ...protocols import Analyzer
from ...ranges import Positive
from ...text.analysis import EnglishAnalyzer
from .base import Formulation, Vector


@dataclass(frozen=True)
class Replace(Formulation):
    """The parts, joined by spaces, take the query's place."""

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the parts as one text."""
        return [NewQuery(" ".join(parts))]


@dataclass(frozen=True)
class Keep(Formulation):
    """The query stays as it is, for methods whose output stands in a column of its own."""

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the query."""
        return [NewQuery(query)]


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
class RepeatPerPart(Formulation):
    """The query as often as there are parts, then the parts (CSQE)."""

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return ``query × number of parts + parts``."""
        return [NewQuery(" ".join([query] * len(parts) + list(parts)))]


@dataclass(frozen=True)
class AdaptiveRepeat(Formulation):
    """The query, then the parts; the longer the parts, the more often the query (MuGI).

    The query is repeated max(1, ⌊length of all parts ÷ (``beta`` × length of the query)⌋) times,
    lengths in characters: whatever was generated, the query keeps about one ``beta``-th of the
    text, and never vanishes.

    Attributes:
        beta: How many times longer than the repeated query the parts may be, over 0; 4 to 6 as
            published.
    """

    beta: Positive = 5.0

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return ``query × times + parts``."""
        text = " ".join(parts)
        times = max(1, int(len(text) // (self.beta * len(query))))
        return [NewQuery(" ".join([query] * times + [text]))]


@dataclass(frozen=True)
class Interleave(Formulation):
    """The query before every part: ``q g1 q g2 …`` (LameR).

    It interleaves texts; the fusion of the same name,
    :class:`pyterrier_rewrite.pipelines.Interleave`, interleaves rankings.
    """

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the query and each part in turn."""
        return [NewQuery(" ".join(text for part in parts for text in (query, part)))]


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
class Several(Formulation):
    """Every part makes a query of its own.

    Attributes:
        weights: Weight of each part in its group, positive, in the order of the parts; the last
            one holds for all that follow. The original, where it is kept, weighs 1.
        formulation: How a query is formed of the original and one part; by default the part is
            the query. ``Several(formulation=Repeat(5))`` expands the original by each part.

    Example:
        >>> [(new.text, new.weight) for new in Several((1, 0.5)).form("q", ["a", "b", "c"])]
        [('a', 1), ('b', 0.5), ('c', 0.5)]
    """

    weights: tuple[float, ...] = (1.0,)
    formulation: Formulation = Replace()

    several = True

    def __post_init__(self) -> None:
        if not self.weights or not all(weight > 0 for weight in self.weights):
            raise ValueError(f"weights should be positive numbers, found {self.weights!r}")
        if self.formulation.several:
            raise ValueError(f"formulation should make one query, found {self.formulation!r}")
        object.__setattr__(self, "writes", self.formulation.writes)

    @property
    def analyzer(self) -> Analyzer:
        """The analyzer of the formulation, if it has one."""
        analyzer: Analyzer = getattr(self.formulation, "analyzer", EnglishAnalyzer())
        return analyzer

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return one query a part."""
        return self.form_batch([query], [parts])[0]

    def form_batch(
        self, queries: Sequence[str], parts: Sequence[Sequence[str]]
    ) -> list[list[NewQuery]]:
        """Form the queries of all parts at once."""
        pairs = [(q, [part]) for q, its in zip(queries, parts, strict=True) for part in its]
        formed = iter(self.formulation.form_batch([q for q, _ in pairs], [its for _, its in pairs]))
        groups = []
        for its in parts:
            group = []
            for _, weight in zip(its, chain(self.weights, repeat(self.weights[-1])), strict=False):
                (new,) = next(formed)
                new.weight = weight
                group.append(new)
            groups.append(group)
        return groups

    def original_vector(self, query: str) -> Vector | None:
        """Return the formulation's vector of a query that stays as it is."""
        return self.formulation.original_vector(query)
