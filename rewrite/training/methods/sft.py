"""Supervised training: learn to write given targets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import pandas as pd
import pyterrier as pt

from ...columns import QUERY
from ...extras import quiet_training
from ...llm.local.loaded import Engine
from ...prompting.llm_rewriter import LLMRewriter
from ..run.lora import LoraSettings
from ..run.run import Run, trainer_class
from ..run.task import Task
from ..run.tokens import WithRows, completion_tokens, data_summary, prompt_tokens, rows_of
from ..run.validation import Validation

R = TypeVar("R", bound=LLMRewriter)

TARGET: Final = "target"
"""Column of the raw generation that the model should write."""


def sft(
    rewriter: R,
    data: pd.DataFrame,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    epochs: float = 3.0,
    steps: int | None = None,
    batch_size: int = 16,
    learning_rate: float = 2e-5,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: int = 200,
    resume: bool = False,
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
        verbose: Show a progress bar.
        trl: Options for ``trl.SFTConfig`` as it names them.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        TrainingError: If the loss is NaN; it names the queries.
        ValueError: If ``output_dir`` holds another run.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> warm = sft(rewriter, pairs, output_dir="runs/sft", epochs=3)  # doctest: +SKIP
    """
    pt.validate.query_frame(data, [QUERY, TARGET])
    task = Task.of(rewriter, data.drop_duplicates("qid"))
    data, rows = rows_of(task, data)
    run = Run(
        "sft", rewriter, Path(output_dir), validation, lora, seed, checkpoint_every, resume,
        verbose, trl or {},
    )  # fmt: skip
    run.summary = {
        "method": "sft",
        "settings": {
            "epochs": epochs,
            "steps": steps,
            "batch_size": batch_size,
            "learning_rate": learning_rate,
            "lora": repr(lora),
            "seed": seed,
            "trl": dict(trl or {}),
        },
        "start": rewriter.llm.identity,
        "data": data_summary(data, [QUERY, TARGET]),
    }
    if run.finished():
        return run.trained(rewriter)
    with quiet_training():
        engine = run.engine()
        prompts = [tokens for _, tokens in prompt_tokens(task, engine)]
        targets = completion_tokens(data[TARGET].tolist(), task, engine)
        make = _seq2seq if engine.seq2seq else _causal
        trainer = make(
            run,
            engine,
            task,
            [
                {"row": row, "prompt_ids": prompts[row], "target_ids": target}
                for row, target in zip(rows, targets, strict=True)
            ],
            num_train_epochs=epochs,
            max_steps=steps or -1,
            per_device_train_batch_size=batch_size,
            learning_rate=learning_rate,
        )
        run.go(trainer, engine)
    return run.trained(rewriter)


def _causal(
    run: Run, engine: Engine, task: Task, examples: list[dict[str, Any]], **options: Any
) -> Any:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    tokens = [
        {
            "row": example["row"],
            "input_ids": example["prompt_ids"] + example["target_ids"],
            "labels": [-100] * len(example["prompt_ids"]) + example["target_ids"],
        }
        for example in examples
    ]
    trainer = trainer_class(SFTTrainer, task)(
        model=engine.model,
        args=run.arguments(
            SFTConfig,
            engine,
            dataset_kwargs={"skip_prepare_dataset": True},
            max_length=None,
            **options,
        ),
        train_dataset=Dataset.from_list(tokens),
        processing_class=engine.tokenizer,
        peft_config=run.lora.config() if run.lora else None,
    )
    trainer.data_collator = WithRows(trainer.data_collator)
    return trainer


def _seq2seq(
    run: Run, engine: Engine, task: Task, examples: list[dict[str, Any]], **options: Any
) -> Any:
    from datasets import Dataset
    from transformers import (
        DataCollatorForSeq2Seq,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
    )

    if run.lora is not None:
        raise ValueError("a sequence-to-sequence model trains all its weights; leave out lora")
    tokens = [
        {
            "row": example["row"],
            "input_ids": example["prompt_ids"],
            "attention_mask": [1] * len(example["prompt_ids"]),
            "labels": example["target_ids"],
        }
        for example in examples
    ]
    return trainer_class(Seq2SeqTrainer, task)(
        model=engine.model,
        args=run.arguments(Seq2SeqTrainingArguments, engine, **options),
        train_dataset=Dataset.from_list(tokens),
        processing_class=engine.tokenizer,
        data_collator=WithRows(DataCollatorForSeq2Seq(engine.tokenizer, engine.model)),
    )
