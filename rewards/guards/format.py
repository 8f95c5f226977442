"""Format: what the model wrote can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from pyterrier_rewrite.columns import QGEN, QSTATUS, QUERY

from .guard import Guard


@dataclass(frozen=True)
class Format(Guard):
    """1 if the rewriter's parser could read the generation, 0 if not.

    A candidate fails if its ``qstatus`` says ``failed: …``, if its query is empty, or if one of
    its raw generations does not match ``pattern``.

    Input columns: ``query``, ``qstatus`` where there is one; with ``pattern`` also ``qgen``.

    Args:
        pattern: Regular expression that a whole generation should match (``.`` matches
            newlines), such as ``"<think>.*</think>.*"``; None asks for none.

    Example:
        >>> frame = pd.DataFrame([{"qid": "1", "query": "sofa", "qgen": ["Sure! sofa"]}])
        >>> Format(pattern="[a-z ]+").score(frame)
        {'1': 0.0}
    """

    pattern: str | None = None

    def passes(self, rows: pd.DataFrame) -> list[bool | None]:
        """Say which rows could be read."""
        fine = [bool(text.strip()) for text in rows[QUERY]]
        if QSTATUS in rows.columns:
            statuses = rows[QSTATUS].tolist()
            fine = [
                ok and not (isinstance(status, str) and status.startswith("failed"))
                for ok, status in zip(fine, statuses, strict=True)
            ]
        if self.pattern is not None:
            if QGEN not in rows.columns:
                raise ValueError(
                    f"Format(pattern=…) reads raw generations, but there is no column {QGEN} "
                    f"among {list(rows.columns)}"
                )
            matches = re.compile(self.pattern, flags=re.DOTALL).fullmatch
            fine = [
                ok and all(matches(text) for text in gen)
                for ok, gen in zip(fine, rows[QGEN].tolist(), strict=True)
            ]
        return list(fine)
