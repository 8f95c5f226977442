"""Loops: an answer that ends with the same words again and again, as degenerate ones do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from ..text.analysis import content_words
from .spoken import spoken
from .words import has_word

LONGEST: Final = 64
"""Words and signs of the longest phrase that is looked for."""

FEWEST: Final = 2
"""How often a long one stands at the end of an answer before it is taken for a loop."""

LONGEST_WORD: Final = 20
"""Characters of a word that is not looked through for a loop of its own."""

LEAST_OF_SENTENCE: Final = 20
"""Characters of a sentence that is not said twice; shorter ones may be a refrain."""

LEAST_OF_CLAUSE: Final = 8
"""Words of a clause that is not said twice, where it is a good part of a sentence."""

SAID_BEFORE: Final = 0.4
"""That part of its words."""

LONG_CLAUSE: Final = 12
"""Words of a clause that is not said twice, whatever else its sentence says."""

LEAST_OF_STAMMER: Final = 4
"""Words of a phrase that is not said again at once."""

MOST_BETWEEN: Final = 2
"""Words, which say nothing, between a phrase and the same again."""

LEAST_OF_SERIES: Final = 8
"""Items that differ in a number."""

LEAST_ROUND: Final = 100
"""Characters of a sentence that is looked at for a clause that it says three times."""

Clause = tuple[str, ...]
"""Words that follow one another."""

_WITHIN: Final = range(LEAST_OF_CLAUSE)
_ENDS: Final = range(5, LEAST_OF_CLAUSE)
"""Words at the end of a sentence that the next one says of "it"."""

_SPACED_WORD: Final = re.compile(r"\w+")
_UNSPACED: Final = "[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]"
_TOKEN: Final = re.compile(rf"{_UNSPACED}|(?:(?!{_UNSPACED})\w)+|[^\w\s]")
_END: Final = re.compile(rf"{_UNSPACED}|(?:(?!{_UNSPACED})\w)+")
_TAIL: Final = 40
_ENDED: Final = re.compile(r"[.!?…。！？*_\s]")
_STUTTER: Final = re.compile(r"(([^\W\d_])(?!\2)[^\W\d_]{1,11}?)\1{5,}[^\W\d_]{0,12}")
_SENTENCES: Final = re.compile(
    r"(?<=[.!?])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\b[A-Z]\.)(?=\s)|(?<=[。！？])"
)
_GLUED: Final = re.compile(r"(?<=[^\W\d_]{2})[-_#]?\d+")
_STOP: Final = re.compile(r"[.!?:]\s|[。！？\n]")
_NUMBER: Final = re.compile(r"\W*\d+\W*")
_WORD: Final = re.compile(r"[^\W\d_]{2}")


@lru_cache(maxsize=256)  # an answer is looked at several times
def without_loop(text: str) -> str:
    r"""Return an answer with one of what it repeats again and again at its end.

    A word or two are a loop at the sixth time, a sentence is at the second.
    Of one word again and again nothing is left, unless it is a list: one item after the other, on
    lines or between commas, is that item. Of several words they are left once.

    Example:
        >>> without_loop("a red sofa sofa sofa sofa sofa sofa sofa")
        'a red sofa'
        >>> without_loop("D. D. D. D. D. D. D.")
        ''
        >>> without_loop("sofa, sofa, sofa, sofa, sofa, sofa, sofa")
        'sofa,'
    """
    if max(map(len, text.split()), default=0) > LONGEST_WORD:
        text = _STUTTER.sub(r"\1", text)
    end = _END.findall(text[-_TAIL:])
    if end and text.casefold().count(end[-1].casefold()) < FEWEST:
        return text
    spans = [match.span() for match in _TOKEN.finditer(text)]
    tokens = [text[start:end].casefold() for start, end in spans]
    found = _loop(tokens)
    if found is None:  # a full stop may end a loop that has none
        size = next((n for n in range(len(tokens), 0, -1) if not _ENDED.match(tokens[n - 1])), 0)
        found = _loop(tokens[:size])
    if found is None:
        return text
    start, period = found
    if tokens[start] in ":：" and start + period < len(tokens) - 1:
        start += 1  # of what went before: a label ends with its colon
    once = text[: spans[start + period - 1][1]]
    again = text[spans[start][0] : spans[start + period][0]]
    if not has_word(again):
        return text  # a line, or dots
    before = text[: spans[start][0]]
    if has_word(before) and not _NUMBER.fullmatch(before):
        return once
    is_list = any(sign in again for sign in ",;\n、，")
    says_something = _WORD.search(again) and (is_list or len(again.split()) > 1)
    return once if says_something else ""


def without_repeats(text: str) -> str:
    """Return a text without the sentences that it said before, the whole or a good part of them.

    Example:
        >>> without_repeats("A sofa is a long seat. It has a back. A sofa is a long seat.")
        'A sofa is a long seat. It has a back.'
    """
    *sentences, last = _SENTENCES.split(text)
    if not sentences:
        goes_round = len(text) >= LEAST_ROUND and _goes_round(
            without_loop(text).casefold(), set(), Counter()
        )
        return "" if goes_round else _without_stammer(text)
    said: set[str] = set()
    clauses, ends = set[Clause](), Counter[Clause]()
    kept = []
    for sentence in sentences:
        key = sentence.casefold().strip()
        if key not in said and not _goes_round(key, clauses, ends):
            kept.append(sentence)
        if len(key) >= LEAST_OF_SENTENCE:
            said.add(key)
    key = last.casefold().strip()
    cut = any(sentence.startswith(key) for sentence in said)
    if not cut and not _goes_round(key, clauses, ends):
        kept.append(last)
    return _without_stammer("".join(kept).strip() if len(kept) <= len(sentences) else text)


def without_series(items: Sequence[str]) -> list[str]:
    """Return items without those that differ in a number only from an earlier one, if many do.

    The number is part of a word, as in ``sofa-1``, ``sofa-2``, …; years and volumes stand apart.
    """
    series: dict[str, list[str]] = {}
    for item in items:
        if len(numbers := _GLUED.findall(item)) == 1:
            series.setdefault(item.casefold().replace(numbers[0], "#"), []).append(item)
    many = [its for its in series.values() if len(its) >= LEAST_OF_SERIES]
    further = {item for its in many for item in its[1:]}
    return [item for item in items if item not in further]


def runs(words: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Return as many words as are asked for that follow one another, from each place on."""
    return zip(*(words[at:] for at in range(size)), strict=False)


