"""Training: any LLMRewriter on a local model, by targets, preferences or a reward."""

from .errors import TrainingError, TrainingWarning
from .grpo import grpo
from .lora import LoraSettings
from .preferences import dpo, kto
from .reward_function import RewardFunction
from .sampling import labelled_samples, preference_pairs, rejection_samples, sample_candidates
from .scratch import scratch_rewriter
from .sft import sft
from .synthetic import synthetic_queries
from .task import Task
from .typical import typical_targets
from .validation import Validation
from .warm_start import distant_supervision, join_pairs, pseudo_judgements

__all__ = [
    "LoraSettings",
    "RewardFunction",
    "Task",
    "TrainingError",
    "TrainingWarning",
    "Validation",
    "distant_supervision",
    "dpo",
    "grpo",
    "join_pairs",
    "kto",
    "labelled_samples",
    "preference_pairs",
    "pseudo_judgements",
    "rejection_samples",
    "sample_candidates",
    "scratch_rewriter",
    "sft",
    "synthetic_queries",
    "typical_targets",
]
