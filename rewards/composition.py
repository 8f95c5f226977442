"""Rewards made of rewards; the operators and methods of ``Reward`` build them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from statistics import fmean, pstdev

import pandas as pd

from .candidates import groups_of, with_originals
from .reward import Marks, Reward

_Parts = dict[str, Marks]


class Composition(Reward):
    """A reward made of others; its parts are shown by ``explain``."""

    @abstractmethod
    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, _Parts]:
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

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, _Parts]:
        total: Marks = {}
        parts: _Parts = {}
        for weight, reward in self.terms:
            marks, its = reward._audit(frame)
            weighted = {n: None if m is None else weight * m for n, m in marks.items()}
            total = {n: _sum(total.get(n, 0.0), m) for n, m in weighted.items()}
            if len(its) == 1:  # the parts of a plain sum add up to the total
                its = {_times(weight, next(iter(its))): weighted}
            _add_parts(parts, its)
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

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, _Parts]:
        marks, parts = self.reward._audit(frame)
        verdicts, its = self.guard._audit(frame)
        total: Marks = {}
        for name, mark in marks.items():
            verdict = verdicts[name]
            if mark is None or verdict is None:
                total[name] = None
            else:
                total[name] = mark if verdict > 0 else min(mark, self.cap)
        _add_parts(parts, its)
        return total, parts

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

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, _Parts]:
        longer, original = with_originals(frame)
        marks, parts = self.reward._audit(longer)
        groups = groups_of(frame)
        before = {name: marks[original[group]] for name, group in groups.items()}
        shown = {part: {n: its[n] for n in groups} for part, its in parts.items()}
        _add_parts(shown, {"original": before})
        return {n: _sum(marks[n], _negative(before[n])) for n in groups}, shown

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
        if not self.low <= self.high:
            raise ValueError(f"low should not be above high, found clip({self.low}, {self.high})")

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, _Parts]:
        marks, parts = self.reward._audit(frame)
        total = {
            n: None if m is None else min(max(m, self.low), self.high) for n, m in marks.items()
        }
        return total, parts

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

    def _audit(self, frame: pd.DataFrame) -> tuple[Marks, _Parts]:
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


# -- helpers --------------------------------------------------------------------------------


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _negative(mark: float | None) -> float | None:
    return None if mark is None else -mark


def _times(weight: float, text: str) -> str:
    return text if weight == 1 else f"{weight!r} * {text}"


def _bracketed(reward: Reward) -> str:
    return f"({reward!r})" if isinstance(reward, WeightedSum) else repr(reward)


def _add_parts(parts: _Parts, more: _Parts) -> None:
    """Add columns; one whose name is taken gets a number."""
    for name, marks in more.items():
        free, number = name, 2
        while free in parts:
            free, number = f"{name} ({number})", number + 1
        parts[free] = marks
