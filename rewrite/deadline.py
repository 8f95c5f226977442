"""A time by which answers have to be there, for all that is called until then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from .ranges import Positive, check_ranges

LATE: Final = "deadline"
"""The error of an answer that did not come in time."""

_until: ContextVar[float | None] = ContextVar("until", default=None)


@contextmanager
def time_limit(seconds: Positive | None, *, since: float | None = None) -> Iterator[None]:
    """Give everything inside so many seconds; of limits inside each other the earliest counts.

    Models stop at the limit, and what they did not answer by then has the error ``deadline``.

    Args:
        seconds: None sets no limit.
        since: When they began, on the clock of ``time.monotonic``; None is now.

    Raises:
        ValueError: If it is not over 0.

    Example:
        >>> with time_limit(5):
        ...     with time_limit(60):
        ...         print(remaining() <= 5, time_is_over())
        True False
        >>> print(remaining())
        None
    """
    check_ranges(time_limit, {"seconds": seconds})
    before = _until.get()
    until = before
    if seconds is not None:
        until = (time.monotonic() if since is None else since) + seconds
        until = until if before is None else min(before, until)
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def remaining() -> float | None:
    """Return the seconds that are left, at least 0; None if there is no limit."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())


def time_is_over() -> bool:
    """Return whether there is a limit and it has passed."""
    return remaining() == 0
