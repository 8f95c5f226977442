"""What is known about a served model, by all that ask it: how much it takes, how it fares."""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final

from ..base import Completions
from .circuit import Circuit, watch
from .connection import Connection
from .loop import BackgroundLoop

ROOM: Final = 0.8
"""Share of what a server answers within a timeout that is sent to it at once."""


BUSY: Final = 0.3
"""Share of the latest answers that are refusals because of load, above which fewer are sent."""

LATEST: Final = 10
"""Answers that are the latest ones, about."""

SILENT: Final = 16
"""Requests sent alone and not answered in time, in a row, that tell a server that hangs."""

NEVER_HEARD: Final = 3
"""The same where nobody was ever answered."""


@dataclass(slots=True)
class Sent:
    """A request on its way.

    Attributes:
        lane: Requests that may be in flight at once, for whoever sent it.
        answered: Good answers that the server had given when it was sent.
        heard: The same of answers of any kind.
        crowd: Requests in flight then, itself included.
        cuts: How often the limit had been lowered then.
    """

    lane: int
    answered: int
    heard: int
    crowd: int
    cuts: int


class Server:
    """One model at one address, asked with one key: shared by all model objects of a process.

    Keeps the requests in flight below a limit of its own, which falls when the server does not
    keep up (it answers late, or refuses because of its load or a quota) and rises again, one at
    a time, while it does. Lives in one event loop.

    Attributes:
        connection: Sends the requests.
        circuit: Whether there is a server at all.
        answered: Good answers so far.
        heard: Answers so far, good or bad: there is a server.
        alone: Requests that got no answer in time with no other in the way, since any got one.
        asking: Repeatable requests in flight, and those who wait for the same answer.
    """

    def __init__(self, connection: Connection, circuit: Circuit) -> None:
        self.connection = connection
        self.circuit = circuit
        self.answered = 0
        self.heard = 0
        self.alone = 0
        self.asking: dict[Hashable, asyncio.Future[Completions | None]] = {}
        self.limit = math.inf
        self._cuts = 0
        self._busy = 0.0  # share of the latest answers that were refused because of load
        self._in_flight: Counter[int] = Counter()
        self._waiting: dict[int, deque[asyncio.Future[None]]] = {}
        self._in_doubt: list[asyncio.Future[None]] = []

    @property
    def in_flight(self) -> int:
        """Requests on their way."""
        return self._in_flight.total()

    async def enter(self, lane: int) -> Sent:
        """Wait until there is room for one more request, first come, first served.

        Args:
            lane: Requests that may be in flight at once, for all that give the same number.
        """
        if not self._has_room(lane) or self._waiting.get(lane):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            queue = self._waiting.setdefault(lane, deque())
            queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._in_flight[lane] -= 1
                    self._let_in()
                elif turn in queue:
                    queue.remove(turn)
                raise
        else:
            self._in_flight[lane] += 1
        return Sent(lane, self.answered, self.heard, self.in_flight, self._cuts)

    def leave(self, sent: Sent) -> None:
        """Make room."""
        self._in_flight[sent.lane] -= 1
        self._let_in()
        if not self.in_flight:
            self._end_doubt()

    @property
    def hangs(self) -> bool:
        """Whether it takes requests and answers none, not even one at a time."""
        return self.alone >= (SILENT if self.answered else NEVER_HEARD)

    async def answers_anybody(self) -> bool:
        """Return whether there was a good answer; until one comes, wait for those on their way."""
        while not self.answered and self.in_flight:
            verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._in_doubt.append(verdict)
            await verdict
        return self.answered > 0

    def _end_doubt(self) -> None:
        for verdict in self._in_doubt:
            if not verdict.done():
                verdict.set_result(None)
        self._in_doubt.clear()

    def _has_room(self, lane: int) -> bool:
        return self._in_flight[lane] < lane and self.in_flight < self.limit

    def _let_in(self) -> None:
        for lane, queue in self._waiting.items():
            while queue and self._has_room(lane):
                turn = queue.popleft()
                if not turn.done():
                    self._in_flight[lane] += 1
                    turn.set_result(None)

    def was_good(self) -> None:
        """Note a good answer: there is a server, and it may take more at once."""
        self.answered += 1
        self._busy -= self._busy / LATEST
        self.circuit.found_somebody()
        self._end_doubt()
        if self.limit < math.inf:
            self.limit += 1 / self.limit

    def was_late(self, sent: Sent) -> bool:
        """Note that a request got no answer in time.

        Returns:
            Whether there were more in flight than the server answers in that time: then others
            were in the way, and it is no fault of the request.
        """
        others = self.answered - sent.answered
        if others * ROOM >= max(sent.crowd, self.in_flight):
            return False
        self._lower(sent, max(1.0, others * ROOM))
        return others > 0

    def was_busy(self, sent: Sent) -> bool:
        """Note that a request was refused because of others; return whether any was answered."""
        self._busy += (1 - self._busy) / LATEST
        if self._busy > BUSY:
            self._lower(sent, math.inf)
        return self.answered > sent.answered

    def _lower(self, sent: Sent, most: float) -> None:
        if sent.cuts == self._cuts:  # sent since it was lowered: what it says is news
            crowd = max(sent.crowd, self.in_flight)
            self.limit = max(1.0, min(most, min(self.limit, crowd) / 2))
            self._cuts += 1


def server_at(
    background: BackgroundLoop, url: str, key: str, model: str, headers: Mapping[str, str]
) -> Server:
    """Return what is known about a model; call it in the loop."""
    where = (url, key, tuple(sorted(headers.items())))
    found: Server | None = background.shared.get((where, model))
    if found is None:
        place = background.shared.get(where)
        if place is None:
            place = _place(background, Connection(url, key, headers))
            background.shared[where] = place
            background.closing.append(place[0].close)
        found = background.shared[where, model] = Server(*place)
    return found


def _place(background: BackgroundLoop, connection: Connection) -> tuple[Connection, Circuit]:
    """Return the connections to an address, and whether there is a server at all."""
    watching: set[asyncio.Task[None]] = set()  # or nobody would hold them

    def look_for_it() -> None:
        task = background.loop.create_task(watch(circuit, connection.finds_somebody))
        watching.add(task)
        task.add_done_callback(watching.discard)

    circuit = Circuit(look_for_it)
    return connection, circuit
