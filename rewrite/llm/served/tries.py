"""The tries of one request: whether another may help, and when."""

from __future__ import annotations

import random
import time
from typing import Final

from .server import Sent, Server
from .trouble import Cause, Concerns, Trouble

FIRST_WAIT: Final = 0.5
"""Seconds before a request is sent again for the first time; the wait doubles every time."""

LONGEST_WAIT: Final = 30.0
"""Seconds that it doubles to."""

A_MINUTE: Final = 60.0
"""The same for a request that was refused because of a quota, which most servers have a minute."""

LONGEST_ASKED_WAIT: Final = 120.0
"""Seconds that a server may ask a request to wait; one that asks for more is given up."""

PATIENCE: Final = 120.0
"""Seconds of waiting for a quota, since somebody was last answered, that cost no try."""

TRIES_FILTERED: Final = 1
"""How often to ask again for an answer that was filtered: most filters judge what was written."""

TRIES_UNHEARD: Final = 2
"""How often to look again for a server that nobody has ever heard of."""

LONGEST_UNHEARD: Final = 2.0
"""Seconds after which it is not looked for again: a host that swallows packets takes ten a try."""


class Tries:
    """What is known of the tries of one request.

    A failure that is due to others (the server is busy, or slow, and answers them meanwhile)
    does not count against ``retries``.

    Args:
        server: Where it is sent.
        retries: How often it may be sent again.

    Attributes:
        failures: Tries so far that failed.
    """

    def __init__(self, server: Server, retries: int) -> None:
        self.failures = 0
        self._server = server
        self._retries = retries
        self._heard = server.heard
        self._answered = server.answered
        self._counted = 0
        self._filtered = 0
        self._waited = 0.0  # seconds, since anybody was answered
        self._was_alone = False
        self._last: Trouble | None = None
        self._begun = time.monotonic()

    def found_nobody(self) -> bool:
        """Return whether there was no server the last time, and nobody heard of one meanwhile."""
        nobody = self._last is not None and self._last.cause is Cause.NOBODY
        return nobody and self._server.heard == self._heard

    def failed(self, trouble: Trouble, sent: Sent) -> float | None:
        """Note a failure; return the seconds until another try, or None if none will help.

        Args:
            trouble: What happened.
            sent: The request that failed.
        """
        self._last = trouble
        if trouble.concerns is not Concerns.NOW:
            return None
        self.failures += 1
        self._counted += not self._is_others_fault(trouble, sent)
        if trouble.cause is Cause.LATE and not self._was_alone:
            self._was_alone = max(sent.crowd, self._server.in_flight) == 1
            self._server.alone += self._was_alone
        self._filtered += trouble.cause is Cause.FILTER
        if self._filtered > TRIES_FILTERED:
            return None
        retries = self._retries
        if trouble.cause is Cause.NOBODY and not self._server.heard:
            retries = min(retries, TRIES_UNHEARD)
            if time.monotonic() - self._begun > LONGEST_UNHEARD:
                return None
        hangs = trouble.cause is Cause.LATE and self._server.hangs
        if hangs or trouble.wait > LONGEST_ASKED_WAIT or self._counted > retries:
            return None
        if self._server.circuit.is_open:  # this was the one try of a probe
            return None
        longest = A_MINUTE if trouble.cause is Cause.LIMIT else LONGEST_WAIT
        wait = next_wait(self.failures, asked=trouble.wait, chance=random.random(), longest=longest)
        self._waited += wait
        return wait

    def _is_others_fault(self, trouble: Trouble, sent: Sent) -> bool:
        server = self._server
        if self._answered != server.answered:
            self._answered, self._waited = server.answered, 0.0
        if trouble.cause is Cause.LATE:
            return server.was_late(sent)
        if trouble.cause is Cause.BUSY:
            return server.was_busy(sent)
        if trouble.cause is Cause.LIMIT:
            return server.was_busy(sent) or self._waited < PATIENCE
        return False


def next_wait(
    failures: int, *, asked: float, chance: float, longest: float = LONGEST_WAIT
) -> float:
    """Return the seconds to wait after so many failures.

    Args:
        failures: Tries so far, at least 1.
        asked: Seconds that the server asks to wait at least.
        chance: Between 0 and 1; spreads the requests that failed together over time.
        longest: Seconds that the wait grows to.
    """
    grown = min(longest, FIRST_WAIT * 2.0 ** min(failures - 1, 30))
    return asked + grown * (0.5 + 0.5 * chance)
