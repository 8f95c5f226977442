"""Learning from texts that are there before training starts: what SFT, DPO and KTO share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from ...columns import QID, QUERY
from ...extras import quiet_training
from ...prompting.llm_rewriter import LLMRewriter
from ..run.common import Common
from ..run.run import Run
from ..run.task import Task
from ..run.tokens import WithRows, completion_tokens, data_summary, prompt_tokens, rows_of

R = TypeVar("R", bound=LLMRewriter)

Examples = list[dict[str, Any]]


def learn(
    method: str,
    rewriter: R,
    data: pd.DataFrame,
    common: Common,
    settings: Mapping[str, Any],
    trainer_of: Callable[[Run, Examples], Any],
    *,
    texts: Sequence[str],
    labels: Sequence[str] = (),
) -> R:
    """Train a rewriter on given texts.

    Args:
        method: Whose run it is.
        rewriter: The rewriter.
        data: ``qid``, ``query``, the texts and labels, and whatever the prompt needs.
        common: What every method takes.
        settings: What only this one takes.
        trainer_of: Makes the trainer of a run from its examples: ``row``, ``prompt_ids``,
            ``<text>_ids`` and the labels.
        texts: Columns of what the model should write, or not.
        labels: Columns that an example has as they are.
    """
    task = Task.of(rewriter, data.drop_duplicates(QID))
    data, rows = rows_of(task, data)
    run = Run(method, task, common, settings, data_summary(data, [QUERY, *texts, *labels]))
    if run.finished():
        return run.trained(rewriter)
    with quiet_training():
        prompts = [tokens for _, tokens in prompt_tokens(task, run.engine)]
        columns: dict[str, Sequence[Any]] = {
            "row": rows,
            "prompt_ids": [prompts[row] for row in rows],
        }
        for name in texts:
            columns[f"{name}_ids"] = completion_tokens(data[name].tolist(), task, run.engine)
        columns |= {name: data[name].tolist() for name in labels}
        names = list(columns)
        examples = [
            dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)
        ]
        trainer = trainer_of(run, examples)
        trainer.data_collator = WithRows(trainer.data_collator)
        run.go(trainer)
    return run.trained(rewriter)
