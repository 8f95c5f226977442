"""How much of a server's speed is left when a rewriter asks it: ``pt-rewrite bench server``."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from statistics import median, quantiles
from time import perf_counter
from typing import TYPE_CHECKING

import pandas as pd
from rich.console import Console
from rich.table import Table

from pyterrier_rewrite import Query2Doc
from pyterrier_rewrite.errors import RewriteError, RewriteWarning
from pyterrier_rewrite.llm import Message, OpenAILLM

from .loopback import separate_process, silent_host
from .measuring import PASSAGE, timed

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aiohttp

LEAST_OF_BARE = 0.75
"""Share of a bare aiohttp loop's rate that is ours at least."""

LEAST_OF_SEQUENTIAL = 20.0
"""How many times the rate of one request after the other is ours at least."""

MOST_FOR_ONE_ROW = 3.0
"""Milliseconds that one row through a rewriter takes longer than a bare request, at most."""

MOST_FOR_FIRST_DEAD = 350.0
MOST_FOR_LATER_DEAD = 10.0
"""Milliseconds that a query takes where nobody answers, the deadline being 300, at most."""

Row = dict[str, str | int | float]
Prompts = list[list[Message]]
Ask = Callable[[Prompts], int]


def run(
    *,
    requests: int = 2000,
    concurrency: int = 256,
    latency: float = 0.05,
    rounds: int = 5,
    sequential_requests: int = 20,
) -> list[Row]:
    """Measure a batch of requests against a server on this machine, in a process of its own.

    The ways take turns, so that a busy moment of the machine meets all of them.

    Args:
        requests: Requests a measurement.
        concurrency: Requests in flight.
        latency: Seconds that the server takes for each.
        rounds: Measurements of each way; medians are reported.
        sequential_requests: Requests a measurement of the sequential loop, which is slow.

    Returns:
        One row a way: ``client``, ``requests``, ``in_flight``, ``per_second`` and
        ``ours_is``, the median over the rounds of our rate as a multiple of this one's.
    """
    prompts: Prompts = [[{"role": "user", "content": f"query number {i}"}] for i in range(requests)]
    with separate_process(latency=latency) as url, bare_client(url) as (bare, sequential):
        llm = OpenAILLM("loopback", base_url=url, api_key="none", concurrency=concurrency)
        ways: dict[str, tuple[Ask, Prompts, int]] = {
            "bare aiohttp": (lambda p: bare(p, concurrency), prompts, concurrency),
            "OpenAILLM": (lambda p: batched(p, llm), prompts, concurrency),
            "sequential loop": (sequential, prompts[:sequential_requests], 1),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, (ask, asked, _) in ways.items():
                started = perf_counter()
                answered = ask(asked)
                seconds = perf_counter() - started
                if answered != len(asked):
                    raise RuntimeError(f"{name} answered {answered} of {len(asked)} requests")
                if number:  # the first round warms up
                    rates[name].append(len(asked) / seconds)
    return [
        {
            "client": name,
            "requests": len(asked),
            "in_flight": in_flight,
            "per_second": median(rates[name]),
            "ours_is": median(
                ours / other for ours, other in zip(rates["OpenAILLM"], rates[name], strict=True)
            ),
        }
        for name, (_, asked, in_flight) in ways.items()
    ]


def one_row(*, rows: int = 300) -> list[Row]:
    """Measure single queries against a server without latency, the ways in turn.

    Args:
        rows: Queries of each way.

    Returns:
        One row a way: ``client``, ``median`` and ``p99`` in milliseconds.
    """
    with (
        separate_process(latency=0.0, answer=PASSAGE) as url,
        bare_client(url) as (_, sequential),
    ):
        llm = OpenAILLM("loopback", base_url=url, api_key="none")
        rewriter = Query2Doc(llm, on_error="raise")
        ways: dict[str, Callable[[pd.DataFrame], object]] = {
            "bare aiohttp": lambda topics: sequential(_prompts(topics)),
            "OpenAILLM": lambda topics: llm.generate(_prompts(topics)),
            "Query2Doc(OpenAILLM)": rewriter.transform,
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rows + 5):
            for name, ask in ways.items():
                topics = pd.DataFrame({"qid": ["1"], "query": [f"query {number} of {name}"]})
                started = perf_counter()
                ask(topics)
                if number >= 5:  # the first ones warm up
                    taken[name].append(1000 * (perf_counter() - started))
    return [
        {"client": name, "median": median(its), "p99": quantiles(its, n=100)[98]}
        for name, its in taken.items()
    ]


def dead_host(*, rows: int = 200, deadline: float = 0.3) -> tuple[float, float]:
    """Measure single queries where no connection is ever accepted.

    Args:
        rows: Queries after the first.
        deadline: Seconds that each may take.

    Returns:
        Milliseconds of the first query, and of the others, the median.
    """
    with silent_host() as url, warnings.catch_warnings():
        warnings.simplefilter("ignore", RewriteWarning)
        rewriter = Query2Doc(OpenAILLM("loopback", base_url=url), deadline=deadline)
        first, *others = (timed(rewriter.search, f"query {n}")[1] for n in range(rows + 1))
    return 1000 * first, 1000 * median(others)


def _prompts(topics: pd.DataFrame) -> Prompts:
    return [[{"role": "user", "content": text}] for text in topics["query"]]


def shortfalls(rows: list[Row], single: list[Row] | None = None) -> list[str]:
    """Return what falls short of the targets; nothing if all is well."""
    ours_is = {str(row["client"]): float(row["ours_is"]) for row in rows}
    targets = {"bare aiohttp": LEAST_OF_BARE, "sequential loop": LEAST_OF_SEQUENTIAL}
    found = [
        f"{ours_is[name]:.2f} times the {name}, expected at least {least:.2f}"
        for name, least in targets.items()
        if ours_is[name] < least
    ]
    if single:
        bare, *_, ours = (float(row["median"]) for row in single)
        if ours - bare > MOST_FOR_ONE_ROW:
            found.append(
                f"one row takes {ours - bare:.1f} ms more than a bare request, expected at most "
                f"{MOST_FOR_ONE_ROW:g}"
            )
    return found


@contextmanager
def bare_client(
    url: str,
) -> Iterator[tuple[Callable[[Prompts, int], int], Callable[[Prompts], int]]]:
    """Give two ways to ask with the client alone: so many at once, and one after the other.

    Both return how many answers have a text, over one session, as the client's documentation
    has it.
    """
    import aiohttp

    async def begin() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    loop = asyncio.new_event_loop()
    session = loop.run_until_complete(begin())

    async def at_once(prompts: Prompts, concurrency: int) -> int:
        slots = asyncio.Semaphore(concurrency)
        return sum(await asyncio.gather(*(_ask(session, url, p, slots) for p in prompts)))

    async def in_turn(prompts: Prompts) -> int:
        slots = asyncio.Semaphore(1)
        return sum([await _ask(session, url, prompt, slots) for prompt in prompts])

    try:
        yield (
            lambda prompts, concurrency: loop.run_until_complete(at_once(prompts, concurrency)),
            lambda prompts: loop.run_until_complete(in_turn(prompts)),
        )
    finally:
        loop.run_until_complete(session.close())
        loop.close()


async def _ask(
    session: aiohttp.ClientSession, url: str, prompt: list[Message], slots: asyncio.Semaphore
) -> bool:
    body = {"model": "loopback", "messages": prompt, "temperature": 0.0, "max_tokens": 256}
    async with slots, session.post(f"{url}/chat/completions", json=body) as response:
        answer = json.loads(await response.read())
        return bool(answer["choices"][0]["message"]["content"])


def batched(prompts: Prompts, llm: OpenAILLM) -> int:
    """Ask as a rewriter does; return how many answers have a text."""
    return sum(bool(answer.texts[0]) for answer in llm.generate(prompts) if not answer.error)


def print_server(
    console: Console,
    *,
    requests: int = 2000,
    concurrency: int = 256,
    latency: float = 0.05,
    rounds: int = 5,
) -> None:
    """Print the tables of :func:`run`, which has the parameters, and of :func:`one_row`.

    Raises:
        RewriteError: If a target is missed.
    """
    rows = run(requests=requests, concurrency=concurrency, latency=latency, rounds=rounds)
    title = f"served models, {latency * 1000:.0f} ms a request, medians of {rounds} rounds"
    table = Table(title=title, title_justify="left")
    for column in ("client", "requests", "in flight", "requests/s", "OpenAILLM is"):
        table.add_column(column, justify="left" if column == "client" else "right")
    for row in rows:
        table.add_row(
            str(row["client"]),
            f"{row['requests']:,}",
            str(row["in_flight"]),
            f"{row['per_second']:,.1f}",
            f"{row['ours_is']:.2f}x",
        )
    console.print(table)
    single = one_row()
    table = Table(title="one query at a time, no latency", title_justify="left")
    for column in ("client", "median ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "client" else "right")
    for row in single:
        table.add_row(str(row["client"]), f"{row['median']:.2f}", f"{row['p99']:.2f}")
    console.print(table)
    missed = shortfalls(rows, single)
    first, later = dead_host()
    console.print(
        f"a host that accepts no connection, deadline 300 ms: the first takes {first:.0f} ms, "
        f"later ones {later:.1f} ms (median)",
        highlight=False,
    )
    if first > MOST_FOR_FIRST_DEAD or later > MOST_FOR_LATER_DEAD:
        missed.append(f"a dead host costs {first:.0f} and {later:.1f} ms, expected 350 and 10")
    if missed:
        raise RewriteError(f"too slow: {'; '.join(missed)}")
