"""What happens during a run: validation, the best weights, the table, the progress bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyterrier as pt

from ...llm.local.loaded import LoadedModel
from ...llm.local.transformers import TransformersLLM
from ...prompting.llm_rewriter import LLMRewriter
from .errors import TrainingError
from .folder import COMPLETE
from .monitor import Monitor
from .settings import Common


class LiveLLM(TransformersLLM):
    """The model that is being trained, as it is now."""

    def __init__(self, engine: LoadedModel, *, batch_size: int = 64) -> None:
        super().__init__("live", batch_size=batch_size)
        self._engine = engine

    @property
    def identity(self) -> str:
        """A name that no other object has."""
        return f"live:{id(self)}"


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

    # several samples make a query, the same ones every time
    repeatable = {"seed": common.seed} if rewriter.n > 1 else {"temperature": 0.0}
    served = rewriter.apply_attributes(llm=LiveLLM(live), **repeatable)
    validation = common.validation

    def validate(step: int) -> bool:
        """Validate on the main process, tell the others, and say whether to stop."""
        assert validation is not None
        heard: list[Any] = [None, None]
        if main:
            live.model.eval()
            value = validation.score(served)
            live.model.train()
            improved = monitor.validated(step, value)
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
