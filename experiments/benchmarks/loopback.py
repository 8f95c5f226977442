"""A server on this machine that speaks OpenAI's chat completions, from a script."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from aiohttp import web

Body = dict[str, Any]

PIECES: Final = 10
"""In how many pieces a body trickles."""


@dataclass(frozen=True)
class Reply:
    """What to answer to one request.

    Attributes:
        status: The status.
        body: The body; a dict is sent as JSON, None is an answer that echoes the last message.
        headers: Further headers.
        latency: Seconds until the answer; None is the server's own.
        hang_up: Close the connection in place of an answer.
        kind: The content type; None is JSON for a dict, else HTML.
        share: Share of the body that is sent before the connection breaks; 1 is all.
        trickle: Seconds over which the body is sent, piece by piece.
    """

    status: int = 200
    body: Body | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    latency: float | None = None
    hang_up: bool = False
    kind: str | None = None
    share: float = 1.0
    trickle: float = 0.0


class LoopbackServer:
    """Answers chat completions on 127.0.0.1, from a script, and remembers what it was asked.

    By default each choice echoes the last message (the second and further ones with their
    number before it), tokens are counted as words, and ``max_tokens`` is kept to.

    Args:
        latency: Seconds until an answer.
        ignore_n: Send one choice, however many are asked for, as some servers do.
        most_words: Echo only so many words, the last ones; None echoes all.
        answer: What to say in place of the echo.
        slots: Requests that it works on at a time, the others queue; None is any number. Clients
            that leave are forgotten.
        port: Where it listens; 0 is any port that is free.

    Attributes:
        replies: What to answer to the next requests, in turn; when there are none left, the
            default. A function gets the request's body and number, from 1, and returns what to
            answer or None for the default.
        requests: The body of every request.
        headers: The headers of every request, names in lower case.
        in_flight: Requests that wait for their answer.
        most_in_flight: The most that ever waited at once.

    Example:
        >>> with LoopbackServer() as server:
        ...     server.url.startswith("http://127.0.0.1:")
        True
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        ignore_n: bool = False,
        most_words: int | None = None,
        answer: str | None = None,
        slots: int | None = None,
        port: int = 0,
    ) -> None:
        self.latency = latency
        self.ignore_n = ignore_n
        self.most_words = most_words
        self.answer = answer
        self.slots = slots
        self.replies: list[Reply] | Callable[[Body, int], Reply | None] = []
        self.requests: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.port = port
        self._ready = threading.Event()
        self._stop: Callable[[], object] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        """What clients call ``base_url``."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def questions(self) -> list[str]:
        """The last message of every request."""
        return [request["messages"][-1]["content"] for request in self.requests]

    def __enter__(self) -> LoopbackServer:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join()

    async def _serve(self) -> None:
        from aiohttp import web

        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", self._handle)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        self._free = asyncio.Semaphore(self.slots or sys.maxsize)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, backlog=1024)
        await site.start()
        self.port = runner.addresses[0][1]
        loop, left = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(left.set)
        self._ready.set()
        await left.wait()
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        from aiohttp import web

        body = json.loads(await request.read())
        self.requests.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        reply = self._next_reply(body)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            latency = self.latency if reply.latency is None else reply.latency
            async with self._free:
                if latency:
                    await asyncio.sleep(latency)
        finally:
            self.in_flight -= 1
        if reply.hang_up and request.transport is not None:
            request.transport.close()
        content = self._echo(body) if reply.body is None else reply.body
        text, kind = content, "text/html"
        if not isinstance(text, str):
            text, kind = json.dumps(text), "application/json"
        if reply.share < 1 or reply.trickle:
            return await _in_pieces(request, reply, text.encode(), reply.kind or kind)
        return web.Response(
            text=text,
            status=reply.status,
            headers=reply.headers,
            content_type=reply.kind or kind,
        )

    def _next_reply(self, body: Body) -> Reply:
        if callable(self.replies):
            return self.replies(body, len(self.requests)) or Reply()
        return self.replies.pop(0) if self.replies else Reply()

    def _echo(self, body: Body) -> Body:
        text = body["messages"][-1]["content"] if self.answer is None else self.answer
        if self.most_words is not None:
            text = " ".join(text.split()[-self.most_words :])
        limit = body.get("max_tokens") or body.get("max_completion_tokens") or 10**6
        n = 1 if self.ignore_n else body.get("n") or 1
        texts = [text if i == 0 else f"{i} {text}" for i in range(n)]
        long = [len(text.split()) > limit for text in texts]
        texts = [
            " ".join(text.split()[:limit]) if cut else text
            for text, cut in zip(texts, long, strict=True)
        ]
        return completion(
            *texts,
            finish=["length" if cut else "stop" for cut in long],
            prompt_tokens=sum(len(m["content"].split()) for m in body["messages"]),
        )


async def _in_pieces(
    request: web.Request, reply: Reply, body: bytes, kind: str
) -> web.StreamResponse:
    """Send a body slowly, or only the beginning of it."""
    from aiohttp import web

    response = web.StreamResponse(status=reply.status, headers=reply.headers)
    response.content_type = kind
    response.content_length = len(body)
    await response.prepare(request)
    sent = body[: int(reply.share * len(body))]
    step = max(1, len(sent) // PIECES)
    for start in range(0, len(sent), step):
        await response.write(sent[start : start + step])
        await asyncio.sleep(reply.trickle / PIECES)
    if reply.share < 1 and request.transport is not None:
        request.transport.close()
    return response


def completion(*texts: str | None, finish: list[str] | None = None, prompt_tokens: int = 1) -> Body:
    """Return the body of a chat completion with these choices; tokens are counted as words."""
    return {
        "id": "loopback",
        "object": "chat.completion",
        "created": 0,
        "model": "loopback",
        "choices": [
            {
                "index": i,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish[i] if finish else "stop",
            }
            for i, text in enumerate(texts)
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": sum(len((text or "").split()) for text in texts),
            "total_tokens": 0,
        },
    }


@contextmanager
def silent_host() -> Iterator[str]:
    """Give an address at which no connection is ever accepted, as a firewall leaves it."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(8):  # whoever comes later waits behind them
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"


@contextmanager
def separate_process(
    *, latency: float, most_words: int | None = None, answer: str | None = None
) -> Iterator[str]:
    """Run a server in a process of its own, so that it costs the client no time.

    Args:
        latency: Seconds until an answer.
        most_words: Echo only so many words, the last ones; None echoes all.
        answer: What to say in place of the echo.

    Yields:
        Its address, for ``base_url``.
    """
    import subprocess

    command = [sys.executable, "-m", __spec__.name, "--latency", str(latency)]
    if most_words is not None:
        command += ["--most-words", str(most_words)]
    if answer is not None:
        command += ["--answer", answer]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def main() -> None:
    """Serve until killed; the first line of output is the address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds until an answer")
    parser.add_argument("--most-words", type=int, help="echo only the last words")
    parser.add_argument("--answer", help="what to say in place of the echo")
    with LoopbackServer(**vars(parser.parse_args())) as server:
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
