"""What the machinery costs: Query2Doc with a model that answers at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

import pandas as pd
from rich.console import Console

from pyterrier_rewrite import Query2Doc, RepeatTerms, RewriteError
from pyterrier_rewrite.llm.base import LLM, Completions, Messages, Sampling
from pyterrier_rewrite.prompting.prompt import Prompt

from .measuring import print_peak, print_table, timed

PASSAGE: Final = "A sofa like number {} is a piece of furniture that seats two in a living room."


class _AtOnce(LLM):
    """Answers each prompt at once, with a passage of its own."""

    identity = "at once"

    def __init__(self) -> None:
        self._numbers = count()

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Answer from a template."""
        for at in range(len(prompts)):
            yield at, Completions([PASSAGE.format(next(self._numbers))])


def print_overhead(console: Console, *, queries: int = 100_000) -> None:
    """Print queries a second beside a plain loop that only formats and joins strings."""
    texts = [f"what is the best red sofa number {i} for two" for i in range(queries)]
    topics = pd.DataFrame({"qid": [str(i) for i in range(queries)], "query": texts})
    columns = ("form", "queries/s", "of the plain loop")
    print_table(console, f"overhead, {queries:,} queries", columns, _rates(topics))
    print_peak(console)


def _rates(topics: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    _, plain = timed(_plain_loop, topics)
    yield "plain loop", f"{len(topics) / plain:,.0f}", "1.00"
    for name, formulation in (("text", None), ("query_toks", RepeatTerms(5))):
        rewriter = Query2Doc(_AtOnce(), formulation=formulation)
        out, seconds = timed(rewriter.transform, topics)
        if len(out) != len(topics) or set(out["qstatus"]) != {"ok"}:
            raise RewriteError("the benchmark's queries were not all rewritten")
        del out, rewriter
        yield name, f"{len(topics) / seconds:,.0f}", f"{plain / seconds:.2f}"


def _plain_loop(topics: pd.DataFrame) -> None:
    template = Prompt.load("query2doc/zero-shot").messages[0][1]
    rows = []
    for number, (qid, query) in enumerate(zip(topics["qid"], topics["query"], strict=True)):
        prompt = template.replace("{query}", query)
        rows.append((qid, " ".join([query] * 5 + [PASSAGE.format(number)]), query, prompt))
    pd.DataFrame(rows, columns=["qid", "query", "query_0", "prompt"])
