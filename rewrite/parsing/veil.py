"""Signs that the query has itself: they are content, whatever they look like elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .words import has_word, kind_of

_FIRST: Final = 0x10600
"""Letters of Linear A, which nobody reads, stand for signs while an answer is read."""

_SIGNS: Final = frozenset("*_#[]{}\\§")
_EDGES: Final = "?!.,;:'\"()“”„«»"
_ORDINAL: Final = re.compile(r"(?:^|(?<=\s))\d{1,3}\. [^\W\d]\S*")


@dataclass(frozen=True)
class Veil:
    """Hides the signs of a query's words from whoever looks for structure.

    Attributes:
        words: Words of the query that have a sign, such as ``__init__`` or ``√2``.
        letters: For each sign the letter that stands for it.
    """

    words: re.Pattern[str] | None = None
    letters: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, query: str) -> Veil:
        """Return the veil over what a query says.

        Example:
            >>> veil = Veil.of("what does __init__ do?")
            >>> veil.over("__init__ in *Python*") == "__init__ in *Python*"
            False
            >>> veil.off(veil.over("__init__ in *Python*"))
            '__init__ in *Python*'
        """
        said = {word.strip(_EDGES) for word in query.split()}
        signed = [word for word in said if any(map(_is_sign, word)) and kind_of(word) != "aside"]
        numbered = [match[0] for match in _ORDINAL.finditer(query)]
        if not signed and not numbered:
            return cls()
        hidden = [*numbered, *sorted(signed, key=len, reverse=True)]
        signs = sorted({c for word in hidden for c in word if not (c.isalnum() or c.isspace())})
        return cls(
            re.compile("|".join(map(_apart, hidden)), re.I),
            {ord(sign): chr(_FIRST + at) for at, sign in enumerate(signs)},
        )

    def over(self, text: str) -> str:
        """Return a text whose signs are hidden where the query has them."""
        if self.words is None:
            return text
        return self.words.sub(lambda word: word[0].translate(self.letters), text)

    def off(self, text: str) -> str:
        """Return a text with its signs."""
        if self.words is None:
            return text
        return text.translate({ord(letter): chr(sign) for sign, letter in self.letters.items()})


def _apart(word: str) -> str:
    """Return a pattern of a word of its own; one of signs alone stands between spaces."""
    if not has_word(word):
        return rf"(?<!\S){re.escape(word)}(?!\S)"
    return rf"(?<![^\s(,;/\"'“„«`]){re.escape(word)}(?![^\s),.;:?!/\"'”“»`])"


def _is_sign(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character)[0] == "S"
