"""What the training of conversational models shares: transformers' Trainer, kept quiet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...extras import need


def need_training() -> Any:
    """Return transformers, with everything that training needs beside it.

    Raises:
        MissingExtraError: If something is missing.
    """
    need("torch", "hf")
    transformers = need("transformers", "hf")
    need("accelerate", "train")
    return transformers


def fit(
    model: Any,
    tokenizer: Any,
    examples: Sequence[dict[str, list[int]]],
    *,
    collator: Any,
    output_dir: str | Path,
    device: str | None,
    verbose: bool,
    loss: Any = None,
    **options: Any,
) -> None:
    """Train a model in place, and save it.

    Args:
        model: The model.
        tokenizer: Its tokenizer, which is saved beside it.
        examples: Token ids and labels, one dict an example.
        collator: Makes a batch of some examples.
        output_dir: Where the trained model goes.
        device: ``"cpu"``, or None for the GPU if there is one.
        verbose: Whether to show progress.
        loss: Loss function in place of the model's own.
        **options: Arguments as transformers names them.
    """
    import torch
    from transformers import PrinterCallback, Trainer, TrainingArguments

    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(output_dir),
            use_cpu=device == "cpu" or not torch.cuda.is_available(),
            train_sampling_strategy="group_by_length",
            warmup_steps=0.1,
            weight_decay=0.01,
            remove_unused_columns=False,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            dataloader_pin_memory=False,
            disable_tqdm=not verbose,
            **options,
        ),
        train_dataset=list(examples),
        data_collator=collator,
        compute_loss_func=loss,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    model.save_pretrained(output_dir)
    tokenizer.save_pretrained(output_dir)
