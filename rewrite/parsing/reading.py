"""What an answer says: its parts, without the talk around them and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from .heads import Part, named
from .lines import Line, has_word, head_of, lines, unquoted
from .spoken import spoken
from .tags import untagged
from .values import strings
from .words import kind_of, pattern, stems, words

ASKED: Final = ("rewrite", "query", "terms", "answer")

_FENCED: Final = re.compile(
    r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.S | re.M
)
_FENCE: Final = re.compile(r"```(?:json|text|txt|yaml|markdown|python|sql)?(?=[\s\[{\"]|$)", re.I)
_QUOTED_END: Final = re.compile(r"^[^\"“”„«「]{3,120}?[\"“„«「]([^\"“”„«»「」]{2,})[\"”“»」][.。!]?$")
_QUOTED_HEAD: Final = re.compile(
    r"^[\"“„«「]([^\"“”«»「」]{2,})[\"”“»」]\s*(?:[-–—:(,]|$).*$", re.S
)
_ENDS_SENTENCE: Final = (".", "!", "。", "！", ":", "：")


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

    said = spoken(generation)
    parts: list[Part] = []
    texts = untagged(said, rank)
    for text in texts:
        block = only_block(text)
        found = strings(block, rank)
        if found is not None:
            return Answer([Part(string) for string in found], values=True)
        its = named(_without_talk(lines(block), query), rank, query)
        parts += [replace(part, item=part.item or len(texts) > 1) for part in its]
    if one:
        parts = _first_turn(parts)
    if not parts or declines(parts[0].text, query) or keeps(parts[0].text, query):
        return Answer()
    if len(parts) == 1 and pattern("nothing").fullmatch(_straight(parts[0].text).strip(_EDGES)):
        return Answer()
    parts = _asked_for(parts, rank)
    return Answer(_without_comments(parts) if one else parts)


def items(answer: Answer) -> tuple[list[str], bool]:
    """Return the items of a list, and whether something in the answer marked them as items."""
    parts = list(answer.parts)
    if answer.values:
        return [line.text for line in lines("\n".join(part.text for part in parts))], True
    titles = [part for part in parts if part.title]
    marked = [part for part in parts if part.item or part.label or kind_of(part.name) in ASKED]
    if marked:
        parts = _level(marked)
    elif len(titles) > 1:
        parts = titles
    else:
        parts = [part for at, part in enumerate(parts) if not at or not _is_comment(part.text)]
    texts = [part.head.rstrip(":： ") if _explained(part) else part.text for part in parts]
    return texts, any(part.item and not part.label for part in parts)


def content(text: str) -> str:
    """Return a text without quotes and what is said before or behind them."""
    text = unquoted(unnamed(text))
    if match := _QUOTED_HEAD.match(text):
        return match[1].strip()
    if match := _QUOTED_END.match(text):
        said = words(text[: match.start(1) - 1])
        if said and len(said) <= 15 and any(map(kind_of, said)):
            return match[1].strip()
    return text


def unnamed(text: str) -> str:
    """Return what a sentence names: ``the keywords are …``."""
    match = pattern("naming").match(text)
    return text[match.end() :] if match else text


_EDGES: Final = " .()[]*_\"'!-–—"
_SPEAKER: Final = re.compile(r"^\W*(?:assistant|ai)\s*:\s*", re.I)


def declines(text: str, query: str = "") -> bool:
    """Say whether an answer that begins like this is none: a refusal, or a question back."""
    said = _SPEAKER.sub("", _straight(text)).lstrip("*_ \"'")
    if greeting := _greeting().match(said):
        said = said[greeting.end() :]
    found = pattern("refusal").match(said) or pattern("request").match(said)
    return bool(found) and not _repeats(text, query)


def keeps(text: str, query: str = "") -> bool:
    """Say whether an answer is that the query is good as it is."""
    return bool(pattern("unchanged").match(_straight(text))) and not _repeats(text, query)


def _repeats(text: str, query: str) -> bool:
    """Say whether a text begins as the query does."""
    begin = _straight(query).casefold()[:20]
    return bool(begin) and _straight(text).casefold().startswith(begin)


def _straight(text: str) -> str:
    return text.replace("’", "'").strip()


def only_block(text: str) -> str:
    """Return what stands in the only fenced block, or the text."""
    if "```" not in text and "~~~" not in text:
        return text
    blocks = [block for block in _FENCED.findall(text) if has_word(block)]
    return blocks[0] if len(blocks) == 1 else _FENCE.sub("", text)


@lru_cache(maxsize=1)
def _greeting() -> re.Pattern[str]:
    return re.compile(rf"^[¡]?(?:{pattern('greeting').pattern})\s*[!.。！,，]+\s*(?=\S|$)", re.I)


def _without_talk(found: list[Line], query: str) -> list[Line]:
    """Take greetings, announcements and good-byes off."""
    while found and pattern("closing").match(found[-1].text):
        found = found[:-1]
    for _ in range(2):  # a greeting on a line of its own, then an announcement
        if not found or found[0].kind in ("item", "cell"):
            break
        text = _unannounced(found[0].text, query, alone=len(found) == 1)
        if has_word(text):
            return [replace(found[0], text=text), *found[1:]]
        found = found[1:]
    return found


def _unannounced(text: str, query: str, *, alone: bool) -> str:
    greeting = _greeting().match(text)
    if greeting and greeting[0].casefold().strip(" !.,") not in query.casefold():
        text = text[greeting.end() :]
    if opening := pattern("opening").match(_straight(text)):
        head, rest = head_of(text)
        if head and (not rest or any(map(kind_of, words(head)))):
            return rest
        speaks = any(map(kind_of, words(text[opening.end() - 1 :])))
        if not head and not alone and text.endswith(_ENDS_SENTENCE) and speaks:
            return ""
    return text


def _first_turn(parts: Sequence[Part]) -> list[Part]:
    """Return what stands before the next turn, which a model made up, or before an alternative."""
    for at, part in enumerate(parts):
        another = kind_of(part.name) == "alternative"
        if at and (another or (not parts[at - 1].name and takes_turns(part.name))):
            return list(parts[:at])
    return list(parts)


def takes_turns(name: str) -> bool:
    """Say whether a label is that of somebody who speaks next."""
    said = words(name)
    return bool(said) and all(
        stems("names", "turn").match(word) or stems("names", "query").match(word) for word in said
    )


def _asked_for(parts: Sequence[Part], rank) -> list[Part]:  # type: ignore[no-untyped-def]
    """Keep the parts whose names were asked for most, and none that are said about others."""
    ranks = [rank(part.name) for part in parts]
    best = max(ranks, default=0)
    least = best if best >= 3 else 0
    return [part for part, its in zip(parts, ranks, strict=True) if its >= least]


def _without_comments(parts: Sequence[Part]) -> list[Part]:
    """Return a query without the sentences that speak of it; those of a passage stay."""
    if not parts or parts[0].title or parts[0].text.endswith(_ENDS_SENTENCE):
        return list(parts)
    if parts[0].item and not parts[0].label:
        return list(parts)
    at = next((i for i, part in enumerate(parts) if i and _is_comment(part.text)), None)
    return list(parts[:at])


def _is_comment(text: str) -> bool:
    if not text.endswith((".", "!", "。")) or not pattern("comment").match(text):
        return False
    return bool({kind_of(word) for word in words(text)} & {"rewrite", "query", "terms", "original"})


def _level(marked: list[Part]) -> list[Part]:
    """Return the outermost items, and of numbers and bullets those that are not about the others."""
    shallow = min(part.depth for part in marked)
    marked = [part for part in marked if part.depth == shallow]
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
