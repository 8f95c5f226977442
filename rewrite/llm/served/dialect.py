"""What a server takes of OpenAI's protocol: it says so when it refuses something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..local.model import merge_system

SYSTEM: Final = "system role"
WHOLE: Final = "whole answers"
"""In place of a stream; some models only stream."""

_NAMES: Final = {
    "temperature": r"temperature",
    "top_p": r"top_?p",
    "max_tokens": r"max_?tokens",
    "response_format": r"response[_ ]?format|json[ _]?(?:schema|mode)|structured outputs?"
    r"|guided[ _](?:decoding|json)|grammar",
    "seed": r"(?:random_?)?seed",
    "stop": r"stop(?:_?sequences?)?",
    "n": r"n|best_of|(?:num_?|candidate_?|choice_?)(?:choices|completions|return_sequences|count)",
    "stream": r"stream",
    WHOLE: r"stream(?:ing)?(?: mode)?",
    SYSTEM: r"['\"`]?system['\"`]?(?: role| messages?\b| prompt| instruction)"
    r"|developer (?:role|instruction)|\buser\W+(?:and |or )?\W?assistant|role: system\b"
    r"|['\"`]system['\"`]",
}
"""How servers call what we send."""

_PLAIN: Final = frozenset({"max_tokens", "response_format", "top_p", SYSTEM})
"""What is meant wherever it stands; others are words that a message may hold by chance."""

_SEVERAL = re.compile(
    r"\b(?:multiple|several|one|number of) (?:completion |chat )?(?:candidates?|choices?"
    r"|completions?)\b|\bcandidate count\b",
    re.I,
)
"""How messages speak of ``n``."""

_ONLY_STREAMS = re.compile(r"only\b.{0,30}\bstream|\bstream.{0,30}(?:must|required|true)", re.I)

_REFUSED = re.compile(
    r"not support|n't support|unsupported|not (?:be )?(?:permitted|allowed|accepted|enabled|set)"
    r"|cannot|can not|can't|at most|less than or equal|must|should be|forbidden|unexpected|unknown"
    r"|unrecogni[sz]ed|extra (?:inputs?|fields?|param)|extra_forbidden|deprecated"
    r"|\bonly\b|unavailable|not available|unimplemented|not implemented|no longer|does not take"
    r"|invalid|valid role|use .{0,24}(?:instead|in place)|limited to|has to|too (?:long|many)"
    r"|expected|out of range|range:|failed to",
    re.I,
)
_NOT_TAKEN = re.compile(
    r"not (?:be )?support|unsupported|not permitted|not allowed|forbidden|unexpected|unknown"
    r"|unrecogni[sz]ed|deprecated|instead|in place|no longer|extra",
    re.I,
)


class Dialect:
    """Which parameters to leave out for a server, because it refused them.

    Attributes:
        without: Their names.
    """

    def __init__(self) -> None:
        self.without: set[str] = set()

    def spell(self, body: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request as the server takes it.

        Args:
            body: The request; None is a parameter that is not sent.
            own: Parameters of the user's, which win.
        """
        if "max_tokens" in self.without:
            body["max_completion_tokens"] = body.pop("max_tokens")
        for name in self.without:
            body.pop(name, None)
        if WHOLE in self.without:
            body["stream"] = True
        if SYSTEM in self.without:
            body["messages"] = merge_system(body["messages"])
        return {name: value for name, value in {**body, **own}.items() if value is not None}

    def refused(self, said: str, body: Mapping[str, Any], named: str = "") -> str | None:
        """Return which parameter of a request a message refuses, or None.

        Args:
            said: The message.
            body: The request.
            named: The parameter that the server names in a field of its own, if it does.
        """
        if not _REFUSED.search(said) and not named:
            return None
        text = said if _REFUSED.search(said) else ""
        found = [name for name in _NAMES if _is_sent(name, body) and _names(name, text, named)]
        if "max_tokens" in found and not _NOT_TAKEN.search(f"{text} {named and 'unsupported'}"):
            found.remove("max_tokens")  # too large is another matter
        if {"temperature", "top_p"} <= set(found):
            return "top_p"
        if WHOLE in found:
            return WHOLE
        if {"seed", "n"} <= set(found):
            return "n"  # one choice a request keeps the seeds
        return found[0] if found else None

    def do_without(self, parameter: str) -> bool:
        """Leave a parameter out from now on; return whether that is news."""
        news = parameter not in self.without
        self.without.add(parameter)
        return news


def in_words(parameter: str) -> str:
    """Return what is lost without a parameter."""
    return {
        "max_tokens": "it is sent as max_completion_tokens",
        "n": "choices are asked for one by one",
        "seed": "so samples are not repeatable",
        "stop": "texts are cut at it here",
        "temperature": "so the server samples at its own temperature",
        "top_p": "so the server's own holds",
        "response_format": "answers are read without a JSON schema",
        "stream": "streams are read, too",
        WHOLE: "streams are read",
        SYSTEM: "system messages go in front of the first user message",
    }[parameter]


def _is_sent(parameter: str, body: Mapping[str, Any]) -> bool:
    if parameter == SYSTEM:
        roles = {message.get("role") for message in body.get("messages", ())}
        return {"system", "user"} <= roles
    if parameter == WHOLE:
        return body.get("stream") is False
    return parameter in body


def _names(parameter: str, text: str, named: str) -> bool:
    """Return whether a message names a parameter: in quotes, as a path, or beside the refusal."""
    name = _NAMES[parameter]
    if named and re.fullmatch(rf"(?:{name})(?:\b.*)?", named.split(".")[0], re.I):
        return True
    if parameter == WHOLE:
        return _ONLY_STREAMS.search(text) is not None
    if parameter == "n" and _SEVERAL.search(text):
        return True
    if parameter in _PLAIN:
        return re.search(rf"(?<![\w-])(?:{name})", text, re.I) is not None
    quoted = rf"['\"`](?:[$\w.]*\.)?(?:{name})['\"`]"
    said = (
        rf"(?:parameters?|arguments?|fields?|inputs?|supported|unsupported|unknown|unexpected"
        rf"|specify|set|support)[:\s]+(?:{name})(?![\w-])|: (?:{name})\.?$|#/(?:{name})\b"
        rf"|(?<![\w-])(?:{name})\s*(?:>|=|:|values?\b|(?:parameter |value )?(?:is not|is un"
        rf"|must|cannot|can't"
        rf"|should|has to|at most|is deprecated))"
    )
    return re.search(f"{quoted}|{said}", text, re.I) is not None
