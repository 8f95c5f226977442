"""Reads what an OpenAI-compatible server sent, without trusting it: an answer, or trouble."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ..base import Completions

if TYPE_CHECKING:
    from openai import APIStatusError

_PASSING_STATUSES: Final = frozenset({408, 409, 425, 429})

_UNSUPPORTED: Final = frozenset({"unsupported_parameter", "unsupported_value"})

_SCHEMA_NAMES: Final = ("response_format", "json_schema", "structured output")

_ADVICE: Final = {
    401: "the server refused the key: pass api_key=, or set OPENAI_API_KEY",
    402: "the account has no credit left",
    403: "this key may not use this model: pass another api_key=, or set OPENAI_API_KEY",
    404: "no such model or address: check the model's name and base_url (it often ends in /v1)",
    405: "no chat completions at this address: check base_url (it often ends in /v1)",
}
"""Statuses that concern every request, and what to do about them."""


class UnreadableReplyError(Exception):
    """The server said 200, but sent no chat completion."""


def read_reply(raw: str) -> Completions:
    """Read the body of an answer.

    Returns:
        The texts of the choices that have one, without what a model thought aloud in a field of
        its own (``reasoning_content``); if none has, ``error`` says why. Tokens are 0 if the
        server does not count them.

    Raises:
        UnreadableReplyError: If it is not JSON, is an error in disguise, or has no choices.
    """
    try:
        body = json.loads(raw)
    except ValueError:
        raise UnreadableReplyError(f"the answer is not JSON: {shorten(raw)}") from None
    body = _dict(body)
    if body.get("error"):
        raise UnreadableReplyError(f"an error in place of an answer: {message_of(body)}")
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise UnreadableReplyError(f"the answer has no choices: {shorten(raw)}")
    usage = _dict(body.get("usage"))
    reply = Completions([], _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))
    for choice in map(_dict, choices):
        message = _dict(choice.get("message"))
        text = _text(message.get("content"))
        finish = choice.get("finish_reason")
        reply.cut = reply.cut or finish == "length"
        if text is not None:
            reply.texts.append(text)
        elif message.get("refusal"):
            reply.error = f"the model refused: {shorten(str(message['refusal']))}"
        else:
            reply.error = f"the answer has no text (finish_reason {finish!r})"
    if reply.texts:
        reply.error = None
    return reply


def message_of(body: object) -> str:
    """Return the message of an error body, in whichever of the usual places it stands."""
    error = _dict(body).get("error", body)
    message = _dict(error).get("message") or _dict(error).get("detail")
    return shorten(str(message or error))


def shorten(text: str, *, max_chars: int = 300) -> str:
    """Return a text on one line, cut where it gets long."""
    line = " ".join(text.split())
    return line if len(line) <= max_chars else f"{line[:max_chars]}…"


def _text(content: object) -> str | None:
    if isinstance(content, list):  # some servers send parts, thoughts among them
        parts = [_dict(part) for part in content]
        return "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
    return content if isinstance(content, str) else None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(usage: dict[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


class Concerns(Enum):
    """How far a trouble reaches."""

    NOW = "the same request may work a little later"
    REQUEST = "this request will never work, others may"
    ALL = "no request will work"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed try.

    Attributes:
        text: What happened, and what to do about it where that is known.
        concerns: How far it reaches.
        wait: Seconds that the server asks to wait.
        parameter: The request parameter that the server does not take.
        unreachable: Whether no server was there to answer.
    """

    text: str
    concerns: Concerns
    wait: float = 0.0
    parameter: str | None = None
    unreachable: bool = False


def judge(error: Exception, *, timeout: float) -> Trouble:
    """Say what an exception of the client means.

    Args:
        error: What sending a request or reading its answer raised.
        timeout: The limit that was set, in seconds, for the message.
    """
    import aiohttp
    import openai

    if isinstance(error, openai.APIStatusError):
        return _judge_status(error)
    if isinstance(error, UnreadableReplyError):
        return Trouble(str(error), Concerns.NOW)
    # the client calls most of what happens to a connection a timeout: the causes tell the truth
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    text = shorten(str(causes[-1])) or type(causes[-1]).__name__
    if any(isinstance(cause, aiohttp.ClientConnectorError) for cause in causes):
        return Trouble(f"no connection: {text}", Concerns.NOW, unreachable=True)
    if any(isinstance(cause, asyncio.TimeoutError) for cause in causes):
        return Trouble(f"no answer within {timeout:g} s", Concerns.NOW)
    if isinstance(error, (openai.APIConnectionError, aiohttp.ClientError)):
        return Trouble(f"the connection broke: {text}", Concerns.NOW)
    return Trouble(f"{type(error).__name__}: {shorten(str(error))}", Concerns.REQUEST)


def _judge_status(error: APIStatusError) -> Trouble:
    status = error.status_code
    said = message_of(error.body) if error.body else shorten(error.response.text)
    text = f"status {status}: {said or 'no message'}"
    if status in _ADVICE or error.code == "insufficient_quota":
        return Trouble(f"{_ADVICE.get(status, _ADVICE[402])} ({text})", Concerns.ALL)
    if status in _PASSING_STATUSES or status >= 500:
        return Trouble(text, Concerns.NOW, wait=asked_wait(error.response.headers))
    parameter = error.param if error.code in _UNSUPPORTED else None
    if "max_completion_tokens" in said and "not supported" in said:  # only in words
        parameter = "max_tokens"
    if any(name in said for name in _SCHEMA_NAMES) or (parameter or "").startswith(
        "response_format"
    ):
        parameter = "response_format"
    if parameter:
        advice = f"leave it to the server with extra_body={{{parameter!r}: None}}"
        return Trouble(f"{text}; {advice}", Concerns.ALL, parameter=parameter)
    return Trouble(text, Concerns.REQUEST)


def asked_wait(headers: Mapping[str, str], *, now: datetime | None = None) -> float:
    """Return how many seconds a server asks to wait before the next try; 0 if it does not.

    Args:
        headers: Response headers. ``retry-after-ms`` holds milliseconds, ``retry-after`` seconds
            or an HTTP date.
        now: The time that a date is compared with; None is the present.
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / unit
        except ValueError:
            try:
                date = parsedate_to_datetime(value)
            except ValueError:
                continue
            if date.tzinfo is None:
                date = date.replace(tzinfo=timezone.utc)
            seconds = (date - (now or datetime.now(timezone.utc))).total_seconds()
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return 0.0
