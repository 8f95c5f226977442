"""What a run leaves behind: files in a folder."""

from __future__ import annotations

import json
import platform
import re
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

import pandas as pd
import pyterrier as pt

from pyterrier_rewrite import __version__
from pyterrier_rewrite.stores.whole import write_whole
from pyterrier_rewrite.text.safe import encodable

from ..build.workbench import CONFIG
from ..config.errors import ConfigError
from ..config.schema import ExperimentConfig
from .folder import earlier_config
from .results import Report, SystemRun

FAILED: Final = "failed.txt"
"""The systems that failed, each with its traceback."""

FILES: Final = ("results.csv", "perquery.csv", "depth.csv", FAILED, "versions.json")
"""What a run writes beside its config and the files of its systems."""

LONGEST: Final = 200
"""Bytes of a file's name, which most systems hold to 255."""

PACKAGES = (
    "pyterrier pyterrier-pisa ir-measures ir-datasets numpy pandas torch transformers"
    " sentence-transformers aiohttp"
).split()


def written_by(config: ExperimentConfig) -> list[str]:
    """Return what a run of a config writes beside it: its files, and those of its systems."""
    of_systems = map(_of_system, file_names(config.systems).values())
    return [*FILES, *(name for names in of_systems for name in names)]


def write_report(report: Report, folder: Path) -> None:
    """Write the files of an experiment.

    ``results.csv`` (one row a system), ``perquery.csv``, ``depth.csv`` (of conversations),
    ``runs/SYSTEM.res.gz`` (TREC runs), ``rewrites/SYSTEM.jsonl``, ``config.yaml`` (as it was
    run), ``versions.json``, ``failed.txt`` (systems that failed, and where in the code). Files of
    an earlier run are replaced, each at once.
    """
    names = file_names(report.config.systems)
    take_over(folder, report.config)
    for name in report.failed:
        _forget_system(folder, names[name])
    tables = {"results": report.table, "perquery": report.perquery, "depth": report.depth}
    for name, table in tables.items():
        if table is not None:
            write_whole(folder / f"{name}.csv", partial(table.to_csv, index=False))
    for run in report.runs:
        tag = names[run.name]
        its_run, its_rewrites = _of_system(tag)
        write_whole(folder / its_run, partial(_write_run, run, tag))
        if run.rewrites is not None:
            lines = rewrites_jsonl(run.rewrites, run.prompts)
            write_whole(folder / its_rewrites, lines)
    if report.failed:
        traces = [
            f"{name}\n\n{''.join(traceback.format_exception(error))}"
            for name, error in report.failed.items()
        ]
        write_whole(folder / FAILED, "\n".join(traces))
    else:
        (folder / FAILED).unlink(missing_ok=True)
    write_whole(folder / "versions.json", json.dumps(_versions(), indent=1))


def take_over(folder: Path, config: ExperimentConfig) -> None:
    """Write a run's config into its folder, and remove what another run left there."""
    for sub in ("runs", "rewrites"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    with suppress(ConfigError):
        earlier = earlier_config(folder, ExperimentConfig)
        if earlier is not None and earlier.as_yaml() != config.as_yaml():
            for name in FILES:
                (folder / name).unlink(missing_ok=True)
            for name in file_names(earlier.systems).values():
                _forget_system(folder, name)
    write_whole(folder / CONFIG, config.as_yaml())


def _of_system(name: str) -> tuple[str, str]:
    return f"runs/{name}.res.gz", f"rewrites/{name}.jsonl"


def _forget_system(folder: Path, name: str) -> None:
    for file in _of_system(name):
        (folder / file).unlink(missing_ok=True)


def file_names(names: Iterable[str]) -> dict[str, str]:
    """Return a file name for every system; systems never share one."""
    out: dict[str, str] = {}
    for name in names:
        safe = re.sub(r"[^\w.+-]+", "_", name).strip("._") or "system"
        safe = safe.encode()[:LONGEST].decode(errors="ignore")
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
    return encodable("".join(f"{line}\n" for line in lines))


def _write_run(run: SystemRun, tag: str, file: Path) -> None:
    pt.io.write_results(run.results, str(file), run_name=tag)


def _versions() -> dict[str, str]:
    found = {"pyterrier-rewrite": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
