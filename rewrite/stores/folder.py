"""A folder that is either complete or not there at all."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from .whole import replace_folder

METADATA: Final = "pt_meta.json"
"""Written last; PyTerrier's packages know indexes by a file of this name."""

_log = logging.getLogger(__name__)


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
    """
    for stale in path.parent.glob(f".{path.name}.building-*"):
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
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
