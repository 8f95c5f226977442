"""TRL's trainers as we use them: silent, on tokens of ours, validated, stopped by the first NaN."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyterrier as pt

from ...columns import QID
from ...llm.local.loaded import SMALL_MODEL, LoadedModel
from ...llm.local.transformers import TransformersLLM
from ...prompting.llm_rewriter import LLMRewriter
from .errors import TrainingError
from .folder import COMPLETE
from .monitor import Monitor
from .settings import Common
from .task import Task


def trainer_class(base: Any, task: Task) -> Any:
    """Return TRL's trainer, silent, on tokens of ours, and stopped by the first NaN."""
    import torch

    class Trainer(base):  # type: ignore[misc]
        def _send_telemetry(self) -> None:
            """Tell nobody."""

        def create_model_card(self, *args: Any, **kwargs: Any) -> None:
            """Write no README into every checkpoint."""

        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            return dataset  # prompts are rendered and tokenised as in serving

        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(inputs, dict):
                rows = inputs.pop("row").tolist()
            else:
                rows = [example["row"] for example in inputs]
            loss = super().training_step(model, inputs, *args, **kwargs)
            if not torch.isfinite(loss):
                qids = list(dict.fromkeys(task.topics[QID].iloc[rows]))
                raise TrainingError(
                    f"the loss is {loss.item()} at step {self.state.global_step + 1}, for the "
                    f"queries {qids[:10]}; lower the learning rate, or look at these queries. The "
                    "checkpoints and the best weights so far are intact"
                )
            return loss

    return Trainer


class LiveLLM(TransformersLLM):
    """The model that is being trained, as it is now."""

    def __init__(self, engine: LoadedModel, *, batch_size: int = 64) -> None:
        super().__init__("live", batch_size=batch_size)
        self._engine = engine

    @property
    def identity(self) -> str:
        """A name that no other object has."""
        return f"live:{id(self)}"


def as_served(rewriter: LLMRewriter, live: LoadedModel, *, seed: int) -> LLMRewriter:
    """Return a rewriter on the live model that writes the same every time it is asked."""
    repeatable = {"seed": seed} if rewriter.n > 1 else {"temperature": 0.0}
    return rewriter.apply_attributes(llm=LiveLLM(live), on_error="keep", **repeatable)


def callback(
    rewriter: LLMRewriter,
    common: Common,
    monitor: Monitor,
    live: LoadedModel,
    *,
    main: bool,
    keep_best: Callable[[], None],
) -> Any:
    """Return the callback of a run.

    Args:
        rewriter: What is trained; it validates on the live model.
        common: The settings of the run.
        monitor: Where steps and validations are noted.
        live: The model as it is now.
        main: Whether this is the main process.
        keep_best: Replaces the best weights by the present ones.
    """
    from accelerate.utils import broadcast_object_list
    from transformers import TrainerCallback

    served = as_served(rewriter, live, seed=common.seed)
    validation = common.validation

    def validate(step: int) -> bool:
        """Validate on the main process, tell the others, and say whether to stop."""
        assert validation is not None
        heard: list[Any] = [None, None]
        if main:
            live.model.eval()
            found = validation.validate(served)
            live.model.train()
            improved = monitor.validated(step, found)
            heard = [improved, monitor.patience_is_over]
        broadcast_object_list(heard)
        if heard[0]:
            keep_best()
        return bool(heard[1])

    class Callback(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            shown = common.verbose and main
            self.bar = pt.tqdm(total=state.max_steps, disable=not shown, unit="step")
            self.bar.update(state.global_step)
            if validation is not None and state.global_step == 0:
                validate(0)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            step = state.global_step
            last = step >= state.max_steps
            if validation is not None and (step % validation.every == 0 or last):
                control.should_training_stop |= validate(step)
            self.bar.update()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any, **_: Any) -> None:
            if "loss" not in logs:  # the summary at the end
                return
            norm = logs.get("grad_norm")
            if norm is not None and norm != norm:
                raise TrainingError(
                    f"the gradient is NaN at step {state.global_step}; lower the learning rate. "
                    "The checkpoints and the best weights so far are intact"
                )
            if main:
                monitor.record(state.global_step, logs)
                shown = {k: v for k, v in monitor.rows[-1].items() if k in ("loss", "reward")}
                self.bar.set_postfix(shown, refresh=False)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if main:
                (common.folder / f"checkpoint-{state.global_step}" / COMPLETE).touch()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.close()

    return Callback()


@contextmanager
def threads(engine: LoadedModel, *, cpu: bool) -> Iterator[None]:
    """Keep a small model on one CPU thread: on a busy machine, two wait for each other.

    Whoever sets OMP_NUM_THREADS knows better.
    """
    import torch

    before = torch.get_num_threads()
    small = engine.model.num_parameters() <= SMALL_MODEL
    if cpu and small and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def only_targets() -> Iterator[None]:
    """Let TRL's fused head look at the positions that count, as it does on a GPU.

    Measured on a model of 1.3 million parameters: 2.6 times the steps a second. A TRL without
    the switch is left as it is.
    """
    import trl.trainer.utils as utils

    switch: Any = getattr(utils, "_use_triton", None)
    if switch is None:
        yield
        return
    # the kernels look at their own copy of the name, so none of them goes to Triton by this
    utils._use_triton = lambda device: device.type == "cpu" or switch(device)
    try:
        yield
    finally:
        utils._use_triton = switch


@contextmanager
def reference(base: Any, model: Callable[[], Any]) -> Iterator[None]:
    """Give TRL the model that a training stays close to, where it would read it by its name.

    The name says neither the revision nor the GGUF file that the weights came from. A TRL that
    reads it in another way is left as it is.

    Args:
        base: TRL's trainer, or a class of ours on it.
        model: Reads the model, when it is asked for.
    """
    name = "create_model_from_path"
    modules = [sys.modules[cls.__module__] for cls in base.__mro__]
    before = [(module, getattr(module, name)) for module in modules if hasattr(module, name)]
    for module, _ in before:
        setattr(module, name, lambda *_, **__: model())
    try:
        yield
    finally:
        for module, theirs in before:
            setattr(module, name, theirs)
