"""A training up to its first step: what would be refused is told before anything is waited for."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pyterrier.validate import InputValidationError

from pyterrier_rewrite.columns import LABEL, QID
from pyterrier_rewrite.errors import RewriteError
from pyterrier_rewrite.training import Task, TrainingWarning

from ..config.errors import ConfigError, blamed_on
from .train import Training, spread

SOME: Final = 8
"""Topics on which a training is rehearsed."""

REFUSALS: Final = (TypeError, ValueError, InputValidationError, RewriteError, OSError)
"""How the library says that it cannot train so."""


def rehearse(training: Training, out: str | Path | None = None, *, resume: bool = False) -> None:
    """Take every step of a training up to the first of its optimiser, on some topics.

    Nothing is trained or written but indexes, weights are read of no model that is to be
    trained or to write its data, and those are not asked; rewards are.

    Args:
        training: The training.
        out: The folder that would be trained into, if it is known.
        resume: Whether a run in it would be gone on with.

    Raises:
        ConfigError: If the training would be refused, with the place in the config.
        CollectionError: If the collection is not there.
    """
    training.check()
    if out is not None:
        training.claim(Path(out), resume=resume)
        _check_writable(Path(out))
    try:
        with TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)  # of data that are made up
            _rehearse(training, Path(folder))
    except ConfigError as error:
        raise ConfigError(training.wanted.located(str(error))) from error


def _rehearse(training: Training, folder: Path) -> None:
    topics, qrels = training.splits[0], training.train_qrels
    relevant = topics[QID].isin(qrels[QID][qrels[LABEL] > 0])
    some = spread(topics[relevant] if relevant.any() else topics, SOME)
    with blamed_on("rewriter" if training.wanted.scratch is None else "scratch", *REFUSALS):
        rewriter = training.start(folder)
        Task.of(rewriter, some if rewriter.fb_docs > 0 else topics)  # documents: a search a topic
    for number, (method, train) in enumerate(training.steps()):
        with blamed_on(f"training.{number}.{method}", *REFUSALS):
            train(rewriter, folder / f"{number}-{method}", some=some)


def _check_writable(folder: Path) -> None:
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"cannot write to {folder}: {there} does not allow it; take another")
