"""What rewriting costs, as the column ``qusage`` says it."""

from __future__ import annotations

from collections.abc import Mapping

from .columns import USAGE_KEYS

Usage = dict[str, float]


def no_usage() -> Usage:
    """Return a usage of nothing."""
    return dict.fromkeys(USAGE_KEYS, 0)


def add_usage(earlier: object, now: Usage | None) -> Usage:
    """Return the sum of two usages, either of which may be missing."""
    one = now or {}
    if not isinstance(earlier, Mapping):
        return {key: one.get(key, 0) for key in USAGE_KEYS}
    return {key: earlier.get(key, 0) + one.get(key, 0) for key in USAGE_KEYS}
