"""Answers that are error messages: of a server, a proxy or a program in front of the model."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import Final

from .words import words

_READ: Final = 2000
"""Characters of an answer in which a page of an error says so."""

_PHRASES: Final = [status.phrase for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST]
_PHRASE: Final = "|".join(re.escape(phrase) for phrase in _PHRASES if " " in phrase)
_MESSAGE: Final = re.compile(
    rf"(?:http(?:/[\d.]+)?\W+)?[45]\d\d\W{{1,3}}(?:{_PHRASE})\b"
    r"|(?:http |server )?error(?: code| status)?\W{1,3}[45]\d\d\b"
    rf"|(?:error\W{{1,3}})?(?:{_PHRASE})\W*\Z"
    r"|upstream (?:connect error|request timeout)\b|no healthy upstream\W*\Z"
    r"|stream (?:timeout|closed)\W*\Z|traceback \(most recent call last\)"
    r"|error\]|(?:an )?(?:unexpected |internal |unknown )?error (?:has )?occurred(?:\W*\Z|[:.,!])"
    r"|(?:\w+ )?api error\W|(?:the )?request timed out\W*\Z"
    r"|(?:(?:error|exception)\W{1,5}|\w+(?:\.\w+)*\.)\w+(?:error|exception)\b"
    r"|object object\Z|(?:data:\W*)?done\W*\Z",
    re.I,
)
_PAGE: Final = re.compile(r"[45]\d\d\b[\w ]{0,40}")
_TAG: Final = re.compile(r"<[^<>]*>")


def is_failure(text: str, query: str = "") -> bool:
    """Say whether an answer is an error message, and not about one: the query speaks of none.

    Example:
        >>> is_failure("Error: 500 Internal Server Error", "red sofa")
        True
        >>> is_failure("500 Internal Server Error", "what is a 500 internal server error")
        False
    """
    if text[:1] == "{" and _is_error_body(text):
        return True
    begin = _TAG.sub(" ", text[:_READ]).strip(" \n\t\"'`*#{}[]")
    is_page = text[:1] == "<" and "html" in text[:200].casefold()
    found = _MESSAGE.match(begin) or (_PAGE.match(begin) if is_page else None)
    if not found:
        return False
    named = _tokens(found[0])
    return 2 * len(named & _tokens(query)) < len(named)


def _is_error_body(text: str) -> bool:
    """Say whether a text is a JSON object whose one field of content is an error."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return False
    error = body.get("error")
    if isinstance(body.get("detail"), str):
        return _MESSAGE.fullmatch(body["detail"]) is not None
    return isinstance(error, dict | str) and bool(error) and len(body) <= 3


def _tokens(text: str) -> set[str]:
    return {*words(text), *re.findall(r"\d+", text)}
