"""Group-relative policy optimisation: learn from the marks of one's own rewrites."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from annotated_types import Ge

from ...columns import QUERY
from ...extras import quiet_training
from ...protocols import Reward
from ...ranges import Count, Portion, Positive, Weight
from ..run.run import R, Run
from ..run.settings import Common, LoraSettings, Validation
from ..run.task import Task
from .examples import data_summary, prompt_tokens, refuse_seq2seq
from .reward_function import RewardFunction


def grpo(
    rewriter: R,
    topics: pd.DataFrame,
    reward: Reward,
    *,
    output_dir: str | Path,
    validation: Validation | None = None,
    steps: Count = 200,
    queries_per_step: Count = 8,
    group_size: Annotated[int, Ge(2)] = 8,
    batch_size: Count | None = None,
    learning_rate: Positive = 1e-6,
    beta: Weight = 0.0,
    temperature: Positive = 1.0,
    top_p: Portion = 1.0,
    num_iterations: Count = 1,
    unparsable: float | None = None,
    lora: LoraSettings | None = None,
    seed: int = 0,
    checkpoint_every: Count = 50,
    resume: bool = False,
    dry_run: bool = False,
    verbose: bool = True,
    trl: Mapping[str, Any] | None = None,
) -> R:
    """Train a rewriter by a reward (GRPO).

    Each step takes some queries, lets the model write a group of rewrites for each, marks them,
    and makes those above their group's mean likelier. From a cold start this collapses onto one
    constant expansion: warm the model up with :func:`~pyterrier_rewrite.training.sft` first.

    Written to ``output_dir``: ``best/`` (the weights that validated best, loadable), checkpoints,
    ``training.csv`` and ``training.png``.

    Args:
        rewriter: A rewriter on a causal :class:`~pyterrier_rewrite.TransformersLLM`. One
            generation is one candidate, also where ``n`` of them make a query in serving.
        topics: ``qid``, ``query`` and whatever prompt and reward need.
        reward: Scores candidates; None is no verdict and teaches nothing, for its whole group.
        output_dir: A folder of this run's own.
        validation: Decides which weights are kept and when to stop; None keeps the last.
        steps: Optimiser steps.
        queries_per_step: Queries a step, over all processes.
        group_size: Rewrites a query, at least 2.
        batch_size: Rewrites in one forward pass of a process; None takes all of them at once.
        learning_rate: 1e-6 for large models, 1e-4 or more for small ones or LoRA.
        beta: Weight of the divergence from the start; 0 needs no reference model.
        temperature: Of the rewrites, above 0.
        top_p: Nucleus mass in (0, 1].
        num_iterations: Optimiser steps on each batch of rewrites.
        unparsable: Mark of a generation that cannot be read; None puts it below its group.
        lora: Train an adapter instead of all weights.
        seed: Makes the run repeatable.
        checkpoint_every: Steps between checkpoints, a multiple of ``num_iterations``.
        resume: Go on from the last checkpoint in ``output_dir``; the end is that of an unbroken
            run.
        dry_run: Check data, model and settings as far as the first step, write and train nothing,
            and return the rewriter as it is. Weights are not read.
        verbose: Show a progress bar.
        trl: Options for ``trl.GRPOConfig`` as it names them: ``{"use_vllm": True}``.

    Returns:
        A rewriter of the same class on the best weights.

    Raises:
        TrainingError: If a mark or the loss is NaN, it names the queries; or if the reward gives
            no verdict on any rewrite.
        ValueError: If an argument is out of range, or ``output_dir`` holds another run.
        TypeError: If the rewriter's model is not a TransformersLLM.
        MissingExtraError: If trl, peft or matplotlib is missing.

    Example:
        >>> trained = grpo(rewriter, train.topics, SearchFeedback(bm25, train.qrels, "nDCG@10"),
        ...     output_dir="runs/grpo", validation=validation)  # doctest: +SKIP

    Reference:
        Shao et al., "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language
        Models", 2024.
    """
    common, settings = Common.of(grpo, locals())
    task = Task.of(rewriter, topics)
    queries = min(queries_per_step, len(task.topics))
    settings["queries_per_step"] = queries
    del settings["batch_size"]  # where a step is computed in parts, it is the same step
    run = Run("grpo", task, common, settings, data_summary(task.topics, [QUERY]), reward)
    if run.finished():
        return run.result(rewriter)
    from trl import GRPOConfig, GRPOTrainer

    with quiet_training():
        refuse_seq2seq(run, "GRPO trains", "training.rejection_samples")
        encoded = prompt_tokens(task, run.engine)
        total = queries * group_size
        processes = int(os.environ.get("WORLD_SIZE", "1"))
        per_process, rest = divmod(total, processes)
        micro = batch_size or per_process
        if rest or per_process % micro:
            raise ValueError(
                f"queries_per_step × group_size = {total} rewrites should divide evenly among "
                f"{processes} processes and batches of {micro}; change one of them"
            )
        arguments = run.arguments(
            GRPOConfig,
            per_device_train_batch_size=micro,
            gradient_accumulation_steps=per_process // micro,
            max_completion_length=rewriter.max_tokens,
            top_k=0,
            shuffle_dataset=False,  # see _order
        )
        steps_of_batch, rest = divmod(
            arguments.steps_per_generation * arguments.num_iterations,
            arguments.gradient_accumulation_steps,
        )
        if rest:
            raise ValueError(
                "steps_per_generation × num_iterations should be a multiple of the "
                f"{arguments.gradient_accumulation_steps} batches of a step"
            )
        if checkpoint_every % steps_of_batch:
            raise ValueError(
                f"checkpoint_every should be a multiple of {steps_of_batch}, the steps between two "
                f"generations, or a resumed run would differ; found {checkpoint_every}"
            )
        marks = RewardFunction(task, reward, unparsable=unparsable, ends=run.engine.ends)
        if dry_run:
            marks(completions=task.topics[QUERY].head(2).tolist(), row=[0, 1][: len(task.topics)])
        order = _order(
            len(encoded),
            size=arguments.generation_batch_size // group_size,
            batches=-(-steps // steps_of_batch),
            seed=seed,
        )
        trainer = run.trainer(
            _serving(GRPOTrainer, dict(encoded), tuple(rewriter.stop)),
            arguments,
            [{"prompt": encoded[row][0], "row": row} for row in order],
            reward_funcs=marks,
        )
        if not dry_run:
            run.go(trainer, boundary=steps_of_batch)
            marks.check_verdicts()
    return run.result(rewriter)


def _serving(base: Any, tokens: Mapping[str, list[int]], stop: tuple[str, ...]) -> Any:
    """Return TRL's trainer on the tokens of serving, which ends generations where serving does."""

    class Trainer(base):  # type: ignore[misc]
        def _tokenize_prompts(
            self, prompts: list[str]
        ) -> tuple[list[list[int]], None, dict[str, Any]]:
            return [tokens[prompt] for prompt in prompts], None, {}

        def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
            written, logprobs = super()._generate_single_turn(*args, **kwargs)
            if stop:
                lengths = [self._length(ids) for ids in written]
                written = [ids[:n] for ids, n in zip(written, lengths, strict=True)]
                if logprobs is not None:
                    logprobs = [its[:n] for its, n in zip(logprobs, lengths, strict=True)]
            return written, logprobs

        def _length(self, ids: list[int]) -> int:
            """Return how many tokens there are up to the end of the first stop text."""
            for n in range(1, len(ids) + 1):
                text = self.processing_class.decode(ids[:n], skip_special_tokens=True)
                if any(end in text for end in stop):
                    return n
            return len(ids)

    return Trainer


def _order(topics: int, *, size: int, batches: int, seed: int) -> list[int]:
    """Return the topics of the whole run: one shuffle after the other, no topic twice a batch.

    TRL's own sampler draws each epoch's shuffle from where the last one left its generator, which
    a resumed run does not know; with the whole run as one epoch, it goes on where it stopped.
    """
    shuffles = np.random.default_rng(seed)
    order: list[int] = []
    while len(order) < batches * size:
        order.extend(shuffles.permutation(topics)[: topics - topics % size or topics].tolist())
    return order[: batches * size]
