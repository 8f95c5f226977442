"""Answers in JSON, also damaged, in Python's form, or one value a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import json_repair

from .part import Rank

_DEEPEST: Final = 40
_LONGEST: Final = 20_000
"""Characters of a damaged value that are mended: mending takes time that grows with its square."""

_BEGIN: Final = re.compile(r"[\[{]\s*(?:[\"'“”‘’«„`\[{]|[}\]]\W*\Z|$)|\{\s*[^\W\d]\w*[\"']?\s*:")
_PLAIN_LIST: Final = re.compile(r"\[[^\[\]{}\n]*,[^\[\]{}\n]*\]\W*\Z")
_TUPLE: Final = re.compile(r"\(\s*([\"'].*[\"'],?)\s*\)", re.S)
_QUOTED: Final = re.compile(
    r"\"[^\"\n]+\"|“[^“”\n]+”|„[^„“”\n]+[“”]|«[^«»\n]+»|「[^「」\n]+」|(?<!\w)'[^'\n]+'(?!\w)"
)
_BETWEEN: Final = re.compile(r"[)\s,;，、；|(]*(?:(?:OR|AND|or|and)\b)?[\s(]*")
_SEPARATED: Final = re.compile(r"\s*(?:[,;，、；|/]|\n)\s*(?:(?:and|or)\s+)?")
_CLOSED: Final = re.compile(r"\(\s*,?\s*\)|\[\s*,?\s*\]|\{\s*,?\s*\}|[.,;]?|[(\[{]+[,\s)\]}]+[.;]?")
_NAMED_TUPLE: Final = re.compile(r"(?:const |let |var )?\w+\s*=\s*(?=[(\[{])")
_USED: Final = re.compile(  # query = "red sofa"; print(query)
    r"(?:const |let |var )?(\w{1,30})\s*=\s*(\"[^\"\n]+\"|'[^'\n]+');?\s*\n"
    r"(?:[^\n]{0,60}\b\1\b[^\n]{0,60})?\s*"
)
_CALL: Final = re.compile(
    r"\[?\s*([\w.]{1,60})\(\s*(?:(\w{1,40})\s*=\s*)?(\"[^\"]+\"|'[^']+')(?:,[^()]{0,200})?\s*\)\]?"
)
_ACTION: Final = re.compile(r"(?:Action:\s*)?(\w{1,30})\[([^\[\]\n]{2,400})\]", re.I)
_FIELD: Final = re.compile(r"\"\w{1,40}\"\s*:\s*[\"\[{]")
_DOUBLED: Final = re.compile(r"\{\{\s*\"")
_ESCAPED: Final = re.compile(r"\"?\s*[\[{]\s*\\\"")
_CALLED: Final = re.compile(r"(?:to=[\w.]{1,60}\s?|[^\W\d]\w{0,60}(?:\[ARGS\])?)(?=\{\s*[\"'])")
_COMMENTED: Final = re.compile(r"([{\[,]\s{0,9})(?://[^\n]*\n|/\*[^*]*\*/)\s*")
_SINGLE: Final = re.compile(r"[\[{\s]+'")
_SINGLE_QUOTED: Final = re.compile(r"(?<!\w)'((?:[^'\n]|(?<=\w)'(?=\w))*)'(?!\w)")
_TASK: Final = re.compile(r"\[[ xX]\]\s+\w")
_INTRODUCED: Final = re.compile(r"(?:[:：=]|->|\bjson|\breturn|\()\s*\Z", re.I)


def strings(text: str, rank: Rank) -> list[str] | None:
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
    if _is_spoken_of(value, source, rank):
        return None
    found = [leaf for leaf in _chosen(value, rank) if leaf.strip()]
    if cut and len(found) > 1 and found[-1] == _last(value):
        return found[:-1]
    return found


def _is_spoken_of(value: Any, source: str, rank: Rank) -> bool:
    """Say whether words go on behind a value of nothing asked for: ``[[1, 2]] determinant``."""
    behind = source[max(source.rfind("]"), source.rfind("}")) + 1 :]
    texts = isinstance(value, list) and any(isinstance(entry, str) for entry in value)
    if texts or "\n" in source.strip() or not behind[:1].isspace():
        return False
    return behind.strip()[:1].isalnum() and _deep_rank(value, rank) <= 0


def _last(value: Any) -> Any:
    """Return what stands last in a value, however deep."""
    while isinstance(value, (dict, list)) and value:
        value = list(value.values())[-1] if isinstance(value, dict) else value[-1]
    return value


def fields(text: str) -> dict[str, str] | None:
    """Return the texts of the JSON object that a text is or ends with; None without one."""
    source = _source(text)
    values = _decoded(source)[0] if source is not None else None
    if not values or not isinstance(values[0], dict):
        return None
    return {str(key): entry for key, entry in values[0].items() if isinstance(entry, str)}


def listed(text: str, rank: Rank) -> list[str] | None:
    """Return the strings of a list of quoted ones, or of calls of a search; None of another text.

    Example:
        >>> listed('("red sofa", "blue sofa")', lambda name: 0)
        ['red sofa', 'blue sofa']
    """
    body = text.strip()
    if match := _USED.fullmatch(body):
        return [match[2][1:-1]]
    if (match := _NAMED_TUPLE.match(body)) and body.endswith((")", "}", "]", ";")):
        body = body[match.end() :]
    quoted = list(_QUOTED.finditer(body))
    if len(quoted) > 1 and body[:1] in "([{\"“”'「„«":
        edges = [0, *(at for match in quoted for at in match.span()), len(body)]
        first, *between = [body[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
        bracketed = first in ("(", "[", "{")
        spaced = _BETWEEN if bracketed or body[0] == "「" else _SEPARATED
        ends = between.pop()
        if all(map(spaced.fullmatch, between)) and _CLOSED.fullmatch(first + ends):
            return [match[0][1:-1] for match in quoted]
    return _arguments(body, rank)


def _arguments(text: str, rank: Rank) -> list[str] | None:
    found = []
    for line in text.splitlines():
        action = _ACTION.fullmatch(line.strip())
        if action and rank(action[1]) > 0:
            found.append(action[2])
            continue
        match = _CALL.fullmatch(line.strip()) if len(line) < _LONGEST else None
        if match is None or max(rank(match[1]), rank(match[2] or "")) <= 0:
            return None
        found.append(match[3][1:-1])
    return found or None


def _source(text: str) -> str | None:
    """Return the text from the value on, if nothing but an announcement stands before it."""
    text = _unescaped(text.strip())
    if called := _CALLED.match(text):
        text = text[called.end() :]
    text = _double_quoted(_COMMENTED.sub(r"\1", text)) if text[:1] in ("{", "[") else text
    if tuple_ := _TUPLE.fullmatch(text):
        return f"[{tuple_[1]}]"
    if _FIELD.match(text) and not text.startswith(("[", "{")):
        return "{" + text
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


def _double_quoted(text: str) -> str:
    """Return Python's form in that of JSON: ``{'query': 'Kafka's home'}``."""
    if '"' in text or not _SINGLE.match(text):
        return text
    return _SINGLE_QUOTED.sub(r'"\1"', text)


def _unescaped(text: str) -> str:
    r"""Return JSON that a model wrote as a string, ``{\"query\": …}``, or with doubled braces."""
    if _ESCAPED.match(text):
        text = text.replace('\\"', '"').strip('"')
    if _DOUBLED.match(text) and text.endswith("}}"):
        text = text[1:-1]
    return text


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
        at = end + len(source[end:]) - len(source[end:].lstrip(" \t\r\n,;-*"))
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


def _chosen(value: Any, rank: Rank) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _of_object(value, rank)
    elif isinstance(value, list):
        yield from _of_list(value, rank)
    elif isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        inner = strings(value, rank)  # arguments of a call are JSON in a string
        yield from [value] if inner is None else inner
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def _of_object(value: Mapping[Any, Any], rank: Rank) -> Iterator[str]:
    """Yield the strings of the fields that were asked for most, lists before single strings."""
    ranks = {key: _rank_of_field(key, entry, rank) for key, entry in value.items()}
    if max(ranks.values(), default=0) <= 0:  # what was asked for may stand in what was not
        ranks |= {key: its for key, entry in value.items() if (its := _deep_rank(entry, rank)) > 0}
    best = max(ranks.values(), default=0)
    weights = [key for key, entry in value.items() if type(entry) in (int, float)]
    if best <= 0 and len(weights) == len(value):
        yield from map(str, weights)  # terms and their weights
        return
    chosen = [entry for key, entry in value.items() if ranks[key] == best >= 0]
    lists = [entry for entry in chosen if isinstance(entry, list)]
    for entry in lists or chosen:
        yield from _chosen(entry, rank)


def _of_list(value: Sequence[Any], rank: Rank) -> Iterator[str]:
    best = max((_deep_rank(entry, rank) for entry in value), default=0)
    scored = any(isinstance(entry, str) for entry in value)
    for entry in value:
        if scored and isinstance(entry, (int, float)):
            continue  # a term and its weight
        if not isinstance(entry, (dict, list)) or _deep_rank(entry, rank) == best:
            yield from _chosen(entry, rank)


def _rank_of_field(key: Any, entry: Any, rank: Rank) -> int:
    if isinstance(entry, (bool, int, float)) or entry is None:
        return min(rank(str(key)), 0)  # says whether a rewrite is needed, or how sure it is
    if isinstance(entry, dict) and len(entry) and _is_weighted(entry):
        return max(rank(str(key)), 0)
    return rank(str(key)) or _deep_rank(entry, rank)


def _is_weighted(value: Mapping[Any, Any]) -> bool:
    return all(type(entry) in (int, float) for entry in value.values())


def _deep_rank(value: Any, rank: Rank) -> int:
    if isinstance(value, dict):
        found = (_rank_of_field(key, entry, rank) for key, entry in value.items())
        return max(found, default=0)
    if isinstance(value, list):
        return max((_deep_rank(entry, rank) for entry in value), default=0)
    return 0
