"""From what a model wrote to what a search engine should see: content words, no meta-text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Protocol


class Parser(Protocol):
    """Turns one raw generation into parts; an empty list says that nothing was usable."""

    def __call__(self, generation: str) -> list[str]:
        """Return the parts: one passage, some terms, or some queries."""
        ...


@dataclass(frozen=True)
class Text:
    r"""The generation as one running text.

    Example:
        >>> Text()("<think>hm</think>Sure! Here is the passage:\n**Couches** are sofas.")
        ['Couches are sofas.']
    """

    def __call__(self, generation: str) -> list[str]:
        """Return the clean text as the only part, or nothing."""
        lines = [_item(line) for line in _content_lines(generation)]
        text = " ".join(line for line in lines if line)
        return [text] if _has_word(text) else []


@dataclass(frozen=True)
class Terms:
    """Keywords: a list in any of the usual shapes, or terms between commas.

    Attributes:
        limit: Most terms to keep, or None.

    Example:
        >>> Terms()("Keywords: sofa, settee; Python 3.11")
        ['sofa', 'settee', 'Python 3.11']
    """

    limit: int | None = None

    def __call__(self, generation: str) -> list[str]:
        """Return the distinct terms in order."""
        items = _list_items(generation, _content_lines(generation))
        if len(items) <= 1:
            items = [part for item in items for part in re.split(r"[,;]\s*", item)]
        return _distinct(items, self.limit)


@dataclass(frozen=True)
class Queries:
    r"""Queries: a list in any of the usual shapes, or one a line.

    Attributes:
        limit: Most queries to keep, or None.

    Example:
        >>> Queries()('1. red sofa\n2) "blue sofa"')
        ['red sofa', 'blue sofa']
    """

    limit: int | None = None

    def __call__(self, generation: str) -> list[str]:
        """Return the distinct queries in order."""
        return _distinct(_list_items(generation, _content_lines(generation)), self.limit)


_THINK = re.compile(r"<(think|thinking|thought|reasoning)>.*?(</\1>|\Z)", re.S | re.I)
_THINK_END = re.compile(r"\A.*</(?:think|thinking|thought|reasoning)>", re.S | re.I)
_SPECIAL = re.compile(r"<\|[^|<>]{1,40}\|>|</?s>")
_FENCE = re.compile(r"^[ \t]*```[\w+-]*[ \t]*$", re.M)
_OPENING = re.compile(
    r"^(?:sure|certainly|of course|okay|ok|yes)?[,!.]?\s*"
    r"(?:(?:here|below|these|this|the following)\s*(?:is|are|'s|’s|you go)\b)[^:\n]{0,120}?"
    r"(?:(?:passage|list|quer|keyword|term|rewrit|answer|version|document|text|response|example|"
    r"expansion|question|suggestion|reformulation)[^:\n]{0,80}:|:$)\s*",
    re.I,
)
_INTERJECTION = re.compile(
    r"^(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|great|alright)[!.]+\s*", re.I
)
_CLOSING = re.compile(
    r"^(?:i hope (?:this|that)|let me know|feel free|please (?:let|note)|if you (?:need|want|have)|"
    r"would you like|note:)\b",
    re.I,
)
_REFUSAL = re.compile(
    r"^(?:i'?m sorry|i am sorry|sorry|i apologi[sz]e|as an ai|i (?:can(?:no|')t|am unable|"
    r"am not able|do not have|don'?t have)|unfortunately,? i)\b",
    re.I,
)
_LABEL = re.compile(
    r"^(?:(?:the )?"
    r"(?:final |new |rewritten |expanded |improved |search |sub-?|relevant |possible )*"
    r"(?:quer(?:y|ies)|passages?|keywords?|terms?|answers?|rewrites?|documents?|text|output|"
    r"result|expansions?|questions?))\s*(?:\d{1,2}\s*)?:\s*",
    re.I,
)
_BULLET = re.compile(r"^\s*(?:[-*•–—+]|\(?\d{1,2}[.):]|\(?[a-z][.)])\s+")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`|^#{1,6}\s+|^>\s+")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_QUOTES = "\"'“”‘’«»"


def _content_lines(generation: str) -> list[str]:
    """Return the lines that carry content, without thoughts, fences, greetings and labels."""
    text = _THINK.sub(" ", generation)
    text = _FENCE.sub("", _SPECIAL.sub(" ", _THINK_END.sub("", text)))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and _REFUSAL.match(lines[0].lstrip("*_ ")):
        return []
    if lines:
        lines[0] = _OPENING.sub("", _INTERJECTION.sub("", lines[0]))
    while lines and _CLOSING.match(lines[-1]):
        lines.pop()
    return [line for line in lines if line]


def _item(line: str) -> str:
    """Return one line without its bullet, marks, label and quotes."""
    line = _BULLET.sub("", line)
    line = _MARKS.sub("", _LINK.sub(r"\1", line)).strip()
    line = _LABEL.sub("", line).strip()
    if len(line) > 1 and line[0] in _QUOTES and line[-1] in _QUOTES:
        line = line[1:-1].strip()
    return line


def _list_items(generation: str, lines: list[str]) -> list[str]:
    """Return the items of a JSON list, of a numbered or bulleted list, or the lines."""
    text = "\n".join(lines)
    items = _json_items(text)
    if items is not None:
        return [_item(item) for item in items]
    if len(lines) == 1:
        lines = _inline_numbers(lines[0])
    marked = [line for line in lines if _BULLET.match(line)]
    return [_item(line) for line in (marked or lines)]


def _json_items(text: str) -> list[str] | None:
    start = min((at for at in (text.find("["), text.find("{")) if at >= 0), default=-1)
    if start < 0 or _has_word(_LABEL.sub("", text[:start])):
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        # cut at the length limit: the strings that were closed are whole
        strings = _STRING.findall(text[start:])
        return [s for s in strings if not re.search(re.escape(f'"{s}"') + r"\s*:", text)] or None
    if isinstance(value, dict):
        lists = [entry for entry in value.values() if isinstance(entry, list)]
        value = lists[0] if lists else list(value.values())
    flat: list[str] = []
    for entry in value:
        if isinstance(entry, dict):
            flat.extend(v for v in entry.values() if isinstance(v, str))
        elif isinstance(entry, (str, int, float)):
            flat.append(str(entry))
    return flat


def _inline_numbers(line: str) -> list[str]:
    """Split ``1. red sofa 2. blue sofa``, but not ``Python 3.11``."""
    if not re.match(r"1[.)]\s", line):
        return [line]
    parts, rest, number = [], line, 2
    while match := re.search(rf"\s{number}[.)]\s+", rest):
        parts.append(rest[: match.start()])
        rest, number = rest[match.start() :].lstrip(), number + 1
    return [*parts, rest]


def _distinct(items: list[str], limit: int | None) -> list[str]:
    seen: dict[str, str] = {}
    for item in items:
        if _has_word(item):
            seen.setdefault(item.casefold(), item)
    return list(seen.values())[:limit]


def _has_word(text: str) -> bool:
    return any(character.isalnum() for character in text)
