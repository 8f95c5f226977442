"""The lines of an answer, and the heads and quotes of a line."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from .line import Line
from .markdown import of_markdown
from .marks import itemized
from .spoken import BARE_CHANNEL
from .words import has_word, kind_of, words

QUOTES: Final = "\"'`“”„‟‘’‚«»‹›「」『』《》"

_OPENING: Final = tuple('"“„«「『《')
_JOINERS: Final = "\u200c\u200d"
_BETWEEN_WORDS: Final = "\u200b"  # the zero width space, where words are not parted by others
_HEAD: Final = re.compile(
    r"([^:：\n]{1,120}?)\s*(?:[:：](?!//)|(?:(?<=[^\W_]{2})|(?<=\W\d)|(?<=[)\]*\"'”]))\s*(?:->|→|=>|⇒)|(?<=\w)\s=\s)\s*(.*)",
    re.S,
)
_COUNTED_HEAD: Final = re.compile(
    r"([^\d\n]{0,30}\d{1,3}|\d{1,3}[^\d\n]{0,30})\s*[-–—.)>]\s+(.+)", re.S
)
_BRACKETED_HEAD: Final = re.compile(r"[\[(【<]([^\]\n]{0,30}\d{1,3})[\])】>]\s*(.+)", re.S)
_NAMING_HEAD: Final = re.compile(
    r"[\[(【]([^\W\d][^\[\](){}【】\n]{0,40})[\])】]\s*(.+)|([^-–—:\n]{3,40})\s[-–—]\s(.+)", re.S
)
_WRAPPED: Final = re.compile(
    r"\{\{(.+)\}\}|\[\[(.+)\]\]|<<(.+)>>|\[(?=[^\[\] ]+ )([^\[\]]+)\]"
    r"|<(?=[^<> ]+ )([^<>]+)>|【([^【】]+)】",
    re.S,
)
_QUOTED_WITHIN: Final = re.compile(r"[^\W_]\s+[\"“][^\"“”]+[\"”]")
_CLOCK: Final = re.compile(r".*\d\s*:\s*\d", re.S)
_PLAIN: Final = re.compile(
    r"(?!.{0,40}\d\s*[-–—.)>])(?!.*(?:\s[-–—]\s|//))\w ?[^\W\d_]"
    r"[^*_`#|<>\[\]{}\\~&=^:：←→⇒➜➔➡⟶⟹➝\"“”„‟«»‹›「」『』《》【】◁▷⟨⟩ĊĠ▁]*(?<![)])(?<!\)\.)"
)
"""A word first; no early number of an item, no dash, no bracket at the end."""

_LONGEST_PLAIN: Final = 10_000


def is_plain(text: str) -> bool:
    """Say whether an answer is one line without any sign of structure, to be read at a glance."""
    if len(text) > _LONGEST_PLAIN or not text[:1].isalpha() or not text.isprintable():
        return False
    return _PLAIN.fullmatch(text) is not None and not BARE_CHANNEL.match(text)


def lines(text: str) -> list[Line]:
    """Return the lines that hold a word, in order."""
    if not text.isascii():
        text = text.replace(_BETWEEN_WORDS, " ")
        text = "".join(c for c in text if unicodedata.category(c) != "Cf" or c in _JOINERS)
    return itemized([line for line in of_markdown(text) if has_word(line.text)])


def head_of(text: str) -> tuple[str, str]:
    """Split ``Label: rest``; the head is empty where there is none."""
    if text[:2] in ('{"', '["', "{'", "['"):
        return "", text  # a value
    if (match := _HEAD.match(text)) and not _CLOCK.match(text[: match.start(2)] + match[2][:1]):
        if text[match.end(1) :].lstrip()[:1] not in ":：=" and _QUOTED_WITHIN.search(match[1]):
            return "", text  # replaced "it" → sofa
        head = match[1].strip(" *_\"'“”「」")
        if "{" in head or _is_within(text, match):
            return "", text
        return head, match[2].strip()
    if match := _COUNTED_HEAD.match(text) or _BRACKETED_HEAD.match(text):
        return match[1].strip(), match[2].strip()
    if match := _NAMING_HEAD.match(text):
        bracketed = len((match[1] or "x y z").split()) < 3 and kind_of(match[1] or "") is not None
        if bracketed or kind_of(match[1] or match[3]) in ("rewrite", "terms"):
            return (match[1] or match[3]).strip(), (match[2] or match[4]).strip()
    return "", text


def _is_within(text: str, match: re.Match[str]) -> bool:
    """Say whether a colon stands in brackets, ``(see also: …)``, or in ``sofa after:2020``."""
    head = match[1]
    if head.count("(") > head.count(")") and "(" not in head[:1]:
        return True
    if head.count('"') % 2 and head[:1] != '"':
        return True
    joined = text[match.end(1) : match.start(2)] == ":" and " " in head.strip()
    return joined and not all(map(kind_of, words(head)))


def unquoted(text: str) -> str:
    """Return a text without the quotes around it, and without the comma behind them."""
    text = text.strip()
    if text[:3] == text[-3:] == '"""' and len(text) > 6:
        return text[3:-3].strip()
    if match := _WRAPPED.fullmatch(text):
        text = next(filter(None, match.groups())).strip()
    if text[:1] in _OPENING and not any(mark in text[1:] for mark in QUOTES):
        return text[1:].strip()  # a quote that was never closed
    bare = text.rstrip(",;").rstrip()
    if len(bare) > 2 and bare[-2] in QUOTES and bare[-1] == ".":
        bare = bare[:-1]
    if len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
        inner = bare[1:-1]
        if not any(c in '"“”' for c in inner):
            return inner.strip()
    return text
