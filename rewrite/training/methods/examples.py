"""Training data as a model reads it: the tokens of serving, and what SFT, DPO and KTO share."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pyterrier as pt

from ...columns import QID, QUERY
from ...extras import quiet_training
from ...llm.base import Sampling
from ...llm.local.loaded import LoadedModel
from ...llm.local.model import encode, room
from ..run.columns import CHOSEN, TARGET
from ..run.errors import TrainingError, TrainingWarning
from ..run.run import R, Run
from ..run.settings import Common
from ..run.task import Task

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

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        ValueError: If something to learn or to leave is no text, or what to learn is blank.
    """
    pt.validate.query_frame(data, [QUERY, *texts, *labels])
    for name in texts:
        check_texts(data, name, blank=name not in (TARGET, CHOSEN))
    task = Task.of(rewriter, data.drop_duplicates(QID))
    data, rows = rows_of(task, data)
    run = Run(method, task, common, settings, data_summary(data, [QUERY, *texts, *labels]))
    if run.finished():
        return run.result(rewriter)
    with quiet_training():
        prompts = [tokens for _, tokens in prompt_tokens(task, run.engine)]
        examples = data[list(labels)].assign(row=rows, prompt_ids=[prompts[row] for row in rows])
        for name in texts:
            examples[f"{name}_ids"] = completion_tokens(data[name].tolist(), task, run.engine)
        trainer = trainer_of(run, examples.to_dict("records"))
        if not common.dry_run:
            trainer.data_collator = WithRows(trainer.data_collator)
            run.go(trainer)
    return run.result(rewriter)


def check_texts(data: pd.DataFrame, column: str, *, blank: bool) -> None:
    """Raise if a cell of a column is no text, or is blank where that teaches to say nothing."""
    for qid, found in zip(data[QID], data[column], strict=True):
        if not isinstance(found, str) or not (blank or found.strip()):
            raise ValueError(
                f"{column} should be a text in every row, found {found!r} for the query {qid!r}; "
                "leave out the rows without one"
            )


def refuse_seq2seq(run: Run, who: str, instead: str) -> None:
    """Raise if the model is one that only SFT trains, and say what to train it on."""
    if run.engine.seq2seq:
        raise ValueError(
            f"{who} causal models, found a sequence-to-sequence model; train it with training.sft "
            f"on {instead}"
        )


class WithRows:
    """A collator that also tells which topics a batch is about.

    Args:
        inner: TRL's collator.
    """

    def __init__(self, inner: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> None:
        self.inner = inner

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Collate one batch."""
        import torch

        rows = torch.tensor([example["row"] for example in examples])
        rest = [{k: v for k, v in example.items() if k != "row"} for example in examples]
        return {**self.inner(rest), "row": rows}


def prompt_tokens(task: Task, engine: LoadedModel) -> list[tuple[str, list[int]]]:
    """Return each prompt's text and tokens, exactly as in serving.

    Raises:
        TrainingError: If the chat template refuses a prompt.
    """
    sampling = Sampling(max_tokens=task.rewriter.max_tokens)
    limit = engine.context if engine.seq2seq else room(engine.context, sampling)
    encoded: list[tuple[str, list[int]]] = []
    for qid, found in zip(
        task.topics[QID], encode(engine.tokenizer, task.prompts, limit=limit), strict=True
    ):
        if isinstance(found, str):
            raise TrainingError(f"query {qid!r} cannot be trained on: {found}")
        encoded.append(found)
    return encoded


def completion_tokens(texts: Sequence[str], task: Task, engine: LoadedModel) -> list[list[int]]:
    """Return the tokens that the model should write for each text: the text, then the end."""
    end = engine.tokenizer.eos_token_id
    end = min(engine.ends, default=None) if end is None else end
    if end is None:
        raise TrainingError("the tokenizer has no token that ends a text; set its eos_token")
    written = engine.tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    tokens = [[*its, end] for its in written]
    most = task.rewriter.max_tokens
    over = sum(len(its) > most for its in tokens)
    if over:
        warnings.warn(
            f"{over} of {len(tokens)} texts to learn are longer than the rewriter's max_tokens="
            f"{most} (the longest: {max(map(len, tokens))}) and lose their end; raise max_tokens "
            "or shorten them",
            TrainingWarning,
            stacklevel=4,
        )
    return [its[:most] for its in tokens]


def rows_of(task: Task, data: pd.DataFrame) -> tuple[pd.DataFrame, list[int]]:
    """Return the data whose topics have a prompt, and the number of each one's topic."""
    number = {qid: row for row, qid in enumerate(task.topics[QID])}
    kept = data[data[QID].isin(list(number))].reset_index(drop=True)
    return kept, [number[qid] for qid in kept[QID]]


def data_summary(data: pd.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Return how much there is, and a fingerprint by which a resumed run knows its data."""
    digest = hashlib.sha256()
    for column in columns:
        for value in data[column]:
            digest.update(f"{value}\0".encode(errors="surrogatepass"))
    return {
        "rows": len(data),
        "queries": int(data[QID].nunique()),
        "sha256": digest.hexdigest()[:16],
    }
