"""A circuit breaker: where no server answers, callers are told so at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

FIRST_PROBE: Final = 1.0
"""Seconds from the first failure to the next try; they double every time."""

LONGEST_PROBE: Final = 30.0
"""Seconds that they double to."""

FORGOTTEN: Final = 600.0
"""Seconds after the last caller when nobody looks any more, and the next caller has to try."""


class Circuit:
    """Remembers that nobody answers at an address.

    Closed, requests go through; open, they fail at once, while somebody looks for the server
    beside them, now and then (:func:`watch`).

    Args:
        on_open: Called when it opens.
    """

    def __init__(self, on_open: Callable[[], object] = lambda: None) -> None:
        self._on_open = on_open
        self._open = False
        self._tried = 0.0
        self._asked = 0.0
        self._wait = FIRST_PROBE
        self._why = ""

    def admit(self) -> str | None:
        """Return why not to send a request, or None; the same each time, so that it is counted."""
        if not self._open:
            return None
        self._asked = time.monotonic()
        why = f" ({self._why})" if self._why else ""
        return f"tried in vain{why}, and tried again in the background"

    @property
    def is_open(self) -> bool:
        """Whether nobody answered when somebody last tried."""
        return self._open

    def found_nobody(self, why: str = "") -> None:
        """Open; callers are told why. Others that were under way find the same."""
        self._why = why or self._why
        if not self._open:
            self._open, self._wait = True, FIRST_PROBE
            self._tried = self._asked = time.monotonic()
            self._on_open()

    def found_somebody(self) -> None:
        """Close."""
        self._open = False

    def next_probe(self) -> float | None:
        """Return the seconds until somebody should look again; None if nobody needs to.

        A circuit that nobody asked for a while closes.
        """
        now = time.monotonic()
        if now - self._asked > FORGOTTEN:
            self._open = False
        return max(0.0, self._tried + self._wait - now) if self._open else None

    def still_nobody(self) -> None:
        """Note that somebody looked, and wait for longer."""
        self._wait = min(LONGEST_PROBE, 2 * self._wait)
        self._tried = time.monotonic()


async def watch(circuit: Circuit, look: Callable[[], Awaitable[bool]]) -> None:
    """Look for a server while its circuit is open.

    Args:
        circuit: The circuit.
        look: Says whether somebody is there.
    """
    while (wait := circuit.next_probe()) is not None:
        await asyncio.sleep(wait)
        if not circuit.is_open:
            return
        if await look():
            circuit.found_somebody()
        else:
            circuit.still_nobody()
