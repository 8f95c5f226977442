"""Echoes: what an answer repeats of a prompt's own words, and what is left without them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from ..parsing.loops import runs
from ..parsing.talk import is_prose
from ..parsing.words import kind_of, pattern
from ..text.analysis import STOP_WORDS, EnglishAnalyzer, content_words
from ..text.pool import Example

LEAST_WORDS: Final = 4
"""Words of a line or sentence that is taken for an echo; fewer may be a rewrite."""

LEAST_OF_EXAMPLE: Final = 3
"""Words of a line of an example that is taken for a leak."""

LEAST_SHARED: Final = 3
"""Content words that a sentence shares with an example, half of its own, if it is a leak."""

LEAST_PHRASES: Final = 5
"""Phrases of :data:`LEAST_WORDS` words that a sentence has if it may be an echo in part."""

LONGEST_REWORDED: Final = 12
"""Words of a text that may be an echo in other words."""

LONGEST_REWORDED_LINE: Final = 120
"""Characters of a line that is looked at so."""

Phrase = tuple[str, ...]
"""Words that follow one another, :data:`LEAST_WORDS` of them."""

_ENGLISH: Final = EnglishAnalyzer()
_ALL_KNOWN: Final = "1" * LEAST_WORDS
_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_BLANK: Final = re.compile(r"<(?!conversation>|document )([a-z][^<>\n]*)>")
_NUMBER: Final = re.compile(r"\d+")
_END: Final = re.compile(r"[.!?:][*_\"')\]]{0,8}\s+")
_BETWEEN_ITEMS: Final = re.compile(r"[,;]\s")
_MARKER: Final = re.compile(r"\W*(?:\d+[.)]\W*)?")
_STRUCTURED: Final = ("{", "[", "```json")
_LABEL: Final = re.compile(
    r"([^\w*]*(?:\d+[.)][^\w*]*)?)[*_]{0,3}([^\W\d][^:\n]{0,40}):[*_]{0,3}[ \t]*(?=\S)"
)
_TAGS: Final = re.compile(
    r"^(?:[ \t]*<{1,2}/?(?:document \d+|conversation)>{1,2})+[ \t]*(?:$\n?)?", re.M
)
_NAMES: Final = re.compile(r"^[ \t]*(?:[Tt]he )?[Dd]ocument \d+[ \t.]*$\n?", re.M)
_DOCUMENT: Final = re.compile(r"^<(document \d+|conversation)>\n(?:(?!<)[^\n]*\n)*</\1>\n?", re.M)


def own_words(texts: Collection[str]) -> frozenset[str]:
    """Return the lines and sentences of a prompt, free of case, punctuation and Markdown.

    What stands in ``<…>`` to be filled in belongs to them, however short it is.

    Args:
        texts: What the prompt says, without what its slots are filled with.
    """
    keys = {_key(unit) for text in texts for unit in _units(text)}
    unnumbered = {key.removeprefix("0 ") for key in keys}  # an item may be copied without its mark
    blanks = {_key(blank) for text in texts for blank in _BLANK.findall(text)}
    return frozenset(filter(_is_long, keys | unnumbered)) | frozenset(filter(None, blanks))


def own_labels(texts: Iterable[str], slots: Iterable[str]) -> frozenset[str]:
    """Return what stands in front of the slots of a prompt, or at its end: ``last turn:``.

    Args:
        texts: What the prompt says, with its slots.
        slots: Their names.
    """
    ends = "|".join([*(rf"\{{{re.escape(slot)}\}}" for slot in slots), r"\Z"])
    label = re.compile(rf"^([^:\n]{{1,40}}):[ \t]*(?:{ends})", re.M)
    found = (match[1] for text in texts for match in label.finditer(text.strip()))
    return frozenset(f"{_key(name)}:" for name in found)


def example_lines(examples: Iterable[Example]) -> Mapping[str, frozenset[str]]:
    """Return the lines of few-shot examples and their items, with the content words of each.

    Short ones are left out, unless an example is nothing else.
    """
    found: dict[str, frozenset[str]] = {}
    for example in examples:
        about = content_words(" ".join(example.values()))
        lines = [line for value in example.values() for line in value.split("\n")]
        items = [item for line in lines for item in _BETWEEN_ITEMS.split(line)]
        long = [key for key in map(_item, lines + items) if key.count(" ") >= LEAST_OF_EXAMPLE - 1]
        found |= dict.fromkeys([*long, *map(_item, example.values())], about)
    return found


def without_examples(text: str, shown: Mapping[str, frozenset[str]], query: str) -> str:
    r"""Return an answer without the lines of examples that have no word to do with the query.

    Args:
        text: The answer.
        shown: The examples that the model saw, by :func:`example_lines`.
        query: The query that was asked about.

    Example:
        >>> shown = example_lines([{"query": "can bees see red", "answer": "how do bees see"}])
        >>> without_examples("how do bees see\nred couches", shown, "old sofas")
        'red couches'
        >>> without_examples("How do bees see?", shown, "what is seen by bees")
        'How do bees see?'
    """
    if not shown:
        return text
    lines = text.split("\n")
    abouts = [shown.get(_item(line)) for line in lines]
    asked = content_words(query)
    kept = [line for line, about in zip(lines, abouts, strict=True) if not about or about & asked]
    examples = [about for about in dict.fromkeys(shown.values()) if not about & asked]
    said = ["".join(_of_no_example(_sentences(line), examples, asked)) for line in kept]
    return text if said == lines else "\n".join(said).strip()


def _of_no_example(
    sentences: Iterable[str], examples: Collection[frozenset[str]], asked: frozenset[str]
) -> Iterator[str]:
    """Yield the sentences that do not say in other words what an example says."""
    for sentence in sentences:
        # a list may have an item of its own
        about = content_words(sentence) if is_prose(sentence) else frozenset()
        shared = max((len(about & its) for its in examples), default=0)
        if shared < LEAST_SHARED or 2 * shared < len(about) or about & asked:
            yield sentence


def without_tags(text: str) -> str:
    """Return an answer without tags of documents in prompts, and lines of their names."""
    text = _TAGS.sub("", text) if "<" in text else text
    return _NAMES.sub("", text) if "ocument" in text else text


def without_pointing(text: str, query: str = "", *, shown: bool = False) -> str:
    """Return an answer that says what is there to say, not that a document says it.

    Args:
        text: The answer.
        query: The query that was asked about; what it says too stays.
        shown: Whether the prompt shows documents: then what is said of one is said of those.

    Example:
        >>> without_pointing("The document 3 discusses filters. It is old.")
        'filters. It is old.'
        >>> without_pointing("The passage provides a detailed text that describes filters.")
        'filters.'
        >>> without_pointing("A filter. The passage is written in a clear manner.")
        'A filter. '
    """
    said, itself, further = map(pattern, ("pointing", "itself", "pointing further"))
    at, of_texts = pattern("pointed at"), pattern("of the texts")
    # what is said of a document is said of those, unless the query asks for one
    about = shown and content_words(query).isdisjoint(("document", "passag", "text"))
    lines, points = [], False
    for line in text.split("\n"):
        pieces = []
        for piece in _sentences(line):
            of_itself = itself.match(piece) or (of_texts.match(piece) if about else None)
            head = of_itself or said.match(piece) or (further.match(piece) if points else None)
            if head and f" {' '.join(_words(head[0])[:2])} " not in f" {_key(query)} ":
                piece, points = "" if of_itself else piece[head.end() :], True
                while head := at.match(piece):
                    piece = piece[head.end() :]
                piece = piece.lstrip(",;. ")
            pieces.append(piece)
        lines.append("".join(pieces))
    return "\n".join(lines)


def without_echoes(text: str, own: frozenset[str], query: str = "") -> str:
    r"""Return an answer without the lines that repeat the prompt, word by word or half of it.

    Labels of the prompt that say nothing to the parsers are left out in front of a line. So are
    sentences at the begin and the end of a line and, of a prompt that is repeated as a whole, its
    documents. What the query says too may be a rewrite and stays.

    Args:
        text: The answer.
        own: What the prompt says, by :func:`own_words` and :func:`own_labels`.
        query: The query that was asked about.

    Example:
        >>> own = own_words(["Write a short passage. Give the passage only."])
        >>> without_echoes("**Write a short passage.** A seat.\ngive the passage only", own)
        'A seat.'
    """
    if not own or text.lstrip().startswith(_STRUCTURED):
        return text  # a list of items, each of which is looked at by itself
    kept: list[str] = []
    for line in text.split("\n"):
        rest = _unlabelled(_peeled(line, own, query), own)
        if rest == line or not _MARKER.fullmatch(rest):
            kept.append(rest)
    left = "\n".join(kept)
    if left == text:
        return text
    answer = _DOCUMENT.sub("", left)
    return (answer if _WORD.search(answer) else left).strip()


def _peeled(line: str, own: frozenset[str], query: str) -> str:
    """Return a line without the echoes at its begin and end."""
    short = len(line) <= LONGEST_REWORDED_LINE
    if not _may_echo(line, own) and not (short and _is_reworded(_key(line), own, query)):
        return line
    asked = f" {_key(query)} "

    def is_echo(piece: str) -> bool:
        if any(bracket in piece for bracket in "{}[]"):
            return False  # a value of a structured answer
        key = _key(piece)
        said = key in own or (_is_long(key) and any(f" {key} " in f" {line} " for line in own))
        if (said and f" {key} " not in asked) or _is_copied(key, own, asked):
            return True
        return _is_reworded(key, own, query)

    if _key(line) in own and is_echo(line):
        return ""
    pieces = list(_sentences(line))
    first, last = 0, len(pieces)
    while first < last and is_echo(pieces[first]):
        first += 1
    while last > first and is_echo(pieces[last - 1]):
        last -= 1
    return line if last - first == len(pieces) else "".join(pieces[first:last]).strip()


def _may_echo(line: str, own: frozenset[str]) -> bool:
    """Say whether a line has a phrase of the prompt's, which every echo has, or a blank of its."""
    words, known = _words(line), _words_of(own)
    blanks = _blanks_of(own)
    if blanks and any(blank in " ".join(words) for blank in blanks):
        return True
    if _ALL_KNOWN not in "".join(["1" if word in known else "0" for word in words]):
        return False  # as nearly every line, at a fifth of what its phrases cost
    return not _phrases(words).isdisjoint(_phrases_of(own))


