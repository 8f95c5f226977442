"""Chance that falls the same on every machine and every version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws from sequences.

    Python promises to keep ``Random.random`` as it is, but not ``choice`` or ``shuffle``; so
    this uses only the former.

    Args:
        seed: Names the sequence of draws.
    """

    def __init__(self, seed: str) -> None:
        self._random = Random(seed).random

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self._random() < probability

    def pick(self, items: Sequence[T]) -> T:
        """Return one item."""
        return items[int(self._random() * len(items))]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Return ``count`` different items, or all if there are fewer, in their own order."""
        left = list(range(len(items)))
        while len(left) > count:
            left.pop(int(self._random() * len(left)))
        return [items[position] for position in left]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in a new order."""
        left = list(items)
        return [left.pop(int(self._random() * len(left))) for _ in items]
