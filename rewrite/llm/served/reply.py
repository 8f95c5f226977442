"""Reads what an OpenAI-compatible server sent as an answer, without trusting it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from ..base import Completions, Sampling
from ..local.decoding import cut_at
from ..tokens import estimated_tokens
from .trouble import SAYING, Cause, Concerns, Trouble, TroubleError, as_dict, shorten

_CUT: Final = frozenset(
    {"length", "max_tokens", "model_length", "max_output_tokens", "token_limit", "limit", "max"}
)
"""How servers say that a completion reached its limit; all else is an end, or one of these:"""

_FILTERED: Final = frozenset(
    {"content_filter", "safety", "sensitive", "recitation", "prohibited_content", "blocklist"}
    | {"refusal", "content_filtered", "spii", "guardrail_intervened"}
)
_BROKEN: Final = frozenset({"error", "abort", "aborted", "network_error", "cancelled"})

_TAG = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)"
_THOUGHTS = re.compile(
    rf"[<\[◁]{_TAG}[>\]▷].*?(?:[<\[◁]/{_TAG}[>\]▷]|\Z)"
    r"|<\|channel\|>\s*(?:analysis|commentary)\b.*?(?=<\|channel\|>\s*final\b|\Z)",
    re.S | re.I,
)

_ONE_CHOICE: Final = 0.55
"""Share of the estimated tokens below which a server counted the first choice alone."""


@dataclass(slots=True)
class Reply:
    """What one request brought.

    Attributes:
        answer: The texts, those that were filtered or are empty left out.
        choices: How many texts there were with those.
    """

    answer: Completions
    choices: int


def read_reply(raw: str, sampling: Sampling) -> Reply:
    """Read the body of an answer.

    What a model thought aloud in a field of its own (``reasoning_content``) is left out, and so
    is what follows a text that should have ended the completion. Tokens are 0 if the server does
    not count them.

    Args:
        raw: The body: JSON, or the events of a stream that nobody asked for.
        sampling: What was asked for.

    Raises:
        TroubleError: If there is no text in it: an error in disguise, half an answer, nothing.
    """
    body = _parse(raw)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        raise _passing(f"the answer has no choices: {shorten(raw)}")
    answer = Completions([])
    troubles: list[Trouble] = []
    for choice in map(as_dict, choices):
        read = _read_choice(choice, sampling)
        if isinstance(read, Trouble):
            troubles.append(read)
            continue
        answer.texts.append(read)
        answer.cut |= _finish(choice) in _CUT
    if not answer.texts:
        # what may come when asked again, if any of them may
        raise TroubleError(min(troubles, key=lambda trouble: trouble.concerns is not Concerns.NOW))
    _count_tokens(answer, as_dict(body.get("usage")))
    return Reply(answer, len(choices))


def _parse(raw: str) -> dict[str, Any]:
    text = raw.strip()
    if text.startswith(("data:", "event:", "id:", "retry:", ":")):
        return _join_events(text)
    try:
        body, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        raise _passing(f"the answer is not JSON: {shorten(raw)}") from None
    rest = text[end:].strip()
    if rest and not rest.startswith("data:"):  # some end a whole answer as a stream ends
        raise _passing(f"the answer is not JSON: {shorten(raw)}")
    return as_dict(body[0] if isinstance(body, list) and body else body)


def _join_events(text: str) -> dict[str, Any]:
    """Return the body that the events of a stream are parts of."""
    choices: dict[int, dict[str, Any]] = {}
    usage: object = None
    ended = False
    for line in text.splitlines():
        if not line.startswith("data:"):
            continue
        payload = line.removeprefix("data:").strip()
        if payload == "[DONE]":
            ended = True
            break
        try:
            event = as_dict(json.loads(payload))
        except (ValueError, RecursionError):
            raise _passing(f"a part of the answer is not JSON: {shorten(payload)}") from None
        if event.get("error"):
            return event
        usage = event.get("usage") or usage
        parts = event.get("choices")
        for part in map(as_dict, parts if isinstance(parts, list) else []):
            number = part.get("index") if isinstance(part.get("index"), int) else 0
            whole = choices.setdefault(number or 0, {"message": {}})
            said = as_dict(part.get("delta")) or as_dict(part.get("message")) or part
            for name in ("content", "text", "reasoning_content", "reasoning", "refusal"):
                if piece := _text(said.get(name)):
                    whole["message"][name] = whole["message"].get(name, "") + piece
            whole["finish_reason"] = part.get("finish_reason") or whole.get("finish_reason")
    ended = ended or all(choice.get("finish_reason") for choice in choices.values())
    if not choices or not ended:
        raise _passing(f"the answer broke off: {shorten(text[-200:])}")
    return {"choices": [choices[number] for number in sorted(choices)], "usage": usage}


def _read_choice(choice: dict[str, Any], sampling: Sampling) -> str | Trouble:
    """Return the text of a choice, or why there is none."""
    message = as_dict(choice.get("message")) or choice  # of a plain completion
    finish = _finish(choice)
    content = message.get("content")
    text = _text(message.get("text") if content is None else content)
    if finish in _BROKEN:
        return Trouble(f"the answer broke off (finish_reason {finish!r})", Concerns.NOW)
    if finish in _FILTERED:
        said = f"the answer was filtered (finish_reason {finish!r})"
        return Trouble(said, Concerns.NOW, cause=Cause.FILTER)
    if sampling.stop:
        text = cut_at(text.lstrip(), sampling.stop)[0]
    if text.strip() and _THOUGHTS.sub("", text).strip():
        return text
    if not text and (refusal := _text(message.get("refusal"))):
        return Trouble(f"the model refused: {shorten(refusal)}", Concerns.REQUEST)
    if finish in _CUT:
        return Trouble(
            f"the model thought for all of max_tokens={sampling.max_tokens} tokens: raise "
            "max_tokens, or turn thinking off, such as with extra_body={'reasoning_effort': "
            "'low'} or {'chat_template_kwargs': {'enable_thinking': False}}",
            Concerns.REQUEST,
        )
    return Trouble(f"the answer has no text (finish_reason {finish!r})", Concerns.NOW)


def _finish(choice: dict[str, Any]) -> str:
    reason = choice.get("finish_reason")
    return shorten(reason, max_chars=40).lower() if isinstance(reason, str) else ""


def _text(content: object) -> str:
    if isinstance(content, list):  # some servers send parts, thoughts among them
        return "".join(map(_text_of_part, content))
    if isinstance(content, dict):
        return _text_of_part(content)
    return content if isinstance(content, str) else ""


def _text_of_part(part: object) -> str:
    if isinstance(part, str):
        return part
    fields = as_dict(part)
    is_text = fields.get("type", "text") in ("text", "output_text")
    return _text(fields.get("text")) if is_text and not fields.get("thought") else ""


def _count_tokens(answer: Completions, usage: dict[str, Any]) -> None:
    """Take over what the server counted; where that is the first text alone, count the others."""
    answer.prompt_tokens = _count(usage, "prompt_tokens")
    answer.completion_tokens = _count(usage, "completion_tokens")
    sizes = [estimated_tokens(text) for text in answer.texts]
    if len(sizes) > 1 and answer.completion_tokens < _ONE_CHOICE * sum(sizes):
        whole = answer.completion_tokens * sum(sizes) / max(1, sizes[0])
        answer.completion_tokens = round(whole)


def _count(usage: dict[str, Any], name: str) -> int:
    try:
        return max(0, int(usage.get(name) or 0))
    except (TypeError, ValueError, OverflowError):
        return 0


def error_in(raw: str) -> dict[str, Any] | None:
    """Return the body of an answer that is an error in disguise, else None."""
    try:
        body = _parse(raw)
    except TroubleError:
        return None
    says = any(body.get(name) for name in ("error", *SAYING))
    return body if says and not body.get("choices") else None


def _passing(text: str) -> TroubleError:
    return TroubleError(Trouble(text, Concerns.NOW))
