"""Other libraries: those that may be missing, and the chatter of those that are there."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from types import ModuleType
from typing import Any

from .errors import MissingExtraError


def need(module: str, extra: str) -> ModuleType:
    """Import an optional module.

    Raises:
        MissingExtraError: If it is not installed; the text names the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise MissingExtraError(package, extra) from error


@contextmanager
def quiet_loading(*, gguf: bool = False) -> Iterator[None]:
    """Keep transformers from drawing a bar a weight file; restores what was set.

    Args:
        gguf: Whether a GGUF file is loaded.
    """
    from transformers.utils import logging as hf_logging

    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        with _quiet_gguf() if gguf else nullcontext():
            yield
    finally:
        if shown:
            hf_logging.enable_progress_bar()


@contextmanager
def _quiet_gguf() -> Iterator[None]:
    """Keep transformers' older loader of GGUF files, which asks no setting, from drawing a bar."""
    try:
        loader: Any = import_module("transformers.modeling_gguf_pytorch_utils")
    except ImportError:  # a version without it
        yield
        return
    bar, loader.tqdm = loader.tqdm, lambda tensors, **_: tensors
    try:
        yield
    finally:
        loader.tqdm = bar


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
