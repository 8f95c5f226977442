"""What benchmarks have in common: they time calls, and print tables."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Final, ParamSpec, TypeVar

from rich.console import Console
from rich.table import Table

P = ParamSpec("P")
T = TypeVar("T")

PASSAGE: Final = "A sofa is a piece of furniture that seats two or three people in a living room."
"""What a model answers where its answer does not matter."""


def timed(call: Callable[P, T], *args: P.args, **options: P.kwargs) -> tuple[T, float]:
    """Return what a call returns, and the seconds that it takes."""
    started = perf_counter()
    return call(*args, **options), perf_counter() - started


def in_turns(calls: Sequence[Callable[[], object]], rounds: int) -> list[tuple[float, ...]]:
    """Return the seconds of each call in each round, after a first round that warms up.

    The calls take turns, so that a busy moment of the machine meets all of them.
    """
    for call in calls:
        call()
    by_round = [[timed(call)[1] for call in calls] for _ in range(rounds)]
    return list(zip(*by_round, strict=True))


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]
) -> None:
    """Print a table of texts; the first column has names, the others numbers."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_peak(console: Console) -> None:
    """Print how much memory the process had at most."""
    unit = 1024 if sys.platform == "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024
    console.print(f"peak memory of the process: {peak:,.0f} MB")
