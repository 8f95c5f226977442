"""What an answer says: its parts, without the talk around them and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from .heads import ASKED, Part, named
from .line import Line
from .lines import head_of, lines, unquoted
from .spoken import spoken
from .tags import untagged
from .talk import (
    declines,
    greeting,
    is_chat,
    is_comment,
    is_nothing,
    keeps,
    made_of_talk,
    says_of,
    straight,
    verdict,
)
from .values import listed, strings
from .words import has_word, kind_of, pattern, stems, takes_turns, words

_FENCED: Final = re.compile(
    r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.S | re.M
)
_FENCE: Final = re.compile(r"```(?:json|text|txt|yaml|markdown|python|sql)?(?=[\s\[{\"]|$)", re.I)
_QUOTED_END: Final = re.compile(
    r"^[^\"“”„«「.!?]{3,120}?[\"“„«「]([^\"“”„«»「」]{2,})[\"”“»」][.。!]?$"
)
_QUOTED_HEAD: Final = re.compile(
    r"^[\"“„«「]([^\"“”«»「」]{2,})[\"”“»」]\s*(?:[-–—:(,]|$).*$", re.S
)
_REPLACED: Final = re.compile(
    r"^[\"“][^\"“”]{1,200}[\"”]\s*(?:->|→|=>|⇒)\s*[\"“]([^\"“”]{1,400})[\"”]$"
)
_QUOTED_FIRST: Final = re.compile(r"^[\"“„«「]([^\"“”«»「」]{2,})[\"”“»」]\s+([^\"“”«»「」]+)$")
_LATE_LABEL: Final = re.compile(r"(?<=[.!?:]) ((?:[\w'-]+ ){0,4}[\w'-]+[:：])(?= )")
_ENDS_SENTENCE: Final = (".", "!", "。", "！", ":", "：")

Rank = Callable[[str], int]
"""Says how much what has such a name was asked for; below 0, it is left out."""


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

    def rank_of_field(name: str) -> int:
        return 0 if kind_of(name) == "alternative" else rank(name)

    parts: list[Part] = []
    values: list[str] = []
    texts = untagged(spoken(generation), rank)
    for text in texts:
        block = only_block(text)
        code_in_prose = one and block == text and "```" in text
        found = None if code_in_prose else listed(block, rank)
        if found is None and not code_in_prose:
            found = strings(block, rank_of_field)
        if found is not None:
            values += found
            continue
        found_lines = lines(_at_labels(block) if one else block)
        its = named(_without_talk(found_lines, query), rank, query, one=one)
        parts += [replace(part, item=part.item or len(texts) > 1) for part in its]
    if values or not parts:
        return _of_values(values, query)
    if all(part.text[:1] in ("{", "[") for part in parts):
        each = [strings(part.text, rank) for part in parts]
        if None not in each:
            return _of_values([string for its in each for string in its or []], query)
    if one:
        parts = _first_turn(parts)
    first = next((part.text for part in parts if rank(part.name) >= 0), "")
    if declines(first, query, alone=len(parts) == 1) or keeps(first, query):
        return Answer()
    if not parts or (len(parts) == 1 and is_nothing(parts[0].text)):
        return Answer()
    if one and _is_passage(parts):
        return Answer(_prose(parts, rank))
    parts = _asked_for(parts, rank)
    return Answer(_without_comments(parts) if one else parts)


def _of_values(found: list[str], query: str) -> Answer:
    if len(found) == 1 and (declines(found[0], query) or is_nothing(found[0])):
        return Answer(values=True)
    return Answer([Part(string, whole=string) for string in found], values=True)


def items(answer: Answer) -> tuple[list[str], bool]:
    """Return the items of a list, and whether something in the answer marked them as items."""
    parts = list(answer.parts)
    if answer.values:
        return [
            _uncounted(line.text) for line in lines("\n".join(part.text for part in parts))
        ], True
    titles = [part for part in parts if part.title]
    marked = [part for part in parts if part.item or part.label or kind_of(part.name) in ASKED]
    if marked and not _is_stray(marked, parts):
        parts = _level(
            [part for part in marked if part.item or part.label or not is_comment(part.text)]
        )
    elif marked:
        parts = [part.with_head() for part in parts]
    elif len(titles) > 1:
        parts = titles
    else:
        parts = [part for at, part in enumerate(parts) if not at or not is_comment(part.text)]
    texts = [part.head.rstrip(":： ") if _explained(part) else part.text for part in parts]
    return texts, any(part.item and not part.label for part in parts)


def _is_stray(marked: Sequence[Part], parts: Sequence[Part]) -> bool:
    """Say whether a few of many plain lines only look like items, as ``-5 degrees`` does."""
    plain = [part for part in parts if part not in marked]
    if parts[0] in marked or len(marked) >= len(plain) or len(plain) < 2:
        return False
    return not any(part.name or part.title or _is_prose(part.text) for part in plain)


def _uncounted(text: str) -> str:
    """Return a value without ``Query 1:`` in front of it."""
    head, rest = head_of(text)
    return rest if rest and kind_of(head) in ASKED and any(map(str.isdigit, head)) else text


def content(text: str) -> str:
    """Return a text without quotes and what is said before or behind them."""
    text = unquoted(unnamed(text))
    if match := _REPLACED.match(text):
        return match[1].strip()
    if match := _QUOTED_HEAD.match(text):
        return match[1].strip()
    if (match := _QUOTED_FIRST.match(text)) and kind_of(match[2]) and made_of_talk(match[2]):
        return match[1].strip()
    if match := _QUOTED_END.match(text):
        said = words(text[: match.start(1) - 1])
        before = text[: match.start(1) - 1]
        if said and len(said) <= 15 and (_speaks(before) or made_of_talk(before)):
            return match[1].strip()
    return text


def unnamed(text: str) -> str:
    """Return what a sentence names: ``the keywords are …``."""
    match = pattern("naming").match(text)
    return text[match.end() :].removesuffix(".") if match else text


def only_block(text: str) -> str:
    """Return what stands in the only fenced block, or the text; prose with code in it is a text."""
    if "```" not in text and "~~~" not in text:
        return text
    blocks = [match for match in _FENCED.finditer(text) if has_word(match[1])]
    if len(blocks) != 1:
        return _FENCE.sub("", text)
    before = text[: blocks[0].start()].strip()
    return blocks[0][1] if _announces(before) else text


def _at_labels(text: str) -> str:
    """Return a text with a new line in front of the name of a rewrite: ``… seat. Rewritten: …``."""

    def broken(match: re.Match[str]) -> str:
        return f"\n{match[1]}" if kind_of(match[1]) == "rewrite" else match[0]

    return _LATE_LABEL.sub(broken, text)


def _announces(text: str) -> bool:
    """Say whether what stands in front of a block only announces it."""
    last = text.rpartition("\n")[2].strip(" *_#:：")
    if len(words(text)) <= 2 or pattern("opening").match(straight(text)):
        return True
    return bool(kind_of(last)) or made_of_talk(last) or text[-1:] not in (".", ":", "：", "。")


def _without_talk(found: list[Line], query: str) -> list[Line]:
    """Take greetings, announcements and good-byes off."""
    while len(found) > 1 and found[-1].kind == "text" and _is_closing(found[-1].text, found):
        found = found[:-1]
    while len(found) > 1 and found[0].kind == "text" and is_chat(found[0].text):
        found = found[1:]
    for _ in range(2):  # a greeting on a line of its own, then an announcement
        if not found or found[0].kind in ("item", "cell"):
            break
        text = _unannounced(found[0].text, query, alone=len(found) == 1)
        if has_word(text):
            return [replace(found[0], text=text), *found[1:]]
        found = found[1:]
    return found


def _is_closing(text: str, found: Sequence[Line]) -> bool:
    if not text.endswith((".", "!", "?", ")", ":", "。", "！", "？")) and text[-1:].isalnum():
        return False
    passage = _is_prose(found[0].text)
    if verdict(text):
        return True
    if pattern("goodbye").match(straight(text)):
        return not passage or says_of(text) or "help" in text
    if not pattern("closing").match(straight(text)):
        return False
    # a passage may speak of queries, and of passages only where it speaks of itself
    return not passage or "passage" in text.casefold()[:30]


def _unannounced(text: str, query: str, *, alone: bool) -> str:
    match = greeting().match(text)
    if match and match[0].casefold().strip(" !.,:：") not in query.casefold():
        text = text[match.end() :]
    said = straight(text)
    if opening := pattern("opening").match(said):
        head, rest = head_of(text)
        if head and (not rest or _speaks(head) or made_of_talk(head)):
            return rest
        if not head and not alone and len(words(said)) <= 15 and text.endswith(_ENDS_SENTENCE):
            one_sentence = not re.search(r"[.!?]\s", text)
            return "" if one_sentence and _speaks(said[opening.end() - 1 :]) else text
    return text


def _speaks(text: str) -> bool:
    return any(kind_of(word) for word in words(text) if len(word) > 1)


def _first_turn(parts: Sequence[Part]) -> list[Part]:
    """Return what stands before the next turn, which a model made up, or before an alternative."""
    passage = _is_passage(parts)
    for at, part in enumerate(parts):
        if not at:
            continue
        if _is_alternative(part) and not passage:
            return list(parts[:at])
        if part.name and not parts[at - 1].name and takes_turns(part.name):
            last = at + 1 == len(parts)
            if not (passage and last and _is_prose(part.text)):
                return list(parts[:at])
    return list(parts)


def _is_alternative(part: Part) -> bool:
    said = words(part.name) or words(part.text)[:1]
    if not any(kind_of(word) == "alternative" for word in said):
        return False
    return bool(part.name) or made_of_talk(part.text) or says_of(part.text)


def _is_prose(text: str) -> bool:
    """Say whether a text ends as a sentence does."""
    return text.rstrip("\"'”’»)*_ ").endswith(_ENDS_SENTENCE)


def _is_passage(parts: Sequence[Part]) -> bool:
    """Say whether a text begins, below its titles, as prose does."""
    return _is_prose(next((part.text for part in parts if not part.title), ""))


def _prose(parts: Sequence[Part], rank: Rank) -> list[Part]:
    """Return the parts of a passage: all of it, but for what is said about it at the end."""
    ranks = [rank(part.name) for part in parts]
    named_later = any(its >= 3 and len(words(part.name)[-1]) > 1 for part, its in zip(parts, ranks))
    if (ranks[0] < 3 and named_later) or (
        ranks[0] < 0 and (max(ranks) > 0 or (ranks[-1] == 0 and not _is_prose(parts[-1].text)))
    ):
        return _asked_for(parts, rank)
    kept: list[Part] = []
    for at, (part, its) in enumerate(zip(parts, ranks, strict=True)):
        if its >= 0:
            kept.append(part if not at or part.name == parts[0].name else part.with_head())
        elif part.name != parts[0].name and (
            stems("thought").match(words(part.name)[0]) or says_of(part.text)
        ):
            break
        else:
            kept.append(part.with_head())
    return kept


def _asked_for(parts: Sequence[Part], rank: Rank) -> list[Part]:
    """Keep the parts whose names were asked for most, and none that are said about others."""
    ranks = [rank(part.name) for part in parts]
    best = max(ranks, default=0)
    if best < 0:  # said about nothing: "Thought: a philosophical introduction"
        return [part.with_head() for part in parts]
    least = best if best >= 3 else 0
    return [part for part, its in zip(parts, ranks, strict=True) if its >= least]


def _without_comments(parts: Sequence[Part]) -> list[Part]:
    """Return a query without the sentences that speak of it."""
    if not parts or parts[0].title or (parts[0].item and not parts[0].label):
        return list(parts)
    at = next((i for i, part in enumerate(parts) if i and _is_comment(part, parts[0])), None)
    return list(parts[:at])


def _is_comment(part: Part, first: Part) -> bool:
    """Say whether a part speaks of the first one; keywords below a query do, too."""
    listed = part.label and not first.name and kind_of(part.name) == "terms"
    return listed or is_comment(part.text)


def _level(marked: list[Part]) -> list[Part]:
    """Return the outermost items, and of numbers and bullets those that are not about the others."""
    shallow = min(part.depth for part in marked)
    outer = [part for part in marked if part.depth == shallow]
    if len(outer) == 1 < len(marked) - 1 and outer[0].head == outer[0].text:
        outer = marked[1:]  # the only item is the title of those below it
    marked = outer
    counted = [part for part in marked if part.counted]
    if len(counted) > 1:
        return [part for part in marked if part.counted or (part.name and not part.item)]
    return [part for part in marked if not part.counted] or marked


def _explained(part: Part) -> bool:
    """Say whether an item is a head in bold, and the rest is said of it."""
    rest = part.text.removeprefix(part.head).lstrip()
    if not part.head or rest == part.text:
        return False
    return part.head[-1] in ":：" or rest[:1] in tuple("-–—:：(")
