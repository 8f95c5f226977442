"""Methods that make other queries from a query, several of them for the most part."""

from .instruction_prefix import InstructionPrefix
from .multi_query import MultiQuery
from .q2e_decomposition import Q2EDecomposition
from .query_intents import QueryIntents
from .rewrite_retrieve_read import RewriteRetrieveRead
from .step_back import StepBack
from .tool_queries import ToolQueries

__all__ = [
    "InstructionPrefix",
    "MultiQuery",
    "Q2EDecomposition",
    "QueryIntents",
    "RewriteRetrieveRead",
    "StepBack",
    "ToolQueries",
]
