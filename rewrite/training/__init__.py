"""Training: any LLMRewriter on a local model, by targets, preferences or a reward."""

from .data.sampling import labelled_samples, preference_pairs, rejection_samples, sample_candidates
from .data.synthetic import synthetic_queries
from .data.warm_start import distant_supervision, join_pairs, pseudo_judgements, typical_targets
from .methods.grpo import grpo
from .methods.preferences import dpo, kto
from .methods.reward_function import RewardFunction
from .methods.sft import sft
from .run.errors import TrainingError, TrainingWarning
from .run.interrupt import TrainingInterrupted
from .run.settings import LoraSettings, Validation
from .run.task import Task
from .scratch import scratch_rewriter

__all__ = [
    "LoraSettings",
    "RewardFunction",
    "Task",
    "TrainingError",
    "TrainingInterrupted",
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
