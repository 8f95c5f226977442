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
    r"(?:\d+(?:\.\d+)?\s*(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\s*)+"
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)", re.I)
_IN_WORDS = re.compile(
    rf"(?:try again|retry|retrying|wait|available)(?: (?:in|after|for|at least|another))*:? "
    rf"({_DURATION})\b",
    re.I,
)
_IN_BODY = re.compile(
    r'"retry_?(?:delay|after)(?:_seconds)?"\s*:\s*"?(\d+(?:\.\d+)?)\s*(ms|s|m)?\b', re.I
)


def asked_wait(
    headers: Mapping[str, str],
    body: str = "",
    *,
    limited: bool = True,
    now: datetime | None = None,
) -> float:
    """Return how many seconds a server asks to wait before the next try; 0 if it does not.

    Args:
        headers: Response headers. ``retry-after-ms`` holds milliseconds, ``retry-after`` seconds
            or an HTTP date, ``x-ratelimit-reset-…`` a duration, seconds, or the time in seconds
            since 1970.
        body: The response, which may say it as ``"retryDelay": "37s"`` or in words (``try again
            in 1m30s``).
        limited: Whether a limit was reached, so that its reset matters.
        now: The time that a date is compared with; None is the present.
    """
    present = now or datetime.now(timezone.utc)
    for seconds in _asked(headers, body, present, limited=limited):
        if seconds is not None and math.isfinite(seconds):
            return max(seconds, 0.0)
    return 0.0


def _asked(
    headers: Mapping[str, str], body: str, now: datetime, *, limited: bool
) -> Iterator[float | None]:
    yield _number(headers.get("retry-after-ms"), 0.001)
    yield _seconds_or_date(headers.get("retry-after"), now)
    if found := _IN_BODY.search(body):
        yield float(found[1]) * _UNITS[(found[2] or "s").lower()]
    if found := _IN_WORDS.search(body):
        yield _duration(found[1])
    kinds = ("-requests", "-tokens", "") if limited else ()
    resets = [_reset(headers, kind, now) for kind in kinds]
    yield max((seconds for seconds in resets if seconds is not None), default=None)


def _reset(headers: Mapping[str, str], kind: str, now: datetime) -> float | None:
    """Return when one of the limits is reset, if it is the one that was reached."""
    value = headers.get(f"x-ratelimit-reset{kind}")
    if value is None or headers.get(f"x-ratelimit-remaining{kind}", "0").strip() not in ("0", ""):
        return None
    seconds = _number(value, 1.0)
    if seconds is None:
        return _duration(value) or _seconds_or_date(value, now)
    for unit in (1000.0, 1.0):  # a time, not a duration
        if seconds / unit > 1e9:
            return seconds / unit - now.timestamp()
    return seconds


def _number(value: str | None, unit: float) -> float | None:
    try:
        return None if value is None else float(value) * unit
    except ValueError:
        return None


def _seconds_or_date(value: str | None, now: datetime) -> float | None:
    if value is None or (seconds := _number(value, 1.0)) is not None:
        return None if value is None else seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return (date - now).total_seconds()


def _duration(text: str) -> float | None:
    """Return the seconds of ``1m30s``, ``20 seconds``, ``500ms``."""
    total = None
    for number, unit in _PART.findall(text):
        name = "ms" if unit.lower().startswith(("ms", "milli")) else unit[0].lower()
        if name in _UNITS:
            total = (total or 0.0) + float(number) * _UNITS[name]
    return total
