"""What can go wrong in training, and what looks as if it were going wrong."""

from __future__ import annotations

from ...errors import RewriteError


class TrainingError(RewriteError):
    """Training had to stop; the last good checkpoint and the best weights are intact."""


class TrainingWarning(UserWarning):
    """A curve looks like a known failure; the text says which, and what helps."""
