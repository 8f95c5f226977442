"""What stands around an answer: greetings, announcements, good-byes, the fence of a block."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .line import Line
from .lines import head_of
from .talk import greeting, is_chat, is_prose, made_of_talk, says_of, straight, verdict
from .words import has_word, kind_of, pattern, words

_FENCED: Final = re.compile(
    r"^[ \t]*(?:```|~~~)[^\n]*\n(.*?)(?:^[ \t]*(?:```|~~~)[ \t]*$|\Z)", re.S | re.M
)
_CODE: Final = re.compile(r"\s*(?:```|~~~)(?!json|te?xt|ya?ml|markdown|md|sql|xml|html)\w")
_FENCE: Final = re.compile(r"```(?:json|text|txt|yaml|markdown|python|sql)?(?=[\s\[{\"]|$)", re.I)
_LATE_ASIDE: Final = re.compile(
    r"(?:(?<=[.!?\"”*`;)])|(?<=\s[|–—-])|(?= \*)) ?(\*{0,2}(?:[\w'-]+ ){0,2}[\w'-]+[:：])(?=[ *])"
)
_LATE_LABEL: Final = re.compile(r"(?<=[.!?:|→⇒]) ((?:[\w'-]+ ){0,4}[\w'-]+[:：])(?= )")


def only_block(text: str) -> str:
    """Return what stands in the only fenced block, or the text; prose with code in it is a text."""
    if "```" not in text and "~~~" not in text:
        return text
    blocks = [match for match in _FENCED.finditer(text) if has_word(match[1])]
    if len(blocks) != 1:
        return _FENCE.sub("", text)
    before = text[: blocks[0].start()].strip()
    after = text[blocks[0].end() :].strip(" \n`~")
    if _CODE.match(blocks[0][0]) and is_prose(after) and not (says_of(after) or verdict(after)):
        return _FENCE.sub("", text)  # a text with code in it
    return blocks[0][1] if _announces(before) else text


def _announces(text: str) -> bool:
    """Say whether what stands in front of a block only announces it."""
    last = text.rpartition("\n")[2].strip(" *_#:：")
    if hello := greeting().match(text):
        text = text[hello.end() :]
    if len(words(text)) <= 2 or pattern("opening").match(straight(text)):
        return True
    return bool(kind_of(last)) or made_of_talk(last) or text[-1:] not in (".", ":", "：", "。")


def at_labels(text: str) -> str:
    """Return a text with a new line in front of the name of a rewrite: ``… seat. Rewritten: …``."""
    aside = kind_of(head_of(text[:200].partition("\n")[0])[0]) == "aside"
    asked = ("rewrite", "query") if aside else ("rewrite",)

    def broken(match: re.Match[str]) -> str:
        return f"\n{match[1]}" if kind_of(match[1]) in asked else match[0]

    return "\n".join(map(_without_reason, _LATE_LABEL.sub(broken, text).split("\n")))


def _without_reason(line: str) -> str:
    """Return a labelled line without what is said of it behind: ``Rewrite: … Reason: …``."""
    head, rest = head_of(line.strip(" *_#>-"))
    if rest and kind_of(head) in ("rewrite", "query"):
        for mark in _LATE_ASIDE.finditer(line):
            if kind_of(mark[1]) == "aside":
                return line[: mark.start()].rstrip(" |–—-")
    return line


def without_talk(found: list[Line], query: str) -> list[Line]:
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
    """Say whether the last line ends the talk: ``I hope this helps!``."""
    if not text.endswith((".", "!", "?", ")", ":", "。", "！", "？")) and text[-1:].isalnum():
        return False
    if verdict(text):
        return True
    passage = is_prose(found[0].text)
    if pattern("goodbye").match(straight(text)):
        return not passage or says_of(text) or "help" in text
    if not pattern("closing").match(straight(text)):
        return False
    # a passage may speak of queries, and of passages only where it speaks of itself
    return not passage or "passage" in text.casefold()[:30]


def _unannounced(text: str, query: str, *, alone: bool) -> str:
    """Return the first line without a greeting and what announces the rest."""
    ungreeted = without_greeting(text, query, alone=alone)
    if ungreeted != text:
        text = ungreeted
        if not alone and is_chat(text):
            return ""
    said = straight(text)
    if not alone and pattern("announcing").match(said[:200]) and speaks(said):
        return ""
    if opening := pattern("opening").match(said):
        head, rest = head_of(text)
        if head and (not rest or speaks(head) or made_of_talk(head)):
            return rest
        if not head and not alone and len(words(said)) <= 15 and is_prose(text):
            one_sentence = not re.search(r"[.!?]\s", text)
            return "" if one_sentence and speaks(said[opening.end() - 1 :]) else text
    return text


def without_greeting(text: str, query: str, *, alone: bool = True) -> str:
    """Return a line without a greeting in front, unless the query has it, or it is of a name.

    Behind a comma, what begins with a capital and is no sentence is one: ``Yes, Minister``.
    """
    match = greeting().match(text)
    if not match or match[0].casefold().strip(" !.,:：") in query.casefold():
        return text
    rest = text[match.end() :]
    named = alone and match[0].rstrip().endswith(",") and rest[:1].isupper()
    if named and not is_prose(text) and not head_of(rest)[0]:
        return text if not pattern("opening").match(straight(rest)) else rest
    return rest


def speaks(text: str) -> bool:
    """Say whether a word of a text is one that answers are called by."""
    return any(kind_of(word) for word in words(text) if len(word) > 1)
