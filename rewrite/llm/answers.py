"""The file of a cache: what can be read of it, and what can still be written to it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, cast

from ..errors import LLMError
from ..stores.sqlite import (
    Database,
    Layout,
    bears_mark,
    is_damage,
    is_no_room,
    open_database,
)
from ..text import safe_text
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

_MOST: Final = 1e15
"""Of tokens and seconds that anybody counted."""


class Answers:
    """Answers in a file, found by key.

    Where there is no room, no right to write, or the file is damaged, what can be read is found
    and no new answers are kept.

    Args:
        path: The file.
        file: It, open; None if there is none and none can be made.
        writable: Whether to write to it.
        on_full: Told why nothing more is kept.
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

    def found(self, keys: Sequence[bytes], *, n: int = 1) -> Iterator[Completions | None]:
        """Yield the answer of every key, in order; None where there is none, or a damaged one.

        Args:
            keys: What is looked for.
            n: Texts that each answer may have at most.
        """
        for some in in_parts(keys):
            rows = self._rows(some)
            for key in some:
                answer = _answer_in(rows[key], n) if key in rows else None
                if answer is None and key in rows:
                    self._damaged.add(key)
                yield answer

    def _rows(self, keys: Sequence[bytes]) -> dict[bytes, object]:
        """Return what is stored under keys; of a damaged file, what can still be read."""
        if self._file is None:
            return {}
        holes = ",".join("?" * len(keys))
        # as bytes: one that is no text is damaged, and must not keep the others from being read
        statement = f"SELECT key, CAST(answer AS BLOB) FROM answers WHERE key IN ({holes})"
        try:
            return dict(self._file.execute(statement, keys))
        except LLMError as error:
            self._keep_no_more(error)
            if not is_damage(error):
                self._file = None
            if len(keys) == 1:
                return {}
        return {key: row for one in keys for key, row in self._rows([one]).items()}

    def keep(self, key: bytes, request: str, answer: Completions) -> bool:
        """Write an answer that has a text, if there is room; the first one of a key stays.

        Returns:
            Whether it is in the file.
        """
        kept = False
        if self._writable and answer.error is None and any(map(safe_text, answer.texts)):
            text = canonical_json({name: getattr(answer, name) for name in _FITS})
            how = "REPLACE" if key in self._damaged else "IGNORE"
            with self._or_no_more():
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
            self._claims = None
            if is_damage(error):
                self._keep_no_more(error)
            elif not is_no_room(error):
                raise

    @property
    def _database(self) -> Database:
        assert self._file is not None
        return self._file

    @contextmanager
    def _or_no_more(self) -> Iterator[None]:
        try:
            yield
        except LLMError as error:
            if not is_no_room(error) and not is_damage(error):
                raise
            self._keep_no_more(error)

    def _keep_no_more(self, error: LLMError) -> None:
        self._writable = False
        if is_damage(error):
            self._claims = None
        self._on_full(error)


@contextmanager
def open_answers(
    path: Path, *, offline: bool, on_full: Callable[[LLMError], None]
) -> Iterator[Answers]:
    """Open a file of answers, or what can be had of it.

    Args:
        path: The file; it and its folder are made if they can be.
        offline: Only read; the file must be there.
        on_full: Told if nothing new is kept, and why.

    Raises:
        LLMError: If the file is none of ours or, ``offline``, cannot be read.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_database(path, LAYOUT, read_only=offline))
            writable = not offline
        except LLMError as error:
            is_ours = is_damage(error) and bears_mark(path, LAYOUT)
            has_no_room = is_no_room(error) and not os.path.isdir(path) and _is_folder(path)
            if offline or not (is_ours or has_no_room):
                raise
            on_full(error)
            writable, file = False, None
            if os.path.exists(path):
                with suppress(LLMError):  # it was never laid out, or nobody may read it now
                    file = stack.enter_context(open_database(path, LAYOUT, read_only=True))
        yield Answers(path, file, writable=writable, on_full=on_full)


def canonical_json(value: object) -> str:
    """Return JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _is_folder(path: Path) -> bool:
    """Return whether the folder of a file is there, or could be if one might write."""
    return os.path.isdir(next(above for above in path.absolute().parents if os.path.exists(above)))


def _answer_in(stored: object, n: int) -> Completions | None:
    """Return a stored answer of up to ``n`` texts, or None if it is not as it was written."""
    try:
        fields = json.loads(stored.decode()) if isinstance(stored, bytes) else None
        if not isinstance(fields, dict) or not fields.keys() <= _FITS.keys():
            return None
        if not all(_FITS[name](value) for name, value in fields.items()):
            return None
        answer = Completions(**fields, cached=True)
    except (ValueError, TypeError, RecursionError):
        return None
    return answer if len(answer.texts) <= n else None


def _are_texts(value: object) -> bool:
    """Return whether a value is a list of texts, with something in one of them."""
    is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
    return is_list and any(map(safe_text, cast("list[str]", value)))


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _is_time(value: object) -> bool:
    return type(value) in (int, float) and 0 <= cast("float", value) <= _MOST


_FITS: Final[Mapping[str, Callable[[object], bool]]] = {
    "texts": _are_texts,
    "prompt_tokens": _is_count,
    "completion_tokens": _is_count,
    "seconds": _is_time,
    "cut": lambda value: isinstance(value, bool),
}
"""What is kept of an answer, and what each part of it is like."""
