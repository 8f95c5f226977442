"""Ready-made pipelines."""

from .conversation import mean_intent_search, multi_query_search, turn_search

__all__ = ["mean_intent_search", "multi_query_search", "turn_search"]
