"""What an answer says: its parts, without the talk around them and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..text.analysis import content_words, words_of
from .failures import is_failure
from .framing import at_labels, only_block, speaks, without_greeting, without_talk
from .heads import named
from .keeping import (
    asked_for,
    first_list,
    first_turn,
    is_explained,
    is_passage,
    is_remarked,
    is_stray,
    outermost,
    unanswered,
    whole_passage,
    without_comments,
)
from .lines import head_of, is_plain, lines, unquoted
from .part import ASKED, Part, Rank
from .query_signs import QuerySigns
from .spoken import spoken
from .tags import untagged
from .talk import declines, is_comment, is_nothing, is_of_query, keeps, made_of_talk
from .values import listed, strings
from .words import has_word, kind_of, pattern, stems, words

_QUOTED_END: Final = re.compile(
    r"^[^\"“”„«「.!?。！？।]{3,120}?[\"“„«「]([^\"“”„«»「」]{2,})[\"”“»」][.。!]?$"
)
_QUOTED_HEAD: Final = re.compile(
    r"^[\"“„«「]([^\"“”«»「」]{2,})[\"”“»」]\s*(?:[-–—:(,]|$).*$", re.S
)
_REPLACED: Final = re.compile(
    r"^[\"“][^\"“”]{1,200}[\"”]\s*(?:->|→|=>|⇒|➜|becomes)\s*[\"“]([^\"“”]{1,400})[\"”]$"
)
_REWORDED: Final = re.compile(  # the query "x" can be rewritten as "y".
    r"^([^\"“„«「\n]{0,60})[\"“„«「][^\"“”„«»「」\n]{1,400}[\"”»」]([^\"“„«「\n]{2,60})"
    r"[\"“„«「]([^\"“”„«»「」]{2,})[\"”»」][.。!]?$"
)
_QUOTED_FIRST: Final = re.compile(r"^[\"“„«「]([^\"“”«»「」]{2,})[\"”“»」]\s+([^\"“”«»「」]+)$")

_STUCK: Final = re.compile(r"([-–_]|\*{2,3}|\d{1,2}\)\s+)(?=[^\W\d_]{2})\w+")
_JOINED: Final = re.compile(r"[^\W_]+(?:_[^\W_]+)+")

LEAST_OF_QUERY: Final = 3
"""Words of a query that a text names; a shorter one may be one of its words."""

FORMAT: Final = "json"
"""What a fence around values is called."""

_MORE: Final = 8
_EDGES: Final = " .,;:!?\"'"


@dataclass(frozen=True)
class Answer:
    """What a generation answers.

    Attributes:
        parts: In order; empty if nothing was answered.
        values: Whether they are the values of a JSON answer.
    """

    parts: Sequence[Part] = ()
    values: bool = False


def read(
    generation: str, wanted: Mapping[str, int], query: str = "", *, one: bool = False
) -> Answer:
    """Read a generation.

    Args:
        generation: What the model wrote.
        wanted: How much each kind of name was asked for, see :func:`~.words.kind_of`.
        query: The query that was asked about; what repeats it is no talk.
        one: Whether one text was asked for: what follows it is another turn, or a comment.
    """

    def rank(name: str) -> int:
        kind = kind_of(name)
        return -1 if kind in ("aside", "original") else wanted.get(kind or "", 0)

    if is_plain(plain := generation.strip()):
        return _of_sentence(plain, rank, query)
    signs = QuerySigns.of(query)
    if signs is None:
        return _read(generation, rank, query, one=one)
    found = _read(signs.hidden(generation), rank, signs.hidden(query), one=one)
    return replace(found, parts=[part.with_texts(signs.shown) for part in found.parts])


def _read(generation: str, rank: Rank, query: str, *, one: bool) -> Answer:
    parts: list[Part] = []
    values: list[str] = []
    said = spoken(generation)
    if is_failure(said, query):
        return Answer()
    texts = untagged(said, rank)
    for text in texts:
        block = only_block(text)
        found = None if one and block == text and "```" in text else _strings(block, rank)
        if found is not None:
            values += found
            continue
        its = without_talk(lines(at_labels(block) if one else block), query)
        parts += [
            replace(part, item=part.item or len(texts) > 1)
            for part in named(its, rank, query, one=one)
        ]
    if not parts:
        return _of_values(values, query)
    if all(part.text[:1] in ("{", "[") for part in parts):
        each = [_strings(part.text, rank) for part in parts]
        if None not in each:
            values += [string for its in each for string in its or []]
    if values:
        return _of_values(values, query)
    return Answer(_of_one(first_turn(parts), rank, query) if one else _of_many(parts, rank, query))


def _of_sentence(said: str, rank: Rank, query: str) -> Answer:
    """Read what has one line and no sign of structure, as most answers do."""
    text = without_greeting(said, query)
    parts = [Part(text, whole=text)] if has_word(text) else []
    nothing = not parts or is_failure(said, query) or _is_none(parts, rank, query)
    return Answer() if nothing else Answer(parts)


def _strings(text: str, rank: Rank) -> list[str] | None:
    def rank_of_field(name: str) -> int:
        second = kind_of(name) == "alternative" and rank(name) < rank("rewrite")
        return 0 if second else rank(name)

    found = listed(text, rank)
    return strings(text, rank_of_field) if found is None else found


def _of_one(parts: Sequence[Part], rank: Rank, query: str) -> Sequence[Part]:
    if _is_none(parts, rank, query):
        return ()
    if is_remarked(parts):
        return parts[:1]
    if is_passage(parts):
        return whole_passage(parts, rank)
    return without_comments(asked_for(parts, rank), query)


def _of_many(parts: Sequence[Part], rank: Rank, query: str) -> Sequence[Part]:
    parts = first_list(parts, rank)
    return () if _is_none(parts, rank, query) else unanswered(asked_for(parts, rank))


def _is_none(parts: Sequence[Part], rank: Rank, query: str) -> bool:
    """Say whether nothing was answered."""
    first = next((part.text for part in parts if rank(part.name) >= 0), "")
    if declines(first, query, alone=len(parts) == 1) or keeps(first, query):
        return True
    return len(parts) == 1 and (is_nothing(first) or is_of_query(first, query))


def _of_values(found: list[str], query: str) -> Answer:
    if FORMAT not in words(query):  # a model that is held to a schema still names it
        found = [string for string in found if words(string) != [FORMAT]]
    if len(found) == 1 and (declines(found[0], query) or is_nothing(found[0])):
        return Answer(values=True)
    return Answer([Part(string, whole=string) for string in found], values=True)


def items(answer: Answer) -> tuple[list[str], bool]:
    """Return the items of a list, and whether something in the answer marked them as items."""
    parts = list(answer.parts)
    if answer.values:
        said = "\n".join(part.text for part in parts)
        return [_uncounted(line.text) for line in lines(said)], True
    titles = [part for part in parts if part.title]
    marks = [part.item or part.label or kind_of(part.name) in ASKED for part in parts]
    found = [part for part, is_marked in zip(parts, marks, strict=True) if is_marked]
    marked = [part for part in found if part.item or part.label or not is_comment(part.text)]
    if marked and not is_stray(marks, parts):
        parts = outermost(marked)
    elif marked:
        parts = [part.with_head() for part in parts]
    elif len(titles) > 1:
        parts = titles
    else:
        parts = [part for at, part in enumerate(parts) if not at or not is_comment(part.text)]
    texts = [part.head.rstrip(":： ") if is_explained(part) else part.text for part in parts]
    return texts, any(part.item and not part.label for part in parts)


def _uncounted(text: str) -> str:
    """Return a value without ``Query 1:`` in front of it."""
    head, rest = head_of(text)
    return rest if rest and kind_of(head) in ASKED and any(map(str.isdigit, head)) else text


def content(text: str, query: str = "") -> str:
    """Return a text without quotes and what is said before or behind them.

    Args:
        text: One of several parts of an answer, or all of it.
        query: The query that was asked about: what names it is no part of it.
    """
    text = _unframed(_unjoined(_unmarked(unquoted(unnamed(text)), query), query), query)
    if match := _REPLACED.match(text) or _QUOTED_HEAD.match(text):
        return match[1].strip()
    if (match := _REWORDED.match(text)) and _says_rewritten(match[1], match[2]):
        return match[3].strip()
    match = _QUOTED_FIRST.match(text)
    if match and kind_of(match[2]) and made_of_talk(match[2]) and _is_said_of(match[2]):
        return match[1].strip()
    if match := _QUOTED_END.match(text):
        before = text[: match.start(1) - 1]
        asks = stems("asking").match("".join(words(before)[:1]))
        if 0 < len(words(before)) <= 15 and not asks and (speaks(before) or made_of_talk(before)):
            return match[1].strip()
    return text


def _unframed(text: str, query: str) -> str:
    """Return the query where a text only names it, as in ``The search query for <query>``.

    A head with words of its own is content: ``The red sofa: what does it cost?``
    """
    last = query.rstrip(_EDGES)[-1:].casefold()
    if not last or text.rstrip(_EDGES)[-1:].casefold() != last:
        return text  # as nearly every text
    asked = words_of(query)
    end = words_of(text[-len(query) - _MORE :])  # a few signs may stand behind it
    if len(asked) < LEAST_OF_QUERY or end[-len(asked) :] != asked:
        return text
    before = text[: text.casefold().rfind(query.strip(_EDGES).casefold())]
    no_more = before.rstrip()[-1:] in (":", "：") and content_words(before) <= content_words(query)
    return query if no_more or made_of_talk(before) else text


def _unmarked(text: str, query: str) -> str:
    """Return a text without a sign stuck to its first word: to an engine ``-red`` says not red."""
    match = _STUCK.match(text)
    return text[match.end(1) :] if match and match[0].casefold() not in query.casefold() else text


def _unjoined(text: str, query: str) -> str:
    """Return a text with spaces in what joins words of the query: ``red_sofa``."""
    if "_" not in text or "_" in query:
        return text
    asked = set(words_of(query))

    def apart(name: re.Match[str]) -> str:
        said = name[0].replace("_", " ")
        return said if asked.issuperset(words_of(said)) else name[0]

    return _JOINED.sub(apart, text)


def _is_said_of(text: str) -> bool:
    """Say whether a text goes on as a sentence does: ``is the rewritten query``."""
    return stems("copulas").fullmatch(words(text)[0]) is not None


def _says_rewritten(before: str, between: str) -> bool:
    """Say whether what stands around the first of two quotations says that the second is new."""
    asks = stems("asking").match("".join(words(before)[:1]))
    of_query = not has_word(before) or speaks(before) or made_of_talk(before)
    return bool(of_query and not asks and any(kind_of(w) == "rewrite" for w in words(between)))


def unnamed(text: str) -> str:
    """Return what a sentence names: ``the keywords are …``."""
    match = pattern("naming").match(text)
    return text[match.end() :].removesuffix(".") if match else text
