"""Reads what an OpenAI-compatible server sent as an answer, without trusting it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from ...text import safe_text
from ..base import Completions, Sampling
from ..local.decoding import cut_at
from ..tokens import estimated_tokens
from .trouble import (
    SAYING,
    Cause,
    Concerns,
    Trouble,
    TroubleError,
    as_dict,
    judge_error,
    shorten,
)

_CUT = re.compile(r"length|limit|window|(?:^|[_.])max", re.I)
"""How servers say that a completion reached its limit; all else is an end, or one of these:"""

_FILTERED = re.compile(
    r"filter|safety|sensitive|recitation|prohibited|block|refusal|spii|guardrail|moderation", re.I
)
_BROKEN = re.compile(
    r"error|abort|cancel|time_?d?_?out|overload|insufficient|interrupt|fail|network|disconnect",
    re.I,
)

_JSON: Final = json.JSONDecoder(strict=False)  # some leave line ends in texts as they are

_LINE_END = re.compile(r"\r\n|\n|\r")
"""Of a stream; other line ends are part of its texts."""

_TAG = r"(?:seed:)?(?:think|thinking|thought|thoughts|reasoning)"
_THOUGHTS = re.compile(
    rf"[<\[◁]{_TAG}[>\]▷].*?(?:[<\[◁]/{_TAG}[>\]▷]|\Z)"
    r"|<\|channel\|>\s*(?:analysis|commentary)\b.*?(?=<\|channel\|>\s*final\b|\Z)",
    re.S | re.I,
)

_THINKING: Final = ("reasoning_content", "reasoning")
"""Fields of what a model thinks aloud."""

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
    not count them; those that were written and are not in the texts are then estimated.

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
    for choice in map(as_dict, sorted(choices, key=_index)):
        read = _read_choice(choice, sampling, as_dict(body))
        if isinstance(read, Trouble):
            troubles.append(read)
            continue
        answer.texts.append(read)
        answer.cut |= _CUT.search(_finish(choice)) is not None
    _count_tokens(answer, as_dict(body.get("usage")))
    if not answer.completion_tokens:
        answer.completion_tokens = _estimated(list(map(as_dict, choices)), answer, sampling)
    if not answer.texts:
        # what may come when asked again, if any of them may
        trouble = min(troubles, key=lambda trouble: trouble.concerns is not Concerns.NOW)
        raise TroubleError(
            replace(trouble, tokens=(answer.prompt_tokens, answer.completion_tokens), answered=True)
        )
    return Reply(answer, len(choices))


def _parse(raw: str) -> dict[str, Any]:
    text = raw.strip("\ufeff\0 \t\r\n")
    if text.startswith(("data:", "event:", "id:", "retry:", "error:", ":")):
        return _join(*_events(text), raw=text)
    bodies: list[object] = []
    while text and not text.startswith("data:"):  # some end a whole answer as a stream ends
        try:
            body, end = _JSON.raw_decode(text)
        except (ValueError, RecursionError):
            raise _passing(f"the answer is not JSON: {shorten(raw)}") from None
        bodies.append(body[0] if isinstance(body, list) and body else body)
        text = text[end:].lstrip()
    if not bodies:
        raise _passing(f"the answer is not JSON: {shorten(raw)}")
    if len(bodies) > 1:  # a stream of lines
        return _join(list(map(as_dict, bodies)), ended=False, raw=raw)
    return as_dict(bodies[0])


def _events(text: str) -> tuple[list[dict[str, Any]], bool]:
    """Return the events of a stream, and whether it says that it has ended."""
    events: list[dict[str, Any]] = []
    payload: list[str] = []
    failed = False
    for line in [*_LINE_END.split(text), ""]:
        name, _, value = line.partition(":")
        if name == "event":
            failed = value.strip() == "error"
        elif name in ("data", "error"):
            payload.append(value.strip())
            failed |= name == "error"
        elif not line and payload:
            whole = "\n".join(payload)
            payload = []
            if failed:
                return [{"error": _loaded(whole) or whole or "the stream failed"}], False
            # some leave out the empty lines between events
            parts = whole.split("\n") if _loaded(whole) is None else [whole]
            for part in filter(None, parts):
                if part.strip("[]\"' ") == "DONE":
                    return events, True
                event = _loaded(part)
                if event is None:
                    raise _passing(f"a part of the answer is not JSON: {shorten(part)}")
                events.append(as_dict(event))
    return events, False


def _loaded(text: str) -> object:
    try:
        return _JSON.decode(text)
    except (ValueError, RecursionError):
        return None


def _join(events: list[dict[str, Any]], ended: bool, *, raw: str) -> dict[str, Any]:
    """Return the body that the events of a stream are parts of."""
    choices: dict[int, dict[str, Any]] = {}
    usage: object = None
    for event in events:
        if _says_error(event):
            return {"error": event.get("error") or event}
        usage = event.get("usage") or usage
        parts = event.get("choices")
        for part in map(as_dict, parts if isinstance(parts, list) else []):
            whole = choices.setdefault(_index(part), {"message": {}})
            if message := as_dict(part.get("message")):  # all of it, maybe once more
                whole["message"] = message
            said = as_dict(part.get("delta")) or ({} if message else part)
            for name in ("content", "text", *_THINKING, "refusal"):
                if piece := _text(said.get(name)):
                    whole["message"][name] = _text(whole["message"].get(name)) + piece
            for name in ("finish_reason", "error"):
                whole[name] = part.get(name) or whole.get(name)
    ended = ended or all(choice.get("finish_reason") for choice in choices.values())
    if not choices or not ended:
        raise _passing(f"the answer broke off: {shorten(raw[-200:])}")
    return {"choices": [choices[number] for number in sorted(choices)], "usage": usage}


def _index(choice: object) -> int:
    number = as_dict(choice).get("index")
    return number if isinstance(number, int) else 0


def _read_choice(choice: dict[str, Any], sampling: Sampling, body: dict[str, Any]) -> str | Trouble:
    """Return the text of a choice, or why there is none."""
    message = as_dict(choice.get("message")) or choice  # of a plain completion
    finish = _finish(choice)
    content = message.get("content")
    text = _text(message.get("text") if content is None else content)
    # what was written before it is half an answer, unless the choice says that it ended
    if failed := choice.get("error") or (not finish and body.get("error")):
        return judge_error({"error": failed})
    if _BROKEN.search(finish):
        return Trouble(f"the answer broke off (finish_reason {finish!r})", Concerns.NOW)
    if _FILTERED.search(finish):
        said = f"the answer was filtered (finish_reason {finish!r})"
        return Trouble(said, Concerns.NOW, cause=Cause.FILTER)
    if refusal := _text(message.get("refusal")) or _text(content, "refusal"):
        return Trouble(f"the model refused: {shorten(refusal)}", Concerns.REQUEST)
    if message.get("tool_calls") and "call" in finish:
        text = ""  # what it says to a call is no answer
    if sampling.stop:
        text = cut_at(text.lstrip(), sampling.stop)[0]
    if safe_text(_THOUGHTS.sub("", text)):
        return text
    if _CUT.search(finish):
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


def _text(content: object, kind: str = "text") -> str:
    """Return the text of a content, which may come in parts, thoughts and refusals among them."""
    parts = content if isinstance(content, list) else [content]
    return "".join([_text_of_part(part, kind) for part in parts])


def _text_of_part(part: object, kind: str) -> str:
    if isinstance(part, str):
        return part if kind == "text" else ""
    fields = as_dict(part)
    is_wanted = fields.get("type", "text") in (kind, f"output_{kind}")
    text = fields.get(kind) if is_wanted and not fields.get("thought") else None
    text = as_dict(text).get("value", text)
    return text if isinstance(text, str) else ""


def _count_tokens(answer: Completions, usage: dict[str, Any]) -> None:
    """Take over what the server counted; where that is the first text alone, count the others."""
    answer.prompt_tokens = _count(usage, "prompt_tokens") or _count(usage, "input_tokens")
    answer.completion_tokens = _count(usage, "completion_tokens") or _count(usage, "output_tokens")
    sizes = [estimated_tokens(text) for text in answer.texts]
    if len(sizes) > 1 and answer.completion_tokens < _ONE_CHOICE * sum(sizes):
        whole = answer.completion_tokens * sum(sizes) / max(1, sizes[0])
        answer.completion_tokens = round(whole)


def _estimated(choices: list[dict[str, Any]], answer: Completions, sampling: Sampling) -> int:
    """Return the tokens of choices that nobody counted; 0 where the texts alone tell them."""
    sizes = [_size(choice, sampling) for choice in choices]
    return sum(sizes) if sum(sizes) > sum(map(estimated_tokens, answer.texts)) else 0


def _size(choice: dict[str, Any], sampling: Sampling) -> int:
    """Return the tokens of a choice, its thoughts among them; one that was cut has them all."""
    message = as_dict(choice.get("message")) or choice
    thoughts = max(_text(message.get(name)) for name in _THINKING)
    said = _text(message.get("content") or message.get("text"))
    is_cut = _CUT.search(_finish(choice)) and (thoughts or not said)
    return sampling.max_tokens if is_cut else estimated_tokens(thoughts) + estimated_tokens(said)


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
    return body if _says_error(body) else None


def _says_error(body: dict[str, Any]) -> bool:
    """Return whether a body tells of an error and holds no answer."""
    said = any(isinstance(body.get(name), (str, list)) and body[name] for name in SAYING)
    return bool((body.get("error") or said) and not body.get("choices"))


def _passing(text: str) -> TroubleError:
    return TroubleError(Trouble(text, Concerns.NOW))
