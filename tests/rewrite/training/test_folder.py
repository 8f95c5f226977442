"""Whose a folder is: free, another run's, or the same run's, which goes on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pyterrier_rewrite.training import dpo, grpo, kto, sft
from pyterrier_rewrite.training.run.folder import FINISHED, claim, read, write
from pyterrier_rewrite.training.run.settings import Common
from tests.support.training import ByText, fake

METHODS = [sft, dpo, kto, grpo]
FACTS: dict[str, Any] = {"method": "sft", "settings": {"learning_rate": 1e-6, "steps": None}}


def test_a_folder_without_a_run_is_free(tmp_path: Path) -> None:
    assert claim(tmp_path / "run.json", FACTS, resume=False) is None
    assert claim(tmp_path / "none" / "run.json", FACTS, resume=True) is None


@pytest.mark.parametrize("name", ["run.json", "config.yaml"])
def test_the_same_run_goes_on(tmp_path: Path, name: str) -> None:
    noted = {**FACTS, FINISHED: True}
    write(tmp_path / "run.json", noted)
    (tmp_path / "config.yaml").write_text(
        "method: sft\nfinished: true\nsettings: {learning_rate: 1.0e-6, steps: null}\n"
    )
    assert claim(tmp_path / name, FACTS, resume=True) == noted
    with pytest.raises(ValueError, match=r"holds a run already; resume=True \(--resume\)"):
        claim(tmp_path / name, FACTS, resume=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "dpo"}, "its method was 'sft', now it is 'dpo'"),
        ({"reward": "x"}, "its reward was None, now it is 'x'"),
        ({"settings": {**FACTS["settings"], "steps": [{"a": 1}]}}, r"its settings\.steps was "),
    ],
)
def test_another_run_is_refused(tmp_path: Path, change: dict[str, str], message: str) -> None:
    write(tmp_path / "run.json", FACTS)
    with pytest.raises(ValueError, match=message):
        claim(tmp_path / "run.json", {**FACTS, **change}, resume=True)


@pytest.mark.parametrize(
    ("name", "text"), [("run.json", "{"), ("run.json", "[1]"), ("config.yaml", "a: [")]
)
def test_a_damaged_file_is_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        read(tmp_path / name)


@pytest.mark.parametrize("method", METHODS)
def test_the_common_settings_are_named_in_every_signature(method: Callable[..., Any]) -> None:
    common = [field.name for field in fields(Common)]
    assert [name for name in inspect.signature(method).parameters if name in common] == common


@pytest.mark.parametrize(
    ("method", "wrong", "message"),
    [
        (sft, {"epochs": 0}, "epochs should be over 0, found 0"),
        (sft, {"checkpoint_every": 0}, "checkpoint_every should be at least 1"),
        (dpo, {"beta": -1}, "beta should be 0 or more"),
        (kto, {"batch_size": 1}, "batch_size should be at least 2"),
        (grpo, {"group_size": 1}, "group_size should be at least 2"),
        (grpo, {"top_p": 0}, "top_p should be over 0 and at most 1"),
    ],
)
def test_numbers_are_checked_before_anything_is_made(
    method: Callable[..., Any],
    wrong: dict[str, Any],
    message: str,
    topics: pd.DataFrame,
    tmp_path: Path,
) -> None:
    reward = [ByText(len)] if method is grpo else []
    with pytest.raises(ValueError, match=message):
        method(fake(), topics, *reward, output_dir=tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()
