"""Other libraries' progress bars and chatter, off while we load or train a model."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep transformers from drawing a bar a weight file; restores what was set."""
    from transformers.utils import logging as hf_logging

    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            hf_logging.enable_progress_bar()


@contextmanager
def quiet_training() -> Iterator[None]:
    """Keep the chatter and the bars of TRL and transformers off the terminal."""
    loggers = [
        logging.getLogger(name) for name in ("transformers", "trl", "accelerate", "datasets")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), quiet_loading():
            # what transformers says to TRL about its own future
            warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
