"""The lines of a text in Markdown: its blocks walked, its inline marks taken off."""

from __future__ import annotations

import csv
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .line import Kind, Line
from .words import has_word, kind_of, words

_BREAKS: Final = re.compile("[\u2028\u2029\x0b\x0c\x85]|\r\n?")
_RULED: Final = re.compile(
    r"^(?:-{2,9}|={2,9}|~{2,9})[ \t]+([^\W_][^|\n]{0,60}?)[ \t]+(?:-{2,9}|={2,9}|~{2,9})$", re.M
)
_ROWS: Final = re.compile(r"\s*(\|[^\n]*\|)[ \t]*\n[ \t]*\|[^\n]*\|[ \t]*(?:\n|\Z)")
_UNMARKED: Final = re.compile(r"[^\W\d_][^\n\r*_`#|<>\[\]\\~&\x0b\x0c\x85\u2028\u2029]*")
_BARE_NUMBER: Final = re.compile(r"^([ \t]*\d{1,2}[.)])[ \t]*\n\s*(?=[^\s\d])", re.M)
_LITERAL: Final = re.compile(  # 2*3, M*A*S*H, *.py, src/**/*.js
    r"(?<=\w)\*(?=\w)(?!\w+\*(?!\w))|(?<![^\s/])\*{1,2}(?=[./]\w|/\*)"
)
_DUNDER: Final = re.compile(r"(?<=\S )__[a-z]+(?:_[a-z]+)*__|__[a-z]+(?:_[a-z]+)*__(?=[.(\[])")
_BACKSLASH: Final = re.compile(r"(?<!^\d)(?<!^\d\d)\\(?=\.|\\[wdsbWDSB])", re.M)
"""A sign of an expression, ``example\\.com``, and of no numeral: ``1\\.``."""
_BORDER: Final = re.compile(r"^\+[-=+]{3,}\+[ \t]*$", re.M)

_LONGEST_ROW: Final = 100
"""Characters of the names above rows of values."""


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.disable(["code", "lheading", "reference", "entity", "image", "autolink"])


def of_markdown(text: str) -> list[Line]:
    r"""Return the lines of a text, without its marks.

    Example:
        >>> [(line.kind, line.text) for line in of_markdown("# Seats\n- **red** sofa")]
        [('heading', 'Seats'), ('item', 'red sofa')]
    """
    if _UNMARKED.fullmatch(text):
        return [Line(text.rstrip(), block=1)]  # a line of prose, as most answers are
    plain = _RULED.sub(r"## \1", textwrap.dedent(_BREAKS.sub("\n", text)))
    if "*" in plain:
        plain = _LITERAL.sub(lambda stars: stars[0].replace("*", "\\*"), plain)
    if "__" in plain:
        plain = _DUNDER.sub(lambda name: name[0].replace("_", "\\_"), plain)
    if "\\" in plain:
        plain = _BACKSLASH.sub(r"\\\\", plain)
    if _BARE_NUMBER.search(plain):
        plain = _BARE_NUMBER.sub(r"\1 ", plain)
    source = _with_head(_without_borders(_tabulated(plain)))
    walk = _Walk(source.split("\n"))
    return [line for token in _reader().parse(source) for line in walk.at(token)]


def _without_borders(text: str) -> str:
    """Return a table in a frame of ``+---+`` as one of Markdown."""
    borders = list(_BORDER.finditer(text)) if "+--" in text or "+==" in text else []
    for at, border in reversed(list(enumerate(borders))):
        below = border[0].replace("+", "|").replace("=", "-") if at == 1 else ""
        rest = text[border.end() :] if below else text[border.end() :].removeprefix("\n")
        text = text[: border.start()] + below + rest
    return text


def _tabulated(text: str) -> str:
    """Return rows of values between commas or tabs, below a row of names, as a table."""
    first, _, rest = text.strip().partition("\n")
    sign = "\t" if "\t" in first else ","
    names = first.split(sign)
    if "|" in text or not rest.strip() or len(first) > _LONGEST_ROW:
        return text
    if len(names) < 2 or not all(kind_of(name) and len(words(name)) < 3 for name in names):
        return text
    rows = [row for row in csv.reader(rest.splitlines(), delimiter=sign) if row]
    if any(len(row) != len(names) for row in rows):
        return text
    table = [names, ["---"] * len(names), *rows]
    return "\n".join(f"|{'|'.join(row)}|" for row in table)


