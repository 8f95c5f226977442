"""Learning from preferences (DPO, IPO) and from good and bad examples (KTO)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pyterrier as pt
from annotated_types import Ge

from ...columns import QID, QUERY
from ...ranges import Count, Positive, Weight
from ..run.columns import CHOSEN, COMPLETION, GOOD, REJECTED
from ..run.errors import TrainingWarning
from ..run.run import R, Run
from ..run.settings import Common, LoraSettings, Validation
from .examples import Examples, learn, refuse_seq2seq


def dpo(
    rewriter: R,
    data: pd.DataFrame,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    loss: Literal["sigmoid", "ipo"] = "sigmoid",
    beta: Weight = 0.1,
    epochs: Positive = 1.0,
    steps: Count | None = None,
    batch_size: Count = 8,
    learning_rate: Positive = 1e-6,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: Count = 200,
    resume: bool = False,
    dry_run: bool = False,
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
        dry_run: Check data, model and settings as far as the first step, write and train nothing,
            and return the rewriter as it is. Weights are not read.
        verbose: Show a progress bar.
        trl: Options for ``trl.DPOConfig`` as it names them.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        TrainingError: If the loss is NaN; it names the queries.
        ValueError: If chosen and rejected are the same everywhere, ``output_dir`` holds another
            run, or the model is sequence-to-sequence.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> trained = dpo(rewriter, pairs, output_dir="runs/ipo", loss="ipo", beta=0.05)
        ... # doctest: +SKIP

    Reference:
        Rafailov et al., "Direct Preference Optimization", NeurIPS 2023; Azar et al., "A General
        Theoretical Paradigm to Understand Learning from Human Preferences", AISTATS 2024.
    """
    common, settings = Common.of(dpo, locals())
    if loss not in ("sigmoid", "ipo"):
        raise ValueError(f"loss should be 'sigmoid' or 'ipo', found {loss!r}")

    pt.validate.query_frame(data, [QUERY, CHOSEN, REJECTED])
    same = 0 if dry_run else int((data[CHOSEN] == data[REJECTED]).sum())
    if same:
        said = f"chosen and rejected are the same in {same} of {len(data)} pairs"
        if same == len(data):
            raise ValueError(f"{said}: there is nothing to prefer")
        warnings.warn(f"{said}, which teach nothing", TrainingWarning, stacklevel=2)

    def trainer(run: Run, examples: Examples) -> Any:
        from trl import DPOConfig, DPOTrainer

        refuse_seq2seq(run, "preferences train", "the better ones")
        return run.trainer(DPOTrainer, run.arguments(DPOConfig, max_length=None), examples)

    return learn("dpo", rewriter, data, common, settings, trainer, texts=[CHOSEN, REJECTED])


def kto(
    rewriter: R,
    data: pd.DataFrame,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    beta: Weight = 0.1,
    desirable_weight: Weight = 1.0,
    undesirable_weight: Weight = 1.0,
    epochs: Positive = 1.0,
    steps: Count | None = None,
    batch_size: Annotated[int, Ge(2)] = 8,
    learning_rate: Positive = 1e-6,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: Count = 200,
    resume: bool = False,
    dry_run: bool = False,
    verbose: bool = True,
    trl: Mapping[str, Any] | None = None,
) -> R:
    """Train a rewriter on good and bad rewrites that need not come in pairs (KTO).

    Args:
        rewriter: A rewriter on a causal :class:`~pyterrier_rewrite.TransformersLLM`; its
            weights are also the reference that training stays close to.
        data: ``qid``, ``query``, ``completion`` (raw generation), ``label`` (True or 1 is good,
            False, 0 or -1 is bad; as :func:`~pyterrier_rewrite.training.labelled_samples` gives
            them) and whatever the prompt needs.
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
        dry_run: Check data, model and settings as far as the first step, write and train nothing,
            and return the rewriter as it is. Weights are not read.
        verbose: Show a progress bar.
        trl: Options for ``trl.KTOConfig`` as it names them.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        pt.validate.InputValidationError: If a column is missing.
        TrainingError: If the loss is NaN; it names the queries.
        ValueError: If a label is none, all are the same, ``output_dir`` holds another run, or the
            model is sequence-to-sequence.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> trained = kto(rewriter, samples, output_dir="runs/kto")  # doctest: +SKIP

    Reference:
        Ethayarajh et al., "KTO: Model Alignment as Prospect Theoretic Optimization", ICML 2024.
    """
    common, settings = Common.of(kto, locals())
    pt.validate.query_frame(data, [QUERY, COMPLETION, GOOD])
    good = [_is_good(label, qid) for label, qid in zip(data[GOOD], data[QID], strict=True)]
    if len(set(good)) < 2:
        raise ValueError("KTO needs good and bad examples, found all labels the same")
    # TRL reads the examples in order, for the sake of its reference term; so they are shuffled here
    order = np.random.default_rng(seed).permutation(len(data))
    data = data.assign(**{GOOD: good}).iloc[order].reset_index(drop=True)
    weights = {name: settings.pop(name) for name in ("desirable_weight", "undesirable_weight")}
    settings["weights"] = list(weights.values())

    def trainer(run: Run, examples: Examples) -> Any:
        from trl import KTOConfig, KTOTrainer

        refuse_seq2seq(run, "preferences train", "the better ones")
        for start in range(0, len(examples), batch_size):
            batch = examples[start : start + batch_size]
            for at, example in enumerate(batch):
                # a completion of another prompt of the batch estimates the divergence
                example["KL_completion_ids"] = batch[at - 1][f"{COMPLETION}_ids"]
        arguments = run.arguments(KTOConfig, **weights, max_length=None)
        return run.trainer(KTOTrainer, arguments, examples)

    return learn(
        "kto", rewriter, data, common, settings, trainer, texts=[COMPLETION], labels=[GOOD]
    )


def _is_good(label: object, qid: object) -> bool:
    """Read a label; a text is refused, because every text is true, ``"False"`` too."""
    if isinstance(label, (bool, int, float, np.bool_, np.number)) and label in (0, 1, -1):
        return bool(label > 0)
    raise ValueError(
        f"label should be True or False, 1 or 0, or 1 or -1, found {label!r} for the query "
        f"{qid!r}; turn texts into these first: data['label'] = data['label'] == 'good'"
    )
