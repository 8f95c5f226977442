"""From prompt to query: prompts, examples, documents shown, formulations, and their rewriter."""

from ..text.pool import ExamplePool
from .documents import show_documents
from .examples import ExamplesById, ExampleSource, RandomExamples, SimilarExamples
from .formulation import (
    AdaptiveRepeat,
    AsTerms,
    Formulation,
    Interleave,
    Join,
    Keep,
    MeanVector,
    Repeat,
    RepeatPerPart,
    RepeatTerms,
    Replace,
    Several,
    WeightedTerms,
)
from .llm_rewriter import LLMRewriter, Published
from .prompt import Prompt

__all__ = [
    "AdaptiveRepeat",
    "AsTerms",
    "ExamplePool",
    "ExampleSource",
    "ExamplesById",
    "Formulation",
    "Interleave",
    "Join",
    "Keep",
    "LLMRewriter",
    "MeanVector",
    "Prompt",
    "Published",
    "RandomExamples",
    "Repeat",
    "RepeatPerPart",
    "RepeatTerms",
    "Replace",
    "Several",
    "SimilarExamples",
    "WeightedTerms",
    "show_documents",
]
