"""How fast a small rewriter answers: one query at a time, and in batches."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console

from pyterrier_rewrite.errors import RewriteWarning
from pyterrier_rewrite.training.scratch import scratch_rewriter

from ..shop import Shop
from .measuring import timed

NEW_TOKENS: Final = 8
ROUNDS: Final = 60


def print_scratch(console: Console, *, parameters: int) -> None:
    """Print parameters, milliseconds a single query (median) and queries a second in a batch.

    The model is untrained, so that nearly every answer has the full eight tokens: a trained one
    is as fast or faster. All that a user pays is in it: frame in, frame out.
    """
    import torch

    shop = Shop(500)
    topics = shop.get_topics("train")[["qid", "query"]]
    texts = [f"{d['title']} {d['text']}" for d in shop.get_corpus_iter()]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RewriteWarning)  # nonsense cannot always be read
        rewriter = scratch_rewriter(
            Path(folder) / "model",
            [*topics["query"], *texts],
            parameters=parameters,
            max_tokens=NEW_TOKENS,
        )
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            rewriter(topics.head(64))
            alone = [
                timed(rewriter.transform, topics.iloc[[row]].reset_index(drop=True))[1]
                for row in range(ROUNDS)
            ]
            batch = timed(rewriter.transform, topics)[1]
        finally:
            torch.set_num_threads(before)
        size = rewriter.llm.loaded().model.num_parameters()  # type: ignore[attr-defined]
    console.print(
        f"{size:,.0f} parameters, {NEW_TOKENS} new tokens, one thread: "
        f"{1000 * median(alone):.1f} ms a single query (median of {ROUNDS}), "
        f"{len(topics) / batch:,.0f} queries a second in batches",
        highlight=False,
    )
