"""A whole experiment with real backends: a served model, a local one, a kill in the middle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support.server import Reply

QUERIES = 60
CONCURRENCY = 4


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("PT_REWRITE_HOME", str(tmp_path / "home"))

    def write(llm: dict[str, object]) -> list[str]:
        content = {
            "name": "end-to-end",
            "collection": {"shop": {"products": 300, "queries": {"test": QUERIES}}},
            "llms": {"main": {"cache": str(tmp_path / "answers.sqlite"), **llm}},
            "systems": {"raw": ["bm25"], "Query2Doc": ["Query2Doc", "bm25"]},
            "measures": ["nDCG@10"],
            "baseline": "raw",
        }
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return [
            *(sys.executable, "-m", "pyterrier_rewrite.experiments.cli.main", "run", str(path)),
            *("--quiet", "--out", str(tmp_path / "out")),
        ]

    return write


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def costs(tmp_path: Path) -> dict[str, int]:
    table = pd.read_csv(tmp_path / "out" / "results.csv").set_index("name")
    return dict(table.loc["Query2Doc", ["requests", "cached"]])


def scores(tmp_path: Path) -> list[float]:
    return list(pd.read_csv(tmp_path / "out" / "results.csv")["nDCG@10"])


def test_a_killed_run_goes_on_where_it_was(config, tmp_path, llm_server):
    served = {"type": "openai", "model": "m", "base_url": llm_server.url}
    command = config({**served, "concurrency": CONCURRENCY})
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_half_way(body, number):
        if number == QUERIES // 2:
            os.kill(process.pid, signal.SIGKILL)
        return Reply(latency=0.01)

    llm_server.replies = kill_half_way
    assert process.wait(timeout=120) == -signal.SIGKILL
    assert not (tmp_path / "out" / "results.csv").exists()
    llm_server.replies = []

    run(command)
    # lost at most: what was in flight when the process died, or on its way to the disk
    assert QUERIES <= len(llm_server.requests) <= QUERIES + 2 * CONCURRENCY
    assert costs(tmp_path)["requests"] == QUERIES
    assert costs(tmp_path)["cached"] >= QUERIES // 2 - 2 * CONCURRENCY

    asked = len(llm_server.requests)
    run(command)
    assert len(llm_server.requests) == asked
    assert costs(tmp_path) == {"requests": QUERIES, "cached": QUERIES}


def test_a_local_model_is_asked_once(config, tmp_path, tiny_causal):
    command = config({"type": "transformers", "model": str(tiny_causal)})
    command += ["--set", "systems.Query2Doc.0={Query2Doc: {max_tokens: 4}}", "--set", "topics=5"]
    run(command)
    assert costs(tmp_path) == {"requests": 5, "cached": 0}
    first = scores(tmp_path)
    run(command)
    assert costs(tmp_path) == {"requests": 5, "cached": 5}
    assert scores(tmp_path) == first
