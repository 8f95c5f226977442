"""The items of a list, in the shapes in which models write lists."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .cleaning import content_of, has_word

_SYMBOL = re.compile(r"^[-*•‣◦▪●○·–—+→➢✓✔☐]\s+|^[•‣◦▪●➢✓✔]")
_NUMBER = re.compile(
    r"^(?:\*\*|__)?[(\[#]?\s*(\d{1,2}|[０-９]{1,2}|[①-⑳])\s*"
    r"(?:\\?[.)\]:](?:\*\*|__)?(?=\s|[^\s\d.])|[、．：）](?:\*\*|__)?|\ufe0f?\u20e3|(?<=[①-⑳]))"
    r"\s*"
)
_LETTER = re.compile(r"^\(?([A-Za-z])[.)]\s+")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(:?)')
_OPEN_STRING = re.compile(r'[:\[]\s*"((?:[^"\\]|\\.)+)\Z')
_TRAILING_COMMA = re.compile(r",\s*([\]}])")


def list_items(lines: Sequence[str]) -> tuple[list[str], bool]:
    """Return the items of a JSON list, of a numbered or bulleted list, or the lines.

    Returns:
        The items, and whether something in the text marked them as items.
    """
    strings = json_strings("\n".join(lines))
    if strings is not None:
        return bare(strings), True
    if len(lines) == 1:
        lines = _inline_numbers(lines[0])
    numbered = _numbered(lines)
    symbols = [_LETTER.sub("", lines[at], count=1) for at in _lettered_at(lines)]
    symbols += [_SYMBOL.sub("", line, count=1) for line in lines if _SYMBOL.match(line)]
    if len(numbered) > 1 and not (symbols and all(item.endswith(":") for item in numbered)):
        return numbered, True
    if symbols or numbered:
        return symbols or numbered, True
    if len(lines) > 1 and lines[0].endswith((":", "：")):
        lines = lines[1:]  # a heading, in whatever language
    return list(lines), False


def bare(lines: Sequence[str]) -> list[str]:
    """Return lines without their bullets; a number is one only where it counts."""
    marks = dict.fromkeys(_lettered_at(lines), _LETTER)
    marks |= dict.fromkeys(_numbered_at(lines), _NUMBER)
    bare_lines = list(lines)
    for at, mark in marks.items():
        bare_lines[at] = mark.sub("", lines[at], count=1)
    return [_SYMBOL.sub("", line, count=1) for line in bare_lines]


def json_strings(text: str) -> list[str] | None:
    """Return the strings of the JSON value that a text is or ends with; None without one."""
    start = min((at for at in (text.find("["), text.find("{")) if at >= 0), default=-1)
    if start < 0 or has_word(content_of(_labelled(text[:start]))):
        return None
    source = text[start:]
    if not re.match(r"[\[{]\s*[\"'\[{}\]]", source):
        return None
    value = _decoded(source)
    if value is None:
        # cut at the length limit: the strings that were closed are whole
        strings = [string for string, colon in _STRING.findall(source) if not colon]
        strings = strings or _OPEN_STRING.findall(source)
        return [_unescaped(string) for string in strings] or ([] if source[0] == "{" else None)
    if isinstance(value, dict):
        lists = [entry for entry in value.values() if isinstance(entry, list)]
        value = lists[0] if lists else list(value.values())
    return _flat(value)


def _decoded(source: str) -> Any:
    for candidate in (source, _TRAILING_COMMA.sub(r"\1", source)):
        with suppress(ValueError, RecursionError):
            return json.JSONDecoder(strict=False).raw_decode(candidate)[0]
    if source.startswith("[") and "]" in source:  # a Python list
        try:
            value = ast.literal_eval(source[: source.rindex("]") + 1])
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        return value if isinstance(value, list) else None
    return None


def _unescaped(string: str) -> str:
    """Return a JSON string as the text that it stands for."""
    try:
        return str(json.loads(f'"{string}"', strict=False))
    except ValueError:
        return string


def _flat(values: Sequence[Any]) -> list[str]:
    flat: list[str] = []
    for entry in values:
        if isinstance(entry, dict):  # the item first, what is said of it after
            flat.extend([v for v in entry.values() if isinstance(v, str)][:1])
        elif isinstance(entry, list):
            flat.extend([v for v in entry if isinstance(v, str)])
        elif isinstance(entry, (str, int, float)) and not isinstance(entry, bool):
            flat.append(str(entry))
    return flat


def _labelled(text: str) -> str:
    """Return the last line before a JSON value; what stands above it is talk."""
    last = text.strip().rpartition("\n")[2].strip()
    return "" if last.endswith((":", "：")) or last.lower() == "json" else last


def _numbered_at(lines: Sequence[str]) -> list[int]:
    """Return which lines a list counts: 1, 2, 3 …, or from 2 where the prompt gave the 1."""
    found: list[int] = []
    expected = {0, 1}
    for at, line in enumerate(lines):
        match = _NUMBER.match(line)
        number = _value(match[1]) if match else None
        if number is None:
            if at == 0:
                expected = {0, 1, 2}
            continue
        if number in expected or (found and number == 1):
            found.append(at)
            expected = {number + 1, 1}
    return found


def _numbered(lines: Sequence[str]) -> list[str]:
    at = _numbered_at(lines)
    items = [_NUMBER.sub("", lines[i], count=1) for i in at]
    first = _NUMBER.match(lines[at[0]]) if at else None
    if first and _value(first[1]) == 2 and not lines[0].endswith((":", "：")):
        items.insert(0, lines[0])
    return items


def _value(digits: str) -> int:
    return ord(digits) - ord("①") + 1 if "①" <= digits <= "⑳" else int(digits)


def _lettered_at(lines: Sequence[str]) -> list[int]:
    """Return which lines begin with a, b, c …; a single one is a name or a species."""
    found: list[int] = []
    for at, line in enumerate(lines):
        match = _LETTER.match(line)
        if match and ord(match[1].lower()) - ord("a") == len(found):
            found.append(at)
    return found if len(found) > 1 else []


def _inline_numbers(line: str) -> list[str]:
    """Split ``1. red sofa 2. blue sofa``, but not ``Python 3.11``."""
    if not re.match(r"\(?1[.)]\s", line):
        return [line]
    parts, rest, number = [], line, 2
    while match := re.search(rf"\s\(?{number}[.)]\s+", rest):
        parts.append(rest[: match.start()])
        rest, number = rest[match.start() :].lstrip(), number + 1
    return [*parts, rest]
