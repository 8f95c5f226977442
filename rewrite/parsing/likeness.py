"""Heads of lines that are alike: labels that nobody knows, and titles that count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ..text.analysis import content_words
from .line import Line
from .words import has_word, kind_of, words

LONGEST_HEAD: Final = 5
"""Words of a label; in front of ``is:`` it may be longer."""

LONGEST_ALIKE: Final = 8
"""Words of a label where at least three lines have one, as ``what led up to the event:``."""

NUMBERED: Final = re.compile(r"\D{0,20}\d{1,3}\W*")
NUMERALS: Final = re.compile(r"\d+")
_TITLE: Final = re.compile(r"[^\W\d][^\d\n.!?]{2,30}\d{1,2}\s?[:：]?")
_NUMBER: Final = re.compile(r"[\d.,%/ ()]*\d[\d.,%/ ()]*")


def alike(heads: Sequence[tuple[str, str]], query: str, *, terms: bool) -> tuple[set[int], bool]:
    """Return which lines begin with a label by their likeness, and whether heads are the items.

    Heads that differ in their number only are labels, and so are short ones on every line, unless
    most have to do with the query: ``Kill Bill: Volume 1``.
    In front of scores, or of what terms mean, the heads are the items.
    """
    numbered = _numbered(heads)
    if numbered and len(numbered) < len(heads):
        return numbered, False  # what stands below each has a name of its own
    full = heads[:-1] if len(heads) > 3 and not all(heads[-1]) else heads  # the last may be cut
    longest = LONGEST_HEAD if len(full) < 3 else LONGEST_ALIKE
    if len(full) < 2 or not all(_is_short(head, longest) and rest for head, rest in full):
        return numbered, False
    if all(_NUMBER.fullmatch(rest) for _, rest in heads):
        return set(), True
    if not numbered and all(_is_said_of(*pair) for pair in heads):
        return set(), True
    if terms and not numbered and not any(kind_of(head) for head, _ in heads):
        return set(), True
    names = [head for head, _ in heads]
    if not numbered and (_are_of(query, names) or _is_series(names)):
        return set(), False
    return set(range(len(heads))), False


def _are_of(query: str, heads: Sequence[str]) -> bool:
    """Say whether most heads have a word to do with the query."""
    asked = content_words(query)
    return 2 * sum(bool(content_words(head) & asked) for head in heads) > len(heads)


def _is_series(names: Sequence[str]) -> bool:
    """Say whether all lines begin with the same name, which is not known: ``Alien: Covenant``."""
    return len(set(names)) == 1 and kind_of(names[0]) is None


def _is_said_of(head: str, rest: str) -> bool:
    """Say whether a sentence in small letters explains a head: ``Red sofa: a query.``."""
    return not kind_of(head) and rest.endswith(".") and rest[0].islower()


def _numbered(heads: Sequence[tuple[str, str]]) -> set[int]:
    """Return the lines whose heads are the same but for a number, and count from 0 or 1."""
    at = [i for i, (head, _) in enumerate(heads) if NUMBERED.search(head)]
    return set(at) if _count([heads[i][0] for i in at], first=(0, 1)) else set()


def counted_titles(found: Sequence[Line]) -> set[int]:
    """Return the lines that say a name and a number, and count: each above what it names."""
    at = [i for i, line in enumerate(found[:-1]) if _TITLE.fullmatch(line.text)]
    apart = not {i + 1 for i in at} & {*at}
    return set(at) if apart and _count([found[i].text for i in at], first=(1,)) else set()


def _count(names: Sequence[str], *, first: Sequence[int]) -> bool:
    """Say whether names are the same but for a number, and count, the first of them from these."""
    numbers = [int("".join(NUMERALS.findall(name))[:6]) for name in names]
    if len(names) < 2 or numbers[0] not in first:
        return False
    same = len({NUMERALS.sub("#", name) for name in names}) == 1
    return same and numbers == list(range(numbers[0], numbers[0] + len(names)))


def _is_short(head: str, longest: int) -> bool:
    return has_word(head) and len(words(head)) <= longest and len(head) <= 10 * longest
