"""Graded: a measure, and what each of its values is worth."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..scoring import Marks
from .search_feedback import SearchFeedback
from .searched import Searched


@dataclass(frozen=True)
class Graded(Searched):
    """A function of a measure of the rewrite's results.

    Input columns and verdicts: as :class:`SearchFeedback`.
    """

    @property
    @abstractmethod
    def measure(self) -> Any:
        """The measure, of ir-measures."""

    @abstractmethod
    def grade(self, value: float) -> float:
        """Return the mark for a value of the measure."""

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Search, measure and grade."""
        feedback = SearchFeedback(self.engine, self.qrels, self.measure, columns=self.columns)
        return {
            name: None if value is None else self.grade(value)
            for name, value in feedback.marks(candidates).items()
        }
