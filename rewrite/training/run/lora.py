"""How a LoRA adapter is laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LoraSettings:
    """Train a low-rank adapter instead of all weights (needs peft).

    Args:
        r: Rank, at least 1.
        alpha: Scale; the adapter's output is multiplied by ``alpha / r``.
        dropout: Dropout on the adapter's input, in [0, 1).
        targets: Names of the layers that get an adapter; ``"all-linear"`` takes every linear
            layer but the output's.

    Reference:
        Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
    """

    r: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: str | tuple[str, ...] = "all-linear"

    def config(self) -> Any:
        """Return peft's form of it."""
        from peft import LoraConfig

        targets = self.targets if isinstance(self.targets, str) else list(self.targets)
        return LoraConfig(
            r=self.r,
            lora_alpha=self.alpha,
            lora_dropout=self.dropout,
            target_modules=targets,
            task_type="CAUSAL_LM",
        )
