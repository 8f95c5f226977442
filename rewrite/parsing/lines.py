"""The lines of an answer: Markdown read, markers of lists and heads of lines apart from the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .words import has_word, kind_of

QUOTES: Final = "\"'`“”„‟‘’‚«»‹›「」『』《》"

_SYMBOL: Final = re.compile(r"(?:[^\w\s\"'`“„‘«‹「『《(\[{<$#@&/\\.¿¡~|=+*-]\ufe0f?\s*|[*+–—-]\s+)(?=\S)")
_TASK: Final = re.compile(r"\[[ xX✓]\]\s+")
_COUNT: Final = re.compile(
    r"(?P<open>[(\[（【#]?\s?)(?P<value>\d{1,3}|[ivxIVX]{1,5}(?=[.)\]])|[a-zA-Z]|[^\w\s]|[^\W\d])\ufe0f?(?P<close>\u20e3|\s?[.)\]:、．：）】,]+|\s[-–—]\s|)"
    r"\s*(?=\S)"
)
_HEAD: Final = re.compile(r"([^:：\n]{1,120}?)\s*(?:[:：](?!//)|->|→|=>|⇒|\s=\s)\s*(.*)", re.S)
_COUNTED_HEAD: Final = re.compile(r"([^\d\n]{0,30}\d{1,3}|\d{1,3}[^\d\n]{0,30})\s*[-–—.)]\s+(.+)", re.S)
_BRACKETED_HEAD: Final = re.compile(r"[\[(【<]([^\]\n]{0,30}\d{1,3})[\])】>]\s*(.+)", re.S)
_NAMING_HEAD: Final = re.compile(r"[\[(【]([^\W\d][^\[\](){}【】\n]{0,40})[\])】]\s*(.+)|([^-–—:\n]{3,40})\s[-–—]\s(.+)", re.S)
_ROMAN: Final = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_WRAPPED: Final = re.compile(r"\{\{(.+)\}\}|\[\[(.+)\]\]|<<(.+)>>", re.S)
_CLOCK: Final = re.compile(r".*\d\s*:\s*\d", re.S)


@dataclass(frozen=True)
class Line:
    """One line of an answer.

    Attributes:
        text: What it says, without marker and Markdown.
        block: Number of its paragraph, list item, heading or row.
        kind: Where it stood.
        depth: Lists around it.
        marker: What marked it as an item, such as ``2. `` or ``- ``.
        number: The number in it, if it has one.
        head: The part set in bold that it begins with.
        column: The head of its column, in a table.
    """

    text: str
    block: int
    kind: Literal["text", "item", "heading", "code", "cell"] = "text"
    depth: int = 0
    marker: str = ""
    number: int | None = None
    head: str = ""
    column: str = ""

    def whole(self) -> Line:
        """Return it with its marker as text."""
        return replace(self, text=self.marker + self.text, kind="text", marker="", number=None)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.disable(["code", "lheading", "reference", "entity", "image", "autolink"])


def lines(text: str) -> list[Line]:
    """Return the lines that hold a word, in order."""
    plain = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cf" or c in "\u200c\u200d")
    found = _numbered([line for line in _of_tokens(_markdown().parse(plain)) if has_word(line.text)])
    return _without_symbols(found)


def head_of(text: str) -> tuple[str, str]:
    """Split ``Label: rest``; the head is empty where there is none."""
    if text[:2] in ('{"', '["', "{'", "['"):
        return "", text  # a value
    if (match := _HEAD.match(text)) and not _CLOCK.match(text[: match.start(2)] + match[2][:1]):
        return match[1].strip(" *_\"'“”「」"), match[2].strip()
    if match := _COUNTED_HEAD.match(text) or _BRACKETED_HEAD.match(text):
        return match[1].strip(), match[2].strip()
    if (match := _NAMING_HEAD.match(text)) and kind_of(match[1] or match[3]) in ("rewrite", "terms"):
        return (match[1] or match[3]).strip(), (match[2] or match[4]).strip()
    return "", text


def unquoted(text: str) -> str:
    """Return a text without the quotes around it, and without the comma behind them."""
    text = text.strip()
    if match := _WRAPPED.fullmatch(text):
        text = (match[1] or match[2] or match[3]).strip()
    bare = text.rstrip(",;").rstrip()
    if len(bare) > 2 and bare[-2] in QUOTES and bare[-1] == ".":
        bare = bare[:-1]
    if len(bare) > 1 and bare[0] in QUOTES and bare[-1] in QUOTES:
        inner = bare[1:-1]
        if not any(c in '"“”' for c in inner):
            return inner.strip()
    return text


def _of_tokens(tokens: Sequence[Token]) -> Iterator[Line]:
    """Walk Markdown's blocks; inline marks are taken off by Markdown's own rules."""
    block = depth = 0
    kind: Literal["text", "item", "heading", "code", "cell"] = "text"
    marker, number, columns, column, in_head = "", None, [], 0, False
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
        elif token.type == "list_item_open":
            number = int(token.info) if token.info else None
            marker = f"{token.info}{token.markup} "
        elif token.type == "heading_open":
            kind = "heading"
        elif token.type == "heading_close":
            kind = "text"
        elif token.type == "thead_open":
            columns, in_head = [], True
        elif token.type == "thead_close":
            in_head = False
        elif token.type == "tr_open":
            block, column = block + 1, 0
        elif token.type == "fence":
            block += 1
            for line in token.content.splitlines():
                yield Line(line.strip(), block, "code")
        elif token.type == "inline":
            texts = list(_inline(token))
            if token.level and tokens and in_head:
                columns.append(" ".join(text for text, _ in texts))
                continue
            if columns and column < len(columns) and kind == "text" and _in_cell(token):
                yield Line(" ".join(t for t, _ in texts), block, "cell", column=columns[column])
                column += 1
                continue
            block += 1
            for at, (said, head) in enumerate(texts):
                first = at == 0 and marker
                yield Line(
                    said,
                    block,
                    "item" if first else kind,
                    depth,
                    marker if first else "",
                    number if first else None,
                    head,
                )
            marker, number = "", None
        elif token.type == "table_close":
            columns = []


def _in_cell(token: Token) -> bool:
    return bool(token.map is None or token.level >= 4)


def _inline(token: Token) -> Iterator[tuple[str, str]]:
    """Yield each line of a paragraph, and the part in bold with which it begins."""
    text, head, bold = "", "", 0
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            yield text.strip(), head
            text, head = "", ""
            continue
        bold += {"strong_open": 1, "strong_close": -1}.get(child.type, 0)
        if child.type in ("text", "code_inline"):
            if bold and head == text:
                head += child.content
            text += child.content
    yield text.strip(), head.strip()


def _numbered(found: list[Line]) -> list[Line]:
    """Read numbers that Markdown does not: ``(1)``, ``①``, ``一、``, ``a)``, ``1 -``.

    Numbers are a list's only where they count, 1, 2, 3 …, or from 2 where the prompt gave the
    1; a single letter, or a list that begins with another number, is text.
    """
    out = [line for one in found for line in _inline_numbers(one)]
    for style in ("digit", "roman", "letter"):
        at, expected = [], {0, 1}
        for i, line in enumerate(out):
            value = _value(line, style)
            if value is None:
                if i == 0 and style == "digit":
                    expected = {0, 1, 2}
            elif value in expected or (at and value == 1):
                at.append(i)
                expected = {value + 1, 1}
        if style != "digit" and len(at) < 2:
            at = []
        counted = set(at)
        if at and _value(out[at[0]], style) == 2 and not out[0].text.endswith((":", "：")):
            out[0] = replace(out[0], kind="item", number=1)  # the prompt ended with "1."
            counted.add(0)
        for i, line in enumerate(out):
            if i in counted and line.number is None:
                match = _COUNT.match(line.text)
                assert match is not None
                rest = line.text[match.end() :]
                out[i] = replace(
                    line, text=rest, kind="item", marker=match[0], number=_value(line, style),
                    head="" if match[0].strip().startswith(line.head) else line.head,
                )
            elif style == "digit" and line.number is not None and i not in counted:
                out[i] = line.whole()
        if at:
            break
    return out


def _value(line: Line, style: str) -> int | None:
    if line.number is not None:
        return line.number if style == "digit" else None
    if line.kind not in ("text", "code", "heading") or not (match := _COUNT.match(line.text)):
        return None
    value, opened, closed = match["value"], match["open"].strip(), match["close"].strip()
    rest = line.text[match.end() :]
    if style == "roman":
        roman = value.lower() in _ROMAN and closed[:1] in (".", ")", "]") and match[0][-1:].isspace()
        return _ROMAN.index(value.lower()) if roman else None
    if style == "letter":
        alone = len(value) == 1 and value.isascii() and value.isalpha() and bool(closed) and closed[0] in ".)]"
        return ord(value.lower()) - ord("a") + 1 if alone and match[0][-1:].isspace() else None
    if value.isdigit() and value.isdecimal():
        fits = bool(closed or opened == "#") and (match[0][-1:].isspace() or not rest[0].isdigit())
        return int(value) if fits and not (closed[:1] == "," and not opened) else None
    number = unicodedata.numeric(value, None) if len(value) == 1 else None
    if number is None or number != int(number):
        return None
    circled = unicodedata.category(value) == "No"
    return int(number) if circled or closed else None


def _inline_numbers(line: Line) -> list[Line]:
    """Split ``1. red sofa 2. blue sofa``, but not ``Python 3.11``."""
    first = line.number == 1 or re.match(r"\(?1[.)]\s", line.text) or re.search(r":\s\(?1[.)]\s", line.text)
    if not first:
        return [line]
    parts, rest = [], line.text
    number = 2 if line.number == 1 or re.match(r"\(?1[.)]\s", rest) else 1
    while match := re.search(rf"(?<=\S)[,;]?\s+\(?{number}[.)]\s+", rest):
        parts.append(rest[: match.start()])
        rest, number = rest[match.start() :].lstrip(" ,;"), number + 1
    if not parts:
        return [line]
    head, *others = [*parts, rest]
    return [replace(line, text=head), *(Line(text, line.block, depth=line.depth) for text in others)]


def _without_symbols(found: list[Line]) -> list[Line]:
    out = []
    for line in found:
        if match := _TASK.match(line.text):
            line = replace(line, text=line.text[match.end() :])
        if (match := _SYMBOL.match(line.text)) and has_word(line.text[match.end() :]) and line.kind != "cell":
            line = replace(line, text=line.text[match.end() :], kind="item", marker=line.marker or match[0])
        out.append(line)
    return out
