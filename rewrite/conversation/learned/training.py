"""What the training of conversational models shares: transformers' Trainer, kept quiet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...extras import need


def need_training() -> None:
    """Raise unless everything that training needs is installed.

    Raises:
        MissingExtraError: If something is missing.
    """
    need("torch", "hf")
    need("transformers", "hf")
    need("accelerate", "train")


def fit(
    trainer: Any,
    arguments: Any,
    model: Any,
    examples: Sequence[dict[str, list[int]]],
    *,
    collator: Any,
    device: str | None,
    verbose: bool,
    loss: Any = None,
    **options: Any,
) -> None:
    """Train a model in place.

    Args:
        trainer: A class of transformers.
        arguments: The class of its arguments.
        model: The model.
        examples: Token ids and labels, one dict an example.
        collator: Makes a batch of some examples.
        device: ``"cpu"``, or None for the GPU if there is one.
        verbose: Whether to show progress.
        loss: Loss function in place of the model's own.
        **options: Arguments as transformers names them.
    """
    import torch
    from transformers import PrinterCallback

    made = trainer(
        model=model,
        args=arguments(
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
    made.remove_callback(PrinterCallback)
    made.train()
