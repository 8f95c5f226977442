"""Files and folders that are whole or not there: written beside, then put in place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

ABANDONED: Final = 3600.0
"""Seconds after which a half-written file was left by a process that died."""


def write_whole(path: Path, content: str | Callable[[Path], object]) -> None:
    """Write a file so that a reader, and whoever comes after a kill, finds the old one or the new.

    Args:
        path: The file; its folder must be there.
        content: The text, or what writes to the path that it is given, which has the same suffix.
    """
    for left in path.parent.glob(f".new-*.{path.name}"):
        if time.time() - left.stat().st_mtime > ABANDONED:
            left.unlink(missing_ok=True)
    beside = path.with_name(f".new-{uuid4().hex}.{path.name}")
    try:
        if isinstance(content, str):
            beside.write_text(content, encoding="utf-8")
        else:
            content(beside)
        with beside.open("rb+") as written:
            os.fsync(written.fileno())  # or a power cut could leave the name without the content
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def replace_folder(path: Path, new: Path) -> None:
    """Put a finished folder in the place of another, or of none; what fails puts it back."""
    old = new / f".replaced-{uuid4().hex}"
    if path.exists():
        path.rename(old)
    try:
        new.rename(path)
    except BaseException:
        if old.exists():
            old.rename(path)
        raise
    shutil.rmtree(path / old.name, ignore_errors=True)
