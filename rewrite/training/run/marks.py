"""What a reward says of candidates, checked before anything is learnt from it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...columns import QCAND, QGEN, QGROUP, QSTATUS, QUERY_0
from ...protocols import Reward
from ...text.safe import safe_text
from .errors import TrainingError


def checked(reward: Reward, candidates: pd.DataFrame) -> dict[str, float | None]:
    """Return a reward's marks, all of which are finite or None.

    Raises:
        TrainingError: If one is missing, NaN, infinite or no number; it names the queries.
    """
    marks = reward.score(candidates)
    if not isinstance(marks, Mapping):
        raise TrainingError(
            f"{reward!r}.score should return a dict from qcand to mark, found a "
            f"{type(marks).__name__}"
        )
    names = candidates[QCAND].unique()
    wrong = [name for name in names if name not in marks or not _is_mark(marks[name])]
    if wrong:
        bad = candidates[candidates[QCAND].isin(wrong)]
        shown = ", ".join(
            f"{name!r} ({query!r}): {marks.get(name, 'missing')!r:.40}"
            for name, query in list(zip(bad[QCAND], bad["query"], strict=True))[:3]
        )
        raise TrainingError(
            f"{reward!r} should give every candidate a finite number, or None for no verdict; "
            f"{len(wrong)} of {len(names)} are neither, for the queries "
            f"{sorted(set(bad[QGROUP]))[:10]}: {shown}"
        )
    given = {name: marks[name] for name in names}
    return {name: None if mark is None else float(mark) for name, mark in given.items()}


def _is_mark(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, (int, float, np.number, np.bool_)) and math.isfinite(value)


def unread(candidates: pd.DataFrame) -> pd.Series[bool]:
    """Say which candidates come from a generation that the parser could not read."""
    return candidates[QSTATUS].str.startswith("failed")


def copies(candidates: pd.DataFrame) -> pd.Series[bool]:
    """Say for which candidates the model wrote nothing but the query."""
    wrote = [safe_text(texts[0]).casefold() for texts in candidates[QGEN]]
    asked = [safe_text(query).casefold() for query in candidates[QUERY_0]]
    return pd.Series(wrote, index=candidates.index) == pd.Series(asked, index=candidates.index)