def _unlabelled(line: str, own: frozenset[str]) -> str:
    """Return a line without a label of the prompt's of a kind that no parser knows."""
    label = _LABEL.match(line)
    if not label or f"{_key(label[2])}:" not in own or kind_of(label[2]):
        return line
    return line[: label.end(1)] + line[label.end() :]


def _units(text: str) -> Iterator[str]:
    """Yield the lines, and the sentences across them: prompt files wrap their lines."""
    yield from text.split("\n")
    for paragraph in re.split(r"\n\s*\n", text):
        yield from _sentences(" ".join(paragraph.split()))


def _sentences(line: str) -> Iterator[str]:
    """Yield the sentences of a line, each with the space behind it."""
    start = 0
    for end in _END.finditer(line):
        yield line[start : end.end()]
        start = end.end()
    if start < len(line):
        yield line[start:]


def _key(text: str) -> str:
    """Return the words; every number is the same, as a slot may be filled with one."""
    return " ".join(_words(text))


def _words(text: str) -> list[str]:
    return _WORD.findall(_NUMBER.sub("0", text.casefold()))


def _item(line: str) -> str:
    """Return the words of a line, without the number of an item."""
    return _key(line).removeprefix("0 ")


def _is_copied(key: str, own: frozenset[str], asked: str) -> bool:
    """Say whether half of the phrases of a sentence are the prompt's, and not the query's."""
    around = f" {key} ".split(asked) if asked.strip() else [key]
    phrases = frozenset[Phrase]().union(*(_phrases(part.split()) for part in around))
    if len(phrases) < (LEAST_PHRASES if len(around) == 1 else 2):
        return False
    shared = phrases & _phrases_of(own)
    copied = [phrase for phrase in shared if f" {' '.join(phrase)} " not in asked]
    return 2 * len(copied) >= len(phrases)


