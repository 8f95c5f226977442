"""What a reward is, and the operators that make a new one of others."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from pyterrier_rewrite.columns import QCAND, QGROUP, QUERY

from .candidates import candidate_frame

if TYPE_CHECKING:
    from .composition import Clipped, Gated, Normalised, Relative, WeightedSum

Marks = dict[str, float | None]
"""One mark a candidate; None is no verdict, never a bad mark."""


class RewardWarning(UserWarning):
    """Some candidates could not be scored and have no mark."""


class Reward(ABC):
    """Scores candidate queries; the same object trains, mines, filters and picks.

    A subclass is a frozen dataclass and implements :meth:`marks`; it is then a value: it
    pickles, is equal to another with the same arguments, and its ``repr`` is complete.

    Rewards compose to rewards: ``0.8 * a + 0.2 * b``, ``a - b``, :meth:`gate`,
    :meth:`relative_to_original`, :meth:`clip`, :meth:`normalise`. Where one part has no verdict,
    the whole has none.

    Input columns: ``qid``, ``query``; in a frame of candidates also ``qcand`` (names a candidate:
    one row, or several rows where it is several queries), ``qgroup`` (the original query's qid)
    and ``query_0`` (its text). The output of a rewriter is such a frame of one candidate a query.
    What a reward reads beside these stands in :attr:`needs`.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite.rewards import Copy, Length
        >>> reward = 0.5 * Length(high=3) + Copy()
        >>> frame = pd.DataFrame([{"qid": "1", "query": "red sofa", "query_0": "red couch"}])
        >>> reward.score(frame)
        {'1': 1.5}
    """

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

    # -- composition ---------------------------------------------------------------------

    def __add__(self, other: Reward) -> WeightedSum:
        from .composition import WeightedSum

        return WeightedSum.of(self, other) if isinstance(other, Reward) else NotImplemented

    def __sub__(self, other: Reward) -> WeightedSum:
        return self + -1.0 * other if isinstance(other, Reward) else NotImplemented

    def __mul__(self, weight: float) -> WeightedSum:
        from .composition import WeightedSum

        if isinstance(weight, (int, float)):
            return WeightedSum.of(self).scaled(weight)
        return NotImplemented

    __rmul__ = __mul__

    def __neg__(self) -> WeightedSum:
        return -1.0 * self

    def gate(self, guard: Reward, *, cap: float = 0.0) -> Gated:
        """Return this reward, but at most ``cap`` where ``guard`` gives 0 or less.

        A failed guard is not averaged away: no mark elsewhere makes up for it.

        Args:
            guard: Passes with a mark above 0. Gate again for a second guard.
            cap: Most that a failing candidate can get; it should be below an honest mark.
        """
        from .composition import Gated

        return Gated(self, guard, cap=cap)

    def relative_to_original(self) -> Relative:
        """Return this reward less what the original query gets; a copy gets 0."""
        from .composition import Relative

        return Relative(self)

    def clip(self, low: float, high: float) -> Clipped:
        """Return this reward, held between two bounds."""
        from .composition import Clipped

        return Clipped(self, low, high)

    def normalise(self) -> Normalised:
        """Return this reward as deviations from the mean of each group; see `Normalised`."""
        from .composition import Normalised

        return Normalised(self)

    # -- helpers -------------------------------------------------------------------------

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, dict[str, Marks]]:
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
