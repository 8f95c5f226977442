"""Columns of training data: what data makers write and methods read."""

from __future__ import annotations

from typing import Final

TARGET: Final = "target"
"""Raw generation that the model should write, ``str``."""

CHOSEN: Final = "chosen"
REJECTED: Final = "rejected"
"""The better and the worse raw generation of a pair, ``str``."""

COMPLETION: Final = "completion"
"""Raw generation that may be good or bad, ``str``."""

GOOD: Final = "label"
"""Whether a completion is good, ``bool``; judgements use the same name for their grades."""
