"""Ctrl-C, or SIGTERM, in training: the step is finished and saved, so that nothing is lost."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger(__name__)


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM stopped a run whose last step is saved; ``resume=True`` goes on with it."""


@dataclass
class Interrupt:
    """Whether somebody asked to stop."""

    asked: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Take the first Ctrl-C, or SIGTERM, for a wish to stop; a second one stops at once, as ever.

    Only the main thread hears signals; in another one, nothing is changed. Of several processes
    (torchrun), each ends at SIGTERM as ever: it may wait for one that is no more.
    """
    interrupt = Interrupt()
    before = {signal.SIGINT: signal.getsignal(signal.SIGINT)}
    if "RANK" not in os.environ:
        before[signal.SIGTERM] = signal.getsignal(signal.SIGTERM)
    # one that is ignored, as behind nohup, or was not set from Python, stays
    before = {its: how for its, how in before.items() if how not in (signal.SIG_IGN, None)}

    def restore() -> None:
        for its, how in before.items():
            signal.signal(its, how)

    def note(*_: object) -> None:
        interrupt.asked = True
        restore()
        logger.warning("stopping after this step, which is saved; Ctrl-C again stops at once")

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    for its in before:
        signal.signal(its, note)
    try:
        yield interrupt
    finally:
        restore()


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
