"""A rewriter that is a sequence-to-sequence model: conversation in, query out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pyterrier as pt
from annotated_types import Ge

from ...base import NewQuery, Rewriter, Rewritten
from ...columns import QHISTORY, QREWRITE, QUERY
from ...errors import RewriteError
from ...extras import need, quiet_training
from ...llm.local.loaded import LoadedModel, load
from ...ranges import Count
from ..history import History, histories, limit_history
from .training import fit, need_training


class Seq2SeqRewriter(Rewriter):
    """Lets a T5-like model write the turn so that it stands alone.

    The model reads the messages of the conversation and the turn, joined by a separator, and
    writes one query by beam search. The first turn of a conversation stays as it is. Make a
    model of your own with :func:`train_seq2seq`.

    Input columns: ``qid``, ``query`` and, where there is one, ``qhistory``.

    Output columns: as :class:`~pyterrier_rewrite.Rewriter`; ``qgen`` holds what the model
    wrote, ``qstatus`` is ``skipped: …`` for a turn without history.

    Args:
        model: Directory or hub name of a sequence-to-sequence model.
        separator: Text between messages.
        beams: Width of the beam search, at least 1; 1 is greedy.
        max_tokens: Longest rewrite in tokens, at least 1.
        max_length: Most tokens that the model reads, at least 16. A longer conversation loses
            its beginning.
        responses: Whether the model reads the assistant's messages too.
        batch_size: Turns decoded at once, at least 1; each takes ``beams`` rows.
        device: Device as torch names it; None takes the GPU if there is one.
        verbose: Whether to show progress.
        on_error: ``"keep"`` the query, or ``"raise"``.

    Raises:
        ValueError: If a number is out of its range.
        MissingExtraError: At the first turn, if torch or transformers is missing.
        RewriteError: At the first turn, if the model cannot be loaded or is of another kind.

    Example:
        >>> pipeline = Seq2SeqRewriter() >> bm25                           # doctest: +SKIP
    """

    reference = (
        "Lin et al. Conversational Question Reformulation via Sequence-to-Sequence Architectures "
        "and Pretrained Language Models. arXiv 2020"
    )

    def __init__(
        self,
        model: str | Path = "castorini/t5-base-canard",
        *,
        separator: str = " ||| ",
        beams: Count = 10,
        max_tokens: Count = 64,
        max_length: Annotated[int, Ge(16)] = 512,
        responses: bool = True,
        batch_size: Count = 16,
        device: str | None = None,
        verbose: bool = False,
        on_error: Literal["keep", "raise"] = "keep",
    ) -> None:
        self.model = model
        self.separator = separator
        self.beams = beams
        self.max_tokens = max_tokens
        self.max_length = max_length
        self.responses = responses
        self.batch_size = batch_size
        self.device = device
        self.verbose = verbose
        self.on_error = on_error
        self._engine: LoadedModel | None = None
        self.check()

    def skip(self, queries: pd.DataFrame) -> list[str | None]:
        """Leave a turn alone before which nothing was said."""
        return [None if its else "no history" for its in histories(queries)]

    def rewrite(self, queries: pd.DataFrame) -> list[Rewritten]:
        """Decode all turns, the longest conversations first."""
        texts = [
            joined(history, query, separator=self.separator, responses=self.responses)
            for history, query in zip(histories(queries), queries[QUERY], strict=True)
        ]
        engine = self._load()
        tokens = encoded(engine.tokenizer, texts, self.max_length)
        order = sorted(range(len(tokens)), key=lambda row: -len(tokens[row]))
        outcomes = [Rewritten() for _ in texts]
        with pt.tqdm(total=len(order), unit="turn", disable=not self.verbose) as progress:
            for start in range(0, len(order), self.batch_size):
                batch = order[start : start + self.batch_size]
                written = self._write(engine, [tokens[row] for row in batch])
                for row, text in zip(batch, written, strict=True):
                    outcomes[row] = Rewritten([NewQuery(text)], gen=[text])
                progress.update(len(batch))
        return outcomes

    def _write(self, engine: LoadedModel, batch: Sequence[list[int]]) -> list[str]:
        import torch

        inputs, mask = engine.padded(batch)
        with torch.inference_mode():
            output = engine.model.generate(
                input_ids=inputs,
                attention_mask=mask,
                num_beams=self.beams,
                max_new_tokens=self.max_tokens,
                do_sample=False,
            )
        texts: list[str] = engine.tokenizer.batch_decode(output, skip_special_tokens=True)
        return texts

    def _load(self) -> LoadedModel:
        if self._engine is None:
            need("torch", "hf")
            need("transformers", "hf")
            try:
                engine = load(
                    self.model,
                    adapter=None,
                    revision=None,
                    device=self.device,
                    dtype=None,
                    trust_remote_code=False,
                )
            except Exception as error:  # each library and file format fails in its own way
                raise RewriteError(
                    f"cannot load {str(self.model)!r}: {error}\nExpected the name of a "
                    "sequence-to-sequence model on the hub (downloaded before, if this machine "
                    "is offline) or a directory, as save_pretrained writes it"
                ) from error
            if not engine.seq2seq:
                raise RewriteError(
                    f"expected a sequence-to-sequence model such as a T5, found "
                    f"{type(engine.model).__name__} in {str(self.model)!r}; for a causal model "
                    "use a prompted method with TransformersLLM"
                )
            self._engine = engine
        return self._engine

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_engine": None}


def joined(history: History, query: str, *, separator: str, responses: bool) -> str:
    """Return a conversation as the model reads it."""
    said = [message["content"] for message in limit_history(history, responses=responses)]
    return separator.join([*said, query])


def encoded(tokenizer: Any, texts: Sequence[str], max_length: int) -> list[list[int]]:
    """Return tokens; a text that is too long loses its beginning."""
    side, tokenizer.truncation_side = tokenizer.truncation_side, "left"
    try:
        ids: list[list[int]] = tokenizer(
            list(texts), truncation=True, max_length=max_length, verbose=False
        )["input_ids"]
    finally:
        tokenizer.truncation_side = side
    return ids


def train_seq2seq(
    base_model: str | Path,
    topics: pd.DataFrame,
    *,
    output_dir: str | Path,
    separator: str = " ||| ",
    responses: bool = True,
    epochs: float = 3,
    learning_rate: float = 3e-4,
    batch_size: int = 16,
    max_length: int = 512,
    max_tokens: int = 64,
    seed: int = 42,
    device: str | None = None,
    verbose: bool = True,
) -> Seq2SeqRewriter:
    """Train a T5-like model to write turns so that they stand alone.

    Turns without history, or without a reference rewrite, are left out.

    Args:
        base_model: Directory or hub name of a sequence-to-sequence model.
        topics: ``qid``, ``query``, ``qhistory``, ``qrewrite``.
        output_dir: Where the trained model goes; files of an earlier one are replaced.
        separator: Text between messages.
        responses: Whether the model reads the assistant's messages too.
        epochs: Passes over the turns.
        learning_rate: Highest learning rate; it falls to 0.
        batch_size: Turns a step, at least 1.
        max_length: Most tokens that the model reads.
        max_tokens: Longest rewrite in tokens.
        seed: Makes the run repeatable.
        device: ``"cpu"``, or None for the GPU if there is one.
        verbose: Whether to show progress.

    Returns:
        The rewriter; ``Seq2SeqRewriter(output_dir)`` loads it again later.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        ValueError: If no topic has a history and a rewrite.
        MissingExtraError: If torch, transformers or accelerate is missing.

    Example:
        >>> rewriter = train_seq2seq("t5-base", topics, output_dir="models/t5")
        ... # doctest: +SKIP
    """
    transformers = need_training()
    pt.validate.query_frame(topics, [QUERY, QHISTORY, QREWRITE])
    rows = zip(histories(topics), topics[QUERY], topics[QREWRITE], strict=True)
    pairs = [
        (joined(history, query, separator=separator, responses=responses), target)
        for history, query, target in rows
        if history and isinstance(target, str) and target.strip()
    ]
    if not pairs:
        raise ValueError(
            f"none of the {len(topics)} topics has both a history (qhistory) and a reference "
            "rewrite (qrewrite) to learn from"
        )
    with quiet_training():
        transformers.set_seed(seed)
        tokenizer = transformers.AutoTokenizer.from_pretrained(base_model)
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(base_model)
        sources, targets = zip(*pairs, strict=True)
        inputs = encoded(tokenizer, sources, max_length)
        labels = tokenizer(text_target=list(targets), truncation=True, max_length=max_tokens)
        fit(
            model,
            tokenizer,
            [
                {"input_ids": source, "attention_mask": [1] * len(source), "labels": target}
                for source, target in zip(inputs, labels["input_ids"], strict=True)
            ],
            collator=transformers.DataCollatorForSeq2Seq(tokenizer, model),
            device=device,
            verbose=verbose,
            output_dir=output_dir,
            num_train_epochs=epochs,
            learning_rate=learning_rate,
            per_device_train_batch_size=batch_size,
            seed=seed,
        )
    return Seq2SeqRewriter(
        output_dir,
        separator=separator,
        responses=responses,
        max_length=max_length,
        max_tokens=max_tokens,
        device=device,
    )
