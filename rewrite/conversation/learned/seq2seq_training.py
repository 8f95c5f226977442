"""Training of the sequence-to-sequence rewriter, on reference rewrites."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyterrier as pt

from ...columns import QHISTORY, QREWRITE, QUERY
from ..history import histories
from .seq2seq import Seq2SeqRewriter, encoded, joined
from .training import fit, need_training


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
    need_training()
    from transformers import (
        AutoModelForSeq2SeqLM,
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        set_seed,
    )

    from ...extras import quiet_training

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
        set_seed(seed)
        tokenizer = AutoTokenizer.from_pretrained(base_model)
        model = AutoModelForSeq2SeqLM.from_pretrained(base_model)
        sources, targets = zip(*pairs, strict=True)
        inputs = encoded(tokenizer, sources, max_length)
        labels = tokenizer(text_target=list(targets), truncation=True, max_length=max_tokens)
        fit(
            Seq2SeqTrainer,
            Seq2SeqTrainingArguments,
            model,
            [
                {"input_ids": source, "attention_mask": [1] * len(source), "labels": target}
                for source, target in zip(inputs, labels["input_ids"], strict=True)
            ],
            collator=DataCollatorForSeq2Seq(tokenizer, model),
            device=device,
            verbose=verbose,
            output_dir=str(output_dir),
            num_train_epochs=epochs,
            learning_rate=learning_rate,
            per_device_train_batch_size=batch_size,
            seed=seed,
        )
        model.save_pretrained(output_dir)
        tokenizer.save_pretrained(output_dir)
    return Seq2SeqRewriter(
        output_dir,
        separator=separator,
        responses=responses,
        max_length=max_length,
        max_tokens=max_tokens,
        device=device,
    )
