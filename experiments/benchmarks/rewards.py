"""What a reward costs: SearchFeedback beside the engine alone, and as a part of a training step."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import pandas as pd
from rich.console import Console

from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.rewards import Reward, SearchFeedback

from ..build.resources import index_path
from ..shop import Shop
from .measuring import in_turns, print_table

GROUP: Final = 8
"""Candidates a query."""

TARGET: Final = 0.8
"""Least share of the engine's own throughput."""

STEP_TARGET: Final = 0.15
"""Greatest share of a training step."""


def print_rewards(
    console: Console, *, candidates: int = 2048, products: int = 100_000, rounds: int = 15
) -> None:
    """Print the rate of SearchFeedback(nDCG@10) beside that of the engine's top 10.

    Both search the same distinct queries in the same index, in turns; the ratio is that of the
    medians. Then a small model makes a few steps of GRPO on the same index, and the reward's share
    of the median step is printed.

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
    calls = [lambda: engine.transform(distinct), lambda: reward.score(frame)]
    alone, marking = map(median, in_turns(calls, rounds))
    count = len(distinct)
    rows = [
        (name, f"{count:,}", f"{seconds:.3f}", f"{count / seconds:,.0f}")
        for name, seconds in (("engine, top 10", alone), ("SearchFeedback(nDCG@10)", marking))
    ]
    columns = ("", "distinct queries", "seconds", "queries/s")
    print_table(console, f"rewards, {products:,} documents", columns, rows)
    verdict = "met" if alone / marking >= TARGET else "missed"
    console.print(
        f"{len(frame):,} candidates: {alone / marking:.2f} of the engine's own throughput "
        f"(target {TARGET:.2f}: {verdict}; medians of {rounds} rounds in turns)"
    )
    marking, step = step_seconds(shop, index)
    verdict = "met" if marking / step <= STEP_TARGET else "missed"
    console.print(
        f"GRPO of a small model, {STEP_QUERIES * GROUP} rewrites a step: {1000 * marking:.0f} of "
        f"{1000 * step:.0f} ms, {marking / step:.1%} of a step "
        f"(target at most {STEP_TARGET:.0%}: {verdict})"
    )


STEP_QUERIES: Final = 32
"""Queries a training step."""


@dataclass(frozen=True)
class Clocked(Reward):
    """Another reward, and when it was asked and for how long."""

    reward: Reward
    asked: list[tuple[float, float]] = field(default_factory=list)

    def marks(self, candidates: pd.DataFrame) -> Mapping[str, float | None]:
        """Pass on the marks, and look at the clock."""
        started = perf_counter()
        found = self.reward.marks(candidates)
        self.asked.append((started, perf_counter() - started))
        return found


def step_seconds(shop: Shop, index: PisaIndex, *, steps: int = 12) -> tuple[float, float]:
    """Return the median seconds of the reward in a GRPO step, and of the whole step.

    Raises:
        MissingExtraError: If the extra ``train`` is missing.
    """
    from pyterrier_rewrite.training import grpo, scratch_rewriter

    topics, qrels = shop.get_topicsqrels("train")
    clocked = Clocked(SearchFeedback(index.bm25(), qrels, "nDCG@10"))
    texts = [*topics["query"], *topics["qrewrite"]]
    with tempfile.TemporaryDirectory() as folder:
        start = scratch_rewriter(Path(folder) / "start", texts, parameters=1_300_000)
        grpo(
            start,
            topics,
            clocked,
            output_dir=Path(folder) / "grpo",
            steps=steps,
            queries_per_step=STEP_QUERIES,
            group_size=GROUP,
            learning_rate=3e-4,
            temperature=0.8,
            checkpoint_every=10 * steps,
            verbose=False,
        )
    starts = [started for started, _ in clocked.asked]
    between = [later - earlier for earlier, later in pairwise(starts)]
    return median(seconds for _, seconds in clocked.asked[1:]), median(between)


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
