"""One self-contained page on a training: curves, figures, rewrites, queries won and lost."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final

import ir_measures
import pandas as pd

from pyterrier_rewrite.stores.whole import write_whole

from ..run.results import Report

EXAMPLES: Final = 12
"""Queries a table."""

_WIDTH, _HEIGHT = 320, 140

_CURVES: Final = (
    ("reward", "reward a step"),
    ("validation", "validation"),
    ("entropy", "entropy"),
    ("length", "tokens an answer"),
)


BEFORE: Final = "warm start"
"""Name of the system that :data:`AFTER` began as."""

AFTER: Final = "trained"
"""Name of the trained system."""


def write_page(report: Report, topics: pd.DataFrame, training: Path, file: Path) -> Path:
    """Write the page: no script, no image file, nothing from a network.

    Args:
        report: An experiment with the systems :data:`BEFORE` and :data:`AFTER` and a baseline.
        topics: Its topics.
        training: Folder of the training, whose methods' ``training.csv`` are the curves.
        file: The page.

    Returns:
        ``file``.
    """
    import jinja2

    measure = str(ir_measures.parse_measure(report.config.measures[0]))
    values = report.perquery[report.perquery["measure"] == measure]
    table = values.pivot(index="qid", columns="name", values="value")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = (resources.files(__package__) / "demo.html.jinja").read_text(encoding="utf-8")
    rows = [
        {
            "name": row["name"],
            "value": row[measure],
            "gap": row.get("gap_closed", float("nan")),
            "width": 100 * row[measure],
        }
        for row in report.table.to_dict("records")
    ]
    compared = _compared(report, topics, table)
    baseline = report.baseline or BEFORE
    gain = compared[AFTER] - compared[baseline]
    learned = compared[AFTER] - compared[BEFORE]
    changed = compared[compared["written_before"] != compared["written_after"]]
    text = environment.from_string(template).render(
        name=report.config.name,
        queries=report.num_queries,
        measure=measure,
        baseline=baseline,
        before=BEFORE,
        after=AFTER,
        systems=rows,
        curves=curves(training),
        won=int((gain > 1e-9).sum()),
        lost=int((gain < -1e-9).sum()),
        tied=int((gain.abs() <= 1e-9).sum()),
        tables=[
            ("Queries won", _top(compared, -gain)),
            ("Queries lost", _top(compared, gain[gain < -1e-9])),
            (f"From {BEFORE} to {AFTER}", _top(changed, -learned)),
        ],
    )
    write_whole(file, text)
    return file


def _compared(report: Report, topics: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return one row a query: its text, what was written, and each system's value."""
    written = {
        run.name: run.rewrites.set_index("qid")["qgen"].map(" ".join)
        for run in report.runs
        if run.rewrites is not None
    }
    frame = topics.set_index("qid")[["query"]].join(table, how="inner")
    for column, system in (("written_before", BEFORE), ("written_after", AFTER)):
        frame[column] = written[system].reindex(frame.index).fillna("")
    return frame


def _top(compared: pd.DataFrame, order: pd.Series) -> list[dict[str, Any]]:
    """Return the first queries of those there are, by a number that is small for the first."""
    ordered = order.sort_values(kind="stable")
    chosen = [qid for qid in ordered.index if qid in compared.index][:EXAMPLES]
    records: list[dict[str, Any]] = compared.loc[chosen].to_dict("records")
    return records


def curves(training: Path) -> list[dict[str, Any]]:
    """Return the curves of every method in a training's folder, as points of a drawing."""
    found = []
    for file in sorted(training.glob("*/training.csv")):
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        for column, label in (("loss", "loss"), *_CURVES):
            points = [(float(r["step"]), float(r[column])) for r in rows if r.get(column)]
            if len(points) > 1 and not (column == "loss" and "grpo" in file.parent.name):
                found.append(
                    {
                        "title": f"{file.parent.name.partition('-')[2]}: {label}",
                        "low": min(y for _, y in points),
                        "high": max(y for _, y in points),
                        "last": int(points[-1][0]),
                        "points": polyline(points),
                    }
                )
    return found


def polyline(points: Sequence[tuple[float, float]]) -> str:
    """Return points as SVG draws them, scaled to the drawing; the second axis points up."""
    xs, ys = zip(*points, strict=True)
    left, low = min(xs), min(ys)
    across, up = (max(xs) - left) or 1.0, (max(ys) - low) or 1.0
    return " ".join(
        f"{(x - left) / across * _WIDTH:.1f},{_HEIGHT - (y - low) / up * _HEIGHT:.1f}"
        for x, y in points
    )
