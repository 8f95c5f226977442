"""The table of a run, and what looks wrong in it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pyterrier_rewrite.training import TrainingWarning
from pyterrier_rewrite.training.run.monitor import WINDOW, Monitor
from pyterrier_rewrite.training.run.settings import Validated
from tests.support.training import validation


def feed(folder: Path, steps: int, logs: Callable[[int], dict[str, float]]) -> list[str]:
    monitor = Monitor(folder, None)
    monitor.begin()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step in range(1, steps + 1):
            monitor.record(step, {"loss": 0.1, "reward_std": 0.2, **logs(step)})
    return [str(w.message).partition(" at step")[0] for w in caught]


@pytest.mark.parametrize(
    ("what", "logs"),
    [
        ("entropy collapse", lambda s: {"entropy": 2.0 if s <= WINDOW else 0.3}),
        ("zero spread", lambda s: {"frac_reward_zero_std": 0.8}),
        ("copies", lambda s: {"copies": 0.6}),
        ("unparsable", lambda s: {"unparsable": 0.6}),
        ("length drift", lambda s: {"completions/mean_length": 5.0 if s <= WINDOW else 11.0}),
        ("length drift", lambda s: {"completions/mean_length": 5.0 if s <= WINDOW else 2.0}),
    ],
)
def test_known_failures_are_told_once(tmp_path: Path, what: str, logs: Any) -> None:
    assert feed(tmp_path, 3 * WINDOW, logs) == [what]


def test_a_healthy_run_is_left_alone(tmp_path: Path) -> None:
    def healthy(step: int) -> dict[str, float]:
        return {
            "entropy": 2.0 - step / 60,
            "frac_reward_zero_std": 0.5,
            "copies": 0.2,
            "completions/mean_length": 5 + step / 20,
        }

    assert feed(tmp_path, 3 * WINDOW, healthy) == []


def test_a_rising_reward_with_falling_validation_is_told(
    topics: pd.DataFrame, tmp_path: Path
) -> None:
    monitor = Monitor(tmp_path, validation(topics))
    monitor.begin()
    values = {10: 0.5, 20: 0.6, 30: 0.55, 40: 0.5}

    def train() -> None:
        for step in range(1, 41):
            if step in values:
                monitor.validated(step, Validated(values[step], unanswered=step / 100))
            monitor.record(step, {"loss": 0.0, "reward": step / 40})

    with pytest.warns(TrainingWarning, match="best of 0.6000 at step 20"):
        train()
    assert monitor.best_step == 20
    assert monitor.unanswered == 0.2
