"""Talk: greetings, announcements, refusals, questions back, remarks; what is no content.

Talk is made of few words, in any language: a sentence in which no other word stands says
nothing that a search engine could look for. ``words.yaml`` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from .words import has_word, kind_of, pattern, tables, words

_LONGEST: Final = 400
"""Characters of a sentence of talk."""

_SHORT_WORD: Final = 5
"""Characters of an answer of one word, such as ``Nein.``; of Chinese, a sentence has more."""

_EDGES: Final = " .()[]*_\"'!-–—"
_UNSPACED: Final = ("zh", "ja", "ko", "th")
_SPLIT: Final = re.compile(r"[\s!\"#$%&()*+,./:;<=>?@\[\]\\^_`{|}~…。，、！？؟،；：।“”«»„¿¡\-–—]+")
_SENTENCE: Final = re.compile(r"[^.!?。！？।\n]*(?:[.!?।]+(?=\s|[*_\"')\]]|$)|[。！？]+|[.]|\n|$)")
_SPEAKER: Final = re.compile(r"^\W*(?:assistant|ai)\s*:\s*", re.I)
_ENDED: Final = re.compile(r"[.!?。！？।…][\"')\]*_ ]*$")
_REASON: Final = re.compile(r"\s(?:\(|[-–—]\s)([^()\n]{3,200})\)?\W*$")
"""What stands in brackets, or behind a dash, at the end: ``N/A (already standalone)``."""

_ENDS: Final = (".", "!", "。", "！", ":", "：")

Verdict = Literal["refusal", "talk", ""]


class _Vocabulary(NamedTuple):
    """The words of talk in a language, by what they do in a sentence."""

    whole: dict[str, frozenset[str]]
    begun: dict[str, tuple[str, ...]]
    pieces: re.Pattern[str] | None

    def roles(self, sentence: str) -> frozenset[str]:
        """Return what the words of a sentence do; nothing if one of them is no talk."""
        if self.pieces is not None:
            return self._roles_of_pieces(sentence, self.pieces)
        found: set[str] = set()
        for word in filter(None, _SPLIT.split(sentence)):
            its = self._roles_of(word) or self._roles_of_joined(word)
            if not its and kind_of(word) in ("rewrite", "query", "answer", "original"):
                its = {"of"}
            if not its:
                return frozenset()
            found |= its
        return frozenset(found)

    def _roles_of(self, word: str) -> set[str]:
        return {
            role
            for role, whole in self.whole.items()
            if word in whole or word.startswith(self.begun[role] or ("\0",))
        }

    def _roles_of_joined(self, word: str) -> set[str]:
        """Return what is done by both halves of a word such as ``j'ai``."""
        before, joint, after = word.partition("'")
        first = self._roles_of(before + joint) or self._roles_of(before)
        second = self._roles_of(after)
        return first | second if joint and first and second else set()

    def _roles_of_pieces(self, sentence: str, pieces: re.Pattern[str]) -> frozenset[str]:
        found: set[str] = set()
        for piece in pieces.findall(sentence):
            found |= self._roles_of(piece)
        return frozenset() if has_word(pieces.sub("", sentence)) else frozenset(found)


@lru_cache(maxsize=1)
def _vocabularies() -> tuple[_Vocabulary, ...]:
    return tuple(_vocabulary(language, roles) for language, roles in tables()["talk"].items())


def _vocabulary(language: str, roles: dict[str, str]) -> _Vocabulary:
    listed = {role: str(its).casefold().split() for role, its in roles.items()}
    whole = {role: frozenset(w for w in its if not w.endswith("*")) for role, its in listed.items()}
    begun = {role: tuple(w[:-1] for w in its if w.endswith("*")) for role, its in listed.items()}
    if language not in _UNSPACED:
        return _Vocabulary(whole, begun, None)
    pieces = sorted({word for its in whole.values() for word in its}, key=len, reverse=True)
    return _Vocabulary(whole, begun, re.compile("|".join(map(re.escape, pieces))))


