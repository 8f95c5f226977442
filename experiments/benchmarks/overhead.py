"""What the machinery costs: Query2Doc with a model that answers at once."""

from __future__ import annotations

import resource
import sys
from time import perf_counter

import pandas as pd
from rich.console import Console
from rich.table import Table

from pyterrier_rewrite import FakeLLM, Query2Doc, RepeatTerms, RewriteError
from pyterrier_rewrite.prompting.prompt import Prompt

PASSAGE = "A sofa is a piece of furniture that seats two or three people in a living room."


def print_overhead(console: Console, *, queries: int = 100_000) -> None:
    """Print queries a second beside a plain loop that only formats and joins strings."""
    topics = pd.DataFrame(
        {
            "qid": [str(i) for i in range(queries)],
            "query": [f"what is the best red sofa number {i} for two" for i in range(queries)],
        }
    )
    plain = _plain_loop(topics)
    table = Table(title=f"overhead, {queries:,} queries", title_justify="left")
    for column in ("form", "queries/s", "of the plain loop"):
        table.add_column(column, justify="left" if column == "form" else "right")
    table.add_row("plain loop", f"{plain:,.0f}", "1.00")
    for name, formulation in (("text", None), ("query_toks", RepeatTerms(5))):
        rewriter = Query2Doc(FakeLLM(PASSAGE), formulation=formulation)
        started = perf_counter()
        out = rewriter.transform(topics)
        rate = queries / (perf_counter() - started)
        if len(out) != queries or set(out["qstatus"]) != {"ok"}:
            raise RewriteError("the benchmark's queries were not all rewritten")
        table.add_row(name, f"{rate:,.0f}", f"{rate / plain:.2f}")
        del out, rewriter
    console.print(table)
    unit = 1024 if sys.platform == "darwin" else 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit / 1024
    console.print(f"peak memory of the process: {peak:,.0f} MB")


def _plain_loop(topics: pd.DataFrame) -> float:
    template = Prompt.load("query2doc/zero-shot").messages[0][1]
    started = perf_counter()
    rows = []
    for qid, query in zip(topics["qid"], topics["query"], strict=True):
        prompt = template.replace("{query}", query)
        rows.append((qid, " ".join([query] * 5 + [PASSAGE]), query, prompt))
    pd.DataFrame(rows, columns=["qid", "query", "query_0", "prompt"])
    return len(topics) / (perf_counter() - started)
