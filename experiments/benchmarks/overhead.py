"""What the machinery costs: Query2Doc with a model that answers at once."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.console import Console

from pyterrier_rewrite import FakeLLM, Query2Doc, RepeatTerms, RewriteError
from pyterrier_rewrite.prompting.prompt import Prompt

from .measuring import PASSAGE, print_peak, print_table, timed


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
        rewriter = Query2Doc(FakeLLM(PASSAGE), formulation=formulation)
        out, seconds = timed(rewriter.transform, topics)
        if len(out) != len(topics) or set(out["qstatus"]) != {"ok"}:
            raise RewriteError("the benchmark's queries were not all rewritten")
        del out, rewriter
        yield name, f"{len(topics) / seconds:,.0f}", f"{plain / seconds:.2f}"


def _plain_loop(topics: pd.DataFrame) -> None:
    template = Prompt.load("query2doc/zero-shot").messages[0][1]
    rows = []
    for qid, query in zip(topics["qid"], topics["query"], strict=True):
        prompt = template.replace("{query}", query)
        rows.append((qid, " ".join([query] * 5 + [PASSAGE]), query, prompt))
    pd.DataFrame(rows, columns=["qid", "query", "query_0", "prompt"])
