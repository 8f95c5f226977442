"""Training: any LLMRewriter on a local model, by targets, preferences or a reward."""

from .errors import TrainingError, TrainingWarning
from .grpo import grpo
from .lora import LoraSettings
from .preferences import dpo, kto
from .reward_function import RewardFunction
from .sampling import labelled_samples, preference_pairs, rejection_samples, sample_candidates
from .sft import sft
from .task import Task
from .validation import Validation

__all__ = [
    "LoraSettings",
    "RewardFunction",
    "Task",
    "TrainingError",
    "TrainingWarning",
    "Validation",
    "dpo",
    "grpo",
    "kto",
    "labelled_samples",
    "preference_pairs",
    "rejection_samples",
    "sample_candidates",
    "sft",
]
