"""A circuit breaker: where no server answers, callers are told so at once."""

from __future__ import annotations

import time
from typing import Final

FIRST_PROBE: Final = 1.0
"""Seconds from the first failure to the next try; they double every time."""

LONGEST_PROBE: Final = 30.0
"""Seconds that they double to."""


class Circuit:
    """Remembers that nobody answers at an address, and lets one caller at a time try again.

    Closed, requests go through; open, they fail at once, but for one try now and then.
    """

    def __init__(self) -> None:
        self._open = False
        self._probing = False
        self._tried = 0.0
        self._wait = FIRST_PROBE
        self._why = ""

    def admit(self) -> str | None:
        """Return why not to send a request, or None; it is a probe where :attr:`probing`."""
        if not self._open:
            return None
        now = time.monotonic()
        left = self._tried + self._wait - now
        if left <= 0 and not self._probing:
            self._probing = True
            return None
        soon = "next try now" if left <= 0 else f"next try in {_seconds(left)}"
        why = f" ({self._why})" if self._why else ""
        return f"tried {_seconds(now - self._tried)} ago, {soon}{why}"

    @property
    def is_open(self) -> bool:
        """Whether nobody answered when somebody last tried."""
        return self._open

    def found_nobody(self, why: str = "") -> None:
        """Open, or wait for longer if it was open; callers are told why."""
        self._why = why or self._why
        if self._open and not self._probing:
            return  # others that were under way find the same
        self._wait = min(LONGEST_PROBE, 2 * self._wait) if self._open else FIRST_PROBE
        self._open, self._probing, self._tried = True, False, time.monotonic()

    def found_somebody(self) -> None:
        """Close."""
        self._open = self._probing = False


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 1 else f"{seconds:.0f} s"
