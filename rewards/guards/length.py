"""Length: neither too short nor too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from pyterrier_rewrite.ranges import Natural

from ..candidates import row_texts
from .guard import Guard


@dataclass(frozen=True)
class Length(Guard):
    """1 if the rewrite is within bounds, 0 if not.

    Input columns: ``query``, or ``query_toks`` where it has weighted terms, each counted once.

    Args:
        low: Least length.
        high: Greatest length, not below ``low``.
        unit: What is counted: ``"words"`` (between spaces) or ``"characters"``.

    Raises:
        ValueError: If the bounds or the unit make no sense.

    Example:
        >>> frame = pd.DataFrame([{"qid": "1", "query": "red sofa for two"}])
        >>> Length(high=3).score(frame)
        {'1': 0.0}
    """

    low: Natural = 1
    high: int = 32
    unit: Literal["words", "characters"] = "words"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.low <= self.high:
            raise ValueError(f"low should not be above high, found {self.low} and {self.high}")
        if self.unit not in ("words", "characters"):
            raise ValueError(f"unit should be 'words' or 'characters', found {self.unit!r}")

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows are within bounds."""
        texts = row_texts(rows)
        lengths = [len(text.split()) if self.unit == "words" else len(text) for text in texts]
        return [self.low <= length <= self.high for length in lengths]
