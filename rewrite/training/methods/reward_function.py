"""One reward, as TRL calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from ...columns import QCAND, QGROUP
from ...llm.local.decoding import cut_at
from ...protocols import Reward
from ..run.errors import TrainingError
from ..run.marks import checked, copies, unread
from ..run.task import Task

UNPARSABLE_MARGIN: Final = 0.1
"""By how much a generation that cannot be read falls below the worst of its group."""


@dataclass(eq=False)
class RewardFunction:
    """Marks what the model wrote: from generations to candidates to marks.

    TRL gets this one function, because it counts a ``None`` among several as 0. Alone, a
    ``None`` gives its completion no gradient; here one ``None`` silences its whole group, whose
    other marks cannot be compared without it.

    Args:
        task: Parses generations and forms candidates.
        reward: Marks the candidates that could be read.
        unparsable: Mark of a generation that the parser cannot read; None puts it 0.1 below the
            worst of its group, so that the format is learnt whatever the reward's scale.
        ends: Tokens that end a generation; one without them was cut, and is read as such.
    """

    __name__ = "reward"  # TRL names its metrics after it

    task: Task
    reward: Reward
    unparsable: float | None = field(default=None, kw_only=True)
    ends: frozenset[int] = field(default=frozenset(), kw_only=True)
    _silent: bool | None = field(default=None, init=False)

    def __call__(
        self,
        *,
        completions: Sequence[str],
        row: Sequence[int],
        completion_ids: Sequence[Sequence[int]] = (),
        log_metric: Callable[[str, float], None] | None = None,
        **_: Any,
    ) -> list[float | None]:
        """Return one mark a completion, as TRL asks for it.

        Raises:
            TrainingError: If the reward gives a candidate no mark, NaN or infinity.
        """
        stop = tuple(self.task.rewriter.stop)
        texts, stopped = zip(*(cut_at(text, stop) for text in completions), strict=True)
        ended = [ids[-1] in self.ends for ids in completion_ids] or [True] * len(texts)
        cut = [not (at_end or at_stop) for at_end, at_stop in zip(ended, stopped, strict=True)]
        frame = self.task.candidates(row, texts, cut=cut)
        candidates = frame.drop_duplicates(QCAND)
        if log_metric is not None:
            log_metric("copies", float(copies(candidates).mean()))
            log_metric("unparsable", float(unread(candidates).mean()))
        marks = self.marks(frame)
        return [marks[name] for name in candidates[QCAND]]

    def check_verdicts(self) -> None:
        """Raise if the reward was asked and has never said a thing.

        Raises:
            TrainingError: If it has not.
        """
        if self._silent:
            raise TrainingError(
                f"nothing was learnt: {self.reward!r} gave no verdict (None) on any rewrite. Are "
                "there judgements of these queries, and does its engine answer?"
            )

    def marks(self, frame: pd.DataFrame) -> dict[str, float | None]:
        """Return the mark of every candidate in a frame of :meth:`Task.candidates`.

        Raises:
            TrainingError: If the reward gives a candidate no mark, NaN or infinity.
        """
        readable = frame[~unread(frame)]
        marks = checked(self.reward, readable) if len(readable) else {}
        if marks:
            self._silent = self._silent is not False and set(marks.values()) == {None}
        for _, names in frame.drop_duplicates(QCAND).groupby(QGROUP, sort=False)[QCAND]:
            given = [marks[name] for name in names if name in marks]
            known = [mark for mark in given if mark is not None]
            lowest = min(known, default=0.0) - UNPARSABLE_MARGIN
            failed = lowest if self.unparsable is None else self.unparsable
            silent = len(known) < len(given)
            for name in names:
                marks[name] = None if silent else marks.get(name, failed)
        return marks
