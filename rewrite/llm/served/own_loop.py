"""A bridge from coroutines to an ordinary iterator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")

Emit = Callable[[T], None]


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
