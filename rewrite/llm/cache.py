"""Answers that are paid for once: a cache in front of any language model."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from ..errors import LLMError
from ..stores.sqlite import Database, Layout, open_database
from .base import LLM, Completions, Messages, Sampling
from .wrapped import Wrapped

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


class Cached(Wrapped):
    """A language model that remembers its answers in a SQLite file.

    An answer is found again if everything that decides it is the same: the model's identity,
    the messages, every sampling parameter, and, where a batch holds the same prompt more than
    once, its occurrence, so that samples drawn without a seed stay different samples. A
    remembered answer says ``cached`` and costs nothing; its tokens and seconds are those of the
    first time, so that the cost of an experiment can be told from a replay.

    Each answer is committed as it arrives: a run that is killed loses only what was on its way.
    Failures are never stored. Threads and processes can share a file; like every SQLite file in
    WAL mode, it belongs on a local disk.

    Args:
        llm: The model that answers what is not in the file.
        path: The file; it and its folder are made when first written to.
        offline: Replay only, without ever asking the model: what is missing is a failed
            request. The file may then be read-only.

    Raises:
        LLMError: When first used, if the file cannot be read or written, is damaged, or is not
            of this version.

    Example:
        >>> from pyterrier_rewrite import Cached, FakeLLM
        >>> llm = Cached(FakeLLM("a passage"), "answers.db")
        >>> prompt = [{"role": "user", "content": "sofa"}]
        >>> [llm.generate([prompt])[0].cached for _ in range(2)]
        [False, True]
    """

    def __init__(self, llm: LLM, path: str | os.PathLike[str], *, offline: bool = False) -> None:
        super().__init__(llm)
        self.path = Path(path)
        self.offline = offline

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Yield what is remembered, then what the model answers, each as soon as it is done.

        Raises:
            LLMError: If the file cannot be used, or the model can answer nothing at all.
        """
        requests = self._requests(prompts, sampling)
        keys = [hashlib.sha256(request.encode()).digest() for request in requests]
        misses: list[int] = []
        missing = f"not in the cache {self.path}: {LAYOUT.missing}"
        with open_database(self.path, LAYOUT, read_only=self.offline) as file:
            for position, answer in enumerate(found(file, keys)):
                if answer is not None:
                    yield position, answer
                elif self.offline:
                    yield position, Completions([], error=missing)
                else:
                    misses.append(position)
            if not misses:
                return
            asked = self.llm.stream([prompts[position] for position in misses], sampling)
            try:
                for number, answer in asked:
                    position = misses[number]
                    if answer.error is None:
                        kept = canonical_json({name: getattr(answer, name) for name in _KEPT})
                        row = (keys[position], requests[position], kept)
                        file.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", row)
                    yield position, answer
            finally:
                if isinstance(asked, Generator):
                    asked.close()  # as soon as nobody wants more, so that the model stops working

    def clear(self) -> None:
        """Forget every answer in the file, whichever model gave it."""
        with open_database(self.path, LAYOUT) as file:
            file.execute("DELETE FROM answers")

    def __len__(self) -> int:
        """Return the number of answers in the file, whichever model gave them."""
        if not self.path.exists():
            return 0
        with open_database(self.path, LAYOUT, read_only=self.offline) as file:
            return int(file.execute("SELECT count(*) FROM answers")[0][0])

    def __bool__(self) -> bool:
        return True  # an empty cache is a language model all the same

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cached) and self.llm == other.llm

    def __hash__(self) -> int:
        return hash((Cached, self.llm))

    def __repr__(self) -> str:
        offline = ", offline=True" if self.offline else ""
        return f"Cached({self.llm!r}, {str(self.path)!r}{offline})"

    def _requests(self, prompts: Sequence[Messages], sampling: Sampling) -> list[str]:
        """Return what is asked, as JSON; what is the same is the same text."""
        before = f"[{SCHEMA},{canonical_json(self.identity)},"
        after = canonical_json(sampling.as_dict())
        occurrences: Counter[str] = Counter()
        requests = []
        for prompt in prompts:
            messages = canonical_json(list(prompt))
            requests.append(f"{before}{messages},{after},{occurrences[messages]}]")
            occurrences[messages] += 1
        return requests


def found(file: Database, keys: Sequence[bytes]) -> Iterator[Completions | None]:
    """Yield the answer of every key, in order; None where there is none."""
    for start in range(0, len(keys), _KEYS_A_QUERY):
        some = keys[start : start + _KEYS_A_QUERY]
        holes = ",".join("?" * len(some))
        rows = dict(file.execute(f"SELECT key, answer FROM answers WHERE key IN ({holes})", some))
        for stored in map(rows.get, some):
            yield None if stored is None else Completions(**json.loads(stored), cached=True)


def canonical_json(value: object) -> str:
    """Return JSON that is the same text for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
