"""The settings that all methods share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lora import LoraSettings
from .validation import Validation


@dataclass(frozen=True)
class Common:
    """What every method takes, in the order of its signature.

    Attributes:
        output_dir: Where everything goes.
        validation: Decides which weights are kept; None keeps the last.
        lora: Train an adapter, or None for all weights.
        seed: Of everything random.
        checkpoint_every: Optimiser steps between two checkpoints.
        resume: Go on from the last checkpoint.
        verbose: Show a progress bar.
        trl: Options for TRL's configuration as it names them; they win over ours.
    """

    output_dir: str | Path
    validation: Validation | None
    lora: LoraSettings | None
    seed: int
    checkpoint_every: int
    resume: bool
    verbose: bool
    trl: Mapping[str, Any] | None

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return Path(self.output_dir)

    @property
    def best(self) -> Path:
        """Where the best weights go."""
        return self.folder / "best"

    @property
    def facts(self) -> dict[str, Any]:
        """Those of the settings that decide what a run learns."""
        return {"lora": repr(self.lora), "seed": self.seed, "trl": dict(self.trl or {})}
