"""What people have from before the rooms were laid out goes on working."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyterrier as pt
import pytest
import yaml

from pyterrier_rewrite import from_pretrained
from pyterrier_rewrite.experiments.config import (
    TrainConfig,
    builtin_configs,
    load_config,
    read_config,
)

BEFORE = Path(__file__).parent / "before"
CONFIGS: dict[str, Any] = yaml.safe_load((BEFORE / "configs.yaml").read_text(encoding="utf-8"))
"""Every config that came along, as a run wrote it down."""

ARGUMENTS: dict[str, dict[str, str]] = json.loads(
    (BEFORE / "arguments.json").read_text(encoding="utf-8")
)
"""Class and representation of each argument, by saved rewriter."""


def test_imports_of_then_run() -> None:
    found = subprocess.run(
        [sys.executable, str(BEFORE / "imports.py")], capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr


def test_every_saved_rewriter_has_its_arguments() -> None:
    assert {file.stem for file in (BEFORE / "saved").iterdir()} == set(ARGUMENTS)


@pytest.mark.filterwarnings("ignore::pyterrier_rewrite.RewriteWarning")
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_rewriter_saved_then_loads_and_rewrites(
    name: str, tiny_causal: Path, tmp_path: Path
) -> None:
    manifest = json.loads((BEFORE / "saved" / f"{name}.json").read_text(encoding="utf-8"))
    folder = shutil.copytree(tiny_causal, tmp_path / name)
    manifest["files"] = {file: (folder / file).stat().st_size for file in manifest["files"]}
    (folder / "rewriter.json").write_text(json.dumps(manifest), encoding="utf-8")
    passages = pt.apply.generic(lambda frame: frame.assign(docno="d", text="a", date="2020-01-01"))
    given = dict.fromkeys(manifest["missing"], passages)
    rewriter = from_pretrained(folder, device="cpu", **given)
    arguments = {argument: repr(getattr(rewriter, argument)) for argument in manifest["arguments"]}
    assert {"class": type(rewriter).__name__, **arguments} == ARGUMENTS[name]
    history = [[], [{"role": "user", "content": "how to fly"}]]
    rewritten = rewriter(
        pd.DataFrame(
            {"qid": ["1", "2"], "query": ["wings in flow", "vitamin bones"], "qhistory": history}
        )
    )
    assert len(rewritten) >= 2
    assert rewritten["query"].str.len().gt(0).all()


def test_no_config_is_lost() -> None:
    assert set(builtin_configs()) | set(builtin_configs(training=True)) >= set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_bundled_config_is_resolved_as_then(name: str) -> None:
    training = name in builtin_configs(training=True)
    config = read_config(TrainConfig, name) if training else load_config(name)
    found = config.model_dump(mode="json", exclude_none=True)
    assert _dumped(_known(found, _before(name))) == _dumped(_before(name))


def _before(name: str) -> Any:
    """Return a config of before; but classical systems lost the queries without feedback."""
    config = copy.deepcopy(CONFIGS[name])
    for title in {"RM3", "Rocchio", "Bo1", "KL"} & config.get("systems", {}).keys():
        system = config["systems"][title]
        reads = system[: system.index(title)] if title in system else []
        if reads:
            reading = "dated" if name == "event-expansion" else reads
            feedback = reading[0] if len(reads) == 1 else reading
            stage = {title: {"feedback": feedback}}
            config["systems"][title] = [stage, *system[len(reads) + 1 :]]
    return config


def _known(found: Any, before: Any) -> Any:
    """Return a config without the settings that there were not before."""
    if isinstance(found, dict) and isinstance(before, dict):
        return {key: _known(value, before[key]) for key, value in found.items() if key in before}
    if isinstance(found, list) and isinstance(before, list) and len(found) == len(before):
        return [_known(*pair) for pair in zip(found, before, strict=True)]
    return found


def _dumped(config: Any) -> str:
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
