"""Files and folders that are whole or not there: written beside, then put in place."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Final
from uuid import uuid4

from ..errors import RewriteError

ABANDONED: Final = 3600.0
"""Seconds after which a half-written file was left by a process that died."""

METADATA: Final = "pt_meta.json"
"""Written last into an index; PyTerrier's packages know indexes by a file of this name."""

_log = logging.getLogger(__name__)


def write_whole(path: Path, content: str | Callable[[Path], object]) -> None:
    """Write a file so that a reader, and whoever comes after a kill, finds the old one or the new.

    Args:
        path: The file; its folder must be there.
        content: The text, or what writes to the path that it is given, which has the same suffix.
    """
    for left in path.parent.glob(f".new-*.{escape(path.name)}"):
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


def finish_replacing(path: Path) -> None:
    """Do what a process left undone that died in :func:`replace_folder` under :func:`replacing`."""
    for work in _left_beside(path):
        if not path.exists() and any(work.glob(".replaced-*")):
            work.rename(path)
    for old in path.glob(".replaced-*"):
        shutil.rmtree(old, ignore_errors=True)


def _left_beside(path: Path) -> list[Path]:
    return list(path.parent.glob(f".{escape(path.name)}.building-*"))


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keep every other build of the same path out, also of other processes, until done."""
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    while True:
        with open(lock, "w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _log.info("waiting for another process that builds %s", path)
                fcntl.flock(held, fcntl.LOCK_EX)
            if not _is_file(lock, held.fileno()):  # who had it before has removed the file
                continue
            try:
                yield
            finally:
                lock.unlink()
            return


def _is_file(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def replacing(path: Path, *, kind: str, marker: str, overwrite: bool) -> Iterator[Path]:
    """Give a folder to work in, and move it to ``path`` when the work is done.

    The caller holds the lock of :func:`exclusive`, so whatever temporary folder is there was
    left by a process that died.

    Args:
        path: Where the index will stand.
        kind: Class that opens it, for errors.
        marker: File that only an index of this kind has.
        overwrite: Whether an index that is there may be replaced.

    Raises:
        FileExistsError: If there is something at ``path`` that is not to be replaced.
        RewriteError: If the disk is full.
    """
    for stale in _left_beside(path):
        shutil.rmtree(stale, ignore_errors=True)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        if not (path / marker).is_file():
            raise FileExistsError(
                f"{path} exists and is no {kind}, so it is left alone; choose another path or "
                "remove it"
            )
        if not overwrite:
            raise FileExistsError(
                f"{path} is an index already; open it with {kind}({str(path)!r}) or pass "
                "overwrite=True to build it anew"
            )
    work = path.with_name(f".{path.name}.building-{uuid4().hex}")
    work.mkdir()
    try:
        yield work
        replace_folder(path, work)
    except BaseException as error:
        shutil.rmtree(work, ignore_errors=True)
        if _is_full(error):
            raise RewriteError(
                f"{path} could not be built: the disk is full ({error}); make room, or choose "
                "another path"
            ) from error
        raise


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return isinstance(error, sqlite3.OperationalError) and "disk" in str(error)
