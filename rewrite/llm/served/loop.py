"""A bridge from coroutines to an ordinary iterator, over one event loop for the process."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

Emit = Callable[[T], None]

LONGEST_GOODBYE: Final = 2.0
"""Seconds that connections may take to close when the process ends."""


class BackgroundLoop:
    """An event loop in a thread of its own, and what lives in it for as long as the process.

    Attributes:
        loop: The loop.
        pid: The process that it runs in: a fork has no threads but one, so no loop either.
        shared: What the coroutines share, by a key of theirs; only they may touch it.
        closing: What to call when the process ends.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pid = os.getpid()
        self.shared: dict[Any, Any] = {}
        self.closing: list[Callable[[], Awaitable[None]]] = []
        self._thread = Thread(target=self._run, name="pyterrier-rewrite-llm", daemon=True)
        self._thread.start()
        atexit.register(self._stop)

    def _run(self) -> None:
        self.loop.run_forever()
        self.loop.close()

    def _stop(self) -> None:
        if self.pid != os.getpid() or not self._thread.is_alive():
            return

        async def say_goodbye() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            for close in self.closing:
                with suppress(Exception):
                    await close()

        ended = asyncio.run_coroutine_threadsafe(say_goodbye(), self.loop)
        with suppress(Exception):
            ended.result(LONGEST_GOODBYE)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(LONGEST_GOODBYE)


_made: list[BackgroundLoop] = []
_making = Lock()


def background_loop() -> BackgroundLoop:
    """Return the loop of this process; it is made at first use, and anew after a fork."""
    if not (_made and _made[-1].pid == os.getpid()):
        with _making:
            if not (_made and _made[-1].pid == os.getpid()):
                _made[:] = [BackgroundLoop()]
    return _made[-1]


def _renew_lock() -> None:
    global _making
    _making = Lock()  # another thread may have held it when the process forked


os.register_at_fork(after_in_child=_renew_lock)


@dataclass(slots=True)
class _End:
    error: BaseException | None


def in_loop(job: Callable[[Emit[T]], Coroutine[Any, Any, None]]) -> Iterator[T]:
    """Run a coroutine in the loop of the process and yield what it emits, as it emits it.

    This works from a script, from any thread, and from a notebook, whose own loop is already
    running.

    Args:
        job: Gets a function that emits one item, and returns the coroutine to run.

    Yields:
        What the coroutine emits. Closing the iterator early cancels the coroutine and waits
        until it has ended.

    Raises:
        BaseException: What the coroutine raises, after everything that it emitted before.
    """
    background = background_loop()
    items: SimpleQueue[T | _End] = SimpleQueue()
    tasks: list[asyncio.Task[None]] = []

    def end(task: asyncio.Task[None]) -> None:
        items.put(_End(None if task.cancelled() else task.exception()))

    def start() -> None:
        task = background.loop.create_task(job(items.put))
        tasks.append(task)
        task.add_done_callback(end)

    background.loop.call_soon_threadsafe(start)
    item: T | _End | None = None
    try:
        while not isinstance(item := items.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        if not isinstance(item, _End) and background.pid == os.getpid():
            background.loop.call_soon_threadsafe(lambda: tasks[0].cancel())
            while not isinstance(items.get(), _End):
                pass
