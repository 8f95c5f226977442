"""Supervised training: learn to write given targets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ...ranges import Count, Positive
from ..run.columns import TARGET
from ..run.run import R, Run
from ..run.settings import Common, LoraSettings, Validation
from .examples import Examples, learn


def sft(
    rewriter: R,
    data: pd.DataFrame,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    epochs: Positive = 3.0,
    steps: Count | None = None,
    batch_size: Count = 16,
    learning_rate: Positive = 2e-5,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: Count = 200,
    resume: bool = False,
    dry_run: bool = False,
    verbose: bool = True,
    trl: Mapping[str, Any] | None = None,
) -> R:
    """Train a rewriter to write given targets (supervised fine-tuning).

    The prompt is the one of serving, the loss is taken on the target and the token that ends it.
    Sequence-to-sequence models train with this method only.

    Args:
        rewriter: A rewriter on a :class:`~pyterrier_rewrite.TransformersLLM`.
        data: ``qid``, ``query``, ``target`` (what the model should write, before any parsing)
            and whatever the prompt needs; a query may have several targets.
        output_dir: A folder of this run's own.
        validation: Decides which weights are kept and when to stop; None keeps the last.
        epochs: Passes over the data.
        steps: Optimiser steps, in place of ``epochs``.
        batch_size: Targets a step and process.
        learning_rate: 2e-5 for large models, 1e-3 for small ones from scratch.
        lora: Train an adapter instead of all weights.
        seed: Makes the run repeatable.
        checkpoint_every: Steps between checkpoints.
        resume: Go on from the last checkpoint in ``output_dir``.
        dry_run: Check data, model and settings as far as the first step, write and train nothing,
            and return the rewriter as it is. Weights are not read.
        verbose: Show a progress bar.
        trl: Options for ``trl.SFTConfig`` as it names them.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        TrainingError: If the loss is NaN; it names the queries.
        ValueError: If a target is no text or blank, or ``output_dir`` holds another run.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> warm = sft(rewriter, pairs, output_dir="runs/sft", epochs=3)  # doctest: +SKIP
    """
    common, settings = Common.of(sft, locals())
    return learn("sft", rewriter, data, common, settings, _trainer, texts=[TARGET])


def _trainer(run: Run, examples: Examples) -> Any:
    if run.engine.seq2seq:
        from transformers import DataCollatorForSeq2Seq, Seq2SeqTrainer, Seq2SeqTrainingArguments

        tokens = [
            {
                "row": example["row"],
                "input_ids": example["prompt_ids"],
                "attention_mask": [1] * len(example["prompt_ids"]),
                "labels": example["target_ids"],
            }
            for example in examples
        ]
        collator = DataCollatorForSeq2Seq(run.engine.tokenizer, run.engine.model)
        arguments = run.arguments(Seq2SeqTrainingArguments)
        return run.trainer(Seq2SeqTrainer, arguments, tokens, data_collator=collator)

    from trl import SFTConfig, SFTTrainer

    tokens = [
        {
            "row": example["row"],
            "input_ids": example["prompt_ids"] + example["target_ids"],
            "labels": [-100] * len(example["prompt_ids"]) + example["target_ids"],
        }
        for example in examples
    ]
    prepared = {"skip_prepare_dataset": True}
    arguments = run.arguments(SFTConfig, dataset_kwargs=prepared, max_length=None)
    return run.trainer(SFTTrainer, arguments, tokens)
