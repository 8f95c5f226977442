"""Who asks for what at the moment: noted in a cache's file, so that others wait and do not ask."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from ..stores.sqlite import Database

LEASE: Final = 120.0
"""Seconds without an answer after which others no longer wait for whoever asks."""

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS owners (id INTEGER PRIMARY KEY, name TEXT, until REAL)",
    "CREATE TABLE IF NOT EXISTS claims (key BLOB PRIMARY KEY, owner INTEGER) WITHOUT ROWID",
)

_KEYS_A_QUERY: Final = 500
"""SQLite takes at least 999."""

_HALTED: Final = frozenset("ZXTt")
"""What Linux calls processes that died and that nobody has buried, and those that are stopped."""

_asking: set[str] = set()
"""Those of this process that ask."""


class Claims:
    """The keys that one call asks for, for as long as it does.

    What a process that died or was stopped, or a call that got stuck, had claimed is free again.

    Args:
        file: The cache's file, writable.
    """

    def __init__(self, file: Database) -> None:
        self._file = file
        self._name = f"{os.getpid()} {threading.get_ident()} {uuid4().hex}"
        self._id: int | None = None
        self._renewed = 0.0

    def take(self, keys: Sequence[bytes]) -> set[bytes]:
        """Claim keys, and return those that nobody else asks for."""
        for table in _TABLES:
            self._file.execute(table)
        with self._file.transaction():
            own = self._register()
            others = self._of_others(keys)
            mine = [key for key in keys if key not in others]
            rows = ((key, own) for key in mine)
            self._file.execute_many("INSERT OR REPLACE INTO claims VALUES (?, ?)", rows)
        return set(mine)

    def _register(self) -> int:
        if self._id is None:
            row = (self._name, time.time() + LEASE)
            self._file.execute("INSERT INTO owners (name, until) VALUES (?, ?)", row)
            self._id = int(self._file.execute("SELECT last_insert_rowid()")[0][0])
            self._renewed = time.monotonic()
            _asking.add(self._name)
        return self._id

    def _of_others(self, keys: Sequence[bytes]) -> set[bytes]:
        statement = "SELECT id, name, until FROM owners WHERE id <> ?"
        waited_for = {
            owner
            for owner, name, until in self._file.execute(statement, (self._id,))
            if _asks(name, until)
        }
        if not waited_for:
            return set()
        found = set()
        for some in in_parts(keys):
            holes = ",".join("?" * len(some))
            statement = f"SELECT key, owner FROM claims WHERE key IN ({holes})"
            found |= {key for key, by in self._file.execute(statement, some) if by in waited_for}
        return found

    def renew(self) -> None:
        """Say that answers are coming."""
        if self._id is not None and time.monotonic() - self._renewed > LEASE / 4:
            row = (time.time() + LEASE, self._id)
            self._file.execute("UPDATE owners SET until = ? WHERE id = ?", row)
            self._renewed = time.monotonic()

    def release(self) -> None:
        """Let others ask for what is not there yet."""
        if self._id is None:
            return
        _asking.discard(self._name)
        with self._file.transaction():
            self._file.execute("DELETE FROM claims WHERE owner = ?", (self._id,))
            self._file.execute("DELETE FROM owners WHERE id = ?", (self._id,))
        self._id = None


def in_parts(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield as many keys at a time as a statement takes."""
    for start in range(0, len(keys), _KEYS_A_QUERY):
        yield keys[start : start + _KEYS_A_QUERY]


def _asks(owner: object, until: object) -> bool:
    """Return whether a claim is worth waiting for."""
    try:
        pid, thread = map(int, str(owner).split()[:2])
        is_over = float(str(until)) < time.time()
    except ValueError:
        return False  # damaged
    if is_over:
        return False
    if pid == os.getpid():
        # one's own thread cannot go on while it waits for itself
        return owner in _asking and thread != threading.get_ident()
    return _goes_on(pid)


def _goes_on(pid: int) -> bool:
    """Return whether a process is there and runs, as far as the system tells."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # it is there, and another user's
    with suppress(OSError, IndexError):  # no /proc: then the lease alone counts
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[0] not in _HALTED
    return True
