"""What a formulation is: from the query and what was generated to what the engine gets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...base import NewQuery
from ...ranges import check_attributes

Vector = npt.NDArray[np.floating[Any]]


class Formulation(ABC):
    """Forms new queries; a value: two with the same settings are equal.

    Attributes:
        writes: Query forms beside text that it writes.
        several: Whether it makes several queries from one.
    """

    writes: ClassVar[tuple[str, ...]] = ()
    several: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_attributes(self)

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
