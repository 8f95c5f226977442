"""Signs that the query has itself: they are content, whatever they look like elsewhere."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .words import has_word, kind_of

_FIRST: Final = 0x10600
"""Letters of Linear A, which nobody reads, stand for signs while an answer is read."""

_SIGNS: Final = frozenset("*_#[]{}\\§")
_EDGES: Final = "?!.,;:'\"()“”„«»"
_ORDINAL: Final = re.compile(r"(?:^|(?<=\s))\d{1,3}\. [^\W\d]\S*")


@dataclass(frozen=True)
class QuerySigns:
    """Hides the signs of a query's words from whoever looks for structure.

    Attributes:
        words: Words of the query that have a sign, such as ``__init__`` or ``√2``.
        signs: Their signs.
    """

    words: re.Pattern[str]
    signs: str

    @classmethod
    def of(cls, query: str) -> QuerySigns | None:
        """Return the signs of a query; None if it has none.

        Example:
            >>> signs = QuerySigns.of("what does __init__ do?")
            >>> signs.hidden("__init__ in *Python*") == "__init__ in *Python*"
            False
            >>> signs.shown(signs.hidden("__init__ in *Python*"))
            '__init__ in *Python*'
        """
        said = {word.strip(_EDGES) for word in query.split()}
        signed = [word for word in said if any(map(_is_sign, word)) and kind_of(word) != "aside"]
        numbered = [match[0] for match in _ORDINAL.finditer(query)]
        if not signed and not numbered:
            return None
        words = [*numbered, *sorted(signed, key=len, reverse=True)]
        signs = {c for word in words for c in word if not (c.isalnum() or c.isspace())}
        return cls(re.compile("|".join(map(_apart, words)), re.I), "".join(sorted(signs)))

    @cached_property
    def _letters(self) -> str:
        return "".join(chr(_FIRST + at) for at in range(len(self.signs)))

    def hidden(self, text: str) -> str:
        """Return a text with letters for the signs of the query's words."""
        letters = str.maketrans(self.signs, self._letters)
        return self.words.sub(lambda word: word[0].translate(letters), text)

    def shown(self, text: str) -> str:
        """Return a text with its signs."""
        return text.translate(str.maketrans(self._letters, self.signs))


def _apart(word: str) -> str:
    """Return a pattern of a word of its own; one of signs alone stands between spaces."""
    if not has_word(word):
        return rf"(?<!\S){re.escape(word)}(?!\S)"
    return rf"(?<![^\s(,;/\"'“„«`]){re.escape(word)}(?![^\s),.;:?!/\"'”“»`])"


def _is_sign(character: str) -> bool:
    return character in _SIGNS or unicodedata.category(character)[0] == "S"
