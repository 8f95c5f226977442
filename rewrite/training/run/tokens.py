"""Training data as a model reads it: the tokens of serving, and which topic each belongs to."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from ...columns import QID
from ...llm.base import Sampling
from ...llm.local.loaded import LoadedModel
from ...llm.local.model import encode, room
from .errors import TrainingError, TrainingWarning
from .task import Task


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
