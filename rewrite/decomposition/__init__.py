"""Methods that make other queries from a query, several of them for the most part."""

from .instruction_prefix import InstructionPrefix
from .prompted import MultiQuery, Q2EDecomposition, RewriteRetrieveRead, StepBack, ToolQueries
from .query_intents import QueryIntents

__all__ = [
    "InstructionPrefix",
    "MultiQuery",
    "Q2EDecomposition",
    "QueryIntents",
    "RewriteRetrieveRead",
    "StepBack",
    "ToolQueries",
]