def _without_stammer(text: str) -> str:
    """Return a text without a phrase that is said again at once: ``in a red room, in a red room``.

    No more than two words stand between, which say nothing.
    """
    words = _SPACED_WORD.findall(text.lower())
    phrases = list(runs(words, LEAST_OF_STAMMER))
    if len(set(phrases)) == len(phrases):
        return text  # as nearly every text
    spans = [match.span() for match in _SPACED_WORD.finditer(text)]
    if len(spans) != len(words):
        return text  # a letter that has no small one of its own
    seen: dict[Clause, int] = {}
    kept, start, done = [], 0, 0
    for at, phrase in enumerate(phrases):
        first = seen.get(phrase, -LONGEST - 1)
        seen[phrase] = at
        if at < done or at - first > LONGEST:
            continue
        length = _shared(words, first, at)
        if length < LEAST_OF_STAMMER:
            continue  # of fewer words, again and again
        end = spans[first + length - 1][1]
        between = text[end : spans[at][0]]
        apart = at - first - length
        if 0 <= apart <= MOST_BETWEEN and not _STOP.search(between) and not content_words(between):
            kept.append(text[start:end])
            done = at + length
            start = spans[done - 1][1]
    return "".join([*kept, text[start:]])


def _shared(words: Sequence[str], first: int, second: int) -> int:
    """Return how many words are the same from two places on, up to the second of them."""
    most = min(second - first, len(words) - second)
    return next((at for at in range(most) if words[first + at] != words[second + at]), most)


def _goes_round(sentence: str, clauses: set[Clause], ends: Counter[Clause]) -> bool:
    """Say whether a good part of a sentence was said before, and note the clauses that it has.

    Within a sentence, it was when it is said the third time; so is a long end of sentences.
    """
    words = _SPACED_WORD.findall(sentence)
    its = list(runs(words, LEAST_OF_CLAUSE))
    distinct = set(its)
    said = distinct & clauses
    if len(distinct) < len(its):
        said |= {clause for clause, times in Counter(its).items() if times > FEWEST}
    again = {at + of for at, clause in enumerate(its) if clause in said for of in _WITHIN}
    its_ends = [tuple(words[-size:]) for size in _ENDS if size < len(words)]
    last = its_ends[-1] if its_ends else ()
    of_it = len(last) == len(words) - 1 and last in ends and not content_words(words[0])
    refrain = len(last) == _ENDS[-1] and ends[last] >= FEWEST
    clauses |= distinct
    ends.update(its_ends)
    if not again:
        return of_it or refrain
    good_part = len(again) >= SAID_BEFORE * len(words)
    return of_it or refrain or good_part or _longest_run(again) >= LONG_CLAUSE


def _longest_run(numbers: set[int]) -> int:
    """Return how many numbers follow one another."""
    firsts = [number for number in numbers if number - 1 not in numbers]
    lasts = [number for number in numbers if number + 1 not in numbers]
    return max(b - a + 1 for a, b in zip(sorted(firsts), sorted(lasts), strict=True))


def _loop(tokens: list[str]) -> tuple[int, int] | None:
    """Return where a loop at the end starts and how long what it repeats is, or None."""
    size = len(tokens)
    for period in range(1, min(LONGEST, size // FEWEST) + 1):
        length = period
        while length < size and tokens[-1 - length] == tokens[-1 - length + period]:
            length += 1
        if length >= _times(period) * period:
            return size - length, period
    return None


def _times(period: int) -> int:
    """Return how often a phrase stands at the end of an answer before it is taken for a loop."""
    return 6 if period < 4 else 4 if period < 8 else 3 if period < 12 else FEWEST


def is_loop(text: str) -> bool:
    """Say whether an answer is nothing but the same again and again."""
    return without_loop(text) != text and not without_loop(spoken(text))
