"""What tests of training share: a task that a tiny model learns in seconds, and its reward."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest

from pyterrier_rewrite import FakeLLM, Join, LLMRewriter, Prompt, TransformersLLM
from pyterrier_rewrite.training import Validation, grpo, sft
from pyterrier_rewrite.training.run.monitor import Monitor
from pyterrier_rewrite.training.run.settings import Validated
from tests.support.paths import ROOT

PLAIN = Prompt("test/plain", 1, (("user", "{query}"),), ("query",))
TARGET = "vitamin bones"
FAST: dict[str, Any] = {"learning_rate": 5e-3, "verbose": False, "checkpoint_every": 100}


def eight_topics() -> pd.DataFrame:
    queries = [f"query {i} of the wing" for i in range(8)]
    return pd.DataFrame({"qid": [f"t{i}" for i in range(8)], "query": queries})


def with_target(topics: pd.DataFrame) -> pd.DataFrame:
    return topics.assign(target=TARGET)


def generations(rewriter: LLMRewriter, topics: pd.DataFrame) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [texts[0] for texts in rewriter(topics)["qgen"]]


def local(model: Path, **settings: Any) -> LLMRewriter:
    settings = {"prompt": PLAIN, "max_tokens": 6, "formulation": Join(" "), **settings}
    return LLMRewriter(TransformersLLM(model, device="cpu"), **settings)


def fake(reply: Any = "red sofa", **settings: Any) -> LLMRewriter:
    return LLMRewriter(FakeLLM(reply), **{"prompt": PLAIN, "formulation": Join(" "), **settings})


class ByText:
    """A reward that is a function of the candidate's text."""

    def __init__(self, mark: Callable[[str], float | None]) -> None:
        self.mark = mark
        self.seen: list[pd.DataFrame] = []

    def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
        self.seen.append(candidates)
        return {
            c: self.mark(q) for c, q in zip(candidates["qcand"], candidates["query"], strict=True)
        }


def weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(next(folder.glob("*.safetensors")))


def equal(one: Path, two: Path) -> bool:
    a, b = weights(one), weights(two)
    return a.keys() == b.keys() and all(bool((a[k] == b[k]).all()) for k in a)


class Engine(pt.Transformer):
    """Finds the relevant document only for queries that say ``bones``."""

    def transform(self, inp: pd.DataFrame) -> pd.DataFrame:
        found = ["good" if "bones" in query else "bad" for query in inp["query"]]
        return inp.assign(docno=found, score=1.0, rank=0)


def validation(topics: pd.DataFrame, **settings: Any) -> Validation:
    qrels = pd.DataFrame({"qid": topics["qid"], "docno": "good", "label": 1})
    return Validation(Engine(), topics, qrels, **{"every": 10, **settings})


class Counting(Validation):
    """A validation that keeps what it scored, and that Ctrl-C can end."""

    def __init__(self, *arguments: Any, last: int | None = None, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.scored: list[LLMRewriter] = []
        self.last = last

    def validate(self, rewriter: Any) -> Validated:
        self.scored.append(rewriter)
        if len(self.scored) == self.last:
            raise KeyboardInterrupt
        return super().validate(rewriter)


class Killing(ByText):
    """A reward that can kill its process where it would be asked a fourth time."""

    kill = False

    def score(self, candidates: pd.DataFrame) -> dict[str, float | None]:
        if self.kill and len(self.seen) == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().score(candidates)


def twelve_steps(
    method: str,
    model: str,
    out: str,
    *,
    kill: bool = False,
    interrupt: bool = False,
    resume: bool = False,
) -> None:
    topics = eight_topics()
    common: dict[str, Any] = {
        "output_dir": out,
        "validation": validation(topics, every=3),
        "steps": 12,
        "learning_rate": 3e-3,
        "checkpoint_every": 4,
        "resume": resume,
        "verbose": False,
    }
    record = Monitor.record

    def note(self: Monitor, step: int, logs: Any) -> None:
        record(self, step, logs)
        if kill and step == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        if interrupt and step == 6:  # after the end of its step, so the next one is saved
            signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Monitor, "record", note)
        if method == "sft":
            sft(local(Path(model)), with_target(topics), batch_size=4, **common)
            return
        reward = Killing(len)
        reward.kill = kill
        sizes = {"queries_per_step": 4, "group_size": 4, "num_iterations": 2}
        grpo(local(Path(model)), topics, reward, **sizes, **common)


def python(code: str, *arguments: str, launcher: tuple[str, ...] = ()) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *launcher, *([] if launcher else ["-c"]), code, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
