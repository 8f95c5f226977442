"""A conversation as words: what a term classifier reads, and which terms it may add."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, Final

from ...protocols import Analyzer

_WORD: Final = re.compile(r"[^\W_]+|[^\w\s]|_")

_LONGEST_WORD: Final = 64
"""Characters of a word that a model sees: longer ones are no words of any vocabulary."""


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return _WORD.findall(text)


@dataclass(frozen=True)
class Turn:
    """A turn and what was said before it.

    Attributes:
        history: Words of the messages before, oldest first.
        query: Words of the turn itself.
    """

    history: list[str]
    query: list[str]

    @classmethod
    def of(cls, messages: Iterable[str], query: str) -> Turn:
        """Split messages and turn into words."""
        return cls([word for text in messages for word in words(text)], words(query))

    def candidates(self, analyzer: Analyzer) -> list[str | None]:
        """Return the stem of each history word that the query lacks; None for all other words.

        Stop words, punctuation, and words whose stem stands in the query already are None.
        """
        present = {analyzer.stem(term) for word in self.query for term in analyzer.terms(word)}
        stems = [_stem(word, analyzer) for word in self.history]
        return [None if stem in present else stem for stem in stems]


def _stem(word: str, analyzer: Analyzer) -> str | None:
    terms = analyzer.terms(word)
    return analyzer.stem(terms[0]) if terms else None


@dataclass(frozen=True)
class Encoded:
    """A turn as a model reads it: history, separator, turn, between the model's special tokens.

    Attributes:
        inputs: ``input_ids`` and, where the tokenizer has them, ``token_type_ids``.
        dropped: How many of the oldest history words had no room.
        starts: Position of the first token of each history word that is left.
    """

    inputs: dict[str, list[int]]
    dropped: int
    starts: list[int]

    def __len__(self) -> int:
        return len(self.inputs["input_ids"])


class TurnEncoder:
    """Turns to tokens: of a history that is too long, the oldest words go.

    Words are looked up one by one and kept, because the turns of a conversation share theirs.

    Args:
        tokenizer: A tokenizer of a BERT-like model.
        max_length: Most tokens, special ones included. The turn gets half of them at most.
    """

    def __init__(self, tokenizer: Any, *, max_length: int) -> None:
        self.tokenizer = tokenizer
        probe = tokenizer(["a"], ["a"], is_split_into_words=True)
        parts, ids = probe.sequence_ids(0), probe["input_ids"]
        history, turn = parts.index(0), parts.index(1)
        self._before = ids[:history]
        special = [at for at, part in enumerate(parts) if part is None]
        self._between = [ids[at] for at in special if history < at < turn]
        self._after = [ids[at] for at in special if at > turn]
        segments = probe.get("token_type_ids")
        self._segments = None if segments is None else (segments[history], segments[turn])
        self._room = max_length - len(special)
        self._pieces: dict[str, list[int]] = {}

    def encode(self, turns: Sequence[Turn]) -> list[Encoded]:
        """Encode turns."""
        self._look_up(chain.from_iterable(chain(turn.history, turn.query) for turn in turns))
        return [self._encode(turn) for turn in turns]

    def _look_up(self, found: Iterable[str]) -> None:
        new = list(set(found) - self._pieces.keys())
        if new:
            short = [word[:_LONGEST_WORD] for word in new]
            ids = self.tokenizer(short, add_special_tokens=False, verbose=False)["input_ids"]
            self._pieces.update(zip(new, ids, strict=True))

    def _encode(self, turn: Turn) -> Encoded:
        query = [token for word in turn.query for token in self._pieces[word]][: self._room // 2]
        room = self._room - len(query)
        kept: list[list[int]] = []
        for word in reversed(turn.history):
            pieces = self._pieces[word]
            if len(pieces) > room:
                break
            room -= len(pieces)
            kept.append(pieces)
        kept.reverse()
        *starts, _ = accumulate(map(len, kept), initial=len(self._before))
        history = [*self._before, *chain.from_iterable(kept), *self._between]
        tokens = [*history, *query, *self._after]
        inputs = {"input_ids": tokens}
        if self._segments is not None:
            first, second = self._segments
            rest = len(tokens) - len(history)
            inputs["token_type_ids"] = [first] * len(history) + [second] * rest
        return Encoded(inputs, len(turn.history) - len(kept), starts)
