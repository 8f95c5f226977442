"""The folder of a run: whose it is, and what in it is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from ...stores.whole import write_whole

FACTS: Final = "run.json"
"""What a run was made of, and whether it is finished."""

FINISHED: Final = "finished"
"""The one entry of such a file that is no fact."""

COMPLETE: Final = "complete"
"""A file that is written into a checkpoint last: without it, a run was killed while saving."""


def claim(file: Path, facts: Mapping[str, Any], *, resume: bool) -> dict[str, Any] | None:
    """See that a folder holds no run, or this very one to go on with.

    Args:
        file: Where a run in the folder notes what it is made of, JSON or YAML.
        facts: What this run is made of.
        resume: Whether to go on with what is there.

    Returns:
        What was noted, or None if there is no run.

    Raises:
        ValueError: If there is a run and ``resume`` is off, it is another one, or its file is
            damaged.
    """
    if not file.is_file():
        return None
    if not resume:
        raise ValueError(
            f"{file.parent} holds a run already; resume=True (--resume) goes on with it, or take "
            "a new folder"
        )
    found = read(file)
    mine = json.loads(json.dumps(facts, default=str))
    for name in {**found, **mine}:
        if name != FINISHED and found.get(name) != mine.get(name):
            what, was, now = _difference(name, found.get(name), mine.get(name))
            raise ValueError(
                f"the run in {file.parent} cannot go on: its {what} was {was!r:.200}, now it is "
                f"{now!r:.200}; take the same or a new folder"
            )
    return found


def _difference(name: str, was: Any, now: Any) -> tuple[str, Any, Any]:
    """Return the first place where two values differ, named as ``--set`` does, and both there."""
    if isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        was, now = dict(enumerate(was)), dict(enumerate(now))
    if isinstance(was, dict) and isinstance(now, dict):
        for key in {**was, **now}:
            if was.get(key) != now.get(key):
                return _difference(f"{name}.{key}", was.get(key), now.get(key))
    return name, was, now


def read(file: Path) -> dict[str, Any]:
    """Return what stands in a file of facts.

    Raises:
        ValueError: If it is damaged.
    """
    text = file.read_text(encoding="utf-8")
    try:
        found = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
        return dict(found or {})
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged ({error}); take a new folder") from error


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Write facts as JSON; a kill leaves the old file or the new one."""
    write_whole(file, json.dumps(content, indent=1, default=str) + "\n")


def last_checkpoint(folder: Path) -> Path | None:
    """Return the last checkpoint that was written to its end."""
    found = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(found, key=step_of, default=None)


def step_of(checkpoint: Path) -> int:
    """Return the step at which a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])
