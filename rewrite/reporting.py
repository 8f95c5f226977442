"""What a user is told of queries that failed: in one warning, and no more than one a minute."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any, Final

from .errors import RewriteError, RewriteWarning
from .rewritten import Rewritten

PAUSE: Final = 60.0
"""Seconds in which the same is not said again."""


MOST_REASONS: Final = 3
"""Different things that are said in that time."""


OURS: Final = {"pyterrier", "pyterrier_rewrite"}
"""Packages whose lines a user did not write: a warning names the first line that is in neither."""


class Rarely:
    """Remembers when something was last said, and how often it was not said since.

    Copies and pickles know nothing of it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._said: dict[str, float] = {}
        self._kept = 0

    def due(self, what: str) -> int | None:
        """Return how often anything was kept back since the last time; None if it is too soon."""
        with self._lock:
            now = time.monotonic()
            self._said = {its: at for its, at in self._said.items() if now - at < PAUSE}
            if what in self._said or len(self._said) == MOST_REASONS:
                self._kept += 1
                return None
            self._said[what] = now
            kept, self._kept = self._kept, 0
            return kept

    def __deepcopy__(self, memo: object) -> Rarely:
        return Rarely()

    def __reduce__(self) -> tuple[type[Rarely], tuple[()]]:
        return Rarely, ()


def report_failures(rewriter: Any, qids: Iterable[object], outcomes: Sequence[Rewritten]) -> None:
    """Warn of queries that failed, or raise if the rewriter says so.

    A call in which every query failed is told of once a minute for each of a few reasons: where a
    model is dead, a service that asks query by query would say so for each.

    Raises:
        RewriteError: If a query failed and ``on_error`` is ``"raise"``.
    """
    said = zip(qids, (outcome.status for outcome in outcomes), strict=True)
    bad = [(qid, status) for qid, status in said if status.startswith("failed")]
    if not bad:
        return
    qid, status = bad[0]
    message = (
        f"{type(rewriter).__name__}: {len(bad)} of {len(outcomes)} queries failed "
        f"(first: query {qid!r}, {status})"
    )
    if rewriter.on_error == "raise":
        raise RewriteError(message)
    if len(bad) == len(outcomes):
        kept = vars(rewriter).setdefault("_failing", Rarely()).due(status)
        if kept is None:
            return
        message += f", as in {kept} calls before it" if kept else ""
    said_so = f"{message}; they keep their text, see the column qstatus"
    warnings.warn(said_so, RewriteWarning, stacklevel=_level_of_caller())


def _level_of_caller() -> int:
    """Return the ``stacklevel`` of the line that called us, from outside and through PyTerrier."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame, level = frame.f_back, level + 1
    return level
