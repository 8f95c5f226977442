"""Reads what an OpenAI-compatible server sent, without trusting it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


class UnreadableReplyError(Exception):
    """The server said 200, but sent no chat completion."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One chat completion.

    Attributes:
        texts: The texts of the choices that have one; what a model thought aloud in a field of
            its own (``reasoning_content``) is left out.
        prompt_tokens: Tokens read; 0 if the server does not say.
        completion_tokens: Tokens written; 0 if the server does not say.
        cut: Whether a choice ended at the token limit.
        no_text: Why a choice has no text; empty if all have.
    """

    texts: list[str]
    prompt_tokens: int
    completion_tokens: int
    cut: bool
    no_text: str


def read_reply(raw: str) -> Reply:
    """Read the body of an answer.

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
    texts: list[str] = []
    cut, no_text = False, ""
    for choice in map(_dict, choices):
        message = _dict(choice.get("message"))
        text = _text(message.get("content"))
        finish = choice.get("finish_reason")
        cut = cut or finish == "length"
        if text is not None:
            texts.append(text)
        elif message.get("refusal"):
            no_text = f"the model refused: {shorten(str(message['refusal']))}"
        else:
            no_text = f"the answer has no text (finish_reason {finish!r})"
    usage = _dict(body.get("usage"))
    return Reply(
        texts,
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        cut,
        no_text,
    )


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


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
