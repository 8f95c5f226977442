"""Guards: transformers behind a rewriter that put the original query back where it went wrong."""

from .checks import KeepEntities, LengthBudget, SameLanguage, Unchanged
from .distinct_queries import DistinctQueries
from .guard import Guard
from .original import Original

__all__ = [
    "DistinctQueries",
    "Guard",
    "KeepEntities",
    "LengthBudget",
    "Original",
    "SameLanguage",
    "Unchanged",
]
