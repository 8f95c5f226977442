"""How much of a server's speed is left when a rewriter asks it: ``pt-rewrite bench server``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any, Final

from rich.console import Console

from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.llm import Message, OpenAILLM

from .loopback import separate_process
from .measuring import in_turns, print_table

LEAST_OF_BARE = 0.70
"""Share of the bare client's rate that is ours at least."""

LEAST_OF_SEQUENTIAL = 20.0
"""How many times the rate of one request after the other is ours at least."""

SEQUENTIAL_REQUESTS: Final = 20
"""Requests a measurement of the sequential loop, which is slow."""

Prompts = list[list[Message]]


def print_server(
    console: Console,
    *,
    requests: int = 2000,
    concurrency: int = 256,
    latency: float = 0.05,
    rounds: int = 5,
) -> None:
    """Print the rate of a batch of requests beside two other ways of asking the same server.

    The server is on this machine, in a process of its own. Rates are medians over the rounds, and
    so are our rate's multiples of the others'.

    Args:
        console: Where to print.
        requests: Requests a measurement.
        concurrency: Requests in flight.
        latency: Seconds that the server takes for each.
        rounds: Measurements of each way.

    Raises:
        RewriteError: If a target is missed.
    """
    prompts: Prompts = [[{"role": "user", "content": f"query number {i}"}] for i in range(requests)]
    with separate_process(latency=latency) as url:
        llm = OpenAILLM("loopback", base_url=url, api_key="none", concurrency=concurrency)
        ways: dict[str, tuple[Callable[[Prompts], int], Prompts, int]] = {
            "bare AsyncOpenAI": (lambda p: bare(p, url, concurrency), prompts, concurrency),
            "OpenAILLM": (lambda p: batched(p, llm), prompts, concurrency),
            "sequential loop": (lambda p: sequential(p, url), prompts[:SEQUENTIAL_REQUESTS], 1),
        }
        seconds = in_turns(
            [partial(_ask, name, ask, asked) for name, (ask, asked, _) in ways.items()], rounds
        )
    rates = {
        name: [len(asked) / took for took in its]
        for (name, (_, asked, _)), its in zip(ways.items(), seconds, strict=True)
    }
    ours_is = {
        name: median(ours / other for ours, other in zip(rates["OpenAILLM"], its, strict=True))
        for name, its in rates.items()
    }
    rows = [
        (
            name,
            f"{len(asked):,}",
            str(in_flight),
            f"{median(rates[name]):,.1f}",
            f"{ours_is[name]:.2f}x",
        )
        for name, (_, asked, in_flight) in ways.items()
    ]
    title = f"served models, {latency * 1000:.0f} ms a request, medians of {rounds} rounds"
    columns = ("client", "requests", "in flight", "requests/s", "OpenAILLM is")
    print_table(console, title, columns, rows)
    targets = {"bare AsyncOpenAI": LEAST_OF_BARE, "sequential loop": LEAST_OF_SEQUENTIAL}
    missed = [
        f"{ours_is[name]:.2f} times the {name}, expected at least {least:.2f}"
        for name, least in targets.items()
        if ours_is[name] < least
    ]
    if missed:
        raise RewriteError(f"too slow: {'; '.join(missed)}")


def _ask(name: str, ask: Callable[[Prompts], int], prompts: Prompts) -> None:
    answered = ask(prompts)
    if answered != len(prompts):
        raise RuntimeError(f"{name} answered {answered} of {len(prompts)} requests")


def _request(prompt: list[Message]) -> dict[str, Any]:
    return {"model": "loopback", "messages": prompt, "temperature": 0.0, "max_tokens": 256}


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
                    answer = await client.chat.completions.create(**_request(prompt))
                    text: str | None = answer.choices[0].message.content
                    return text

            return sum(map(bool, await asyncio.gather(*map(ask, prompts))))

    return asyncio.run(ask_all())


def batched(prompts: Prompts, llm: OpenAILLM) -> int:
    """Ask as a rewriter does; return how many answers have a text."""
    return sum(bool(answer.texts[0]) for answer in llm.generate(prompts) if not answer.error)


def sequential(prompts: Prompts, url: str) -> int:
    """Ask one after the other; return how many answers have a text."""
    import openai

    with openai.OpenAI(api_key="none", base_url=url) as client:
        answers = [client.chat.completions.create(**_request(prompt)) for prompt in prompts]
        return sum(bool(answer.choices[0].message.content) for answer in answers)
