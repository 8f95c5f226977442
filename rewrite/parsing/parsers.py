"""From what a model wrote to what a search engine should see: content words, no meta-text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from .cleaning import content_lines, content_of, has_word
from .lists import bare, json_strings, list_items

_HEADING = re.compile(
    r"^[^\w\n]*(?:rationale|reasons?|reasoning|explanation|(?:final )?answer|step \d+)"
    r"[ *_]*(?:[:：][ *_]*|$)",
    re.I | re.M,
)


@runtime_checkable
class Parser(Protocol):
    """Turns one raw generation into parts; an empty list says that nothing was usable.

    A parser of lists may have a ``schema``: the JSON schema of the answers that it likes best,
    asked for where a model :attr:`~pyterrier_rewrite.LLM.constrains` its output.
    """

    def __call__(self, generation: str) -> list[str]:
        """Return the parts: one passage, some terms, or some queries."""
        ...


def list_of_strings(name: str) -> Mapping[str, Any]:
    """Return the JSON schema of an object with one list of strings, under a name that says what."""
    return {
        "type": "object",
        "properties": {name: {"type": "array", "items": {"type": "string"}}},
        "required": [name],
        "additionalProperties": False,
    }


@dataclass(frozen=True)
class Text:
    r"""The generation as one running text.

    Example:
        >>> Text()("<think>hm</think>Sure! Here is the passage:\n**Couches** are sofas.")
        ['Couches are sofas.']
    """

    def __call__(self, generation: str) -> list[str]:
        """Return the clean text as the only part, or nothing."""
        lines = content_lines(generation)
        strings = json_strings("\n".join(lines))
        lines = bare(lines) if strings is None else strings
        text = " ".join(" ".join(map(content_of, lines)).split())
        return [text] if has_word(text) else []


@dataclass(frozen=True)
class Terms:
    """Keywords: a list in any of the usual shapes, or terms between commas.

    Attributes:
        limit: Most terms to keep, or None.
        schema: A JSON object with a list of terms.

    Example:
        >>> Terms()("Keywords: sofa, settee; Python 3.11")
        ['sofa', 'settee', 'Python 3.11']
    """

    limit: int | None = None

    schema: ClassVar[Mapping[str, Any]] = list_of_strings("terms")

    def __call__(self, generation: str) -> list[str]:
        """Return the distinct terms in order."""
        items, marked = list_items(content_lines(generation, fenced=True))
        # a bold head with an explanation behind it: the head is the term
        items = [_HEAD.sub(r"\1", item) for item in items]
        terms = [content_of(item) for item in items]
        if not marked:
            terms = [_AND.sub("", part) for term in terms for part in _SEPARATOR.split(term)]
        return _distinct(terms, self.limit)


@dataclass(frozen=True)
class Queries:
    r"""Queries: a list in any of the usual shapes, or one a line.

    Attributes:
        limit: Most queries to keep, or None.
        schema: A JSON object with a list of queries.

    Example:
        >>> Queries()('1. red sofa\n2) "blue sofa"')
        ['red sofa', 'blue sofa']
    """

    limit: int | None = None

    schema: ClassVar[Mapping[str, Any]] = list_of_strings("queries")

    def __call__(self, generation: str) -> list[str]:
        """Return the distinct queries in order."""
        items, _ = list_items(content_lines(generation, fenced=True))
        return _distinct([content_of(item) for item in items], self.limit)


_HEAD = re.compile(r"^(?:\*\*|__)([^*_:]+)(?:\*\*|__)\s*(?:[:–—]|-\s|\().*$")
_SEPARATOR = re.compile(r"[;|，、；،؛]\s*|,(?!\d)\s*")
_AND = re.compile(r"^(?:and|or|und|oder|et|ou|y|o|e|и)\s+", re.I)
_UNFINISHED = re.compile(r"[^\s.!?。！？…\"'”’»)\]}>]+\Z")


def without_unfinished_word(text: str) -> str:
    """Return a text that was cut at the length limit without its last, perhaps half, word.

    Example:
        >>> without_unfinished_word("a waterproof hiking sh")
        'a waterproof hiking'
    """
    kept = _UNFINISHED.sub("", text)
    return kept.rstrip() if kept.strip() else text


def _distinct(items: list[str], limit: int | None) -> list[str]:
    seen: dict[str, str] = {}
    for item in items:
        item = item.strip().rstrip(",;").rstrip()
        if has_word(item):
            seen.setdefault(item.casefold(), item)
    return list(seen.values())[:limit]


@dataclass(frozen=True)
class Marked:
    """Queries between separators, up to an end marker.

    Attributes:
        separator: Text between two queries.
        end: Text after the last one; what follows is left out.

    Example:
        >>> Marked()("Search queries: author of The Trial; Franz Kafka birthplace ** Then I would")
        ['author of The Trial', 'Franz Kafka birthplace']
    """

    separator: str = ";"
    end: str = "**"

    def __call__(self, generation: str) -> list[str]:
        """Return the distinct queries in order."""
        # the first stretch with words in it: a model may also set its label in bold
        for stretch in "\n".join(content_lines(generation)).split(self.end):
            found = [text for query in stretch.split(self.separator) for text in Text()(query)]
            if found and self.separator not in stretch:
                return Queries()(stretch)  # a list, as models like to write
            if found:
                return list(dict.fromkeys(found))
        return []


@dataclass(frozen=True)
class ReasonedText(Text):
    r"""The reasons and the answer as one running text, without the headings above them.

    Other parsers drop an explanation at the end of an answer; here it is what was asked for.

    Example:
        >>> ReasonedText()("Answer: a sofa.\nRationale: couches seat many.")
        ['a sofa. couches seat many.']
    """

    def __call__(self, generation: str) -> list[str]:
        """Return the clean text as the only part, or nothing."""
        return super().__call__(_HEADING.sub("", generation))


@dataclass(frozen=True)
class Items(Queries):
    """Questions or answers: lists as of queries, but not asked for under that name.

    Attributes:
        schema: A JSON object with a list of items.
    """

    schema: ClassVar[Mapping[str, Any]] = list_of_strings("items")
