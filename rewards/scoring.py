"""What every score is held to, whoever gives it: candidates in, one finite mark or none each."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

import pandas as pd

from pyterrier_rewrite.columns import QCAND, QGROUP, QUERY

from .candidates import candidate_frame

Marks = dict[str, float | None]
"""One mark a candidate; None is no verdict, never a bad mark."""

Parts = dict[str, Marks]
"""The marks of which a total is made, by what they are called."""


T = TypeVar("T")


class Scorer(ABC):
    """Marks that are checked and explained; :class:`~.reward.Reward` adds the operators."""

    needs: ClassVar[tuple[str, ...]] = ()
    """Columns that the reward reads beside ``qid``, ``query``, ``qcand`` and ``qgroup``."""

    @abstractmethod
    def marks(self, candidates: pd.DataFrame) -> Mapping[str, float | None]:
        """Mark every candidate of a frame.

        Args:
            candidates: With ``qid``, ``query``, ``qcand``, ``qgroup`` and :attr:`needs`, at least
                one row.

        Returns:
            A finite number, or None, for each ``qcand``.
        """

    @property
    def label(self) -> str:
        """A short name, for the columns of :meth:`explain`."""
        return type(self).__name__

    # -- what users call -----------------------------------------------------------------

    def score(self, candidates: pd.DataFrame) -> Marks:
        """Return one score a candidate (``qcand``), in the order of the frame.

        Args:
            candidates: See the class for columns; it is not changed.

        Returns:
            The scores; None means no verdict (an engine that is down, no judgements).

        Raises:
            ValueError: If a column is missing, or a score is not a finite number.
        """
        frame = candidate_frame(candidates)
        return self._audit(frame)[0] if len(frame) else {}

    def explain(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Score candidates and show how the scores came about.

        Args:
            candidates: As for :meth:`score`.

        Returns:
            One row a candidate: ``qgroup``, ``qcand``, ``query`` (several joined by `` | ``), one
            column a part, and ``total``; missing values are no verdict.
        """
        frame = candidate_frame(candidates)
        total, parts = self._audit(frame) if len(frame) else ({}, {})
        by_candidate = frame.groupby(QCAND, sort=False)
        shown = pd.DataFrame(
            {QGROUP: by_candidate[QGROUP].first(), QUERY: by_candidate[QUERY].agg(" | ".join)}
        )
        shown = shown.reset_index()[[QGROUP, QCAND, QUERY]]
        for name, marks in {**parts, "total": total}.items():
            shown[name] = pd.Series([marks[c] for c in shown[QCAND]], dtype=float)
        return shown

    # -- helpers -------------------------------------------------------------------------

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        """Return the total and its parts; a composition has other parts than itself."""
        missing = [column for column in self.needs if column not in frame.columns]
        if missing:
            raise ValueError(
                f"{self.label} needs the columns {list(self.needs)}; {missing} are not among "
                f"{list(frame.columns)}"
            )
        marks = self._checked(self.marks(frame), frame)
        return marks, {self.label: marks}

    def _checked(self, marks: Mapping[str, float | None], frame: pd.DataFrame) -> Marks:
        names = dict.fromkeys(frame[QCAND].tolist())
        unmarked = [name for name in names if name not in marks]
        if unmarked:
            raise RuntimeError(f"{self.label} gave no mark (not even None) to {unmarked[:3]}")
        found: Marks = {n: None if (m := marks[n]) is None else float(m) for n in names}
        bad = [n for n, mark in found.items() if mark is not None and not math.isfinite(mark)]
        if bad:
            texts = frame[frame[QCAND].isin(bad[:3])][QUERY].tolist()
            raise ValueError(
                f"{self!r} gave {found[bad[0]]} to {len(bad)} of {len(names)} candidates, such as "
                f"{dict(zip(bad[:3], texts, strict=False))}; a mark is a finite number, or None "
                "for no verdict"
            )
        return found


def combined(change: Callable[..., T], *marks: float | None) -> T | None:
    """Return what a function makes of marks; without one verdict there is none on the whole."""
    return None if None in marks else change(*marks)


def each_mark(marks: Marks, change: Callable[[float], T]) -> dict[str, T | None]:
    """Return what a function makes of every mark; no verdict stays none."""
    return {name: combined(change, mark) for name, mark in marks.items()}


def add_parts(parts: Parts, more: Parts) -> None:
    """Add columns; one whose name is taken gets a number."""
    for name, marks in more.items():
        free, number = name, 2
        while free in parts:
            free, number = f"{name} ({number})", number + 1
        parts[free] = marks