def _is_reworded(key: str, own: frozenset[str], query: str) -> bool:
    """Say whether a short text says in other words what the prompt asks for.

    All that it speaks of stands in the prompt, and nothing of it in the query.
    """
    said = key.split()
    if not LEAST_WORDS <= len(said) <= LONGEST_REWORDED or "0" in said:
        return False
    asked = _contents_of(own)
    about = set[str]()
    for word in said:
        if word not in STOP_WORDS:
            about.add(stem := _ENGLISH.stem(word))
            if stem not in asked:
                return False  # as nearly every text, at its first words
    return bool(about) and about.isdisjoint(content_words(query))


@lru_cache(maxsize=256)
def _contents_of(own: frozenset[str]) -> frozenset[str]:
    return content_words(" ".join(filter(_is_long, own)))


@lru_cache(maxsize=256)
def _phrases_of(own: frozenset[str]) -> frozenset[Phrase]:
    return frozenset[Phrase]().union(*(_phrases(key.split()) for key in own))


@lru_cache(maxsize=256)
def _words_of(own: frozenset[str]) -> frozenset[str]:
    return frozenset(word for phrase in _phrases_of(own) for word in phrase)


@lru_cache(maxsize=256)
def _blanks_of(own: frozenset[str]) -> tuple[str, ...]:
    return tuple(key for key in own if not _is_long(key) and not key.endswith(":"))


def _phrases(words: Sequence[str]) -> frozenset[Phrase]:
    return frozenset(runs(words, LEAST_WORDS))


def _is_long(key: str) -> bool:
    return key.count(" ") >= LEAST_WORDS - 1
