"""From what a model wrote to what a search engine should see: content words, no meta-text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from ..text.analysis import words_of
from .lines import head_of, unquoted
from .loops import without_repeats, without_series
from .reading import content, items, read, unnamed
from .spoken import spoken
from .talk import is_prose
from .terms import plain_terms, terms_of, without_search
from .words import has_word, pattern

_HEADING = re.compile(
    r"^[^\w\n]*(?:rationale|reasons?|reasoning|explanation|(?:final )?answer|step \d+)"
    r"[ *_]*(?:[:：][ *_]*|$)",
    re.I | re.M,
)
_STEP = re.compile(r"^[^\w\n]*([^\W\d]{3,20}) \d{1,2}[^\w\n][^\n.!?。]*$\n?", re.M)
_TEXT = {"rewrite": 4, "answer": 3, "query": 2, "terms": 1}
_QUERIES = {"rewrite": 4, "query": 2, "answer": 2, "alternative": 2, "terms": 1}
_TERMS = {"terms": 4, "alternative": 4, "rewrite": 2, "answer": 2, "query": 1}


@runtime_checkable
class Parser(Protocol):
    """Turns one raw generation into parts; an empty list says that nothing was usable.

    A parser of lists may have a ``schema``: the JSON schema of the answers that it likes best,
    asked for where a model :attr:`~pyterrier_rewrite.LLM.constrains` lists. One that says
    ``takes_query = True`` is called with ``query=`` as well, the query that was asked about: what
    repeats it is neither a label nor a refusal. One that has ``write(parts)`` says how its prompts
    ask for parts, for a model to learn it; see :func:`written`.
    """

    def __call__(self, generation: str) -> list[str]:
        """Return the parts: one passage, some terms, or some queries."""
        ...


def written(parser: Parser, parts: Sequence[str]) -> str:
    """Return a generation that a parser reads as these parts, as its prompts ask for them.

    Where the parser does not say (``write``), the parts are joined by spaces.

    Example:
        >>> written(Terms(), ["sofa", "settee"])
        'sofa, settee'
    """
    write: Callable[[Sequence[str]], str] = getattr(parser, "write", " ".join)
    return write(parts)


@dataclass(frozen=True)
class Text:
    r"""The generation as one running text.

    Example:
        >>> Text()("<think>hm</think>Sure! Here is the passage:\n**Couches** are sofas.")
        ['Couches are sofas.']
    """

    takes_query: ClassVar[bool] = True

    def __call__(self, generation: str, query: str = "") -> list[str]:
        """Return the clean text as the only part, or nothing."""
        answer = read(generation, _TEXT, query, one=True)
        texts = [part.text for part in answer.parts]
        # of a passage, a sentence that names something is a sentence, and no line stands twice
        said = (
            [content(texts[0], query)] if len(texts) == 1 else dict.fromkeys(map(unquoted, texts))
        )
        text = without_repeats(" ".join(" ".join(said).split()))
        return [text] if has_word(text) else []


@dataclass(frozen=True)
class Terms:
    """Keywords: a list in any of the usual shapes, or terms between commas.

    Attributes:
        limit: Most terms to keep, or None.

    Example:
        >>> Terms()("Keywords: sofa, settee; Python 3.11")
        ['sofa', 'settee', 'Python 3.11']
    """

    limit: int | None = None

    @property
    def schema(self) -> Mapping[str, Any]:
        """A JSON object with a list of terms."""
        return list_of_strings("terms")

    takes_query: ClassVar[bool] = True

    def __call__(self, generation: str, query: str = "") -> list[str]:
        """Return the distinct terms in order."""
        answer = read(generation, _TERMS, query)
        terms, marked = items(answer)
        terms = [part for term in terms for part in without_search(term, query)]
        if not marked or (answer.values and len(terms) == 1):
            terms = [part for term in terms for part in _split(term, query)]
        return _distinct(
            plain_terms([without_repeats(content(term, query)) for term in terms]), self.limit
        )

    def write(self, parts: Sequence[str]) -> str:
        """Return terms between commas."""
        return ", ".join(parts)


def _split(text: str, query: str) -> list[str]:
    """Return the terms of a line; what only says the query stays whole, to be known as it."""
    text = unquoted(unnamed(text))
    asked = words_of(query)
    head, rest = head_of(text)
    if head and words_of(rest) == asked:
        return [query]  # under a label, known or not
    return [text] if words_of(text) == asked else terms_of(text)


@dataclass(frozen=True)
class Queries:
    r"""Queries: a list in any of the usual shapes, or one a line.

    Attributes:
        limit: Most queries to keep, or None.

    Example:
        >>> Queries()('1. red sofa\n2) "blue sofa"')
        ['red sofa', 'blue sofa']
    """

    limit: int | None = None

    @property
    def schema(self) -> Mapping[str, Any]:
        """A JSON object with a list of queries."""
        return list_of_strings("queries")

    takes_query: ClassVar[bool] = True

    def __call__(self, generation: str, query: str = "") -> list[str]:
        """Return the distinct queries in order."""
        queries, _ = items(read(generation, _QUERIES, query))
        while len(queries) > 1 and pattern("filler").fullmatch(queries[-1]):
            queries = queries[:-1]
        return _distinct([without_repeats(content(its, query)) for its in queries], self.limit)

    def write(self, parts: Sequence[str]) -> str:
        """Return one query a line; where only one is read, all on that line."""
        return (" " if self.limit == 1 else "\n").join(parts)


_UNFINISHED = re.compile(  # a run that begins where one ends, or every letter would be a start
    r"(?:(?<=[\s.!?。！？…\"'”’»)\]}>])|\A)[^\s.!?。！？…\"'”’»)\]}>]+\Z"
)
_BETWEEN_WORDS = re.compile(r"[\s_-]+")
_BETWEEN_ITEMS = re.compile(r"[\n,;、，]+")


def without_unfinished_word(text: str) -> str:
    """Return a text that was cut at the length limit without its last, perhaps half, word.

    So is what is left of a line or an item, if it only begins to repeat an earlier one.

    Example:
        >>> without_unfinished_word("a waterproof hiking sh")
        'a waterproof hiking'
        >>> without_unfinished_word("hiking shoe sale, boots, hiking shoe sa")
        'hiking shoe sale, boots'
    """
    kept = _UNFINISHED.sub("", text).rstrip()
    if not kept:
        return text
    *earlier, last = (item.strip().casefold() for item in _BETWEEN_ITEMS.split(kept))
    if last and any(item.startswith(last) for item in earlier):
        return kept[: -len(last)].rstrip(" \t\n,;、，")
    return kept


def without_unfinished_item(parts: list[str], *, cut: bool) -> list[str]:
    """Return the parts of an answer, without the last if it was cut within an earlier one.

    Example:
        >>> without_unfinished_item(["red sofa of leather", "red sofa"], cut=True)
        ['red sofa of leather']
    """
    said = [part.casefold() for part in parts]
    again = cut and any(earlier.startswith(said[-1]) for earlier in said[:-1])
    return parts[:-1] if again else parts


def list_of_strings(name: str) -> Mapping[str, Any]:
    """Return the JSON schema of an object with one list of strings, under a name that says what."""
    return {
        "type": "object",
        "properties": {name: {"type": "array", "items": {"type": "string"}}},
        "required": [name],
        "additionalProperties": False,
    }


def _distinct(found: list[str], limit: int | None) -> list[str]:
    """Return the items that differ in more than case, and in more than words said again."""
    seen: dict[str, str] = {}
    for item in found:
        item = item.strip().rstrip(",;:：").rstrip()
        if has_word(item):
            said = dict.fromkeys(_BETWEEN_WORDS.split(item.casefold()))
            seen.setdefault(" ".join(said), item)
    only_counts = len(seen) > 2 and not any(c.isalpha() for item in seen for c in item)
    return [] if only_counts else without_series(list(seen.values()))[:limit]


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

    takes_query: ClassVar[bool] = True

    def __call__(self, generation: str, query: str = "") -> list[str]:
        """Return the distinct queries in order."""
        # the first stretch with words in it: a model may also set its label in bold
        for stretch in spoken(generation).split(self.end):
            found = [text for query in stretch.split(self.separator) for text in Text()(query)]
            if found and self.separator not in stretch:
                return Queries()(stretch)  # a list, as models like to write
            if found:
                return list(dict.fromkeys(found))
        return []

    def write(self, parts: Sequence[str]) -> str:
        """Return the parts between separators, and one end after the last."""
        bare = [part.removesuffix(self.end).strip() for part in parts]
        return f"{f'{self.separator} '.join(bare)} {self.end}"


@dataclass(frozen=True)
class ReasonedText(Text):
    r"""The reasons and the answer as one running text, without the headings above them.

    Other parsers drop an explanation at the end of an answer; here it is what was asked for.

    Example:
        >>> ReasonedText()("Answer: a sofa.\nRationale: couches seat many.")
        ['a sofa. couches seat many.']
    """

    takes_query: ClassVar[bool] = True

    def __call__(self, generation: str, query: str = "") -> list[str]:
        """Return the clean text as the only part, or nothing."""
        return super().__call__(_HEADING.sub("", _without_steps(generation)))


def _without_steps(text: str) -> str:
    """Return a text without lines that only name its steps: ``Step 1: Define the task``."""
    words = {match[1].casefold() for match in _STEP.finditer(text)}
    rest = _STEP.sub("", text)
    return rest if len(words) == 1 and is_prose(rest.strip().partition("\n")[0]) else text


@dataclass(frozen=True)
class Items(Queries):
    """Questions or answers: lists as of queries, but not asked for under that name."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """A JSON object with a list of items."""
        return list_of_strings("items")
