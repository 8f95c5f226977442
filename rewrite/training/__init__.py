"""Training: any LLMRewriter on a local model, by targets, preferences or a reward."""

from .errors import TrainingError, TrainingWarning
from .grpo import grpo
from .lora import LoraSettings
from .sft import sft
from .task import Task
from .validation import Validation

__all__ = [
    "LoraSettings",
    "Task",
    "TrainingError",
    "TrainingWarning",
    "Validation",
    "grpo",
    "sft",
]
