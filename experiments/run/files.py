"""What a run leaves behind: files in a folder."""

from __future__ import annotations

import json
import platform
import re
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

import pandas as pd
import pyterrier as pt
import yaml

from pyterrier_rewrite import __version__
from pyterrier_rewrite.stores.whole import write_whole

from .results import Report, SystemRun

FAILED: Final = "failed.txt"
"""The systems that failed, each with its traceback."""

PACKAGES = (
    "pyterrier pyterrier-pisa ir-measures ir-datasets numpy pandas torch transformers"
    " sentence-transformers aiohttp"
).split()


def write_report(report: Report, folder: Path) -> None:
    """Write the files of an experiment.

    ``results.csv`` (one row a system), ``perquery.csv``, ``depth.csv`` (of conversations),
    ``runs/SYSTEM.res.gz`` (TREC runs), ``rewrites/SYSTEM.jsonl``, ``config.yaml`` (as it was
    run), ``versions.json``, ``failed.txt`` (systems that failed, and where in the code). Files of
    an earlier run are replaced, each at once.
    """
    names = file_names([run.name for run in report.runs])
    for sub in ("runs", "rewrites"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    _forget_systems(folder, keep=set(names.values()))
    tables = {"results": report.table, "perquery": report.perquery, "depth": report.depth}
    for name, table in tables.items():
        if table is not None:
            write_whole(folder / f"{name}.csv", partial(table.to_csv, index=False))
    for run in report.runs:
        tag = names[run.name]
        write_whole(folder / "runs" / f"{tag}.res.gz", partial(_write_run, run, tag))
        if run.rewrites is not None:
            lines = rewrites_jsonl(run.rewrites, run.prompts)
            write_whole(folder / "rewrites" / f"{tag}.jsonl", lines)
    if report.failed:
        traces = [
            f"{name}\n\n{''.join(traceback.format_exception(error))}"
            for name, error in report.failed.items()
        ]
        write_whole(folder / FAILED, "\n".join(traces))
    else:
        (folder / FAILED).unlink(missing_ok=True)
    config = report.config.model_dump(mode="json", exclude_none=True)
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    write_whole(folder / "config.yaml", text)
    write_whole(folder / "versions.json", json.dumps(_versions(), indent=1))


def _forget_systems(folder: Path, *, keep: set[str]) -> None:
    """Remove the files of systems that an earlier run wrote here and this one has not."""
    before = folder / "results.csv"
    if not before.is_file():
        return
    for name in file_names(list(map(str, pd.read_csv(before)["name"]))).values():
        if name not in keep:
            (folder / "runs" / f"{name}.res.gz").unlink(missing_ok=True)
            (folder / "rewrites" / f"{name}.jsonl").unlink(missing_ok=True)


def file_names(names: list[str]) -> dict[str, str]:
    """Return a file name for every system; systems never share one."""
    out: dict[str, str] = {}
    for name in names:
        safe = re.sub(r"[^\w.+-]+", "_", name).strip("._") or "system"
        while safe.casefold() in {taken.casefold() for taken in out.values()}:
            safe += "_"
        out[name] = safe
    return out


def rewrites_jsonl(rewrites: pd.DataFrame, prompts: Mapping[str, int]) -> str:
    """Return rewritten queries as JSON lines, each with the prompts that it was made with.

    The query columns stand first, sorted, without vectors.
    """
    columns = sorted(c for c in rewrites.columns if c.startswith("q") and c != "query_vec")
    records = rewrites[columns].to_dict("records")
    made_with = {"prompts": dict(prompts)} if prompts else {}
    lines = [json.dumps(record | made_with, ensure_ascii=False, default=str) for record in records]
    return "".join(f"{line}\n" for line in lines)


def _write_run(run: SystemRun, tag: str, file: Path) -> None:
    pt.io.write_results(run.results, str(file), run_name=tag)


def _versions() -> dict[str, str]:
    found = {"pyterrier-rewrite": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
