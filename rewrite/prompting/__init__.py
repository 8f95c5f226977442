"""From prompt to query: prompts, examples, documents shown, and the rewriter of them all."""

from ..text.pool import ExamplePool
from .documents import show_documents
from .examples import ExamplesById, ExampleSource, RandomExamples, SimilarExamples
from .llm_rewriter import LLMRewriter, Published
from .prompt import Prompt

__all__ = [
    "ExamplePool",
    "ExampleSource",
    "ExamplesById",
    "LLMRewriter",
    "Prompt",
    "Published",
    "RandomExamples",
    "SimilarExamples",
    "show_documents",
]
