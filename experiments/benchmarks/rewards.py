"""What a reward costs: SearchFeedback beside the engine alone.

The reward's share of a training step is printed here too, once there is a function for it: add it
to :func:`print_rewards`, from one run as the first figure.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Final

import pandas as pd
from rich.console import Console
from rich.table import Table

from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.rewards import SearchFeedback

from ..home import index_path
from ..shop import Shop

GROUP: Final = 8
"""Candidates a query."""

TARGET: Final = 0.8
"""Least share of the engine's own throughput."""


def print_rewards(
    console: Console, *, candidates: int = 2048, products: int = 100_000, rounds: int = 15
) -> None:
    """Print the rate of SearchFeedback(nDCG@10) beside that of the engine's top 10.

    Both search the same distinct queries in the same index, in turns; the ratio is that of the
    medians.

    Args:
        console: Where to print.
        candidates: Candidates in the batch.
        products: Documents in the index, which is kept for the next run.
        rounds: Measurements of each.
    """
    shop = Shop(products)
    path = index_path("bench", shop, "rewards")
    index = PisaIndex.open_or_build(
        path, shop, name=f"shop-{products}", verbose=console.is_terminal
    )
    frame = candidate_queries(shop, candidates)
    distinct = frame.drop_duplicates("query")[["qid", "query"]].reset_index(drop=True)
    engine = index.bm25(num_results=10)
    reward = SearchFeedback(index.bm25(), shop.get_qrels("train"), "nDCG@10")
    alone, marking = _in_turns(
        lambda: engine.transform(distinct), lambda: reward.score(frame), rounds
    )
    table = Table(title=f"rewards, {products:,} documents", title_justify="left")
    for column in ("", "distinct queries", "seconds", "queries/s"):
        table.add_column(column, justify="right" if column else "left")
    for name, seconds in (("engine, top 10", alone), ("SearchFeedback(nDCG@10)", marking)):
        rate = len(distinct) / seconds
        table.add_row(name, f"{len(distinct):,}", f"{seconds:.3f}", f"{rate:,.0f}")
    console.print(table)
    verdict = "met" if alone / marking >= TARGET else "missed"
    console.print(
        f"{len(frame):,} candidates: {alone / marking:.2f} of the engine's own throughput "
        f"(target {TARGET:.2f}: {verdict}; medians of {rounds} rounds in turns)"
    )


def candidate_queries(shop: Shop, count: int) -> pd.DataFrame:
    """Return a frame of candidates: words of a query and of its perfect rewrite, in groups."""
    draw = random.Random(0)
    topics = shop.get_topics("train").to_dict("records")
    rows = []
    for number in range(count):
        topic = topics[number // GROUP % len(topics)]
        words = [*topic["query"].split(), *topic["qrewrite"].split()]
        text = " ".join(draw.sample(words, k=min(len(words), draw.randint(2, 8))))
        name = f"{topic['qid']}~{number}"
        rows.append((name, name, topic["qid"], text, topic["query"]))
    return pd.DataFrame(rows, columns=["qid", "qcand", "qgroup", "query", "query_0"])


def _in_turns(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Return the median seconds of two functions, measured in turns so that both share noise."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for function in (first, second):  # the first call opens the index
        function()
    for _ in range(rounds):
        for function, its in zip((first, second), seconds, strict=True):
            started = perf_counter()
            function()
            its.append(perf_counter() - started)
    return median(seconds[0]), median(seconds[1])
