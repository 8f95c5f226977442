"""Talk: greetings, announcements, refusals, questions back, remarks; what is no content.

Talk is made of few words, in any language: a sentence in which no other word stands says
nothing that a search engine could look for. ``words.yaml`` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal

from .words import has_word, kind_of, pattern, tables, words

_LONGEST: Final = 400
"""Characters of a sentence of talk."""

_SHORT_WORD: Final = 5
"""Characters of an answer of one word, such as ``Nein.``; of Chinese, a sentence has more."""

_EDGES: Final = " .()[]*_\"'!-–—"
_UNSPACED: Final = ("zh", "ja", "ko", "th")
_WORD: Final = re.compile(r"[^\s!\"#$%&()*+,./:;<=>?@\[\]\\^_`{|}~…。，、！？؟،；：।“”«»„¿¡\-–—]+")
_SENTENCE: Final = re.compile(r"[^.!?。！？।\n]*(?:[.!?।]+(?=\s|[*_\"')\]]|$)|[。！？]+|[.]|\n|$)")
_SPEAKER: Final = re.compile(r"^\W*(?:assistant|ai)\s*:\s*", re.I)
_ENDED: Final = re.compile(r"[.!?。！？।…][\"')\]*_ ]*$")
_REASON: Final = re.compile(r"\s(?:\(|[-–—]\s)([^()\n]{3,200})\)?\W*$")
"""What stands in brackets, or behind a dash, at the end: ``N/A (already standalone)``."""

_MENTIONED: Final = re.compile(r"\w\s+[\"“][^\"“”]+[\"”]\s+\w")
"""A quotation that a sentence goes on around: what it says is spoken of."""

_ENDS: Final = (".", "!", "。", "！", ":", "：")

Verdict = Literal["refusal", "talk", ""]


@lru_cache(maxsize=1)
def _listed() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the words of talk by language, and by what they do in a sentence."""
    return {
        language: {role: tuple(str(its).casefold().split()) for role, its in roles.items()}
        for language, roles in tables()["talk"].items()
    }


@lru_cache(maxsize=1)
def _spaced() -> tuple[Mapping[str, list[tuple[str, str]]], Sequence[str]]:
    """Return language and role of words and of stems, ``help*``, and all languages with spaces.

    The languages are in the order of ``words.yaml``.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    languages = [language for language in _listed() if language not in _UNSPACED]
    for language in languages:
        for role, its in _listed()[language].items():
            for word in its:
                found.setdefault(word, []).append((language, role))
    return found, languages


@lru_cache(maxsize=1)
def _unspaced() -> Sequence[tuple[Mapping[str, frozenset[str]], re.Pattern[str]]]:
    """Return what words do in each language without spaces, and a pattern that finds them."""
    found = []
    for language in _UNSPACED:
        roles: dict[str, frozenset[str]] = {}
        for role, its in _listed()[language].items():
            for word in its:
                roles[word] = roles.get(word, frozenset()) | {role}
        longest_first = sorted(roles, key=len, reverse=True)
        found.append((roles, re.compile("|".join(map(re.escape, longest_first)))))
    return found


@lru_cache(maxsize=1 << 15)
def _roles_of(word: str) -> Mapping[str, frozenset[str]]:
    """Return what a word does, by language; nothing where it is no talk."""
    found = _roles_as_listed(word)
    before, joint, after = word.partition("'")
    if joint:  # j'ai
        first, second = _roles_as_listed(before + joint), _roles_as_listed(after)
        first = _roles_as_listed(before) | first
        for language in (first.keys() & second.keys()) - found.keys():
            found[language] = first[language] | second[language]
    if kind_of(word) in ("rewrite", "query", "answer", "original"):
        return dict.fromkeys(_spaced()[1], frozenset({"of"})) | found
    return found


def _roles_as_listed(word: str) -> dict[str, frozenset[str]]:
    listed, _ = _spaced()
    stems = (f"{word[:end]}*" for end in range(1, len(word) + 1))
    found: dict[str, frozenset[str]] = {}
    for key in (word, *stems):
        for language, role in listed.get(key, ()):
            found[language] = found.get(language, frozenset()) | {role}
    return found


def _roles(sentence: str) -> Iterator[tuple[frozenset[str], bool]]:
    """Yield what the words of a sentence do, and whether they are unspaced, by language.

    A language in which one of them is no talk is left out; what is too long is none in any.
    """
    if len(sentence) > _LONGEST:
        return
    said = (word[0] for word in _WORD.finditer(sentence))
    found = dict(_roles_of(next(said, "")))
    for word in said:
        if not found:
            break
        its = _roles_of(word)
        found = {name: found[name] | its[name] for name in found.keys() & its.keys()}
    for language in _spaced()[1]:
        if language in found:
            yield found[language], False
    if sentence.isascii():
        return
    for of_word, pieces in _unspaced():
        if not has_word(pieces.sub("", sentence)):
            yield frozenset[str]().union(*map(of_word.__getitem__, pieces.findall(sentence))), True


@lru_cache(maxsize=1024)
def verdict(sentence: str) -> Verdict:
    """Say whether a sentence is made of talk alone, and whether it turns something down."""
    plain = straight(sentence).casefold()
    if not has_word(plain) or len(plain) > _LONGEST or _MENTIONED.search(plain):
        return ""
    alone = len(plain) <= _SHORT_WORD and len(words(plain)) == 1  # "No." may be the answer
    for roles, unspaced in _roles(plain):
        ended = unspaced or _ENDED.search(plain) is not None
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


def is_of_query(text: str, query: str) -> bool:
    """Say whether an answer is but a sentence about the query: *This query is short*."""
    about = pattern("of this query").match(text) and is_prose(text)
    return bool(about) and not any(kind_of(word) == "query" for word in words(query))


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
        said = " ".join([*sentences(said)][:-1])  # the last was cut
    return bool(pattern("comment").match(said)) and (says_of(said) or verdict(said) != "")


def says_of(text: str) -> bool:
    """Say whether a text speaks of queries, or of what is done to them."""
    kinds = {kind_of(word) for word in words(text)}
    if kinds & {"rewrite", "query", "terms", "original", "aside"}:
        return True
    return bool(pattern("edit").search(text))


def made_of_talk(text: str) -> bool:
    """Say whether there is no word of content in a text."""
    return any(roles for roles, _ in _roles(straight(text).casefold()))


def names_an_answer(text: str) -> bool:
    """Say whether talk in front of a colon leads to an answer, and does not only say no."""
    found = (roles for roles, _ in _roles(straight(text).casefold()))
    return any("of" in roles or (roles and "no" not in roles) for roles in found)


def is_topical(word: str) -> bool:
    """Say whether a word is one to search for: no talk, and no name of answers."""
    return kind_of(word) is None and not made_of_talk(word)


def is_prose(text: str) -> bool:
    """Say whether a text ends as a sentence does."""
    return text.rstrip("\"'”’»)*_ ").endswith(_ENDS)
