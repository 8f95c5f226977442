"""Lines of an answer and the names in front of them: labels, headings, heads of columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from .likeness import LONGEST_ALIKE, LONGEST_HEAD, NUMBERED, NUMERALS, alike, counted_titles
from .line import Line
from .lines import QUOTES, head_of
from .part import ASKED, Part, Rank
from .remarks import without_asides, without_remarks, without_source
from .talk import is_topical, made_of_talk, names_an_answer
from .words import has_word, is_unspaced, kind_of, pattern, stems, takes_turns, words

_COLONS: Final = (":", "：")
_BRACKETED_TITLE: Final = re.compile(r"[\[【(<][^\W\d][\w ]{1,30}[\]】)>]")
_COUNTED_TITLE: Final = re.compile(r"[^\W\d][^\n.!?:：]{2,30}\d{1,2}")
_WITHIN: Final = re.compile(r"[^\W\d][.!?;)][\s)]|\)[.,;]")
_WITHIN_NUMBER: Final = re.compile(r"[^\W\d]\s\d{1,4}\s[^\W\d]")
_ALL_QUOTED: Final = re.compile(r"[-–—]\s*([\"“„«「][^\"“”„«»「」]+[\"”“»」])[.,]?")
"""What stands behind a name in bold and a dash: ``**Synonyms** - "red sofa"``."""
_FORMULA: Final = re.compile(r"[^\W\d]\d+[^\W\d]")


def named(found: Sequence[Line], rank: Rank, query: str = "", *, one: bool = False) -> list[Part]:
    """Give lines the names that stand in front of them, on the line or above it.

    Args:
        found: The lines of an answer.
        rank: Says how much what has such a name was asked for.
        query: The query that was asked about: words of it are no label.
        one: Whether they may be one text: then only a known name is a label.
    """
    within = rank("terms") > rank("answer")
    own = [without_source(one, query, within=within) for one in found]
    own = without_remarks(_of_fields(own))
    kept = [line for line in without_asides(own) if has_word(line.text)]
    naming = _Naming(kept, rank, query, one=one)
    return [part for at in range(len(kept)) for part in naming.at(at)]


class _Naming:
    """What is known of the names of lines, while they are read in order."""

    def __init__(self, found: Sequence[Line], rank: Rank, query: str, *, one: bool) -> None:
        self._found, self._rank, self._query, self._one = found, rank, query, one
        self._asked_words = f" {' '.join(words(query))} "
        self._heads = [_split(line) for line in found]
        self._column = _column(found, rank, one=one)
        terms = rank("terms") > rank("answer")
        leads = len(found) > 2 and found[0].kind == "text" and found[0].text.endswith(_COLONS)
        self._lead = int(leads)
        """Number of the first line that may be an item: one may lead to all of them."""
        labels, self._scored = (
            (set[int](), False) if one else alike(self._heads[self._lead :], query, terms=terms)
        )
        self._labels = {at + self._lead for at in labels}
        numbered = {NUMERALS.sub("#", self._heads[at][0]) for at in self._labels}
        self._alone = len(numbered) == 1
        """Whether all labels differ in their number only, as ``Perspective 1`` does."""
        self._titles = set[int]() if one else counted_titles(found)
        self._asked = any(rank(head) > 0 for head, _ in self._heads)
        self._seen = Counter(head for head, _ in self._heads)
        self._name = ""
        self._titled = False
        """Whether the name stood on a line of its own."""
        self._block = 0
        """The paragraph whose line began with the name."""
        self._answered = False
        """Whether something was said that is no aside."""
        self._number = 0
        """That of the last item that is no aside."""

    def at(self, at: int) -> Iterator[Part]:
        """Yield the part in a line, if it is more than a name."""
        line, (head, rest) = self._found[at], self._heads[at]
        more = at + 1 < len(self._found)
        title = line.text.strip(" :：*.,[]【】()<>")
        if line.kind == "cell":
            yield from self._cell(line)
        elif (self._scored and at >= self._lead) or (
            at in self._labels and _heads_item(line, head)
        ):
            yield replace(self._part(line), text=head, item=True)
        elif at and more and _is_between(title):
            self._name = title if kind_of(title) == "alternative" else self._name
        elif _is_heading(line) and more and not self._one and rest and kind_of(head) in ASKED:
            yield replace(self._part(line), text=rest, title=True)
        elif at in self._titles:
            self._name, self._titled = title, True
        elif self._is_answer_in_bold(line):
            yield self._unlabelled(line)
        elif _is_heading(line) and more and not _is_heading(self._found[at + 1]):
            yield from self._heading(line, title)
        elif line.text.endswith(_COLONS) and self._is_title(title, line, more=more):
            self._name, self._titled = title, True
        elif self._is_labelled(at):
            yield self._labelled(at)
        elif self._labels and rest and self._seen[head] > 1:
            yield replace(self._part(line), name=head)  # said of each, under an unknown name
        else:
            yield self._unlabelled(line)

    def _is_answer_in_bold(self, line: Line) -> bool:
        """Say whether a line in bold stands below a heading with a number: ``Query 1``."""
        bold = line.kind == "text" and line.head == line.text and not kind_of(line.text)
        counted = self._titled and NUMBERED.fullmatch(self._name)
        return bool(bold and counted and kind_of(self._name) in ASKED)

    def _part(self, line: Line) -> Part:
        return Part(
            line.text,
            self._name,
            line.kind == "item",
            counted=line.number is not None,
            head=line.head,
            depth=line.depth,
            block=line.block,
            whole=line.text,
        )

    def _cell(self, line: Line) -> Iterator[Part]:
        if self._column is None or line.column == self._column:
            yield replace(self._part(line), name="", item=self._column is not None)

    def _heading(self, line: Line, title: str) -> Iterator[Part]:
        if kind_of(title) or NUMBERED.fullmatch(title) or line.text.endswith(_COLONS):
            self._name, self._titled = title, True
        else:
            yield replace(self._part(line), title=True)

    def _is_title(self, title: str, line: Line, *, more: bool) -> bool:
        """Say whether a line that ends with a colon names what follows it."""
        if not self._one:
            return more or bool(kind_of(title)) or line.kind != "item"
        if kind_of(title) or takes_turns(title) or made_of_talk(title):
            return True
        if line is self._found[0] and _names_a_query(title):
            return True
        first = words(title)[:1]
        return bool(pattern("opening").match(title)) or "alternative" in map(kind_of, first)

    def _is_labelled(self, at: int) -> bool:
        head, rest = self._heads[at]
        if not head or not rest or self._is_of_query(head):
            return False
        if self._one and self._found[at].kind == "code" and len(self._found) > 1:
            return False
        if self._is_unnamed_item(self._found[at], head):
            return False
        spoken = self._one and at > 0 and takes_turns(head)
        return at in self._labels or spoken or _is_label(head)

    def _is_of_query(self, head: str) -> bool:
        """Say whether the query says a head too, which makes it content: ``Answer: in law, …``.

        Of two words, one to search for and a name as in ``SPARQL query``, it needs to say one.
        """
        said = words(head)
        if is_unspaced(head):
            return " ".join(said) in self._asked_words
        if len(said) == 2 and (self._one or kind_of(head) == "aside"):
            topic, name = sorted(said, key=is_topical, reverse=True)
            if is_topical(topic) and kind_of(name):
                return any(f" {word} " in self._asked_words for word in said)
        return bool(said) and f" {' '.join(said)} " in self._asked_words

    def _is_unnamed_item(self, line: Line, head: str) -> bool:
        """Say whether an item only begins as a remark does: ``3. Note: the band``."""
        if line.kind != "item" or line.depth > 1 or self._one or self._seen[head] > 1:
            return False
        said = line.text.casefold().rstrip('"”?.')
        if self._query and said.endswith(self._query.casefold().rstrip("?.")):
            return False  # the query as it was
        return not self._asked and self._rank(head) < 0

    def _labelled(self, at: int) -> Part:
        line, (name, rest) = self._found[at], self._heads[at]
        self._name, self._titled, self._block = name, False, line.block
        self._answered = self._answered or self._rank(name) >= 0
        listed = at in self._labels
        part = replace(self._part(line), text=rest, item=line.kind == "item" or listed, label=True)
        return replace(part, name="") if listed and self._alone and self._rank(name) < 0 else part

    def _unlabelled(self, line: Line) -> Part:
        aside = self._rank(self._name) < 0
        # a thought is a paragraph, and an explanation ends with the next item
        thought = not self._titled and not self._answered and line.block != self._block
        next_item = line.kind == "item" and (not self._titled or line.number == self._number + 1)
        if aside and (thought if self._one else next_item):
            self._name = ""
        if self._rank(self._name) >= 0:
            self._answered = True
            self._number = line.number or self._number
        return self._part(line)


def _split(line: Line) -> tuple[str, str]:
    """Return the head of a line and the rest, also of ``**Query 1** red sofa``."""
    rest = line.text.removeprefix(line.head).strip()
    if line.head and rest != line.text and (match := _ALL_QUOTED.fullmatch(rest)):
        return line.head.rstrip(" :："), match[1]
    if NUMBERED.fullmatch(line.head) and rest and rest[0].isalnum() and kind_of(line.head):
        return line.head, rest
    return head_of(line.text)


def _names_a_query(title: str) -> bool:
    """Say whether a word of a title, wherever it stands, is a name of queries or rewrites."""
    said = words(title)
    return len(said) <= LONGEST_ALIKE and any(kind_of(w) in ("query", "rewrite") for w in said)


def _is_between(title: str) -> bool:
    """Say whether a line is but a word between two items, such as *or*."""
    said = words(title)
    joints = [kind_of(word) == "alternative" or stems("joints").fullmatch(word) for word in said]
    return 0 < len(said) < 3 and all(joints)


def _heads_item(line: Line, head: str) -> bool:
    """Say whether the head of a line is the item, and the rest is said of it."""
    if kind_of(head) or line.kind != "item":
        return False
    return line.text[0] in QUOTES or (line.head == head and len(head.split()) > 1)


def _is_heading(line: Line) -> bool:
    titled = _COUNTED_TITLE.fullmatch(line.text) or _BRACKETED_TITLE.fullmatch(line.text)
    if titled and line.kind == "text" and (kind_of(line.text) or takes_turns(line.text)):
        return True
    return line.kind == "heading" or (line.kind != "item" and line.head == line.text)


def _of_fields(found: list[Line]) -> list[Line]:
    """Return the rows of a table of names and values as lines with labels."""
    cells = [line for line in found if line.kind == "cell"]
    columns = list(dict.fromkeys(line.column for line in cells))
    names = [line.text for line in cells if line.column == columns[0]]
    if len(columns) != 2 or 2 * len(names) != len(cells) or not all(map(kind_of, names)):
        return found
    if kind_of(columns[0]) in ASKED or (kind_of(columns[1]) in ASKED and len(names) > 1):
        return found
    out = [line for line in found if line.kind != "cell"]
    rows = zip(cells[::2], cells[1::2], strict=True)
    return out + [replace(a, text=f"{a.text}: {b.text}", kind="text") for a, b in rows]


def _column(found: Sequence[Line], rank: Rank, *, one: bool) -> str | None:
    """Return the column of a table that was asked for, or else the one that says most.

    A table in a text is read row by row, where none of its columns was asked for.
    """
    size: dict[str, int] = {}
    for line in found:
        if line.kind == "cell":
            size[line.column] = size.get(line.column, 0) + len(line.text)
    best = max(size, key=lambda name: (rank(name), size[name]), default=None)
    return None if best is None or (one and rank(best) <= 0) else best


def _is_label(head: str) -> bool:
    said = words(head)
    if _FORMULA.search(head):
        return False
    if (end := _WITHIN.search(head)) and not made_of_talk(head[: end.end()]):
        return False  # "Smith, J. (2020). Search: …"
    if made_of_talk(head) and len(said) > 1:
        return names_an_answer(head)  # "Sorry is not enough: how to apologize"
    if len(said) <= LONGEST_HEAD:
        return kind_of(head) is not None and not _is_of_topic(head)
    # the standalone question is: …
    named_last = kind_of(" ".join(said[-4:])) is not None
    return len(said) <= 15 and bool(stems("copulas").fullmatch(said[-1])) and named_last


def _is_of_topic(head: str) -> bool:
    """Say whether a name only ends, or begins, what is spoken of: ``CSS media query``."""
    said = words(head)
    if _WITHIN_NUMBER.search(head) and is_topical(said[-1]):
        return True  # type 2 diabetes
    if kind_of(head) == "rewrite":  # "Rewriting history: how textbooks change"
        return is_topical(said[-1]) and any(map(stems("gerunds").fullmatch, said))
    return sum(is_topical(word) or bool(stems("asking").match(word)) for word in said[:-1]) > 1
