"""Query rewriters as composable PyTerrier transformers."""

from ._version import __version__
from .analysis import EnglishAnalyzer
from .base import NewQuery, Rewriter, Rewritten
from .classical import KL, RM3, Bo1, Rocchio
from .decomposition import (
    InstructionPrefix,
    MultiQuery,
    Q2EDecomposition,
    RewriteRetrieveRead,
    StepBack,
    ToolQueries,
)
from .documents import show_documents
from .errors import LLMError, MissingExtraError, RewriteError, RewriteWarning
from .expansion import Query2Doc
from .formulation import (
    AdaptiveRepeat,
    AsTerms,
    Formulation,
    Interleave,
    Join,
    MeanVector,
    Repeat,
    RepeatTerms,
    Replace,
    Several,
    WeightedTerms,
)
from .from_column import FromColumn
from .from_file import FromFile
from .llm import LLM, VLLM, Cached, Completions, FakeLLM, OpenAILLM, Sampling, TransformersLLM
from .llm_rewriter import LLMRewriter, Published
from .parsing import Queries, Terms, Text
from .prompt import Prompt

__all__ = [
    "KL",
    "LLM",
    "RM3",
    "VLLM",
    "AdaptiveRepeat",
    "AsTerms",
    "Bo1",
    "Cached",
    "Completions",
    "EnglishAnalyzer",
    "FakeLLM",
    "Formulation",
    "FromColumn",
    "FromFile",
    "InstructionPrefix",
    "Interleave",
    "Join",
    "LLMError",
    "LLMRewriter",
    "MeanVector",
    "MissingExtraError",
    "MultiQuery",
    "NewQuery",
    "OpenAILLM",
    "Prompt",
    "Published",
    "Q2EDecomposition",
    "Queries",
    "Query2Doc",
    "Repeat",
    "RepeatTerms",
    "Replace",
    "RewriteError",
    "RewriteRetrieveRead",
    "RewriteWarning",
    "Rewriter",
    "Rewritten",
    "Rocchio",
    "Sampling",
    "Several",
    "StepBack",
    "Terms",
    "Text",
    "ToolQueries",
    "TransformersLLM",
    "WeightedTerms",
    "__version__",
    "show_documents",
]
