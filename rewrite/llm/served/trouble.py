"""Says what a failed try means, by what the server says and not by its status alone."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from .connection import Raw, RedirectError, TooLongError
from .waits import asked_wait


class Concerns(Enum):
    """How far a trouble reaches."""

    NOW = "the same request may work a little later"
    REQUEST = "this request will never work, others may"
    ALL = "no request will work"
    FIRST = "no request will work, unless others did: then this one alone will not"


class Cause(Enum):
    """What a trouble tells about the server."""

    OTHER = "nothing"
    NOBODY = "there is none"
    LATE = "it did not answer in time"
    BUSY = "it has too much to do"
    LIMIT = "it was asked too often"
    FILTER = "it held an answer back, and may not hold back another"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed try.

    Attributes:
        text: What happened, and what to do about it where that is known.
        concerns: How far it reaches.
        wait: Seconds that the server asks to wait.
        cause: What it tells about the server.
        said: What the server says; empty if it said nothing about the request itself.
        parameter: The request parameter that the server names in a field for it.
        tokens: Read and written all the same, and paid for.
        answered: Whether the model answered, so that the prompt was read, whatever is counted.
    """

    text: str
    concerns: Concerns
    wait: float = 0.0
    cause: Cause = Cause.OTHER
    said: str = ""
    parameter: str = ""
    tokens: tuple[int, int] = (0, 0)
    answered: bool = False


