"""Learning from preferences (DPO, IPO) and from good and bad examples (KTO)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import numpy as np
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

CHOSEN: Final = "chosen"
REJECTED: Final = "rejected"
COMPLETION: Final = "completion"
DESIRED: Final = "label"
"""Whether a completion is one to learn from; the trainer of KTO knows it by this name."""


def dpo(
    rewriter: R,
    data: pd.DataFrame,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    loss: Literal["sigmoid", "ipo"] = "sigmoid",
    beta: float = 0.1,
    epochs: float = 1.0,
    steps: int | None = None,
    batch_size: int = 8,
    learning_rate: float = 1e-6,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: int = 200,
    resume: bool = False,
    verbose: bool = True,
    trl: Mapping[str, Any] | None = None,
) -> R:
    """Train a rewriter on pairs of a better and a worse rewrite (DPO, IPO).

    Args:
        rewriter: A rewriter on a causal :class:`~pyterrier_rewrite.TransformersLLM`; its
            weights are also the reference that training stays close to.
        data: ``qid``, ``query``, ``chosen``, ``rejected`` (raw generations, as
            :func:`~pyterrier_rewrite.training.preference_pairs` gives them) and whatever the
            prompt needs.
        output_dir: A folder of this run's own.
        validation: Decides which weights are kept and when to stop; None keeps the last.
        loss: ``"sigmoid"`` is DPO, ``"ipo"`` is IPO, which does not run away on clear pairs.
        beta: How close to stay to the reference, above 0.
        epochs: Passes over the data.
        steps: Optimiser steps, in place of ``epochs``.
        batch_size: Pairs a step and process.
        learning_rate: 1e-6 for large models, 1e-4 for small ones or LoRA.
        lora: Train an adapter instead of all weights.
        seed: Makes the run repeatable.
        checkpoint_every: Steps between checkpoints.
        resume: Go on from the last checkpoint in ``output_dir``.
        verbose: Show a progress bar.
        trl: Options for ``trl.DPOConfig`` as it names them.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        TrainingError: If the loss is NaN; it names the queries.
        ValueError: If ``output_dir`` holds another run, or the model is sequence-to-sequence.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> trained = dpo(rewriter, pairs, output_dir="runs/ipo", loss="ipo", beta=0.05)
        ... # doctest: +SKIP

    Reference:
        Rafailov et al., "Direct Preference Optimization", NeurIPS 2023; Azar et al., "A General
        Theoretical Paradigm to Understand Learning from Human Preferences", AISTATS 2024.
    """
    pt.validate.query_frame(data, [QUERY, CHOSEN, REJECTED])
    if loss not in ("sigmoid", "ipo"):
        raise ValueError(f"loss should be 'sigmoid' or 'ipo', found {loss!r}")
    run = Run(
        "dpo", rewriter, Path(output_dir), validation, lora, seed, checkpoint_every, resume,
        verbose, trl or {},
    )  # fmt: skip
    settings: dict[str, Any] = {"loss": loss, "beta": beta, "epochs": epochs, "steps": steps}
    settings |= {"batch_size": batch_size, "learning_rate": learning_rate}

    def trainer_of(engine: Engine, task: Task, examples: list[dict[str, Any]]) -> Any:
        from datasets import Dataset
        from trl import DPOConfig, DPOTrainer

        return trainer_class(DPOTrainer, task)(
            model=engine.model,
            args=run.arguments(
                DPOConfig,
                engine,
                loss_type=loss,
                beta=beta,
                num_train_epochs=epochs,
                max_steps=steps or -1,
                per_device_train_batch_size=batch_size,
                learning_rate=learning_rate,
                max_length=None,
            ),
            train_dataset=Dataset.from_list(examples),
            processing_class=engine.tokenizer,
            peft_config=lora.config() if lora else None,
        )

    return _train(rewriter, data, run, settings, (CHOSEN, REJECTED), trainer_of)


def kto(
    rewriter: R,
    data: pd.DataFrame,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    epochs: float = 1.0,
    steps: int | None = None,
    batch_size: int = 8,
    learning_rate: float = 1e-6,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: int = 200,
    resume: bool = False,
    verbose: bool = True,
    trl: Mapping[str, Any] | None = None,
) -> R:
    """Train a rewriter on good and bad rewrites that need not come in pairs (KTO).

    Args:
        rewriter: A rewriter on a causal :class:`~pyterrier_rewrite.TransformersLLM`; its
            weights are also the reference that training stays close to.
        data: ``qid``, ``query``, ``completion`` (raw generation), ``label`` (True is good; as
            :func:`~pyterrier_rewrite.training.labelled_samples` gives them) and whatever the
            prompt needs.
        output_dir: A folder of this run's own.
        validation: Decides which weights are kept and when to stop; None keeps the last.
        beta: How close to stay to the reference, above 0.
        desirable_weight: Weight of the good ones' loss.
        undesirable_weight: Weight of the bad ones' loss.
        epochs: Passes over the data.
        steps: Optimiser steps, in place of ``epochs``.
        batch_size: Examples a step and process, at least 2.
        learning_rate: 1e-6 for large models, 1e-4 for small ones or LoRA.
        lora: Train an adapter instead of all weights.
        seed: Makes the run repeatable.
        checkpoint_every: Steps between checkpoints.
        resume: Go on from the last checkpoint in ``output_dir``.
        verbose: Show a progress bar.
        trl: Options for ``trl.KTOConfig`` as it names them.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        TrainingError: If the loss is NaN; it names the queries.
        ValueError: If all labels are the same, ``output_dir`` holds another run, or the model is
            sequence-to-sequence.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> trained = kto(rewriter, samples, output_dir="runs/kto")  # doctest: +SKIP

    Reference:
        Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", ICML 2024.
    """
    pt.validate.query_frame(data, [QUERY, COMPLETION, DESIRED])
    if data[DESIRED].nunique() < 2:
        raise ValueError("KTO needs good and bad examples, found all labels the same")
    # TRL reads the examples in order, for the sake of its reference term; so they are shuffled here
    order = np.random.default_rng(seed).permutation(len(data))
    data = data.assign(**{DESIRED: data[DESIRED].astype(bool)}).iloc[order].reset_index(drop=True)
    run = Run(
        "kto", rewriter, Path(output_dir), validation, lora, seed, checkpoint_every, resume,
        verbose, trl or {},
    )  # fmt: skip
    settings: dict[str, Any] = {
        "beta": beta,
        "epochs": epochs,
        "steps": steps,
        "batch_size": batch_size,
    }
    settings |= {"learning_rate": learning_rate, "weights": [desirable_weight, undesirable_weight]}

    def trainer_of(engine: Engine, task: Task, examples: list[dict[str, Any]]) -> Any:
        from datasets import Dataset
        from trl import KTOConfig, KTOTrainer

        for start in range(0, len(examples), batch_size):
            batch = examples[start : start + batch_size]
            for at, example in enumerate(batch):
                # a completion of another prompt of the batch estimates the divergence
                example["KL_completion_ids"] = batch[at - 1][f"{COMPLETION}_ids"]
        return trainer_class(KTOTrainer, task)(
            model=engine.model,
            args=run.arguments(
                KTOConfig,
                engine,
                beta=beta,
                desirable_weight=desirable_weight,
                undesirable_weight=undesirable_weight,
                num_train_epochs=epochs,
                max_steps=steps or -1,
                per_device_train_batch_size=batch_size,
                learning_rate=learning_rate,
                max_length=None,
            ),
            train_dataset=Dataset.from_list(examples),
            processing_class=engine.tokenizer,
            peft_config=lora.config() if lora else None,
        )

    return _train(rewriter, data, run, settings, (COMPLETION,), trainer_of)


def _train(
    rewriter: R,
    data: pd.DataFrame,
    run: Run,
    settings: dict[str, Any],
    texts: tuple[str, ...],
    trainer_of: Any,
) -> R:
    task = Task.of(rewriter, data.drop_duplicates("qid"))
    data, rows = rows_of(task, data)
    columns = [QUERY, *texts, *(c for c in (DESIRED,) if c in data.columns and COMPLETION in texts)]
    run.summary = {
        "method": run.method,
        "settings": {**settings, "lora": repr(run.lora), "seed": run.seed, "trl": dict(run.trl)},
        "start": rewriter.llm.identity,
        "data": data_summary(data, columns),
    }
    if run.finished():
        return run.trained(rewriter)
    with quiet_training():
        engine = run.engine()
        if engine.seq2seq:
            raise ValueError(
                "preferences train causal models, found a sequence-to-sequence model; train it "
                "with training.sft on the better ones"
            )
        prompts = [tokens for _, tokens in prompt_tokens(task, engine)]
        examples = [{"row": row, "prompt_ids": prompts[row]} for row in rows]
        for column in texts:
            tokens = completion_tokens(data[column].tolist(), task, engine)
            for example, its in zip(examples, tokens, strict=True):
                example[f"{column}_ids"] = its
        if DESIRED in columns:
            for example, label in zip(examples, data[DESIRED].tolist(), strict=True):
                example[DESIRED] = label
        trainer = trainer_of(engine, task, examples)
        trainer.data_collator = WithRows(trainer.data_collator)
        run.go(trainer, engine)
    return run.trained(rewriter)
