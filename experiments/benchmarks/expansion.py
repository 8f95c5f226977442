"""How long every prompted method takes against a server: ``pt-rewrite bench expansion``."""

from __future__ import annotations

import warnings
from typing import Any

from rich.console import Console

from pyterrier_rewrite.errors import RewriteError, RewriteWarning

from ..build.workbench import Workbench
from ..collections import CollectionError, load_collection
from ..config.file import as_overrides, load_config
from ..run.execute import run_experiment
from ..run.results import told
from .loopback import separate_process
from .measuring import print_table, timed

MOST_SECONDS = 120.0
"""Time that all methods may take together."""

WORDS = 100
"""Words of an answer, at most."""


def print_expansion(
    console: Console,
    *,
    collection: Any = None,
    topics: int = 93,
    latency: float = 0.05,
    most_seconds: float = MOST_SECONDS,
) -> None:
    """Print what every system of ``expansion-shootout`` takes against a server on this machine.

    The server, a process of its own, answers each request after ``latency`` with the last hundred
    words of its prompt, about what a passage has. Nothing is cached.

    Args:
        console: Where to print.
        collection: As in configs; None takes ``irds:vaswani`` or, where it can be neither read
            nor fetched, the shop. Its index is built beforehand, if need be.
        topics: Queries, the first ones of the collection.
        latency: Seconds that the server takes for each request.
        most_seconds: What models, retrieval and evaluation of all systems may take together.

    Raises:
        RewriteError: If it took longer than ``most_seconds``.
    """
    with separate_process(latency=latency, most_words=WORDS) as url:
        llm = {"type": "openai", "model": "loopback", "base_url": url, "cache": False}
        wanted = {"collection": collection or _collection(), "topics": topics, "llms.main": llm}
        wanted["timed"] = 0  # what is measured is all queries together
        workbench = Workbench(
            load_config("expansion-shootout", as_overrides(wanted)), verbose=False
        )
        queries = len(workbench.topics())
        _ = workbench.index
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RewriteWarning)  # an echo is not always usable
            report, seconds = timed(run_experiment, workbench)
    if report.failed:
        raise RewriteError("\n".join(told(report.failed)))
    rows = [
        (
            run.name,
            f"{run.spent.requests:,}",
            f"{run.spent.prompt_tokens // queries:,}",
            f"{run.spent.completion_tokens // queries:,}",
            f"{run.seconds:.2f}",
        )
        for run in report.runs
    ]
    title = f"every method of expansion-shootout, {latency * 1000:.0f} ms a request"
    columns = ("system", "requests", "prompt tokens a query", "completion tokens", "s")
    print_table(console, title, columns, rows)
    console.print(f"{seconds:.1f} s in all, expected at most {most_seconds:.0f} s", highlight=False)
    if seconds > most_seconds:
        raise RewriteError(f"too slow: {seconds:.1f} s, expected at most {most_seconds:.0f} s")


def _collection() -> str:
    try:
        load_collection("irds:vaswani").get_topics()
    except CollectionError:
        return "shop"
    return "irds:vaswani"
