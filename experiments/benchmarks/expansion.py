"""How long every prompted method takes against a server: ``pt-rewrite bench expansion``."""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from pyterrier_rewrite.errors import RewriteError, RewriteWarning

from ..build.workbench import Workbench
from ..collections import CollectionError, load_collection
from ..config.file import load_config
from ..run.execute import run_experiment
from .loopback import separate_process

MOST_SECONDS = 120.0
"""Time that all methods may take together."""

WORDS = 100
"""Words of an answer, at most."""


@dataclass(frozen=True)
class Row:
    """What one system of the config ``expansion-shootout`` took."""

    name: str
    requests: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float


def run(
    *, collection: Any = None, topics: int = 93, latency: float = 0.05
) -> tuple[list[Row], float]:
    """Run every system of ``expansion-shootout`` against a server on this machine.

    The server, a process of its own, answers each request after ``latency`` with the last hundred
    words of its prompt, about what a passage has. Nothing is cached.

    Args:
        collection: As in configs; None takes ``irds:vaswani`` or, where it can be neither read
            nor fetched, the shop. Its index is built beforehand, if need be.
        topics: Queries, the first ones of the collection.
        latency: Seconds that the server takes for each request.

    Returns:
        The systems, and the seconds for all of them: models, retrieval and evaluation.
    """
    if collection is None:
        collection = "irds:vaswani"
        try:
            load_collection(collection).get_topics()
        except CollectionError:
            collection = "shop"
    with separate_process(latency=latency, most_words=WORDS) as url:
        overrides = {
            "collection": collection,
            "topics": topics,
            "llms.main": {"type": "openai", "model": "loopback", "base_url": url, "cache": False},
        }
        config = load_config(
            "expansion-shootout",
            [f"{key}={yaml.safe_dump(value)}" for key, value in overrides.items()],
        )
        workbench = Workbench(config, verbose=False)
        queries = len(workbench.topics())
        _ = workbench.index
        started = perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)  # an echo is not always usable
            report = run_experiment(workbench)
        seconds = perf_counter() - started
    rows = [
        Row(
            run.name,
            run.spent.requests,
            run.spent.prompt_tokens // queries,
            run.spent.completion_tokens // queries,
            run.seconds,
        )
        for run in report.runs
    ]
    return rows, seconds


def print_expansion(
    console: Console,
    *,
    collection: Any = None,
    topics: int = 93,
    latency: float = 0.05,
    most_seconds: float = MOST_SECONDS,
) -> None:
    """Print the table of :func:`run`, which has the parameters.

    Raises:
        RewriteError: If it took longer than ``most_seconds``.
    """
    rows, seconds = run(collection=collection, topics=topics, latency=latency)
    title = f"every method of expansion-shootout, {latency * 1000:.0f} ms a request"
    table = Table(title=title, title_justify="left")
    for column in ("system", "requests", "prompt tokens a query", "completion tokens", "s"):
        table.add_column(column, justify="left" if column == "system" else "right")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.requests:,}",
            f"{row.prompt_tokens:,}",
            f"{row.completion_tokens:,}",
            f"{row.seconds:.2f}",
        )
    console.print(table)
    console.print(f"{seconds:.1f} s in all, expected at most {most_seconds:.0f} s", highlight=False)
    if seconds > most_seconds:
        raise RewriteError(f"too slow: {seconds:.1f} s, expected at most {most_seconds:.0f} s")


def main() -> None:
    """Print the table; the exit status is not 0 if it took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--collection", type=yaml.safe_load, help="as in configs")
    parser.add_argument("--topics", type=int, default=93)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds a request")
    print_expansion(Console(), **vars(parser.parse_args()))


if __name__ == "__main__":
    main()
