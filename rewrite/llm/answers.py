"""A SQLite file of answers, safe for threads and processes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import LLMError
from ..stores.sqlite import Database, Layout, open_database
from .base import Completions

SCHEMA: Final = 1
"""Version of the file's layout and of its keys."""

LAYOUT: Final = Layout(
    "cache",
    0x7074_7277,  # ptrw
    ("CREATE TABLE answers (key BLOB PRIMARY KEY, request TEXT, answer TEXT)",),
    version=SCHEMA,
    error=LLMError,
    missing="run once with offline=False to ask the model",
    reading=" (readable is enough with offline=True)",
)

_KEPT: Final = ("texts", "prompt_tokens", "completion_tokens", "seconds", "cut")

_KEYS_A_QUERY: Final = 500
"""SQLite takes at least 999."""


@dataclass(frozen=True, slots=True)
class Answers:
    """An open file of answers."""

    file: Database

    def find(self, keys: Sequence[bytes]) -> Iterator[Completions | None]:
        """Yield the answer of every key, in order; None where there is none."""
        for start in range(0, len(keys), _KEYS_A_QUERY):
            some = keys[start : start + _KEYS_A_QUERY]
            holes = ",".join("?" * len(some))
            found = dict(
                self.file.execute(f"SELECT key, answer FROM answers WHERE key IN ({holes})", some)
            )
            for stored in map(found.get, some):
                yield None if stored is None else Completions(**json.loads(stored), cached=True)

    def add(self, key: bytes, request: str, answer: Completions) -> None:
        """Store an answer and commit it; the first one of a key stays."""
        kept = canonical_json({name: getattr(answer, name) for name in _KEPT})
        self.file.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, request, kept))

    def clear(self) -> None:
        """Forget every answer."""
        self.file.execute("DELETE FROM answers")

    def __len__(self) -> int:
        return int(self.file.execute("SELECT count(*) FROM answers")[0][0])


@contextmanager
def open_answers(path: Path, *, read_only: bool = False) -> Iterator[Answers]:
    """Open a file of answers; see :func:`open_database`."""
    with open_database(path, LAYOUT, read_only=read_only) as file:
        yield Answers(file)


def canonical_json(value: object) -> str:
    """Return JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
