"""What guards share: a candidate passes or it does not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import pandas as pd

from pyterrier_rewrite.columns import QCAND

from ..reward import Reward
from ..scoring import Marks


class Guard(Reward):
    """1 if a candidate passes, 0 if not; of several queries each has to pass.

    Guards belong behind a reward: ``SearchFeedback(…).gate(Length(high=32))``. A subclass
    implements :meth:`passes`.
    """

    fails_with: ClassVar[float] = 0.0
    """Mark of a candidate that does not pass."""

    @abstractmethod
    def passes(self, rows: pd.DataFrame) -> Sequence[bool | None]:
        """Say for each row whether it passes; None is no verdict."""

    def marks(self, candidates: pd.DataFrame) -> Marks:
        """Return 1 for those that pass; see the class."""
        marks: Marks = {}
        for name, verdict in zip(candidates[QCAND].tolist(), self.passes(candidates), strict=True):
            mark = None if verdict is None else 1.0 if verdict else self.fails_with
            before = marks.setdefault(name, mark)
            marks[name] = None if before is None or mark is None else min(before, mark)
        return marks
