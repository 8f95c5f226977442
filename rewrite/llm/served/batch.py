"""One batch of requests: what is sent again, given up, or ends it all; and a loop to run it in."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, Protocol, TypeVar

from ...errors import LLMError
from ..base import Completions, Messages, Sampling
from .reply import Concerns, Trouble, judge, read_reply

FIRST_WAIT: Final = 0.5
"""Seconds before a request is sent again for the first time; the wait doubles every time."""

LONGEST_WAIT: Final = 30.0
"""Seconds that it doubles to."""

LONGEST_ASKED_WAIT: Final = 120.0
"""Seconds that a server may ask a request to wait; one that asks for more is given up."""

DOWN_AFTER: Final = 16
"""Requests given up in a row that tell a server that is down from a few hard prompts."""

T = TypeVar("T")

Emit = Callable[[T], None]

Send = Callable[[dict[str, Any]], Awaitable[str]]


class Requests(Protocol):
    """A served model, as far as a batch of requests to it must know.

    Attributes:
        model: Its name, for errors.
        concurrency: Requests in flight.
        timeout: Seconds that one may take.
        retries: How often one is sent again.
    """

    model: str
    concurrency: int
    timeout: float
    retries: int

    @property
    def endpoint(self) -> str:
        """Where it is served, for errors."""

    def request_body(
        self, prompt: Messages, sampling: Sampling, *, n: int, seed: int | None
    ) -> dict[str, Any]:
        """Return the body of one request."""

    def adapt(self, parameter: str, body: Mapping[str, Any]) -> bool:
        """Do without a parameter that the server refused; return whether to send again."""

    def redact(self, text: str) -> str:
        """Return a message without secrets."""


class Batch:
    """Answers a batch of prompts, a bounded number at a time.

    Args:
        llm: Makes the request bodies, and says how many requests at once and how often again.
        send: Sends a body and returns the body of the answer; raises what the client raises.
        sampling: How to sample.
    """

    def __init__(self, llm: Requests, send: Send, sampling: Sampling) -> None:
        self._llm = llm
        self._send = send
        self._sampling = sampling
        self._heard = 0  # answers of any kind: a server is there
        self._given_up = 0  # requests given up since the last good answer
        self._not_before = 0.0  # a server that asks one request to wait means all of them

    async def run(self, prompts: Sequence[Messages], emit: Emit[tuple[int, Completions]]) -> None:
        """Emit the position and the answer of every prompt.

        Raises:
            LLMError: If what went wrong concerns every request; all others are then cancelled.
        """
        waiting = iter(enumerate(prompts))

        async def work() -> None:
            for position, prompt in waiting:
                emit((position, await self._answer(prompt)))

        workers = [
            asyncio.create_task(work()) for _ in range(min(self._llm.concurrency, len(prompts)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _answer(self, prompt: Messages) -> Completions:
        n, seed = self._sampling.n, self._sampling.seed
        answer = Completions([])
        # some servers send one choice, however many are asked for
        while answer.error is None and len(answer.texts) < n:
            done = len(answer.texts)
            answer.add(await self._ask(prompt, n - done, None if seed is None else seed + done))
        answer.texts = answer.texts[:n]
        if answer.error is not None:
            answer.error = self._llm.redact(f"{self._llm.model}: {answer.error}")
        return answer

    async def _ask(self, prompt: Messages, n: int, seed: int | None) -> Completions:
        """Send one request, again where that may help."""
        heard, failures, started = self._heard, 0, time.perf_counter()
        while True:
            if (wait := self._not_before - time.monotonic()) > 0:
                await pause(wait)
            body = self._llm.request_body(prompt, self._sampling, n=n, seed=seed)
            try:
                reply = read_reply(await self._send(body))
            except Exception as error:
                trouble = judge(error, timeout=self._llm.timeout)
            else:
                self._heard += 1
                self._given_up = 0
                reply.seconds = time.perf_counter() - started
                return reply
            self._heard += not trouble.unreachable
            if trouble.parameter and self._llm.adapt(trouble.parameter, body):
                continue
            if trouble.concerns is Concerns.ALL:
                raise self._end(trouble.text)
            if trouble.concerns is Concerns.REQUEST:
                return Completions([], error=trouble.text)
            failures += 1
            if failures > self._llm.retries or trouble.wait > LONGEST_ASKED_WAIT:
                return self._give_up(trouble, failures, nobody_there=self._heard == heard)
            self._not_before = max(self._not_before, time.monotonic() + trouble.wait)
            await pause(next_wait(failures, asked=trouble.wait, chance=random.random()))

    def _give_up(self, trouble: Trouble, failures: int, *, nobody_there: bool) -> Completions:
        text = f"{trouble.text} (tries: {failures})"
        if trouble.wait > LONGEST_ASKED_WAIT:
            text = f"{trouble.text} (the server asks to wait {trouble.wait:.0f} s)"
        self._given_up += 1
        if trouble.unreachable and nobody_there:
            raise self._end(f"no server answers; check base_url, and that it runs: {text}")
        if self._given_up >= max(DOWN_AFTER, self._llm.concurrency):
            raise self._end(
                f"{self._given_up} requests in a row were given up, so the rest were not sent; "
                f"try again later, or with a lower concurrency or a longer timeout: {text}"
            )
        return Completions([], error=text)

    def _end(self, text: str) -> LLMError:
        return LLMError(self._llm.redact(f"{self._llm.model} at {self._llm.endpoint}: {text}"))


def next_wait(failures: int, *, asked: float, chance: float) -> float:
    """Return the seconds to wait after so many failures.

    Args:
        failures: Tries so far, at least 1.
        asked: Seconds that the server asks to wait at least.
        chance: Between 0 and 1; spreads the requests that failed together over time.
    """
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (failures - 1))
    return asked + longest * (0.5 + 0.5 * chance)


async def pause(seconds: float) -> None:
    """Wait; tests put their own in its place."""
    await asyncio.sleep(seconds)


@dataclass(slots=True)
class _End:
    error: BaseException | None


def in_own_loop(job: Callable[[Emit[T]], Coroutine[Any, Any, None]]) -> Iterator[T]:
    """Run a coroutine in a thread of its own and yield what it emits, as it emits it.

    The thread has its own event loop, so this works from a script, from any thread, and from a
    notebook, whose own loop is already running.

    Args:
        job: Gets a function that emits one item, and returns the coroutine to run.

    Yields:
        What the coroutine emits. Closing the iterator early cancels the coroutine and waits
        until it has ended.

    Raises:
        BaseException: What the coroutine raises, after everything that it emitted before.
    """
    items: SimpleQueue[T | _End] = SimpleQueue()
    loop = asyncio.new_event_loop()
    task = loop.create_task(job(items.put))

    def run() -> None:
        error: BaseException | None = None
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            pass
        except BaseException as caught:
            error = caught
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            items.put(_End(error))

    thread = Thread(target=run, name="pyterrier-rewrite-llm", daemon=True)
    thread.start()
    try:
        while not isinstance(item := items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
