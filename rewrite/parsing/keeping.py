"""Which parts of an answer to keep: no turn that was made up, no remark, no second choice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from ..text.analysis import content_words
from .lines import head_of
from .part import Part, Rank
from .talk import is_comment, is_prose, made_of_talk, says_of, straight
from .words import is_flag, kind_of, pattern, speaks_next, stems, takes_turns, words

_CHOICES: Final = re.compile(
    r"(?:options?|versions?|variants?|variations?|suggestions?|candidates?|rewrit\w+|rewrites?)"
    r"(?: \w+)? #?\d",
    re.I,
)
_LONGEST_COMMENT: Final = 200
"""Characters of a sentence below a query that may be about it."""

_COUNTED: Final = re.compile(r"([^\W\d]{3,20}) \d{1,2}[:.]")


def first_turn(parts: Sequence[Part]) -> list[Part]:
    """Return what stands before the next turn, which a model made up, or before an alternative."""
    if _is_reasoned(parts):
        return list(parts)
    passage = is_passage(parts)
    heads = list(map(_head, parts))
    begun = set(heads[:1])
    for at, part in enumerate(parts[1:], 1):
        again = heads[at] in begun and heads[at] != heads[at - 1] and any(map(kind_of, begun))
        if again and not passage:
            return list(parts[:at])  # the next example of a prompt
        begun.add(heads[at])
        if _CHOICES.match(part.name) and _CHOICES.match(parts[0].name) and part.label:
            return list(parts[:at])
        if (_is_alternative(part) or _points_back(part)) and not passage:
            return list(parts[:at])
        if part.name and not parts[at - 1].name and takes_turns(part.name):
            defined = passage and at + 1 == len(parts) and is_prose(part.text)
            if not defined:  # "User: a person who uses a system."
                return list(parts[:at])
    return list(parts)


def first_list(parts: Sequence[Part], rank: Rank) -> Sequence[Part]:
    """Return what stands before the next turn, or the next example of a prompt.

    That begins with a label of somebody who speaks, or of a query below what has no label or
    another one that was asked for more: ``Query: birds`` below keywords.
    """
    first = parts[0] if parts else None
    if first is None or takes_turns(first.name) or rank(first.name) < 0 or is_prose(first.text):
        return parts
    terms = rank("terms") > rank("answer")
    last = max(at for at, part in enumerate(parts) if part.name == first.name)
    labels = [at for at, part in enumerate(parts) if part.label]
    items = any(part.item for part in parts[: min(labels, default=0)])
    for at in filter(None, labels):
        name = parts[at].name
        if any(map(str.isdigit, name)):
            continue
        asks = kind_of(name) == "query" and takes_turns(name)
        if asks and terms and name != first.name and at < last:
            return parts[:at]
        listed = items and at == labels[0]
        asks = asks and (listed or (terms and not first.name))
        if not parts[at].item and (asks or speaks_next(name)):
            return parts[:at]
    return parts


def _head(part: Part) -> str:
    """Return the label with which a line begins, whether it is known or not."""
    head, rest = head_of(part.whole)
    return head.casefold() if rest and len(words(head)) < 4 and not part.item else ""


def _is_alternative(part: Part) -> bool:
    """Say whether a part is another answer than the first."""
    said = words(part.name) or words(part.text)[:1]
    if not any(kind_of(word) == "alternative" for word in said):
        return False
    return bool(part.name) or made_of_talk(part.text) or says_of(part.text)


def _points_back(part: Part) -> bool:
    """Say whether a part stands below a name of what came before: ``This query:``."""
    return bool(stems("this").match("".join(words(part.name)[:1]))) and not part.label


def is_passage(parts: Sequence[Part]) -> bool:
    """Say whether a text begins, below its titles, as prose does, or goes by steps."""
    return is_prose(next((part.text for part in parts if not part.title), "")) or _in_steps(parts)


def is_remarked(parts: Sequence[Part]) -> bool:
    """Say whether a query looks like a title, above one sentence on what was done to it."""
    if len(parts) != 2 or not parts[0].title or not is_comment(parts[1].text):
        return False
    return bool(pattern("edit").search(straight(parts[1].text)))


def _in_steps(parts: Sequence[Part]) -> bool:
    """Say whether prose stands below heads that count: ``Step 1: …``, ``Step 2: …``."""
    heads = [match[1] for part in parts if (match := _COUNTED.match(part.text))]
    if len(heads) < 2 or len(set(heads)) > 1 or kind_of(heads[0]):
        return False
    return any(is_prose(part.text) for part in parts if not _COUNTED.match(part.text))


def whole_passage(parts: Sequence[Part], rank: Rank) -> list[Part]:
    """Return the parts of a passage: all of it, but for what is said about it at the end."""
    if _leads_to_answer(parts, rank):
        return asked_for(parts, rank)
    if _is_set_apart(parts) or _is_reasoned(parts):
        return list(parts[-1:])
    name = parts[0].name
    kept = [parts[0] if rank(name) >= 0 else parts[0].with_head()]
    for part in parts[1:]:
        if rank(part.name) >= 0:
            kept.append(part if part.name == name else part.with_head())
        elif part.name != name and (_is_reason(part.name) or says_of(part.text)):
            break
        else:
            kept.append(part.with_head())
    return kept


def _leads_to_answer(parts: Sequence[Part], rank: Rank) -> bool:
    """Say whether the sentences that come first are thoughts, and an answer follows."""
    first = rank(parts[0].name)
    if first < 3 and any(rank(part.name) >= 3 and not _is_lettered(part.name) for part in parts):
        return True
    if first >= 0:
        return False
    last = parts[-1]
    return any(rank(part.name) > 0 for part in parts) or (
        rank(last.name) == 0 and not is_prose(last.text)
    )


def _is_set_apart(parts: Sequence[Part]) -> bool:
    """Say whether a sentence says what is done to a query, and the query stands in bold below."""
    if len(parts) != 2 or parts[0].name or parts[1].name or parts[1].head != parts[1].text:
        return False
    return not is_prose(parts[1].text) and says_of(parts[0].text)


def _is_reasoned(parts: Sequence[Part]) -> bool:
    """Say whether a sentence has a label that is not known, and a labelled query ends it all."""
    if len(parts) < 2 or not is_prose(parts[0].text) or parts[0].name or not _head(parts[0]):
        return False
    last = parts[-1]
    asked = last.label and kind_of(last.name) in ("query", "rewrite")
    return asked and not any(part.name for part in parts[:-1])


def _is_lettered(name: str) -> bool:
    """Say whether a name is one of several: ``Option A``."""
    return len(words(name)[-1]) == 1


def _is_reason(name: str) -> bool:
    return bool(stems("thought").match(words(name)[0]))


def asked_for(parts: Sequence[Part], rank: Rank) -> list[Part]:
    """Keep the parts whose names were asked for most, and none that are said about others."""
    ranks = [rank(part.name) for part in parts]
    flags = [part.label and is_flag(part.text) for part in parts]
    if any(its > 0 and not flag for its, flag in zip(ranks, flags, strict=True)):
        ranks = [-1 if flag else its for its, flag in zip(ranks, flags, strict=True)]
    best = max(ranks, default=0)
    if best < 0:  # said about nothing: "Thought: a philosophical introduction"
        return [part.with_head() for part in parts]
    least = best if best >= 3 else 0
    return [part for part, its in zip(parts, ranks, strict=True) if its >= least]


def unanswered(parts: Sequence[Part]) -> Sequence[Part]:
    """Return questions without the answers that a model gave to each of them."""
    kinds = [kind_of(part.name) if part.label else None for part in parts]
    pairs = len(kinds) // 2
    return parts[::2] if pairs > 1 and kinds == ["query", "answer"] * pairs else parts


def without_comments(parts: Sequence[Part], query: str = "") -> list[Part]:
    """Return a query without the sentences that speak of it."""
    listed = len(parts) > 1 and parts[0].item and not parts[0].label
    if not parts or parts[0].title or (listed and (parts[1].item or len(parts) > 2)):
        return list(parts)
    at = next((i for i, part in enumerate(parts) if i and _is_comment(part, parts[0])), None)
    if at is None and len(parts) == 2 and not is_prose(parts[0].text):
        at = 1 if _is_apart(parts[0], parts[1], content_words(f"{parts[0].text} {query}")) else None
    return list(parts[:at])


def _is_apart(first: Part, part: Part, said: AbstractSet[str]) -> bool:
    """Say whether a sentence in a paragraph of its own below a query is about it.

    So is one in brackets or behind a sign, and one that shares no word with it.
    """
    text = part.text
    inner = text.strip("()[]（）")
    if part.block == first.block or len(text) > _LONGEST_COMMENT:
        return False
    apart = said.isdisjoint(content_words(text))
    if not is_prose(inner):
        return inner != text and apart
    return apart or inner != text or (part.item and not first.item)


def _is_comment(part: Part, first: Part) -> bool:
    """Say whether a part speaks of the first one; keywords below a query do, too."""
    listed = part.label and not first.name and kind_of(part.name) in ("terms", None)
    return listed or is_comment(part.text)


def outermost(marked: list[Part]) -> list[Part]:
    """Return the outermost items, and of numbers and bullets those that are not about others."""
    if any(part.item and not part.label for part in marked):  # of which an answer may be made
        marked = [part for part in marked if not (part.label and kind_of(part.name) == "answer")]
    shallow = min(part.depth for part in marked)
    outer = [part for part in marked if part.depth == shallow]
    if len(outer) == 1 < len(marked) - 1 and outer[0].head == outer[0].text:
        outer = marked[1:]  # the only item is the title of those below it
    marked = outer
    counted = [part for part in marked if part.counted]
    if len(counted) > 1:
        return [part for part in marked if part.counted or (part.name and not part.item)]
    return [part for part in marked if not part.counted] or marked


def is_stray(marked: Sequence[bool], parts: Sequence[Part]) -> bool:
    """Say whether a few of many plain lines only look like items, as ``-5 degrees`` does."""
    plain = [part for part, is_marked in zip(parts, marked, strict=True) if not is_marked]
    if marked[0] or len(parts) >= 2 * len(plain) or len(plain) < 2:
        return False
    return not any(part.name or part.title or is_prose(part.text) for part in plain)


def is_explained(part: Part) -> bool:
    """Say whether an item is a head in bold, and the rest is said of it."""
    rest = part.text.removeprefix(part.head).lstrip()
    if not part.head or rest == part.text:
        return False
    return part.head[-1] in ":：" or rest[:1] in tuple("-–—:：(")
