"""Query rewriters as composable PyTerrier transformers."""

from ._version import __version__
from .analysis import EnglishAnalyzer
from .base import NewQuery, Rewriter, Rewritten
from .classical import KL, RM3, Bo1, Rocchio
from .errors import LLMError, MissingExtraError, RewriteError, RewriteWarning
from .expansion import Query2Doc
from .formulation import Formulation, Join, Repeat, RepeatTerms, Replace, Several
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
    "Bo1",
    "Cached",
    "Completions",
    "EnglishAnalyzer",
    "FakeLLM",
    "Formulation",
    "FromColumn",
    "FromFile",
    "Join",
    "LLMError",
    "LLMRewriter",
    "MissingExtraError",
    "NewQuery",
    "OpenAILLM",
    "Prompt",
    "Published",
    "Queries",
    "Query2Doc",
    "Repeat",
    "RepeatTerms",
    "Replace",
    "RewriteError",
    "RewriteWarning",
    "Rewriter",
    "Rewritten",
    "Rocchio",
    "Sampling",
    "Several",
    "Terms",
    "Text",
    "TransformersLLM",
    "__version__",
]
