"""From the query and what was generated to the query that the engine gets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..base import NewQuery
from ..columns import QUERY_TOKS, QUERY_VEC
from ..protocols import Analyzer, Encoder
from ..text.analysis import EnglishAnalyzer, mix_terms, sum_terms
from ..text.similarity import encode_documents

Vector = npt.NDArray[np.floating[Any]]


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

    def original_vector(self, query: str) -> Vector | None:
        """Return the vector of a query that stays as it is; None lets the engine encode it."""
        return None


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

    beta: float = 5.0

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise ValueError(f"beta should be over 0, found {self.beta}")

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

    original_weight: float = 0.5
    analyzer: Analyzer = EnglishAnalyzer()

    writes: ClassVar[tuple[str, ...]] = (QUERY_TOKS,)

    def __post_init__(self) -> None:
        if not 0 < self.original_weight <= 1:
            raise ValueError(
                f"original_weight should be over 0 and at most 1, found {self.original_weight}"
            )

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

    writes: ClassVar[tuple[str, ...]] = (QUERY_VEC,)

    def form(self, query: str, parts: Sequence[str]) -> list[NewQuery]:
        """Return the query with its vector; the text stays the query's."""
        return self.form_batch([query], [parts])[0]

    def form_batch(
        self, queries: Sequence[str], parts: Sequence[Sequence[str]]
    ) -> list[list[NewQuery]]:
        """Encode all queries at once, and all parts at once."""
        asked = [query for query, its in zip(queries, parts, strict=True) if its]
        if not asked:
            return [[] for _ in queries]
        of_queries = iter(np.asarray(self.encoder.encode(asked)))
        of_parts = encode_documents([part for its in parts for part in its], self.encoder)
        formed: list[list[NewQuery]] = []
        start = 0
        for query, its in zip(queries, parts, strict=True):
            own = of_parts[start : start + len(its)]
            start += len(its)
            formed.append(
                [NewQuery(query, vec=np.vstack([next(of_queries), own]).mean(axis=0))]
                if its
                else []
            )
        return formed

    def original_vector(self, query: str) -> Vector:
        """Return the query's own vector."""
        vector: Vector = np.asarray(self.encoder.encode([query]))[0]
        return vector


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

    several: ClassVar[bool] = True

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
