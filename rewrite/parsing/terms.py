"""Terms on one line: what stands between them, and what is said of each."""

from __future__ import annotations

import re
from typing import Final

from ..text.analysis import words_of
from .talk import is_prose, sentences
from .words import kind_of, pattern, words

LONGEST_LIST: Final = 8
"""Words of a sentence that may be terms with nothing but *and* between them."""

_LISTED: Final = re.compile(r"[;|，、；،؛\t]\s*|,(?!\d)\s*|\s+(?:OR|AND|\|\|)\s+")
_LOOSE: Final = (
    re.compile(r"\s*[·•→▪●]\s*|\s+[-–—+&/]\s+"),
    re.compile(r"\s+(?:and|or|und|oder|et|ou|y|o|e|и|или)\s+"),
)
_WRAP: Final = re.compile(r"[(\[{]([^()\[\]{}]*)[)\]}]\.?")
_WRAPPED: Final = re.compile(r"(?:[\[<(\"“][^\[\]<>()\"“”]+[\]>)\"”][\s.]*){2,}")
_QUOTED: Final = re.compile(r"[\"“]([^\"“”]{2,200})[\"”]")
_ONE_WRAPPED: Final = re.compile(r"[\[<(\"“]([^\[\]<>()\"“”]+)[\]>)\"”]")
_BOOSTED: Final = re.compile(r"(?:\S+?\^\d+(?:\.\d+)?(?:\s+|$)){2,}")
_WEIGHT: Final = re.compile(
    r"\s*(?:[\^=:(\[|]|\s[-–—]|\s)\s*(?:[01]?\.\d+|1|0|\d{1,3}\s?%)\s*[)\]]?$|[\^:]\d+(?:\.\d+)?$"
)
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?%?")
_GLOSS: Final = re.compile(r"(?<=\S)\s+(?:[-–—]\s+\S.*|\([^()]*\))$")
_HEAD: Final = re.compile(r"([^,;|:：、，；،]{1,40})(?::\s|：)\s*(?=[^\d\s])")
_LAST_TWO: Final = re.compile(
    r"(\w[\w-]* ?[\w-]*)\s+(?:and|or|und|oder|et|ou|y|e|и)\s+(\w[\w -]*)\."
)
_JOINT: Final = re.compile(r"^(?:and|or|und|oder|et|ou|y|o|e|и)\s+", re.I)
_MORE: Final = re.compile(
    r"(?:\s*(?:…|\.\.\.|等等?)|,?\s+(?:and|or) (?:so on|so forth|more|others|the like))[.。]?$",
    re.I,
)
_OF: Final = re.compile(r"(\w+) (?:of|for|to) [^:：]{1,60}[:：]\s*")


def terms_of(text: str) -> list[str]:
    """Split a line of terms.

    Example:
        >>> terms_of("sofa, couch, and settee")
        ['sofa', 'couch', 'settee']
    """
    if (match := _OF.match(text)) and kind_of(match[1]) == "terms":
        text = text[match.end() :]
    text = _MORE.sub("", text)
    if wrapped := _WRAP.fullmatch(text):
        text = wrapped[1]
    said = text.split()
    if len(said) > 1 and (mark := said[0][0]) in "#+" and all(w.startswith(mark) for w in said):
        return [word[1:].rstrip(",;") for word in said]
    if _WRAPPED.fullmatch(text):
        return _ONE_WRAPPED.findall(text)
    if _BOOSTED.fullmatch(text):
        return said
    parts = [_JOINT.sub("", part) for part in _LISTED.split(_unheaded(text))]
    if len(parts) > 1 and (match := _LAST_TWO.fullmatch(parts[-1])):
        parts[-1:] = [match[1], match[2]]  # a sentence of terms
    for separator in _LOOSE:
        if len(parts) == 1 and not (is_prose(text) and len(said) > LONGEST_LIST):
            parts = separator.split(text)
    return [*parts[:-1], parts[-1].rstrip(".。")] if len(parts) > 1 else parts


def _unheaded(text: str) -> str:
    """Return a list of terms without a label, in whatever language: a title goes on in capitals."""
    match = _HEAD.match(text)
    rest = text[match.end() :] if match else ""
    if not rest or rest[0].isupper() or ":" in rest or len(_LISTED.split(rest)) < 2:
        return text
    return rest


def without_search(text: str, query: str) -> list[str]:
    """Return what a text says, or of its sentences about the search what they quote.

    Example:
        >>> without_search('The search for sofas is more precise with "red".', "sofas")
        ['red']
        >>> without_search("The search is hard. red sofa", "sofas")
        ['red sofa']
    """
    asked = {kind_of(word) for word in words(query)}
    if not _is_of_search(text) or asked & {"query", "terms"}:
        return [text]
    found: list[str] = []
    for sentence in sentences(text):
        if _is_of_search(sentence):
            found += [its for its in _QUOTED.findall(sentence) if words_of(its) != words_of(query)]
        else:
            found.append(sentence)
    return found


def _is_of_search(text: str) -> bool:
    return any(pattern(name).match(text) for name in ("searching", "of this query"))


def plain_terms(terms: list[str]) -> list[str]:
    """Return terms without their weights, glosses and brackets, and without what fills a list."""
    terms = [term for term in terms if not pattern("filler").fullmatch(term)]
    if len(terms) > 1:
        numbers = [term for term in terms if _NUMBER.fullmatch(term)]
        if 2 * len(numbers) == len(terms):  # every other one is a weight
            terms = [term for term in terms if term not in numbers]
        for said in (_WEIGHT, _GLOSS):
            bare = [said.sub("", term) for term in terms]
            told_apart = len(set(bare)) < len(set(terms))  # New York (state), New York (city)
            if all(map(said.search, terms)) and not told_apart:
                terms = bare
        terms = [*terms[:-1], _GLOSS.sub("", terms[-1])] if _is_remark(terms[-1]) else terms
    return [_unwrapped(term) for term in terms]


def _unwrapped(term: str) -> str:
    match = _ONE_WRAPPED.fullmatch(term)
    return match[1] if match else term


def _is_remark(term: str) -> bool:
    """Say whether a term ends with a remark in brackets: ``couch (these are synonyms)``."""
    match = _GLOSS.search(term)
    return (
        bool(match) and match is not None and len(match[0].split()) > 2 and match[0].endswith(")")
    )
