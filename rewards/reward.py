"""What a reward is, and the rewards that are made of others."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from operator import add, mul, sub
from statistics import fmean, pstdev

import pandas as pd

from pyterrier_rewrite.ranges import check_ranges

from .candidates import groups_of, with_originals
from .scoring import Marks, Parts, Scorer, add_parts, combined, each_mark


class RewardWarning(UserWarning):
    """Some candidates could not be scored and have no mark."""


class Reward(Scorer):
    """Scores candidate queries; the same object trains, mines, filters and picks.

    A subclass is a frozen dataclass and implements ``marks``; it is then a value: it
    pickles, is equal to another with the same arguments, and its ``repr`` is complete.

    Rewards compose to rewards: ``0.8 * a + 0.2 * b``, ``a - b``, :meth:`gate`,
    :meth:`relative_to_original`, :meth:`clip`, :meth:`normalise`. Where one part has no verdict,
    the whole has none.

    Input columns: ``qid``, ``query``; in a frame of candidates also ``qcand`` (names a candidate:
    one row, or several rows where it is several queries), ``qgroup`` (the original query's qid)
    and ``query_0`` (its text). The output of a rewriter is such a frame of one candidate a query.
    What a reward reads beside these stands in ``needs``.

    Example:
        >>> import pandas as pd
        >>> from pyterrier_rewrite.rewards import Copy, Length
        >>> reward = 0.5 * Length(high=3) + Copy()
        >>> frame = pd.DataFrame([{"qid": "1", "query": "red sofa", "query_0": "red couch"}])
        >>> reward.score(frame)
        {'1': 1.5}
    """

    def __post_init__(self) -> None:
        check_ranges(type(self), vars(self))

    # -- composition ---------------------------------------------------------------------

    def __add__(self, other: Reward) -> WeightedSum:
        return WeightedSum.of(self, other) if isinstance(other, Reward) else NotImplemented

    def __sub__(self, other: Reward) -> WeightedSum:
        return self + -1.0 * other if isinstance(other, Reward) else NotImplemented

    def __mul__(self, weight: float) -> WeightedSum:
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
        return Gated(self, guard, cap=cap)

    def relative_to_original(self) -> Relative:
        """Return this reward less what the original query gets; a copy gets 0."""
        return Relative(self)

    def clip(self, low: float, high: float) -> Clipped:
        """Return this reward, held between two bounds."""
        return Clipped(self, low, high)

    def normalise(self) -> Normalised:
        """Return this reward as deviations from the mean of each group; see `Normalised`."""
        return Normalised(self)


class Composition(Reward):
    """A reward made of others; its parts are shown by ``explain``."""

    @abstractmethod
    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        """Return the total and its parts."""

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Return the total."""
        return self._audit(candidates)[0]


@dataclass(frozen=True, repr=False)
class WeightedSum(Composition):
    """The weighted sum of several rewards: ``0.8 * a + 0.2 * b``.

    Args:
        terms: Pairs of weight and reward.
    """

    terms: tuple[tuple[float, Reward], ...]

    @classmethod
    def of(cls, *rewards: Reward) -> WeightedSum:
        """Return the sum of rewards, those of sums among them one by one."""
        terms: list[tuple[float, Reward]] = []
        for reward in rewards:
            terms.extend(reward.terms if isinstance(reward, WeightedSum) else [(1.0, reward)])
        return cls(tuple(terms))

    def scaled(self, weight: float) -> WeightedSum:
        """Return this sum, every term multiplied by ``weight``."""
        return WeightedSum(tuple((weight * inner, reward) for inner, reward in self.terms))

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        total: Marks = {}
        parts: Parts = {}
        for weight, reward in self.terms:
            marks, its = reward._audit(frame)
            weighted = each_mark(marks, partial(mul, weight))
            total = {n: combined(add, total.get(n, 0.0), m) for n, m in weighted.items()}
            if len(its) == 1:  # the parts of a plain sum add up to the total
                its = {_times(weight, next(iter(its))): weighted}
            add_parts(parts, its)
        return total, parts

    def __repr__(self) -> str:
        return " + ".join(_times(weight, repr(reward)) for weight, reward in self.terms)


@dataclass(frozen=True, repr=False)
class Gated(Composition):
    """A reward that is capped where a guard fails, that is, gives 0 or less.

    Args:
        reward: The reward.
        guard: The guard.
        cap: Most that a failing candidate can get.

    Reference: the gated reward of SearchLLM.
    """

    reward: Reward
    guard: Reward
    cap: float = 0.0

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        marks, parts = self.reward._audit(frame)
        verdicts, its = self.guard._audit(frame)
        add_parts(parts, its)
        return {n: combined(self._capped, mark, verdicts[n]) for n, mark in marks.items()}, parts

    def _capped(self, mark: float, verdict: float) -> float:
        return mark if verdict > 0 else min(mark, self.cap)

    def __repr__(self) -> str:
        cap = f", cap={self.cap!r}" if self.cap else ""
        return f"{_bracketed(self.reward)}.gate({self.guard!r}{cap})"


@dataclass(frozen=True, repr=False)
class Relative(Composition):
    """A reward less what the original query gets, which is scored once a group.

    Input columns: those of the reward, and ``query_0``. The original is searched for as text,
    whatever form the candidates have; per-query columns are those of its group.

    Args:
        reward: The reward.
    """

    reward: Reward

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        longer, original = with_originals(frame)
        marks, parts = self.reward._audit(longer)
        groups = groups_of(frame)
        before = {name: marks[original[group]] for name, group in groups.items()}
        shown = {part: {n: its[n] for n in groups} for part, its in parts.items()}
        add_parts(shown, {"original": before})
        return {name: combined(sub, marks[name], before[name]) for name in groups}, shown

    def __repr__(self) -> str:
        return f"{_bracketed(self.reward)}.relative_to_original()"


@dataclass(frozen=True, repr=False)
class Clipped(Composition):
    """A reward held between two bounds.

    Args:
        reward: The reward.
        low: Lower bound.
        high: Upper bound, not below ``low``.
    """

    reward: Reward
    low: float
    high: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low <= self.high:
            raise ValueError(f"low should not be above high, found clip({self.low}, {self.high})")

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        marks, parts = self.reward._audit(frame)
        return each_mark(marks, lambda mark: min(max(mark, self.low), self.high)), parts

    def __repr__(self) -> str:
        return f"{_bracketed(self.reward)}.clip({self.low!r}, {self.high!r})"


@dataclass(frozen=True, repr=False)
class Normalised(Composition):
    """A reward as deviations from the mean of its group: ``(mark - mean) / deviation``.

    Brings rewards of different scales onto one before they are added. Mean and (population)
    deviation are over the candidates of a ``qgroup`` that have a verdict; where all of them are
    equal, all get 0. Score all candidates of a group together.

    Args:
        reward: The reward.

    Reference:
        After ReNorm of Xu et al. Hybrid Reward Normalization for Process-supervised
        Non-verifiable Agentic Tasks. arXiv 2509.25598, 2025.
    """

    reward: Reward

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, Parts]:
        marks, parts = self.reward._audit(frame)
        groups = groups_of(frame)
        members: dict[str, list[float]] = {}
        for name, group in groups.items():
            mark = marks[name]
            if mark is not None:
                members.setdefault(group, []).append(mark)
        spread = {group: (fmean(of), pstdev(of), len(set(of)) > 1) for group, of in members.items()}
        total: Marks = {}
        for name, mark in marks.items():
            if mark is None:
                total[name] = None
                continue
            mean, deviation, differs = spread[groups[name]]
            total[name] = (mark - mean) / deviation if differs and deviation > 0 else 0.0
        return total, parts

    def __repr__(self) -> str:
        return f"{_bracketed(self.reward)}.normalise()"


def _times(weight: float, text: str) -> str:
    return text if weight == 1 else f"{weight!r} * {text}"


def _bracketed(reward: Reward) -> str:
    return f"({reward!r})" if isinstance(reward, WeightedSum) else repr(reward)
