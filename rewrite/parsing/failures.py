"""Answers that are error messages: of a server, a proxy or a program in front of the model."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from ..text.analysis import content_words
from .words import pattern, words

_READ: Final = 2000
"""Characters of an answer in which a page of an error says so."""

_PHRASES: Final = [status.phrase for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]
_PHRASE: Final = "|".join(re.escape(phrase) for phrase in _PHRASES if " " in phrase)
_MESSAGE: Final = re.compile(
    rf"(?:http(?:/[\d.]+)?\W+)?[45]\d\d\W{{1,3}}(?:{_PHRASE})\b"
    r"(?=\W*\Z|\s?[:.;,\n(<-]|\s+(?:nginx|cloudflare|for url|from|while|error)\b)"
    r"|(?:http |server )?error(?: code| status)?\W{1,3}[45]\d\d\b|error code: \d{3,4}\W*\Z"
    rf"|(?:error\W{{1,3}})?(?:{_PHRASE})\W*\Z"
    r"|upstream (?:connect error|request timeout)\b|no healthy upstream\W*\Z"
    r"|stream (?:timeout|closed)\W*\Z|traceback \(most recent call last\)"
    r"|error\]|(?:an )?(?:unexpected |internal |unknown )?error (?:has )?occurred(?:\W*\Z|[:.,!])"
    r"|(?:\w+ )?api error\W|(?:the )?request timed out\W*\Z"
    r"|(?:(?:error|exception)\W{1,5}|\w+(?:\.\w+)*\.)\w+(?:error|exception)\b"
    r"|object object\Z|(?:data:\W*)?done\W*\Z",
    re.I,
)
_STATUS: Final = re.compile(r"[45]\d\d\W{1,3}((?:[\w-]+ ?){1,6})\.?\Z")
_OF_STATUS: Final = frozenset(
    word for phrase in _PHRASES for word in re.findall(r"\w+", phrase.casefold())
) | frozenset("server temporarily time out overloaded exceeded limit reached busy".split())
"""Words of which a line of status is made."""

_BODY: Final = frozenset(
    "error errors detail details message msg code type status statuscode object param success ok "
    "fault faultstring errorcode title path timestamp requestid traceid retryafter".split()
)
"""Fields of what a server says of an error."""

_REASON: Final = re.compile(r"(?:fatal )?(?:error|exception|warning|fehler|erreur): +(?=\S)", re.I)
_PAGE: Final = re.compile(r"\s*(?:<!doctype html|<html)\b", re.I)
_XML_BODY: Final = re.compile(
    r"\s*(?:<\?xml\b[^<>]*\?>\s*)?<(?:\w+:)?(?:error|errors|fault|exception|envelope)\b", re.I
)
_OUT_OF_SIGHT: Final = re.compile(r"<(script|style)\b.*?</\1>", re.I | re.S)
_TAG: Final = re.compile(r"<[^<>]*>")


@lru_cache(maxsize=256)  # an answer is looked at before and while it is read
def is_failure(text: str, query: str = "") -> bool:
    """Say whether an answer is an error message, and not about one: the query speaks of none.

    Example:
        >>> is_failure("Error: 500 Internal Server Error", "red sofa")
        True
        >>> is_failure("500 Internal Server Error", "what is a 500 internal server error")
        False
    """
    if text[:1] == "{" and _is_error_body(text, query):
        return True
    begin = _TAG.sub(" ", text[:_READ]).strip(" \n\t\"'`*#{}[]")
    if _XML_BODY.match(text) or _PAGE.match(text):  # a page of a sign-in may be in the way
        return _is_strange(_TAG.sub(" ", _OUT_OF_SIGHT.sub(" ", text[:_READ])), query)
    if (reason := _REASON.match(begin)) and "\n" not in begin:
        return _is_strange(begin[reason.end() :], query)
    if pattern("failure").match(begin) and _is_strange(begin[:200], query):
        return True
    found = _MESSAGE.match(begin) or _status(begin)
    if not found:
        return False
    named = _tokens(found[0])
    return 2 * len(named & _tokens(query)) < len(named)


def _status(begin: str) -> re.Match[str] | None:
    """Return a line of status whatever the server calls it: ``504 Gateway Time-out``."""
    found = _STATUS.match(begin)
    known = found and _OF_STATUS.issuperset(re.findall(r"\w+", found[1].casefold()))
    return found if known else None


def _is_strange(text: str, query: str) -> bool:
    """Say whether a text has nothing to do with the query."""
    return bool(query) and content_words(text).isdisjoint(content_words(query))


def _is_error_body(text: str, query: str) -> bool:
    """Say whether a text is a JSON object that says nothing but an error."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return False
    error = body.get("error")
    names = {re.sub(r"[^a-z]", "", name.casefold()) for name in body}
    said = " ".join(entry for entry in body.values() if isinstance(entry, str))
    if names and names <= _BODY:
        return _is_strange(said, query)
    return isinstance(error, dict | str) and bool(error) and len(body) <= 3


def _tokens(text: str) -> set[str]:
    return {*words(text), *re.findall(r"\d+", text)}
