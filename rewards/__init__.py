"""Rewards: scorers of candidate queries, and their composition."""

from .base import Reward, RewardWarning
from .judgements import Judgements
from .search_feedback import SearchFeedback

__all__ = ["Judgements", "Reward", "RewardWarning", "SearchFeedback"]
