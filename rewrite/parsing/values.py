"""Answers in JSON, also damaged, in Python's form, or one value a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import json_repair

_DEEPEST: Final = 40
_LONGEST: Final = 20_000
"""Characters of a damaged value that are mended: mending takes time that grows with its square."""

_BEGIN: Final = re.compile(r"[\[{]\s*(?:[\"'“”‘’«„`\[{}\]]|[^\W\d]\w*[\"']?\s*:|$)")
_PLAIN_LIST: Final = re.compile(r"\[[^\[\]{}\n]*,[^\[\]{}\n]*\]\W*\Z")
_TUPLE: Final = re.compile(r"\(\s*([\"'].*[\"'],?)\s*\)", re.S)
_TASK: Final = re.compile(r"\[[ xX]\]\s+\w")
_INTRODUCED: Final = re.compile(r"(?:[:：=]|->|\bjson|\breturn|\()\s*\Z", re.I)


def strings(text: str, rank: Callable[[str], int]) -> list[str] | None:
    r"""Return the strings of the value that a text is or ends with; None without one.

    Of an object with a field that was asked for, only that; reasons, types, scores and what
    else is said beside it are left out.

    Args:
        text: What a model said.
        rank: Says how much a field of this name was asked for; below 0, it is left out.

    Example:
        >>> strings('{"why": "a seat", "query": "red sofa"}', lambda name: name == "query")
        ['red sofa']
    """
    source = _source(text)
    if source is None:
        return None
    values, cut = _decoded(source)
    if values is None:
        return None
    value = values[0] if len(values) == 1 else values
    found = [leaf for leaf in _chosen(value, rank) if leaf.strip()]
    return found[:-1] if cut and len(found) > 1 else found


def fields(text: str) -> dict[str, str] | None:
    """Return the texts of the JSON object that a text is or ends with; None without one."""
    source = _source(text)
    values = _decoded(source)[0] if source is not None else None
    if not values or not isinstance(values[0], dict):
        return None
    return {str(key): entry for key, entry in values[0].items() if isinstance(entry, str)}


def _source(text: str) -> str | None:
    """Return the text from the value on, if nothing but an announcement stands before it."""
    if tuple_ := _TUPLE.fullmatch(text.strip()):
        return f"[{tuple_[1]}]"
    start = min((at for at in (text.find("["), text.find("{")) if at >= 0), default=-1)
    if start < 0 or text.startswith("{{", start):
        return None
    source = text[start:].strip()
    before = text[:start].rpartition("\n")[2].strip("`~*_ \t")
    if any(character.isalnum() for character in before) and not _INTRODUCED.search(before):
        return None
    if _TASK.match(source):
        return None
    if not _BEGIN.match(source) and not _PLAIN_LIST.match(source):
        return None
    return source


def _decoded(source: str) -> tuple[list[Any] | None, bool]:
    """Return the values that follow one another, and whether the last one was cut."""
    values: list[Any] = []
    decoder = json.JSONDecoder(strict=False)
    if _depth(source) > _DEEPEST:
        return None, False
    at = 0
    while at < len(source) and source[at] in "[{":
        try:
            value, end = decoder.raw_decode(source, at)
        except ValueError:
            break
        values.append(value)
        at = end + len(source[end:]) - len(source[end:].lstrip(" \t\r\n,;"))
    else:
        return values, False
    if values and "\n" not in source[:at]:
        return values, False  # talk behind the value that happens to begin with a bracket
    rest = source[at : at + _LONGEST]
    closed = max(rest.rfind("]"), rest.rfind("}")) + 1
    if closed and not set(rest[closed:]) & set("\"'“”"):
        rest = rest[:closed]
    try:
        value = json_repair.loads(rest)
    except (ValueError, RecursionError):
        return values or None, False
    if isinstance(value, list if rest[0] == "[" else dict):
        values.append(value)
    return values, not rest.rstrip().endswith(("]", "}", '"', "'", "”", ","))


def _depth(source: str) -> int:
    deepest = depth = 0
    for character in source:
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _chosen(value: Any, rank: Callable[[str], int]) -> Iterator[str]:
    if isinstance(value, dict):
        ranks = {key: rank(str(key)) or _deep_rank(entry, rank) for key, entry in value.items()}
        best = max(ranks.values(), default=0)
        if best == 0 and all(type(entry) in (int, float) for entry in value.values()):
            yield from value  # terms and their weights
            return
        for key, entry in value.items():
            if ranks[key] == best >= 0:
                yield from _chosen(entry, rank)
    elif isinstance(value, list):
        best = max((_deep_rank(entry, rank) for entry in value), default=0)
        for entry in value:
            if not isinstance(entry, (dict, list)) or _deep_rank(entry, rank) == best:
                yield from _chosen(entry, rank)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        inner = strings(value, rank)  # arguments of a call are JSON in a string
        yield from [value] if inner is None else inner
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def _deep_rank(value: Any, rank: Callable[[str], int]) -> int:
    if isinstance(value, dict):
        found = (rank(str(key)) or _deep_rank(entry, rank) for key, entry in value.items())
        return max(found, default=0)
    if isinstance(value, list):
        return max((_deep_rank(entry, rank) for entry in value), default=0)
    return 0
