"""What the weights that a run kept are worth."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .errors import TrainingError, TrainingWarning

NOTHING: Final = 0.9
"""Share of queries without an answer above which a run has learnt nothing."""

LITTLE: Final = 0.5
"""The same share above which that is told."""


def judge(history: Mapping[str, Any], weights: Path) -> None:
    """Say if kept weights answer little, or lose to the queries as they are.

    Args:
        history: What the run left in ``training.json``.
        weights: Where they are.

    Raises:
        TrainingError: If they leave nearly every query without an answer.
    """
    unanswered = history.get("unanswered") or 0.0
    step = history.get("best_step")
    kept = "last" if step is None else f"best (step {step})"
    silent = (
        f"the {kept} weights leave {unanswered:.0%} of the queries without an answer: what they "
        "write is empty or cannot be read. Raise max_tokens, train longer or at another learning "
        "rate, warm-start the model (training.sft), and look at what they write: "
        f"from_pretrained({str(weights)!r})(topics)['qgen']"
    )
    if unanswered > NOTHING:
        raise TrainingError(f"nothing was learnt: {silent}")
    if unanswered > LITTLE:
        warnings.warn(f"unanswered: {silent}", TrainingWarning, stacklevel=4)
    if worse_than_raw(history):
        warnings.warn(
            f"worse than raw: the {kept} weights reach {history['best']:.4f} of "
            f"{history['measure']}, the queries as they are {history['raw']:.4f}: do not serve "
            "them. Train longer or on more queries, let the query weigh more in the formulation, "
            "or choose targets and reward closer to the measure",
            TrainingWarning,
            stacklevel=4,
        )


def worse_than_raw(history: Mapping[str, Any]) -> bool:
    """Say whether kept weights reach less than the queries as they are."""
    best, raw = history.get("best"), history.get("raw")
    return best is not None and raw is not None and best < raw
