"""What a run prints: its table, its costs, its curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import ir_measures
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pyterrier_rewrite.llm.metered import Spent

from ..measures.depth import DEPTH_MEASURE
from .results import Report

COSTS = {
    "requests": "requests",
    "cached": "cached",
    "prompt_tokens": "tokens in",
    "completion_tokens": "tokens out",
    "money": "money",
}
"""Titles of what was spent."""

ESTIMATED = {
    "requests": "requests",
    "cached": "in the cache",
    "prompt_tokens": "tokens in ≈",
    "completion_tokens": "tokens out ≤",
    "money": "money ≤",
}
"""Titles of what would be spent."""


def print_report(report: Report, console: Console) -> None:
    """Print the table of an experiment; results.csv has every number of it and more."""
    config, rows = report.config, report.table.to_dict("records")
    measures = [str(ir_measures.parse_measure(name)) for name in config.measures]
    columns: dict[str, list[str]] = {"system": [row["name"] for row in rows]}
    for measure in measures:
        columns[measure] = [_mean_cell(row, measure, config.alpha) for row in rows]
        if measure == measures[0] and report.baseline is not None:
            columns["change"] = [_change_cell(row, measure) for row in rows]
    if report.baseline is not None:
        keys = [f"{measures[0]} {key}" for key in ("won", "tied", "lost")]
        columns["won/tied/lost"] = [
            "" if row["name"] == report.baseline else "/".join(str(row[key]) for key in keys)
            for row in rows
        ]
    if "gap_closed" in report.table:
        columns["gap"] = [
            "" if math.isnan(row["gap_closed"]) else f"{row['gap_closed']:.0%}" for row in rows
        ]
    for key in ("failed", "no_results"):
        if any(row[key] for row in rows):
            columns[key.replace("_", " ")] = [f"{row[key]:,}" for row in rows]
    timed = any(run.latencies for run in report.runs)
    for key in ("p50", "p95") if timed else ():
        columns[f"{key} ms"] = [_milliseconds(row[key]) for row in rows]
    console.print(f"{config.name}: {report.num_queries:,} queries", style="bold", highlight=False)
    _print_table(columns, console)
    if any(row["requests"] for row in rows):
        spent = [(run.name, run.spent) for run in report.runs]
        _print_table(_costs(spent, COSTS, priced="money" in report.table), console)
    if report.baseline is not None:
        corrected = f", {config.correction} corrected" if config.correction else ""
        console.print(
            f"* differs from {report.baseline}: paired t-test{corrected}, p < {config.alpha:g}. "
            f"Change and won/tied/lost queries: {measures[0]} against it.",
            style="dim",
            highlight=False,
        )
    if timed:
        count = max(len(run.latencies) for run in report.runs)
        console.print(
            f"p50, p95: milliseconds of a query that is run alone (of {count} queries, none "
            "answered from a cache).",
            style="dim",
            highlight=False,
        )
    for note in report.notes:
        console.print(note, style="yellow", markup=False, highlight=False)


def _milliseconds(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.1f}"


def _costs(
    rows: Sequence[tuple[str, Spent]], titles: Mapping[str, str], *, priced: bool
) -> dict[str, list[str]]:
    columns = {"system": [name for name, _ in rows]}
    for key, title in titles.items():
        if key != "money" or priced:
            form = ",.4f" if key == "money" else ","
            columns[title] = [f"{getattr(spent, key):{form}}" for _, spent in rows]
    return columns


def print_depth(report: Report, console: Console) -> None:
    """Print the curves by turn number; depth.csv has them for every measure."""
    if report.depth is None:
        console.print("no curves: the topics have no qconversation and qturn", style="dim")
        return
    columns: dict[str, list[str]] = {f"{DEPTH_MEASURE} by turn": []}
    for name, its in report.depth.groupby("name", sort=False):
        columns[f"{DEPTH_MEASURE} by turn"].append(str(name))
        for row in its.to_dict("records"):
            what = str(row["turn"]) if row["over"] == "turn" else f"all {row['over']}"
            columns.setdefault(f"{what} ({row['count']})", []).append(f"{row[DEPTH_MEASURE]:.3f}")
    _print_table(columns, console)
    console.print("(n): the mean is over n turns or conversations", style="dim", highlight=False)


def _print_table(columns: dict[str, list[str]], console: Console) -> None:
    """Print a table whole: what is cut to fit a terminal is a wrong number, or no name."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*map(escape, cells))
    room = console.options.update(max_width=10_000)
    before = console.width
    console.width = max(before, console.measure(table, options=room).maximum)
    console.print(table)
    console.width = before


def _mean_cell(row: dict[str, Any], measure: str, alpha: float) -> str:
    significant = row.get(f"{measure} p", math.nan) < alpha
    return f"{row[measure]:.4f}{'*' if significant else ' '}"


def _change_cell(row: dict[str, Any], measure: str) -> str:
    change = row[f"{measure} change"]
    return f"{change:+.4f}" if change else ""


def print_estimate(
    rows: list[tuple[str, Spent]], total: Spent, console: Console, *, priced: bool
) -> None:
    """Print what systems would ask of language models, and what it comes to."""
    columns = _costs([*rows, ("all together", total)], ESTIMATED, priced=priced)
    console.print("estimate: no request was made", style="bold")
    _print_table(columns, console)
    console.print(
        "tokens in: four bytes a token and five around each message; out: every completion at "
        "its limit. Systems that share a rewriter share its requests, which count once in the last "
        "line.",
        style="dim",
    )