@lru_cache(maxsize=1024)
def verdict(sentence: str) -> Verdict:
    """Say whether a sentence is made of talk alone, and whether it turns something down."""
    plain = straight(sentence).casefold()
    if not has_word(plain) or len(plain) > _LONGEST:
        return ""
    alone = len(words(plain)) == 1 and len(plain) <= _SHORT_WORD  # "No." may be the answer
    for vocabulary in _vocabularies():
        roles = vocabulary.roles(plain)
        ended = vocabulary.pieces is not None or _ENDED.search(plain) is not None
        if "no" in roles and not alone and ("of" in roles or ended) and (ended or "me" in roles):
            return "refusal"
        if "please" in roles and (ended or alone):
            return "talk"
        if {"me", "of"} <= roles and ended:
            return "talk"
    return ""


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a text."""
    for match in _SENTENCE.finditer(text):
        if has_word(match[0]):
            yield match[0].strip()


def straight(text: str) -> str:
    """Return a text with plain apostrophes."""
    return text.replace("’", "'").strip()


def is_chat(line: str) -> bool:
    """Say whether a line is talk, and turns nothing down."""
    said = list(sentences(line))
    return len(said) == 1 and verdict(said[0]) == "talk"


def declines(text: str, query: str = "", *, alone: bool = True) -> bool:
    """Say whether an answer that begins like this is none: a refusal, or a question back.

    Args:
        text: How it begins.
        query: The query that was asked about; what repeats it is no talk.
        alone: Whether nothing follows: then talk that turns nothing down is no answer, too.
    """
    if repeats(text, query):
        return False
    said = _SPEAKER.sub("", straight(text)).lstrip("*_ \"'")
    if match := greeting().match(said):
        said = said[match.end() :]
    found = pattern("request").match(said) or pattern("refusal").match(said)
    if found and _ENDED.search(said):
        return True
    only_talk = False
    for sentence in sentences(said[:2000]):
        its = verdict(sentence)
        if its == "refusal" and (only_talk or _ENDED.search(said) or len(said) == len(sentence)):
            return True
        asks = only_talk and (made_of_talk(sentence) or pattern("request").match(sentence))
        if not its and not asks:
            return False
        only_talk = True
    return only_talk and alone


def keeps(text: str, query: str = "") -> bool:
    """Say whether an answer is that the query is good as it is."""
    said = straight(text)
    found = pattern("unchanged").match(said.strip("[]()*_\"' ").replace("_", " "))
    return bool(found) and not repeats(text, query)


def is_nothing(text: str) -> bool:
    """Say whether a whole answer is a word for nothing, with a reason behind it or none."""
    said = straight(text)
    if (reason := _REASON.search(said)) and (keeps(reason[1]) or says_of(reason[1])):
        said = said[: reason.start()]
    return bool(pattern("nothing").fullmatch(said.strip(_EDGES)))


def repeats(text: str, query: str) -> bool:
    """Say whether a text begins as the query does."""
    begin = straight(query).casefold()[:20]
    return bool(begin) and straight(text).casefold().startswith(begin)


@lru_cache(maxsize=1)
def greeting() -> re.Pattern[str]:
    """Return the pattern of a greeting in front of an answer."""
    return re.compile(rf"^[¡]?(?:{pattern('greeting').pattern})\s*[!.。！,，:：]+\s*(?=\S|$)", re.I)


def is_comment(text: str) -> bool:
    """Say whether a sentence speaks of a query: what was done to it, or what it does."""
    said = straight(text).lstrip('"“')
    if said[:1] in "([" and said[-1:] in ")]":
        said = said[1:-1]
        if says_of(said):
            return True
    if not _ENDED.search(said):
        return False
    return bool(pattern("comment").match(said)) and (says_of(said) or verdict(said) != "")


def says_of(text: str) -> bool:
    """Say whether a text speaks of queries, or of what is done to them."""
    kinds = {kind_of(word) for word in words(text)}
    if kinds & {"rewrite", "query", "terms", "original", "aside"}:
        return True
    return bool(pattern("edit").search(text))


def made_of_talk(text: str) -> bool:
    """Say whether there is no word of content in a text."""
    plain = straight(text).casefold()
    return len(plain) <= _LONGEST and any(its.roles(plain) for its in _vocabularies())


def is_topical(word: str) -> bool:
    """Say whether a word is one to search for: no talk, and no name of answers."""
    return kind_of(word) is None and not made_of_talk(word)


def is_prose(text: str) -> bool:
    """Say whether a text ends as a sentence does."""
    return text.rstrip("\"'”’»)*_ ").endswith(_ENDS)
