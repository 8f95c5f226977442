"""Query rewriters as composable PyTerrier transformers."""

from ._version import __version__
from .base import NewQuery, Rewriter, Rewritten
from .errors import LLMError, MissingExtraError, RewriteError, RewriteWarning
from .expansion import Query2Doc
from .formulation import Formulation, Join, Repeat, RepeatTerms, Replace, Several
from .llm import LLM, Completions, FakeLLM, Sampling
from .llm_rewriter import LLMRewriter, Published
from .parsing import Queries, Terms, Text
from .prompt import Prompt

__all__ = [
    "LLM",
    "Completions",
    "FakeLLM",
    "Formulation",
    "Join",
    "LLMError",
    "LLMRewriter",
    "MissingExtraError",
    "NewQuery",
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
    "Sampling",
    "Several",
    "Terms",
    "Text",
    "__version__",
]
