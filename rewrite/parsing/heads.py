"""Parts of an answer and the names in front of them: labels, headings, heads of columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .line import Line
from .lines import QUOTES, head_of
from .talk import made_of_talk
from .words import has_word, kind_of, pattern, stems, takes_turns, words

ASKED: Final = ("rewrite", "query", "terms", "answer")

_LONGEST_HEAD: Final = 5
"""Words of a label; in front of ``is:`` it may be longer."""

_ASIDE: Final = re.compile(r"\s*[(\[]([^()\[\]\n]{3,200})[)\]]\.?$")
_NUMBERED: Final = re.compile(r"\D{0,20}\d{1,3}\W*")
_BRACKETED_TITLE: Final = re.compile(r"[\[【(<][^\W\d][\w ]{1,30}[\]】)>]")
_COUNTED_TITLE: Final = re.compile(r"[^\W\d]{3,20} \d{1,2}")
_NUMBER: Final = re.compile(r"[\d.,%/ ()]*\d[\d.,%/ ()]*")


@dataclass(frozen=True)
class Part:
    """A piece of an answer and what it was called.

    Attributes:
        text: What it says.
        name: The label or heading in front of it, on its line or above; empty without one.
        item: Whether something marked it as one of a list.
        label: Whether the name stood on its line.
        counted: Whether it was numbered.
        title: Whether it is a heading that names nothing.
        head: The part in bold that it begins with.
        depth: Lists around it.
        whole: The line as it stood, with its label.
    """

    text: str
    name: str = ""
    item: bool = False
    label: bool = False
    counted: bool = False
    title: bool = False
    head: str = ""
    depth: int = 0
    whole: str = ""

    def with_head(self) -> Part:
        """Return it with the label on its line as text."""
        return replace(self, text=self.whole or self.text)


def named(
    found: Sequence[Line], rank: Callable[[str], int], query: str = "", *, one: bool = False
) -> Iterator[Part]:
    """Give lines the names that stand in front of them, on the line or above it.

    Args:
        found: The lines of an answer.
        rank: Says how much what has such a name was asked for.
        query: The query that was asked about: words of it are no label.
        one: Whether they may be one text: then only a known name is a label.
    """
    found = [line for one in found if has_word((line := _without_aside(one)).text)]
    heads = [_split(line) for line in found]
    column = _column(found, rank, one=one)
    terms = rank("terms") > rank("answer")
    labels, scores = (set[int](), False) if one else _alike(heads, terms=terms)
    alike = len({re.sub(r"\d+", "#", heads[at][0]) for at in labels}) == 1
    seen = Counter(head for head, _ in heads)
    name, titled, last = "", False, 0
    answered, of_block = False, 0
    for at, (line, (head, rest)) in enumerate(zip(found, heads, strict=True)):
        more = at + 1 < len(found)
        title = line.text.strip(" :：*.,[]【】()<>")
        item = line.kind == "item"
        part = _part(line, name)
        if line.kind == "cell":
            if column is None or line.column == column:
                yield replace(part, name="", item=column is not None)
        elif scores or (at in labels and not one and _heads_item(line, head)):
            yield replace(part, text=head, item=True)
        elif at and more and _is_between(title):
            name = title if kind_of(title) == "alternative" else name
        elif _is_heading(line) and more and head and rest and kind_of(head) in ASKED and not one:
            yield replace(part, text=rest, title=True)
        elif _is_heading(line) and more and not _is_heading(found[at + 1]):
            if kind_of(title) or _NUMBERED.fullmatch(title) or line.text.endswith((":", "：")):
                name, titled = title, True
            else:
                yield replace(part, title=True)
        elif line.text.endswith((":", "：")) and _is_title(title, more=more, item=item, one=one):
            name, titled = title, True
        elif (
            head
            and rest
            and head not in query
            and not (one and line.kind == "code" and len(found) > 1)
            and (at in labels or _is_label(head) or (one and at and takes_turns(head)))
        ):
            name, titled, of_block = head, False, line.block
            answered = answered or rank(name) >= 0
            own = "" if at in labels and rank(name) < 0 and len(labels) > 1 and alike else name
            yield replace(part, text=rest, name=own, item=item or at in labels, label=True)
        elif labels and at not in labels and rest and seen[head] > 1:
            yield replace(part, name=head)  # said of each, under a name that is not known
        else:
            if one and rank(name) < 0 and not (titled or answered) and line.block != of_block:
                name = ""  # the thought was a paragraph
            answered = answered or rank(name) >= 0
            if item and rank(name) < 0 and not one and (not titled or line.number == last + 1):
                name = ""  # an explanation ends with the next item
            if line.number is not None and rank(name) >= 0:
                last = line.number
            yield replace(part, name=name)


def _split(line: Line) -> tuple[str, str]:
    """Return the head of a line and the rest, also of ``**Query 1** red sofa``."""
    rest = line.text.removeprefix(line.head).strip()
    if _NUMBERED.fullmatch(line.head) and rest and rest[0].isalnum() and kind_of(line.head):
        return line.head, rest
    return head_of(line.text)


def _part(line: Line, name: str) -> Part:
    return Part(
        line.text,
        name,
        line.kind == "item",
        counted=line.number is not None,
        head=line.head,
        depth=line.depth,
        whole=line.text,
    )


def _is_between(title: str) -> bool:
    """Say whether a line is but a word between two items, such as *or*."""
    said = words(title)
    if len(said) != 1:
        return False
    return kind_of(title) == "alternative" or bool(stems("joints").fullmatch(said[0]))


def _heads_item(line: Line, head: str) -> bool:
    """Say whether the head of a line is the item, and the rest is said of it."""
    if kind_of(head) or line.kind != "item":
        return False
    return line.text[0] in QUOTES or (line.head == head and len(head.split()) > 1)


def _is_title(title: str, *, more: bool, item: bool, one: bool) -> bool:
    """Say whether a line that ends with a colon names what follows it."""
    if one:
        said = words(title)
        if (said and kind_of(said[0]) == "alternative") or takes_turns(title):
            return True
        return bool(kind_of(title) or pattern("opening").match(title) or made_of_talk(title))
    return more or bool(kind_of(title)) or not item


def _is_heading(line: Line) -> bool:
    titled = _COUNTED_TITLE.fullmatch(line.text) or _BRACKETED_TITLE.fullmatch(line.text)
    if titled and line.kind == "text" and kind_of(line.text):
        return True
    return line.kind == "heading" or (line.kind != "item" and line.head == line.text)


def _without_aside(line: Line) -> Line:
    """Return a line without the brackets at its end that speak of it."""
    if not line.text.rstrip(".").endswith((")", "]")) or not (match := _ASIDE.search(line.text)):
        return line
    said = words(match[1])
    first = kind_of(said[0]) if said else None
    if first == "aside" or (first == "rewrite" and len(said) > 2):
        return replace(line, text=line.text[: match.start()])
    return line


def _column(found: Sequence[Line], rank: Callable[[str], int], *, one: bool) -> str | None:
    """Return the column of a table that was asked for, or else the one that says most.

    A table in a text is read row by row, where none of its columns was asked for.
    """
    size: dict[str, int] = {}
    for line in found:
        if line.kind == "cell":
            size[line.column] = size.get(line.column, 0) + len(line.text)
    best = max(size, key=lambda name: (rank(name), size[name]), default=None)
    return None if best is None or (one and rank(best) <= 0) else best


def _alike(heads: Sequence[tuple[str, str]], *, terms: bool) -> tuple[set[int], bool]:
    """Return which lines begin with a label by their likeness, and whether heads are the items.

    Heads that differ in their number only are labels, and so are short ones on every line.
    In front of scores, or of what terms mean, the heads are the items.
    """
    numbered = {
        at: re.sub(r"\d+", "#", head)
        for at, (head, _) in enumerate(heads)
        if _NUMBERED.search(head)
    }
    numbers = [int("".join(re.findall(r"\d+", heads[at][0]))[:6] or 0) for at in numbered]
    if len(numbered) < 2 or len(set(numbered.values())) > 1:
        numbered = {}
    elif numbers[0] > 1 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        numbered = {}
    if numbered and len(numbered) < len(heads):
        return set(numbered), False  # what stands below each has a name of its own
    if len(heads) < 2 or not all(_is_short(head) and rest for head, rest in heads):
        return set(numbered), False
    if all(_NUMBER.fullmatch(rest) for _, rest in heads):
        return set(), True
    if terms and not numbered and not any(kind_of(head) for head, _ in heads):
        return set(), True
    return set(range(len(heads))), False


def _is_short(head: str) -> bool:
    return has_word(head) and len(words(head)) <= _LONGEST_HEAD and len(head) <= 50


def _is_label(head: str) -> bool:
    said = words(head)
    if made_of_talk(head) and len(said) > 1:
        return True
    if len(said) <= _LONGEST_HEAD:
        return kind_of(head) is not None
    # the standalone question is: …
    named_last = kind_of(" ".join(said[-4:])) is not None
    return len(said) <= 15 and bool(stems("copulas").fullmatch(said[-1])) and named_last
