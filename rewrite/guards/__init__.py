"""Guards: transformers behind a rewriter that put the original query back where it went wrong."""

from .distinct_queries import DistinctQueries
from .guard import Guard
from .keep_entities import KeepEntities
from .length_budget import LengthBudget
from .original import Original
from .same_language import SameLanguage
from .unchanged import Unchanged

__all__ = [
    "DistinctQueries",
    "Guard",
    "KeepEntities",
    "LengthBudget",
    "Original",
    "SameLanguage",
    "Unchanged",
]