class TroubleError(Exception):
    """Raised where an answer was expected."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.text)
        self.trouble = trouble


_PASSING: Final = frozenset({408, 409, 425, 429, 498, 499})
_UNSUPPORTED: Final = frozenset({"unsupported_parameter", "unsupported_value"})
SAYING: Final = ("message", "detail", "msg", "errors", "error_message", "error_description")
"""Fields that may hold what went wrong."""

_MARKS: Final = frozenset({"code", "type", "status", "statusCode", "error_type", "__type"})
"""Fields that may hold what an error is called, or the status that it should have had."""

_BUSY: Final = frozenset({503, 529})

_KEY = re.compile(
    r"(?:invalid|incorrect|wrong|missing|bad|expired|revoked|unknown|no|not.{0,9}valid"
    r"|n[o']t provide(?:d)?|must provide|provide a valid)[^.:]{0,20}"
    r"(?:api[ _-]?key|access token|bearer|credentials|authentication|authorization)"
    r"|(?:api[ _-]?key|access token|credentials)"
    r"[^.:]{0,40}(?:invalid|incorrect|not valid|expired|missing|required|revoked|not found)"
    r"|authentication[ _]?(?:failed|error|fails)|authori[sz]ation header"
    r"|header\W+authori[sz]ation|unauthenticated|unauthorized|invalid_api_key"
    r"|token (?:is |has )?(?:expired|been revoked|invalid)\b",
    re.I,
)
_MODEL = re.compile(
    r"\bmodel\b(?:[^.]|\.(?=\S)){0,100}?(?:not (?:be )?(?:found|exist|available|loaded|served)"
    r"|doesn't exist|is unknown|isn't available)|model ['\"`][^'\"`]+['\"`] is not supported"
    r"|(?:no such|unknown|invalid|unsupported) model|no model named|model_not_found"
    r"|try pulling it|not a (?:valid|supported) model|model_decommissioned"
    r"|\bmodel (?:\S+ )?(?:has been|is|was) (?:deprecated|retired|decommissioned|discontinued)"
    r"|模型不存在|unexpected endpoint",
    re.I,
)
_SOON = re.compile(r"loading|currently|temporar|\byet\b|moment|overload|busy|again", re.I)
_LIMITED = re.compile(
    r"rate[ _-]?limit|too[ _]many[ _]requests|throttl|resource[ _](?:has been )?exhausted", re.I
)
_OVERLOADED = re.compile(
    r"overload|at capacity|(?:server|model|llm|currently) (?:is )?busy|no slots? available"
    r"|\bqueue (?:is )?full|pending requests",
    re.I,
)
_CRASHED = re.compile(r"\bmodel (?:has |was |got )?(?:crashed|unloaded)\b", re.I)
_BAD_REQUEST = re.compile(
    r"invalid_request|bad_?request|validation|context_length|invalid_argument|content_filter"
    r"|unprocessable",
    re.I,
)
_CREDIT = re.compile(
    r"insufficient[ _](?:account )?(?:quota|credits?|balance|funds)|credit balance is too low"
    r"|out of credits?|budget[ _](?:has been |was |is )?exceeded|arrearage|\brecharge\b"
    r"|exceeded_current_quota_error|\bkey limit exceeded|spend(?:ing)?[ _]limit"
    r"|billing[ _](?:hard[ _]limit|not[ _]active)|account is (?:not active|suspended)"
    r"|余额不足|欠费",
    re.I,
)
_FIREWALL = re.compile(
    r"<html|<!doctype|moderation|flagged|firewall|safety|content[ _](?:policy|filter)|blocked", re.I
)

_CHECK_KEY: Final = "the server refused the key: pass api_key=, or set OPENAI_API_KEY"
_CHECK_MODEL: Final = (
    "no such model or address: check the model's name and base_url (it often ends in /v1)"
)
_ADVICE: Final = {
    300: "the server sends requests elsewhere, and does not say where: check base_url",
    401: _CHECK_KEY,
    402: "the account has no credit left",
    403: "this key may not use this model: pass another api_key=, or set OPENAI_API_KEY",
    404: _CHECK_MODEL,
    405: "no chat completions at this address: check base_url (it often ends in /v1)",
    407: "a proxy stands before the server and asks for a password: see HTTPS_PROXY",
    410: _CHECK_MODEL,
}


def judge_failure(error: Exception, *, timeout: float) -> Trouble:
    """Say what an exception of the connection means.

    Args:
        error: What posting a request raised.
        timeout: The limit that was set, in seconds, for the message.
    """
    import aiohttp

    text = shorten(str(error)) or type(error).__name__
    if isinstance(error, TroubleError):
        return error.trouble
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return Trouble(f"no connection: {text}", Concerns.NOW, cause=Cause.NOBODY)
    if isinstance(error, asyncio.TimeoutError):
        return Trouble(f"no answer within {timeout:g} s", Concerns.NOW, cause=Cause.LATE)
    if isinstance(error, RedirectError):
        return Trouble(text, Concerns.FIRST)
    if isinstance(error, aiohttp.InvalidURL):
        return Trouble(f"base_url is no address: {text}", Concerns.ALL)
    if isinstance(error, TooLongError):
        return Trouble(text, Concerns.REQUEST)
    if isinstance(error, (aiohttp.ClientError, OSError)):
        return Trouble(f"the connection broke: {text}", Concerns.NOW)
    return Trouble(f"{type(error).__name__}: {text}", Concerns.REQUEST)


def judge_refusal(raw: Raw, body: object = None) -> Trouble:
    """Say what an answer means that is none.

    Args:
        raw: What the server sent.
        body: Its content, where that is known; else it is read as JSON.
    """
    body = _load(raw.text) if body is None else body
    body = body[0] if isinstance(body, list) and body else body
    error = as_dict(as_dict(body).get("error", body))
    code = str(error.get("code") or error.get("type") or "")
    said = message_of(body) if body is not None else shorten(raw.text)
    named = " ".join([str(one[name]) for one in (error, as_dict(body)) for name in _MARKS & {*one}])
    status = _status(raw.status, named, said)
    text = f"status {raw.status}: {said or 'no message'}"
    if raw.status == 200:
        text = f"an error in place of an answer: {said or 'no message'}"
    every = f"{named} {said}"
    if status == 402 or _CREDIT.search(every):
        return Trouble(f"{_ADVICE[402]} ({text})", Concerns.ALL)
    if status in (401, 403) and _FIREWALL.search(raw.text[:4000]) and not _KEY.search(every):
        return Trouble(f"the server refused this prompt ({text})", Concerns.REQUEST)
    passing = status in _PASSING or status >= 500
    advice = None if status == 429 or (passing and _SOON.search(said)) else _advice(status, every)
    if advice is not None:
        return Trouble(f"{advice} ({text})", Concerns.FIRST)
    if passing:
        cause = Cause.LIMIT if status == 429 else Cause.BUSY if status in _BUSY else Cause.OTHER
        wait = asked_wait(raw.headers, raw.text[:20_000], limited=status == 429)
        return Trouble(text, Concerns.NOW, wait, cause, said=said)
    parameter = str(error.get("param") or "") if code in _UNSUPPORTED else ""
    cause = Cause.FILTER if _FIREWALL.search(every) else Cause.OTHER
    return Trouble(text, Concerns.REQUEST, cause=cause, said=said, parameter=parameter)


def judge_error(body: dict[str, Any]) -> Trouble:
    """Say what an error means that stands in an answer."""
    return judge_refusal(Raw(200, json.dumps(body), {}), body)


def _status(status: int, named: str, said: str) -> int:
    """Return the status that says what happened, where a server sends another.

    Args:
        status: The one that was sent; 200 if there is no answer all the same.
        named: What the server calls the error.
        said: What it says about it.
    """
    if status == 200:
        number = re.search(r"\b[45]\d\d\b", named) or re.match(r"[45]\d\d\b", said)
        status = int(number[0]) if number else 500
        if not number and _BAD_REQUEST.search(named):
            status = 400
        elif not number and re.search("not_?found", named, re.I):
            status = 404
    if status in (401, 402, 404, 405, 407) or status in _BUSY:
        return status
    if _LIMITED.search(f"{named} {said}"):
        return 429
    if _CRASHED.search(said):  # and is loaded anew
        return 500
    return 503 if _OVERLOADED.search(f"{named} {said}") and status != 429 else status


def _advice(status: int, said: str) -> str | None:
    if _KEY.search(said):
        return _CHECK_KEY
    if _MODEL.search(said):
        return _CHECK_MODEL
    return _ADVICE.get(300 if status // 100 == 3 else status)


def message_of(body: object) -> str:
    """Return the message of an error body, in whichever of the usual places it stands."""
    if isinstance(body, list) and body:
        body = body[0]
    error = as_dict(body).get("error") or body
    if isinstance(error, (bool, str)) and any(as_dict(body).get(name) for name in SAYING):
        title = f"{error}: " if isinstance(error, str) else ""
        rest = {name: value for name, value in as_dict(body).items() if name != "error"}
        return shorten(title + message_of(rest))
    fields = as_dict(error)
    message = next((fields[name] for name in SAYING if fields.get(name)), error)
    if isinstance(message, list):  # of fields that were checked, each with its place
        message = "; ".join(map(_of_field, message))
    return shorten(message if isinstance(message, str) else json.dumps(message, default=str))


def _of_field(detail: object) -> str:
    fields = as_dict(detail)
    places = fields.get("loc")
    place = ".".join(map(str, places)) if isinstance(places, list) else ""
    said = str(fields.get("msg") or fields.get("message") or detail)
    return f"'{place}': {said}" if place else said


def shorten(text: str, *, max_chars: int = 300) -> str:
    """Return a text on one line, without control characters, cut where it gets long."""
    visible = "".join([c if c.isprintable() else " " for c in text[: 8 * max_chars]])
    line = " ".join(visible.split())
    return line if len(line) <= max_chars else f"{line[:max_chars]}…"


def as_dict(value: object) -> dict[str, Any]:
    """Return a value that is a dict, and an empty one in place of any other."""
    return value if isinstance(value, dict) else {}


def _load(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
