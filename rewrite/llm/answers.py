"""The file of a cache: what can be read of it, and what can still be written to it."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from ..errors import LLMError
from ..stores.sqlite import Database, Layout, open_database
from .base import Completions
from .claims import Claims, in_parts

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

_NO_ROOM: Final = frozenset(
    {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.EDQUOT, errno.EFBIG}
)


class Answers:
    """Answers in a file, found by key.

    Where there is no room, or no right to write, answers are found and no new ones are kept.

    Args:
        path: The file.
        file: It, open; None if there is none and none can be made.
        writable: Whether to write to it.
        on_full: Told once why nothing more is kept.
    """

    def __init__(
        self,
        path: Path,
        file: Database | None,
        *,
        writable: bool,
        on_full: Callable[[LLMError], None],
    ) -> None:
        self._path = path
        self._file = file
        self._writable = writable and file is not None
        self._on_full = on_full
        self._claims = Claims(file) if file is not None and writable else None
        self._damaged: set[bytes] = set()

    def found(self, keys: Sequence[bytes]) -> Iterator[Completions | None]:
        """Yield the answer of every key, in order; None where there is none, or a damaged one."""
        for some in in_parts(keys):
            rows: dict[bytes, str] = {}
            if self._file is not None:
                holes = ",".join("?" * len(some))
                statement = f"SELECT key, answer FROM answers WHERE key IN ({holes})"
                rows = dict(self._file.execute(statement, some))
            for key in some:
                answer = _answer_in(rows[key]) if key in rows else None
                if answer is None and key in rows:
                    self._damaged.add(key)
                yield answer

    def keep(self, key: bytes, request: str, answer: Completions) -> bool:
        """Write an answer that has a text, if there is room; the first one of a key stays.

        Returns:
            Whether it is in the file.
        """
        kept = False
        if self._writable and answer.error is None and any(map(str.strip, answer.texts)):
            text = canonical_json({name: getattr(answer, name) for name in _KEPT})
            how = "REPLACE" if key in self._damaged else "IGNORE"
            with self._if_there_is_room():
                self._database.execute(
                    f"INSERT OR {how} INTO answers VALUES (?, ?, ?)", (key, request, text)
                )
                kept = True
        if self._claims is not None:
            with self._or_without_claims():
                self._claims.renew()
        return kept

    def claim(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return the keys that nobody else asks for at the moment, and keep others from it."""
        if self._claims is not None:
            with self._or_without_claims():
                return self._claims.take(keys)
        return set(keys)

    def release(self) -> None:
        """Let others ask for what was claimed and is not there."""
        if self._claims is not None:
            with self._or_without_claims():
                self._claims.release()

    @contextmanager
    def _or_without_claims(self) -> Iterator[None]:
        try:
            yield
        except LLMError as error:
            if not is_no_room(error):
                raise
            self._claims = None

    @property
    def _database(self) -> Database:
        assert self._file is not None
        return self._file

    @contextmanager
    def _if_there_is_room(self) -> Iterator[None]:
        try:
            yield
        except LLMError as error:
            if not is_no_room(error):
                raise
            self._writable = False
            self._on_full(error)


@contextmanager
def open_answers(
    path: Path, *, offline: bool, on_full: Callable[[LLMError], None]
) -> Iterator[Answers]:
    """Open a file of answers, or what can be had of it.

    Args:
        path: The file; it and its folder are made if they can be.
        offline: Only read; the file must be there.
        on_full: Told once if nothing new is kept, and why.

    Raises:
        LLMError: If the file is damaged, or none of ours.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_database(path, LAYOUT, read_only=offline))
            writable = not offline
        except LLMError as error:
            if offline or not is_no_room(error) or os.path.isdir(path) or not _is_folder(path):
                raise
            on_full(error)
            writable, file = False, None
            if os.path.exists(path):
                with suppress(LLMError):  # it was never laid out, or nobody may read it now
                    file = stack.enter_context(open_database(path, LAYOUT, read_only=True))
        yield Answers(path, file, writable=writable, on_full=on_full)


def is_no_room(error: LLMError) -> bool:
    """Return whether there is no room or no right to write: a reason to go on without."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in _NO_ROOM
    return isinstance(cause, sqlite3.OperationalError)


def canonical_json(value: object) -> str:
    """Return JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _is_folder(path: Path) -> bool:
    """Return whether the folder of a file is there, or could be if one might write."""
    return os.path.isdir(next(above for above in path.absolute().parents if os.path.exists(above)))


def _answer_in(stored: object) -> Completions | None:
    """Return a stored answer, or None if it is damaged or has no text."""
    try:
        answer = Completions(**json.loads(str(stored)), cached=True)
        # a number in place of each text, or a text in place of a number, falls here
        is_whole = isinstance(answer.texts, list) and any(list(map(str.strip, answer.texts)))
        return answer if is_whole and min(map(float, answer.usage.values())) >= 0 else None
    except (ValueError, TypeError, RecursionError):
        return None
