"""Answers that are paid for once: a cache in front of any language model."""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Final

from ..deadline import LATE, time_is_over
from ..errors import LLMError, RewriteWarning
from ..stores.sqlite import open_database
from .answers import LAYOUT, SCHEMA, Answers, canonical_json, open_answers
from .base import LLM, Completions, Messages, Sampling
from .wrapped import Wrapped

FIRST_LOOK: Final = 0.005
LONGEST_LOOK: Final = 0.25
"""Seconds between two looks for an answer that somebody else asked for; they grow."""

KEPT: Final[Counter[Path]] = Counter()
"""New answers that this process put into each file, for whoever has to say so."""


class Cached(Wrapped):
    """A language model that remembers its answers in a SQLite file.

    An answer is found again if everything that decides it is the same: the model's identity,
    the messages, every sampling parameter, and, where a batch holds the same prompt more than
    once, its occurrence, so that samples drawn without a seed stay different samples. A
    remembered answer says ``cached`` and costs nothing; its tokens and seconds are those of the
    first time, so that the cost of an experiment can be told from a replay.

    Each answer is committed as it arrives: a run that is killed loses only what was on its way.
    Failures and answers without text are never stored, and a damaged entry is asked for again.
    Where the disk is full, the file may only be read, or is damaged, what can be read of it is
    found, and new answers are used and not kept, with one warning.

    Threads and processes can share a file, and what two of them want at the same time is asked
    for once. Like every SQLite file in WAL mode, it belongs on a local disk.

    Args:
        llm: The model that answers what is not in the file.
        path: The file; it and its folder are made when first written to.
        offline: Replay only, without ever asking the model: what is missing is a failed
            request. The file may then be read-only.

    Raises:
        LLMError: When first used, if the file is another program's or another version's, or its
            folder cannot be made; with ``offline``, if it cannot be read.

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
        self._warned = False

    def stream(
        self, prompts: Sequence[Messages], sampling: Sampling
    ) -> Iterator[tuple[int, Completions]]:
        """Yield what is remembered, then what the model answers, each as soon as it is done.

        Raises:
            LLMError: If the file cannot be used, or the model can answer nothing at all.
        """
        requests = self._requests(prompts, sampling)
        keys = [hashlib.sha256(request.encode()).digest() for request in requests]
        with open_answers(self.path, offline=self.offline, on_full=self._warn) as file:
            misses = []
            for position, answer in enumerate(file.found(keys, n=sampling.n)):
                if answer is not None:
                    yield position, answer
                elif self.offline:
                    missing = f"not in the cache {self.path}: {LAYOUT.missing}"
                    yield position, Completions([], error=missing)
                else:
                    misses.append(position)

            def ask(mine: Sequence[int]) -> Iterator[tuple[int, Completions]]:
                asked = self.llm.stream([prompts[position] for position in mine], sampling)
                try:
                    for number, answer in asked:
                        position = mine[number]
                        KEPT[self.path] += file.keep(keys[position], requests[position], answer)
                        yield position, answer
                finally:
                    if isinstance(asked, Generator):
                        asked.close()  # as soon as nobody wants more, so that the model stops

            yield from _once(file, keys, misses, ask, n=sampling.n)

    def _warn(self, error: LLMError) -> None:
        """Say once that the file takes no new answers, or gives not all that it held."""
        if not self._warned:
            self._warned = True
            lost = "new answers are used but not kept, and will be paid for again"
            if self.offline:
                lost = "some answers cannot be read any more"
            warnings.warn(f"{lost}: {error}", RewriteWarning, stacklevel=2)

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


def _once(
    file: Answers,
    keys: Sequence[bytes],
    misses: Sequence[int],
    ask: Callable[[Sequence[int]], Iterator[tuple[int, Completions]]],
    *,
    n: int,
) -> Iterator[tuple[int, Completions]]:
    """Ask for what nobody else asks for, and wait for what others do, threads and processes.

    Args:
        file: Where answers are found and kept.
        keys: The key of every position.
        misses: Positions whose answers are not in the file.
        ask: Asks the model for some of the positions.
        n: Texts that an answer may have.
    """
    wait = FIRST_LOOK
    while misses:
        mine = file.claim([keys[position] for position in misses])
        try:
            left: list[int] = []
            own: list[int] = []
            answers = file.found([keys[position] for position in misses], n=n)  # come meanwhile
            for position, answer in zip(misses, answers, strict=True):
                if answer is not None:
                    yield position, answer
                else:
                    (own if keys[position] in mine else left).append(position)
            if own:
                yield from ask(own)
                wait = FIRST_LOOK
        finally:
            file.release()
        misses = left
        if misses and time_is_over():
            yield from ((position, Completions([], error=LATE)) for position in misses)
            return
        if misses and not own:
            time.sleep(wait)
            wait = min(LONGEST_LOOK, 1.5 * wait)
