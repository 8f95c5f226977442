"""How long a server asks a request to wait: in headers, in the body, or in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_DURATION = (
    r"(?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b"
    r"(?:\s*,)?(?: and)?\s*|\d+(?:\.\d+)?[hms])+"
)
_TIME = r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)"
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.I)
_IN_WORDS = re.compile(
    r"(?:try again|retry|retrying|wait|available|resets?)(?: (?:in|at|after|for|at least|another))*"
    rf":? ({_TIME}|{_DURATION})",
    re.I,
)
_FIELD = re.compile(
    r"""["']([\w-]*(?:retry|reset|remaining|estimated_time)[\w-]*)\\*["']\s*:\s*"""
    r"""(?:\{\s*\\*["']seconds\\*["']\s*:)?\s*(?:\\*["'])?([^"'\\,{}\[\]]+)""",
    re.I,
)
"""A field of a body, also of one that is quoted in another's message."""

_IN_MS = re.compile(r"[^a-z](?:ms|millis\w*)$")
_LONG_AGO: Final = 1e9
"""Seconds that are no duration but a time since 1970."""


def asked_wait(
    headers: Mapping[str, str],
    body: str = "",
    *,
    limited: bool = True,
    now: datetime | None = None,
) -> float:
    """Return how many seconds a server asks to wait before the next try; 0 if it does not.

    Args:
        headers: Response headers. One that is called like ``retry-after`` or
            ``x-ratelimit-reset-…`` holds seconds, a duration, a date, or the time since 1970;
            ``…-ms`` holds milliseconds. A ``date`` is that of the server's clock.
        body: The response, which may say the same in a field (``"retryDelay": "37s"``) or in
            words (``try again in 1m30s``).
        limited: Whether a limit was reached, so that its reset matters.
        now: The time that a date is compared with; None is that of the server, or of here.
    """
    present = now or _date(headers.get("date", "")) or datetime.now(timezone.utc)
    for seconds in _asked(headers, body, present, limited=limited):
        if seconds is not None and math.isfinite(seconds) and seconds > 0:
            return seconds
    return 0.0


def _asked(
    headers: Mapping[str, str], body: str, now: datetime, *, limited: bool
) -> Iterator[float | None]:
    sent = {_snake(name): value for name, value in headers.items()}
    written = {_snake(name): value for name, value in _FIELD.findall(body)}
    for fields in (sent, written):
        named = [name for name in fields if re.search(r"retry.?(?:after|delay)|estimated_t", name)]
        for name in sorted(named, key=lambda name: not _IN_MS.search(name)):
            yield _seconds(name, fields[name], now)
    if found := _IN_WORDS.search(body):
        yield _seconds("", found[1], now)
    if limited:
        for fields in (sent, written):
            yield max(_resets(fields, now), default=None)


def _resets(fields: Mapping[str, str], now: datetime) -> Iterator[float]:
    """Yield when each of the limits is reset that may be the one that was reached."""
    for name, value in fields.items():
        left = fields.get(name.replace("reset", "remaining"), "0").strip()
        if "reset" in name and left in ("0", ""):
            seconds = _seconds(name, value, now)
            if seconds is not None:
                yield seconds


def _seconds(name: str, value: str, now: datetime) -> float | None:
    """Return how long a value of any form says to wait."""
    value = value.strip()
    try:
        number = float(value.partition(",")[0])
    except ValueError:
        date = _date(value)
        return _duration(value) if date is None else (date - now).total_seconds()
    if _IN_MS.search(name):
        number /= 1000
    for unit in (1000.0, 1.0):  # a time, not a duration
        if number / unit > _LONG_AGO:
            return number / unit - now.timestamp()
    return number


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _date(text: str) -> datetime | None:
    """Return a date as mails and headers write it, or as ISO 8601 does."""
    try:
        iso = re.fullmatch(_TIME, text)
        date = (
            datetime.fromisoformat(text.replace("Z", "+00:00"))
            if iso
            else parsedate_to_datetime(text)
        )
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)


def _duration(text: str) -> float | None:
    """Return the seconds of ``1m30s``, ``20 seconds``, ``500ms``."""
    total = None
    for number, unit in _PART.findall(text):
        name = "ms" if unit.lower().startswith(("ms", "milli")) else unit[0].lower()
        if name in _UNITS:
            total = (total or 0.0) + float(number) * _UNITS[name]
    return total
