"""Numbers and signs in front of the items of a list that Markdown does not know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal

from .line import Line
from .words import has_word, kind_of

Style = Literal["digit", "roman", "letter"]

_COUNT: Final = re.compile(
    r"(?P<open>[(\[（【#{<第]?\s?)(?P<value>\d{1,3}(?:\.\d{1,2}(?=\.\s))?|[ivxIVX]{1,5}(?=[.)\]])"
    r"|[^\w\s]|[^\W\d])\ufe0f?(?P<close>\u20e3|\s?[.)\]}>›:、．：）】,，。।/]+|\s[-–—|]\s|\t|)\s*(?=\S)"
)
_ROMAN: Final = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ALPHABETS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзик",
    "αβγδεζηθικ",
    "가나다라마바사아자차",
    "أبجدهوزحطي",
    "אבגדהוזחטי",
    "कखगघङचछजझञ",
    "あいうえおかきくけこ",
    "กขคงจฉชซญ",
    "アイウエオカキクケコ",
    "甲乙丙丁戊己庚辛壬癸",
)
_SYMBOL: Final = re.compile(
    r"(?:[^\w\s\"'`“„‘«‹「『《(\[{<【（$#@&/\\.¿¡~|=+*-]\ufe0f?\s*|[*+–—-]\s+|[-=]{1,2}>\s*)(?=\S)"
)
_FIRST_LABEL: Final = re.compile(r"([^\W\d][\w -]{1,20}?)1[:：]")
_FLAGS: Final = ("\U0001f1e6", "\U0001f1ff")
"""The first and the last of the letters that flags are made of."""

_BULLETS: Final = tuple(
    "ARROW BULLET OPERATOR TRIANGLE SQUARE DIAMOND CIRCLE STAR CHECK MAGNIFYING POINT".split()
)
_TASK: Final = re.compile(r"\[[ xX✓]\]\s+")
_PREFIX: Final = re.compile(r"(?![-+]\d)(?:[-*=~>+|–—]{1,3}\s*|\\item\s+)(?=\S)")
_BRACKETED: Final = re.compile(r"\[[^\[\]]{1,30}\]\s+(?=\S)")
_NAMES: Final = ("rewrite", "query", "terms", "answer", "aside")
_LATEX: Final = re.compile(r"\\(?:begin|end)\{\w+\}")
_ONE: Final = re.compile(r"\(?1[.):]\s")
_RANK: Final = re.compile(r"#\d{1,3}\s")  # "#1 song of 1999", alone
_COLON: Final = re.compile(r"1:\s")
_LATE_ONE: Final = re.compile(r":\s\(?1[.)]\s")


def itemized(found: Sequence[Line]) -> list[Line]:
    """Return lines with what marks them as items apart from what they say.

    Marks that are all that tells lines apart are what they say: ``1. Bundesliga``.
    """
    found = _on_lines_of_their_own([line for line in found if not _LATEX.fullmatch(line.text)])
    items = _without_prefix(_without_symbols(_numbered(found)))
    counted = any(line.number for line in items) and any(line.kind != "item" for line in found)
    if counted or len(items) < 2 or len({line.text.casefold() for line in items}) > 1:
        return items
    return found if len({line.text for line in found}) == len(found) else items


def _numbered(found: Sequence[Line]) -> list[Line]:
    """Read numbers that Markdown does not: ``(1)``, ``①``, ``一、``, ``a)``, ``1 -``.

    Numbers are a list's only where they count, 1, 2, 3 …, or from 2 where the prompt gave the
    1; a single letter, or a list that begins with another number, is text.
    """
    out = list(found)
    for style in ("digit", "roman", "letter"):
        counted = _counted(out, style)
        if not counted:
            if style == "digit":
                out = [line.whole() if line.number is not None else line for line in out]
            continue
        first = min(counted)
        if _value(out[first], style) == 2 and not out[0].text.endswith((":", "：")):
            out[0] = replace(out[0], kind="item", number=1)  # the prompt ended with "1."
            counted.add(0)
        for at, line in enumerate(out):
            if at in counted and line.number is None:
                out[at] = _without_count(line, style)
            elif style == "digit" and line.number is not None and at not in counted:
                out[at] = line.whole()
        break
    return out


def _counted(found: Sequence[Line], style: Style) -> set[int]:
    """Return which lines are numbered in a style, in the order of counting."""
    at: list[int] = []
    if len(found) == 1 and _RANK.match(found[0].text):
        return set()
    expected = {0, 1}
    for i, line in enumerate(found):
        value = _value(line, style)
        if value is None:
            if i == 0 and style == "digit":
                expected = {0, 1, 2}
        elif value in expected or (at and value == 1):
            at.append(i)
            expected = {value + 1, 1}
    return set(at) if style == "digit" or len(at) > 1 else set()


def _without_count(line: Line, style: Style) -> Line:
    match = _COUNT.match(line.text)
    if match is None:  # the number that the prompt gave
        return line
    head = "" if match[0].strip().startswith(line.head) else line.head
    number = _value(line, style)
    text = line.text[match.end() :]
    return replace(line, text=text, kind="item", marker=match[0], number=number, head=head)


def _value(line: Line, style: Style) -> int | None:
    """Return the number in front of a line; None if there is none in this style."""
    if line.number is not None:
        return line.number if style == "digit" else None
    if line.kind == "cell" or not (match := _COUNT.match(line.text)):
        return None
    value, closed = match["value"].casefold(), match["close"].strip()
    if style == "digit":
        return _digits(match, line.text[match.end() :])
    if not match[0][-1:].isspace() or closed[:1] not in tuple(".)]-–—"):
        return None
    if style == "roman":
        return _ROMAN.index(value) if value in _ROMAN else None
    alphabet = next((its for its in _ALPHABETS if value in its), "") if len(value) == 1 else ""
    return alphabet.index(value) + 1 if alphabet else None


def _digits(match: re.Match[str], rest: str) -> int | None:
    value, opened = match["value"], match["open"].strip()
    closed = match["close"].strip() or match["close"].strip(" ")
    if opened and opened in "([{<（【" and closed[:1] in tuple(",，"):
        return None  # [1, 2, 3] reversed
    if closed[:1] == "/" and not match[0][-1:].isspace():
        return None  # 9/11
    if (last := value.rpartition(".")[2]).isdecimal():
        fits = bool(closed or opened == "#") and (match[0][-1:].isspace() or not rest[0].isdigit())
        if opened in ("{", "<") and closed[:1] not in ("}", ">"):
            return None
        return int(last) if fits and not (closed[:1] in (",", ">", "}") and not opened) else None
    number = unicodedata.numeric(value, None) if len(value) == 1 else None
    if number is None or number != int(number):
        return None
    circled = unicodedata.category(value) in ("No", "Nl")
    return int(number) if circled or closed else None


def _on_lines_of_their_own(found: Sequence[Line]) -> list[Line]:
    return [line for one in found for line in _split(one)]


def _split(line: Line) -> Iterator[Line]:
    """Split ``1. red sofa 2. blue sofa`` and ``• red • blue``, but not ``Python 3.11``."""
    sign = line.text[:1]
    if unicodedata.category(sign or "a") in ("So", "No", "Po") and sign not in "\"'#&@*/.¿¡§":
        numbers = unicodedata.category(sign) == "No"
        apart = re.compile(
            r"\s+(?=[①-⑳⑴-⒇➀-➓❶-❿]\s)" if numbers else rf"\s+(?={re.escape(sign)}\s)"
        )
        texts = apart.split(line.text)
    elif first := _FIRST_LABEL.match(line.text):
        texts = _split_at_labels(line.text, first[1])
    elif line.number == 1 or _ONE.match(line.text) or _LATE_ONE.search(line.text):
        texts = _split_at_numbers(line)
    else:
        texts = [line.text]
    yield replace(line, text=texts[0])
    for text in texts[1:]:
        yield Line(text, line.block, depth=line.depth)


def _split_at_labels(text: str, name: str) -> list[str]:
    """Split ``Query 1: red sofa | Query 2: blue sofa``."""
    parts, number = [], 2
    while match := re.search(rf"\s*[|;,]?\s+(?={re.escape(name)}{number}[:：])", text):
        parts.append(text[: match.start()])
        text, number = text[match.end() :], number + 1
    return [*parts, text]


def _split_at_numbers(line: Line) -> list[str]:
    parts, rest = [], line.text
    closing = ":" if _COLON.match(rest) else "[.)]"
    number = 2 if line.number == 1 or _ONE.match(rest) else 1
    while match := re.search(rf"(?<=\S)[,;]?\s+\(?{number}{closing}\s+", rest):
        parts.append(rest[: match.start()])
        rest, number = rest[match.start() :].lstrip(" ,;"), number + 1
    return [*parts, rest]


def _without_symbols(found: Sequence[Line]) -> list[Line]:
    out = []
    alike = all(_SYMBOL.match(line.text) for line in found)
    for line in found:
        if match := _TASK.match(line.text):
            line = replace(line, text=line.text[match.end() :])
        match = _symbol(line, alone=len(found) == 1, alike=alike)
        rest = line.text[match.end() :] if match else ""
        if match and line.head == line.text and kind_of(rest):
            line = replace(line, text=rest, head=rest)  # a heading with a picture in front
        elif match and line.kind != "cell" and has_word(rest):
            marker = line.marker or match[0]
            line = replace(line, text=rest, kind="item", marker=marker)
        out.append(line)
    return out


def _symbol(line: Line, *, alone: bool, alike: bool) -> re.Match[str] | None:
    """Return the sign that marks a line as an item, and is not what it says.

    Args:
        line: The line.
        alone: Whether it is the only one: then only a sign that items are marked with does.
        alike: Whether every line begins with a sign; else one behind another mark does not.
    """
    match = _SYMBOL.match(line.text)
    if match is None or _is_content(match[0]) or (line.kind == "item" and not alike):
        return None
    return match if _is_bullet(match[0]) or not alone else None


def _is_bullet(mark: str) -> bool:
    """Say whether a sign is one that items are marked with, even a single one."""
    named = unicodedata.name(mark[0], "")
    if mark[0].isascii():
        return not (mark[0] in "%^?" and len(mark) == 1)
    if "SQUARE ROOT" in named:
        return False
    return mark[0] in "–—·−" or any(its in named for its in _BULLETS)


def _is_content(mark: str) -> bool:
    """Say whether a sign in front of a line is no bullet: of mathematics, money, law, or a flag."""
    sign = mark[0]
    kind = unicodedata.category(sign)
    if sign == "\u2212":
        return not mark[-1:].isspace()  # a number below zero
    if kind == "Sm" and not sign.isascii():
        return not _is_bullet(mark)
    return kind == "Sc" or sign == "§" or _FLAGS[0] <= sign <= _FLAGS[1]


def _without_prefix(found: list[Line]) -> list[Line]:
    r"""Take off signs that every line begins with: ``=> ``, ``--``, ``\item``, ``[Colour] ``."""
    for prefix in (_PREFIX, _BRACKETED):
        matches = [prefix.match(line.text) for line in found]
        if prefix is _BRACKETED and any(m and kind_of(m[0]) in _NAMES for m in matches):
            continue
        if len(found) > 1 and all(matches):
            return [
                replace(line, text=line.text[match.end() :], kind="item", marker=match[0])
                for line, match in zip(found, matches, strict=True)
                if match
            ]
    return found
