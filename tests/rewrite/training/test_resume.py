"""Runs that go on where they stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import pandas as pd
import pytest

from pyterrier_rewrite import LLMRewriter
from pyterrier_rewrite.training import TrainingInterrupted, grpo, sft
from pyterrier_rewrite.training.run.folder import last_checkpoint
from pyterrier_rewrite.training.run.interrupt import interruptible
from tests.support.training import (
    FAST,
    ByText,
    equal,
    generations,
    python,
    twelve_steps,
    with_target,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def test_a_folder_with_another_run_is_refused(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    data = with_target(topics)
    sft(rewriter, data, output_dir=tmp_path, steps=2, **FAST)
    with pytest.raises(ValueError, match="resume=True"):
        sft(rewriter, data, output_dir=tmp_path, steps=2, **FAST)
    with pytest.raises(ValueError, match=r"its settings\.steps was 2, now it is 3"):
        sft(rewriter, data, output_dir=tmp_path, steps=3, resume=True, **FAST)
    with pytest.raises(ValueError, match=r"its data\.\w+ was"):
        sft(rewriter, data.head(2), output_dir=tmp_path, steps=2, resume=True, **FAST)
    again = sft(rewriter, data, output_dir=tmp_path, steps=2, resume=True, **FAST)
    assert generations(again, topics)


def test_checkpoints_fall_on_generation_boundaries(
    rewriter: LLMRewriter, topics: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="multiple of 3"):
        grpo(
            rewriter, topics, ByText(len), output_dir=tmp_path, num_iterations=3,
            **{**FAST, "checkpoint_every": 4},
        )  # fmt: skip


def test_a_checkpoint_that_was_not_finished_is_passed_over(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    for step, done in ((5, True), (10, True), (15, False)):
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if done:
            (folder / "complete").touch()
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.training.TrainingWarning")
@pytest.mark.parametrize(("method", "saved"), [("sft", 7), ("grpo", 8)])
def test_ctrl_c_saves_the_step_and_the_run_goes_on_to_the_same_end(
    method: str, saved: int, tiny_causal: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    twelve_steps(method, str(tiny_causal), str(whole))
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(TrainingInterrupted, match=f"after step {saved} of 12, .*resume=True"):
        twelve_steps(method, str(tiny_causal), str(broken), interrupt=True)
    assert signal.getsignal(signal.SIGINT) is handler
    assert last_checkpoint(broken) == broken / f"checkpoint-{saved}"
    twelve_steps(method, str(tiny_causal), str(broken), resume=True)
    for folder in ("checkpoint-12", "best"):
        assert equal(whole / folder, broken / folder), folder
    assert (whole / "training.csv").read_text() == (broken / "training.csv").read_text()


def test_a_second_ctrl_c_stops_at_once() -> None:
    with interruptible() as interrupt:
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_sigterm_asks_to_stop_unless_it_is_ignored(before: signal.Handlers) -> None:
    handler = signal.signal(signal.SIGTERM, before)
    try:
        with interruptible() as interrupt:
            if before is signal.SIG_DFL:  # without a handler it would end this process
                assert callable(signal.getsignal(signal.SIGTERM))
            signal.raise_signal(signal.SIGTERM)
            assert interrupt.asked is (before is signal.SIG_DFL)
            assert signal.getsignal(signal.SIGTERM) is before  # a second one stops at once
    finally:
        signal.signal(signal.SIGTERM, handler)


KILLED = """
import sys, torch
from tests.support.training import twelve_steps

torch.set_num_threads(1)
twelve_steps(*sys.argv[1:], kill=True)
"""


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.training.TrainingWarning")
@pytest.mark.parametrize("method", ["sft", "grpo"])
def test_a_killed_run_goes_on_to_the_same_end(
    method: str, tiny_causal: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    twelve_steps(method, str(tiny_causal), str(whole))
    killed = python(KILLED, method, str(tiny_causal), str(broken))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert last_checkpoint(broken) == broken / "checkpoint-4"
    twelve_steps(method, str(tiny_causal), str(broken), resume=True)
    for folder in ("checkpoint-12", "best"):
        assert equal(whole / folder, broken / folder), folder
    assert (whole / "training.csv").read_text() == (broken / "training.csv").read_text()
    assert not equal(whole / "checkpoint-12", tiny_causal)
