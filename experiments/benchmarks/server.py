"""How much of a server's speed is left when a rewriter asks it: ``pt-rewrite bench server``."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.llm import Message, OpenAILLM

from .loopback import separate_process

LEAST_OF_BARE = 0.70
"""Share of the bare client's rate that is ours at least."""

LEAST_OF_SEQUENTIAL = 20.0
"""How many times the rate of one request after the other is ours at least."""

Row = dict[str, str | int | float]
Prompts = list[list[Message]]


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
    with separate_process(latency=latency) as url:
        llm = OpenAILLM("loopback", base_url=url, api_key="none", concurrency=concurrency)
        ways: dict[str, tuple[Callable[[Prompts], int], Prompts, int]] = {
            "bare AsyncOpenAI": (lambda p: bare(p, url, concurrency), prompts, concurrency),
            "OpenAILLM": (lambda p: batched(p, llm), prompts, concurrency),
            "sequential loop": (lambda p: sequential(p, url), prompts[:sequential_requests], 1),
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


def shortfalls(rows: list[Row]) -> list[str]:
    """Return what falls short of the targets; nothing if all is well."""
    ours_is = {str(row["client"]): float(row["ours_is"]) for row in rows}
    targets = {"bare AsyncOpenAI": LEAST_OF_BARE, "sequential loop": LEAST_OF_SEQUENTIAL}
    return [
        f"{ours_is[name]:.2f} times the {name}, expected at least {least:.2f}"
        for name, least in targets.items()
        if ours_is[name] < least
    ]


def bare(prompts: Prompts, url: str, concurrency: int) -> int:
    """Ask with the client alone, all at once; return how many answers have a text."""
    import openai

    async def ask_all() -> int:
        async with openai.AsyncOpenAI(
            api_key="none", base_url=url, http_client=openai.DefaultAioHttpClient(base_url=url)
        ) as client:
            slots = asyncio.Semaphore(concurrency)

            async def ask(prompt: list[Message]) -> str | None:
                async with slots:
                    answer = await client.chat.completions.create(
                        model="loopback",
                        messages=prompt,  # type: ignore[arg-type]  # plain dicts will do
                        temperature=0.0,
                        max_tokens=256,
                    )
                    return answer.choices[0].message.content

            return sum(map(bool, await asyncio.gather(*map(ask, prompts))))

    return asyncio.run(ask_all())


def batched(prompts: Prompts, llm: OpenAILLM) -> int:
    """Ask as a rewriter does; return how many answers have a text."""
    return sum(bool(answer.texts[0]) for answer in llm.generate(prompts) if not answer.error)


def sequential(prompts: Prompts, url: str) -> int:
    """Ask one after the other; return how many answers have a text."""
    import openai

    with openai.OpenAI(api_key="none", base_url=url) as client:
        return sum(
            bool(
                client.chat.completions.create(
                    model="loopback",
                    messages=prompt,  # type: ignore[arg-type]  # plain dicts will do
                    temperature=0.0,
                    max_tokens=256,
                )
                .choices[0]
                .message.content
            )
            for prompt in prompts
        )


def print_server(
    console: Console,
    *,
    requests: int = 2000,
    concurrency: int = 256,
    latency: float = 0.05,
    rounds: int = 5,
) -> None:
    """Print the table of :func:`run`, which has the parameters.

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
    if missed := shortfalls(rows):
        raise RewriteError(f"too slow: {'; '.join(missed)}")


def main() -> None:
    """Print the table; the exit status is not 0 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=256, help="requests in flight")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds a request")
    parser.add_argument("--rounds", type=int, default=5)
    print_server(Console(), **vars(parser.parse_args()))


if __name__ == "__main__":
    main()
