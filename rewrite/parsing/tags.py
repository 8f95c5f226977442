"""Answers in tags: ``<answer>…</answer>``, ``<search_query>``, a tool call, bits of HTML."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from typing import Final, NamedTuple

from .part import Rank
from .words import has_word, is_flag

_TAG: Final = re.compile(r"<(/?)([^\W\d][\w:.-]{0,40})((?:[\s=][^<>\n]{0,80})?)\s*/?>")
_ESCAPED: Final = re.compile(r"&lt;([\w:.-]{1,40})&gt;[^&]{1,4000}&lt;/\1&gt;")
_CDATA: Final = re.compile(r"<!\[CDATA\[((?:(?!<!\[)[^\]])*)\]\]>")
_PAIRED: Final = re.compile(
    r"<(\w{0,10}(?:key|name))>\s*([\w.-]{1,40})\s*</\1>\s*<(\w{0,10}value)>([^<]*)</\3>"
)
_COUNT_END: Final = re.compile(r"</\d{1,3}>")
_LAST: Final = re.compile(r"</[A-Za-z][\w-]{0,20}>\Z")
_CUT: Final = re.compile(r"</[\w:.-]{0,40}\Z")
_EMPTY: Final = re.compile(r"<([^\W\d][\w:.-]{0,40})\s+([\w-]{1,40})=\"([^\"<>\n]{1,400})\"\s*/>")
_NAME: Final = re.compile(r"\s*(?:=\s*|.*?\bname\s*=\s*)[\"']?([\w.-]+)()")
_WORD_BEFORE: Final = re.compile(r"\w ")
_WORD_BEHIND: Final = re.compile(r" \w|\.(?:\s|\Z)")
_INLINE: Final = frozenset("a b i u em strong code span sup sub mark font small s tt".split())
_BLOCK: Final = frozenset(
    "br p li ul ol div hr h1 h2 h3 h4 h5 h6 table tr td th tbody thead pre html body dl dt".split()
)
_NESTED: Final = 20
"""Open tags that are looked through for the one that a closing tag ends."""


class Element(NamedTuple):
    """What stands between two tags."""

    name: str
    start: int
    end: int


def untagged(text: str, rank: Rank) -> list[str]:
    """Return what stands in the tags that were asked for, or the text without its tags.

    Args:
        text: What a model said.
        rank: Says how much a tag of this name was asked for: 0 says nothing about it, and
            what is below 0 is left out.
    """
    text = _EMPTY.sub(lambda mark: _with_content(mark, rank), _written(text))
    marks = [mark for mark in _TAG.finditer(text) if not is_mentioned(mark)]
    if not marks:
        return [text]
    elements, paired = _elements(marks, len(text), rank)
    elements = [one for one in elements if has_word(text[one.start : one.end])]
    texts = [one for one in elements if not is_flag(text[one.start : one.end].strip())]
    best = max((rank(one.name) for one in texts), default=0)
    elements = texts if best > 0 else elements  # numbers are settings of a search
    best = max((rank(one.name) for one in elements), default=0)
    if best > 0:
        asked = [one for one in elements if rank(one.name) == best]
        starts = sorted({one.start for one in asked})
        within = (starts[bisect_right(starts, one.start) :][:1] for one in asked)
        inner = [one for one, at in zip(asked, within, strict=True) if not (at and at[0] < one.end)]
        # what was asked for less may stand within: a query in a response
        return [said for one in inner for said in untagged(text[one.start : one.end], rank)]
    kept, at = [], 0
    for one in sorted(elements, key=lambda one: one.start):
        if rank(one.name) < 0 and one.start >= at:
            kept.append(text[at : one.start])
            at = one.end
    return [_plain("".join([*kept, text[at:]]), paired)]


def _written(text: str) -> str:
    """Return a text whose tags are tags: not escaped, not cut, without ``CDATA``."""
    if "<" not in text and "&lt;" not in text:
        return text
    if _ESCAPED.search(text):
        text = html.unescape(text)
    text = _PAIRED.sub(r"<\2>\4</\2>", _COUNT_END.sub("", text))
    return _CUT.sub("", _CDATA.sub(r"\1", text))


def _named(mark: re.Match[str]) -> str:
    """Return the name of a tag, with the one in its attributes: ``<parameter name="query">``."""
    name = _NAME.match(mark[3])
    return f"{mark[2]} {name[1] or name[2]}" if name else mark[2]


def _with_content(mark: re.Match[str], rank: Rank) -> str:
    """Return ``<query text="red sofa"/>`` with its attribute as content, if that was asked for."""
    asked = max(rank(mark[1]), rank(mark[2])) > 0
    return f"<{mark[1]}>{mark[3]}</{mark[1]}>" if asked else mark[0]


def is_mentioned(mark: re.Match[str]) -> bool:
    """Say whether a sentence goes on around a mark that it speaks of: ``the <b> tag``."""
    at, end = mark.span()
    before, after = mark.string[max(at - 2, 0) : at], mark.string[end : end + 2]
    if mark[0].lower() in ("<br>", "<sep>"):
        return False
    return bool(_WORD_BEFORE.fullmatch(before) and _WORD_BEHIND.match(after))


def _begins_a_phrase(mark: re.Match[str]) -> bool:
    """Say whether a line is about the tag it begins with, and nothing ends: ``<div> tag``."""
    text = mark.string
    if mark.start() or mark[1] or mark[2].lower() in ("br", "hr", "p") or "\n" in text:
        return False
    return f"</{mark[2]}" not in text and _WORD_BEHIND.match(text, mark.end()) is not None


def _elements(
    marks: list[re.Match[str]], length: int, rank: Rank
) -> tuple[list[Element], set[str]]:
    """Return the elements, and the tags as written that belong to one."""
    elements: list[Element] = []
    paired: set[str] = set()
    begun: list[tuple[str, re.Match[str]]] = []
    for mark in marks:
        if mark[2].lower() in _INLINE | _BLOCK:
            continue
        name = _named(mark)
        if not mark[1]:
            begun.append((name, mark))
            continue
        latest = range(len(begun) - 1, max(-1, len(begun) - 1 - _NESTED), -1)
        at = next((i for i in latest if begun[i][1][2] == mark[2]), None)
        if at is not None:
            name, opening = begun[at]
            del begun[at:]
            elements.append(Element(name, opening.end(), mark.start()))
            paired |= {opening[0], mark[0]}
        elif rank(name) > 0:  # the opening tag stood in the prompt
            elements.append(Element(name, 0, mark.start()))
            paired.add(mark[0])
    for name, mark in begun:
        if (
            rank(name) > 0 and not mark[3].strip().isdigit()
        ):  # cut at the length limit, or never ended
            elements.append(Element(name, mark.end(), length))
            paired.add(mark[0])
    return elements, paired


def _plain(text: str, paired: set[str]) -> str:
    def instead(mark: re.Match[str]) -> str:
        if _begins_a_phrase(mark):
            return mark[0]
        if mark[2].lower() in _INLINE:
            return ""
        return "\n" if mark[2].lower() in _BLOCK or mark[0] in paired else mark[0]

    return _LAST.sub("", _TAG.sub(instead, text).rstrip())
