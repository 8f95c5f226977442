"""What stands beside a query on its line: remarks, brackets that speak of it, its source."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from .line import Line
from .words import has_word, kind_of, pattern, words

_ASIDE: Final = re.compile(r"\s*[(\[（]([^()（）\[\]\n]{3,200})[)\]）]\.?$")
_BEHIND: Final = re.compile(r"\S(?=\s+(?:←|<-+|//+|#+)\s+(\S[^\n:：]{2,80})$)")
_REMARK: Final = re.compile(r"(?<=\S) (←|<-|//|#) (?=\S)")
_GLOSSED: Final = re.compile(
    r"(?<=\S)\s*(?:[(（]([^()（）\n]{3,200})[)）]\.?|\s([-–—#]|->|→)\s+(\S[^\n]{2,200}))$"
)
_SOURCE: Final = re.compile(r"([^\n→⇒]{1,400}?)\s*(?:->|→|=>|⇒|[➜➔➡⟶⟹➝]\ufe0f?)\s*(?=\S)")


def without_remarks(found: list[Line]) -> list[Line]:
    """Return lines without what stands on each of them behind a sign: ``red sofa // colour``."""
    found = _without_glosses(found)
    behind = [_REMARK.search(line.text) for line in found]
    if len(found) < 2 or not all(behind) or len({match[1] for match in behind if match}) > 1:
        return found
    ends = [match.start() for match in behind if match]
    return [replace(one, text=one.text[:end]) for one, end in zip(found, ends, strict=True)]


def _without_glosses(found: list[Line]) -> list[Line]:
    """Return items without what is said of each, if every one has it, and most of it speaks so."""
    items = [line for line in found if line.kind == "item"]
    glosses = [_GLOSSED.search(line.text) for line in items]
    signs = {match[2] or "(" for match in glosses if match}
    if len(items) < 2 or not all(glosses) or len(signs) > 1:
        return found
    kind = "gloss" if signs == {"("} else "pointed"
    said = [match[1] or match[3] for match in glosses if match]
    if 2 * sum(pattern(kind).match(remark) is not None for remark in said) < len(said):
        return found
    ends = {id(line): match.start() for line, match in zip(items, glosses, strict=True) if match}
    return _told_apart(
        [replace(line, text=line.text[: ends.get(id(line))]) for line in found], found
    )


def _told_apart(bare: list[Line], found: list[Line]) -> list[Line]:
    """Return bare lines, unless what they lack tells them apart: ``Lima (city)``."""
    texts, before = ({line.text for line in lines} for lines in (bare, found))
    return bare if len(texts) == len(before) else found


def without_source(line: Line, query: str, *, within: bool) -> Line:
    """Return a line without the query, or words ``within`` it, and an arrow: ``couch → sofa``."""
    match = _SOURCE.match(line.text) if query and line.kind != "code" else None
    if not match or not has_word(match[1]) or _SOURCE.match(query):
        return line
    said, asked = set(words(match[1])), set(words(query))
    if not said or not (said <= asked if within else said == asked):
        return line
    return replace(line, text=line.text[match.end() :])


def without_asides(found: list[Line]) -> list[Line]:
    """Return lines without the brackets at the end of each that speak of it."""
    return _told_apart([_without_aside(line) for line in found], found)


def _without_aside(line: Line) -> Line:
    if (match := _BEHIND.search(line.text)) and _speaks_of_it(match[1]):
        return replace(line, text=line.text[: match.end()])
    if not line.text.rstrip(".").endswith((")", "]", "）")) or not (
        match := _ASIDE.search(line.text)
    ):
        return line
    said = words(match[1])
    first = kind_of(said[0]) if said else None
    head, colon, _ = match[1].replace("：", ":").partition(":")
    named = (first == "aside" and len(said) == 1) or (colon and "aside" in (first, kind_of(head)))
    of_edit = (named and not line.text.endswith(").")) or pattern("gloss").match(match[1])
    if of_edit or (first == "rewrite" and len(said) > 2):
        return replace(line, text=line.text[: match.start()])
    return line


def _speaks_of_it(remark: str) -> bool:
    """Say whether a remark behind a sign is about the query: ``red sofa // pronoun resolved``."""
    edited = pattern("edit").search(remark) or pattern("gloss").match(remark)
    return bool(edited) or kind_of(remark) == "rewrite"
