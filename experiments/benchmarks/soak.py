"""Queries against a server that fails in every way: ``pt-rewrite bench soak``."""

from __future__ import annotations

import json
import random
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Final

import pandas as pd
from rich.console import Console

from pyterrier_rewrite import Cached, OpenAILLM, Query2Doc, RewriteError, RewriteWarning

from .loopback import Body, LoopbackServer, Reply, completion
from .measuring import print_table, timed

LEAST_REWRITTEN: Final = 0.995
"""Share of the queries that are rewritten at least."""

PASSAGE: Final = "A couch of linen seats two people."

ERROR: Final = "zzbroken"
"""Stands in whatever the server sends of its failures, and must stand in no query."""


def failures(timeout: float) -> dict[str, Reply]:
    """Return what a server sends in place of an answer, by name.

    Args:
        timeout: Seconds that the client waits.
    """
    error = {"error": {"message": f"{ERROR} overloaded", "type": "server_error"}}
    page = f"<html><title>503 {ERROR}</title><body>Service Unavailable</body></html>"
    half = json.dumps(completion(f"{ERROR} {PASSAGE}"))
    event = {"choices": [{"index": 0, "delta": {"content": PASSAGE}, "finish_reason": "stop"}]}
    filtered = completion(f"{ERROR} {PASSAGE}", finish=["content_filter"])
    return {
        "429": Reply(429, error),
        "429, Retry-After": Reply(429, error, headers={"Retry-After": "0.2"}),
        "500": Reply(500, error),
        "503, a page": Reply(503, page),
        "timeout": Reply(body=completion(ERROR), latency=2 * timeout),
        "connection closed": Reply(hang_up=True),
        "half a body": Reply(body=completion(f"{ERROR} {PASSAGE}"), share=0.5),
        "broken JSON": Reply(body=half[: len(half) // 2], kind="application/json"),
        "error in a 200": Reply(200, error),
        "no choices": Reply(body={**completion(), "note": ERROR}),
        "no text": Reply(body=completion("")),
        "content_filter": Reply(body=filtered),
        "a page in a 200": Reply(200, page),
        "never ends": Reply(body=completion(f"{ERROR} {PASSAGE}"), trickle=3 * timeout),
        # these are odd, and answers all the same
        "other content type": Reply(body=json.dumps(completion(PASSAGE)), kind="text/plain"),
        "unasked stream": Reply(
            body=f"data: {json.dumps(event)}\n\ndata: [DONE]\n\n", kind="text/event-stream"
        ),
        "trickle": Reply(body=completion(PASSAGE), trickle=timeout / 4),
    }


class Failing:
    """The script of a server that fails a share of its requests, each way as often as the others.

    Attributes:
        met: How often it failed in each way.
    """

    def __init__(self, *, share: float, timeout: float, seed: int = 7) -> None:
        self.met: Counter[str] = Counter()
        self._ways = failures(timeout)
        self._share = share
        self._random = random.Random(seed)

    def __call__(self, body: Body, number: int) -> Reply:
        """Return the reply to a request."""
        if self._random.random() >= self._share:
            return Reply(body=completion(PASSAGE))
        way = self._random.choice(list(self._ways))
        self.met[way] += 1
        return self._ways[way]


def soak(
    cache: Path,
    *,
    queries: int = 2000,
    share: float = 0.3,
    latency: float = 0.02,
    timeout: float = 2.0,
    concurrency: int = 64,
) -> dict[str, int | float | Counter[str]]:
    """Rewrite queries at a failing server, and what failed again at a healthy one.

    Args:
        cache: The file of the cache, which should not be there yet.
        queries: How many.
        share: Share of the requests that fail.
        latency: Seconds that a good answer takes.
        timeout: Seconds that the client waits.
        concurrency: Requests in flight.

    Returns:
        ``queries``, ``rewritten``, ``requests``, ``seconds``, ``met`` (how often each failure was
        met), and ``asked_again``, the requests of the second run.

    Raises:
        RewriteError: If a query is lost, out of order, or holds a text of a failure, or the second
            run asks for anything but what failed.
    """
    texts = [f"red sofa number {number} for two" for number in range(queries)]
    topics = pd.DataFrame({"qid": list(map(str, range(queries))), "query": texts})
    with LoopbackServer(latency=latency) as server:
        script = server.replies = Failing(share=share, timeout=timeout)
        llm = OpenAILLM("loopback", base_url=server.url, concurrency=concurrency, timeout=timeout)
        rewriter = Query2Doc(Cached(llm, cache))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)
            out, seconds = timed(rewriter.transform, topics)
        requests = len(server.requests)
        server.replies = lambda body, number: Reply(body=completion(PASSAGE))
        again = rewriter(topics)
        asked_again = len(server.requests) - requests
    check(topics, out)
    check(topics, again)
    failed = int((out["qstatus"] != "ok").sum())
    if asked_again != failed or set(again["qstatus"]) != {"ok"}:
        raise RewriteError(
            f"{failed} queries failed, and a second run asked for {asked_again}: expected as many"
        )
    return {
        "queries": queries,
        "rewritten": queries - failed,
        "requests": requests,
        "seconds": seconds,
        "met": script.met,
        "asked_again": asked_again,
    }


def check(topics: pd.DataFrame, out: pd.DataFrame) -> None:
    """Raise if queries were lost or moved, or hold anything but their passage."""
    if list(out["qid"]) != list(topics["qid"]):
        raise RewriteError("queries were lost, added or moved")
    for before, after, status in zip(topics["query"], out["query"], out["qstatus"], strict=True):
        expected = " ".join([before] * 5 + [PASSAGE]) if status == "ok" else before
        if after != expected:
            raise RewriteError(f"expected {expected!r}, found {after!r} ({status})")


def print_soak(console: Console, *, queries: int, share: float) -> None:
    """Print what was met and what became of the queries.

    Raises:
        RewriteError: If too few were rewritten, or one wrongly.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder) / "cache.db", queries=queries, share=share)
    met = found["met"]
    assert isinstance(met, Counter)
    rows = [(way, f"{times:,}") for way, times in met.most_common()]
    print_table(console, "what the server did", ("failure", "requests"), rows)
    rewritten = found["rewritten"]
    assert isinstance(rewritten, int)
    console.print(
        f"{rewritten:,} of {queries:,} queries rewritten with {found['requests']:,} requests in "
        f"{found['seconds']:.0f} s; a second run asked for {found['asked_again']}",
        highlight=False,
    )
    if rewritten < LEAST_REWRITTEN * queries:
        raise RewriteError(
            f"{rewritten / queries:.1%} rewritten, expected at least {LEAST_REWRITTEN:.1%}"
        )
