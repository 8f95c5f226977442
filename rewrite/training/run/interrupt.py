"""Ctrl-C in training: the step is finished and saved, so that nothing is lost."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C stopped a run, whose last step is saved; ``resume=True`` goes on with it."""


@dataclass
class Interrupt:
    """Whether somebody pressed Ctrl-C."""

    asked: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Take the first Ctrl-C for a wish to stop; a second one stops at once, as ever.

    Only the main thread hears signals; in another one, nothing is changed.
    """
    interrupt = Interrupt()
    before = signal.getsignal(signal.SIGINT)

    def note(*_: object) -> None:
        interrupt.asked = True
        signal.signal(signal.SIGINT, before)
        logger.warning("stopping after this step, which is saved; Ctrl-C again stops at once")

    # one that is ignored, as behind nohup, or was not set from Python, stays
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield interrupt
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def stop_when_asked(interrupt: Interrupt, *, boundary: int) -> Any:
    """Return a callback that saves and stops where every process can go on alike.

    Args:
        interrupt: What the main process heard.
        boundary: Steps between two generations; a save between them would not go on alike.
    """
    from accelerate.utils import broadcast_object_list
    from transformers import TrainerCallback

    class StopWhenAsked(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            heard = [interrupt.asked]
            broadcast_object_list(heard)
            interrupt.asked = heard[0]
            if interrupt.asked and state.global_step % boundary == 0:
                control.should_save = control.should_training_stop = True

    return StopWhenAsked()