def _with_head(text: str) -> str:
    """Return a text whose rows in pipes stand below a head, as Markdown wants them."""
    rows = _ROWS.match(text)
    if not rows or "|-" in text or "|:" in text or "| -" in text or "| :" in text:
        return text
    columns = rows[1].count("|") - 1
    names = "|".join(map(str, range(columns)))
    return f"|{names}|\n{'|---' * columns}|\n{text}"


class _Walk:
    """Where a walk through the tokens of a text stands."""

    def __init__(self, source: list[str]) -> None:
        self._source = source
        self._block = self._depth = self._column = 0
        self._kind: Kind = "text"
        self._marker, self._inner, self._number = "", "", None
        self._columns: list[str] = []
        self._in_head = False
        self._steps: Mapping[str, Callable[[Token], None]] = {
            "bullet_list_open": self._deeper,
            "ordered_list_open": self._deeper,
            "bullet_list_close": self._higher,
            "ordered_list_close": self._higher,
            "list_item_open": self._mark,
            "list_item_close": self._unmark,
            "heading_open": self._enter_heading,
            "heading_close": self._leave_heading,
            "table_open": self._enter_table,
            "thead_close": self._leave_head,
            "tr_open": self._enter_row,
            "table_close": self._leave_table,
        }

    _number: int | None
    _item_depth = 0

    def at(self, token: Token) -> Iterator[Line]:
        """Take a step, and yield the lines that a token holds."""
        if step := self._steps.get(token.type):
            step(token)
        elif token.type == "fence":
            self._block += 1
            for text in token.content.splitlines():
                yield Line(text.strip(), self._block, "code")
        elif token.type == "inline" and self._columns and token.level >= 4:
            yield from self._cell(token)
        elif token.type == "inline" and self._in_head:
            self._columns.append(" ".join(text for text, _ in _inline(token)))
        elif token.type == "inline":
            yield from self._paragraph(token)

    def _deeper(self, token: Token) -> None:
        self._depth += 1

    def _higher(self, token: Token) -> None:
        self._depth -= 1

    def _mark(self, token: Token) -> None:
        marker = f"{token.info}{token.markup} "
        if self._marker and (self._number is not None or token.info):
            self._inner += marker  # "3. 8. Mai 1945" is no list in a list
            return
        self._number = int(token.info) if token.info else None
        self._marker, self._item_depth = marker, self._depth

    def _unmark(self, token: Token) -> None:
        self._marker, self._inner, self._number = "", "", None  # of an item without a text

    def _enter_heading(self, token: Token) -> None:
        self._kind = "heading"

    def _leave_heading(self, token: Token) -> None:
        self._kind = "text"

    def _enter_table(self, token: Token) -> None:
        self._columns, self._in_head = [], True

    def _leave_head(self, token: Token) -> None:
        self._in_head = False

    def _enter_row(self, token: Token) -> None:
        self._block, self._column = self._block + 1, 0

    def _leave_table(self, token: Token) -> None:
        self._columns = []

    def _cell(self, token: Token) -> Iterator[Line]:
        text = " ".join(text for text, _ in _inline(token))
        if self._in_head:
            self._columns.append(text)
        elif self._column < len(self._columns):
            yield Line(text, self._block, "cell", column=self._columns[self._column])
            self._column += 1

    def _paragraph(self, token: Token) -> Iterator[Line]:
        self._block += 1
        for at, (text, head) in enumerate(_inline(token)):
            if at == 0 and self._marker:
                depth, text = self._item_depth, self._inner + text
                yield Line(text, self._block, "item", depth, self._marker, self._number, head)
            else:
                yield Line(text, self._block, self._kind, self._depth_of(token, at), head=head)
        self._marker, self._inner, self._number = "", "", None

    def _depth_of(self, token: Token, at: int) -> int:
        """Return the lists around a line; one at the margin is in none, whatever was above it."""
        row = (token.map or [0])[0] + at
        at_margin = at and row < len(self._source) and self._source[row][:1].isalnum()
        return 0 if at_margin else self._depth


def _inline(token: Token) -> Iterator[tuple[str, str]]:
    """Yield each line of a paragraph, and the part in bold, or code, with which it begins."""
    text, head, bold = list[str](), list[str](), 0
    begins = True
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            yield "".join(text).strip(), "".join(head).strip()
            text, head, begins = [], [], True
            continue
        bold += {"strong_open": 1, "strong_close": -1}.get(child.type, 0)
        if child.type in ("text", "code_inline"):
            if begins and (bold or (child.type == "code_inline" and not head)):
                head.append(child.content)
            elif child.content and (head or has_word(child.content)):
                begins = False  # what is in bold from here on is no head
            text.append(child.content)
    yield "".join(text).strip(), "".join(head).strip()
