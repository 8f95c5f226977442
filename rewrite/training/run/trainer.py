"""TRL's trainers as we use them: silent, on tokens of ours, stopped by the first NaN."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...columns import QID
from ...llm.local.loaded import SMALL_MODEL, LoadedModel
from .errors import TrainingError
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
