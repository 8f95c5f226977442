"""Rewards that search and measure."""

from .coverage import Coverage
from .novel_documents import NovelDocuments
from .rank_reward import RankReward
from .search_feedback import SearchFeedback
from .tiered_recall import TieredRecall

__all__ = [
    "Coverage",
    "NovelDocuments",
    "RankReward",
    "SearchFeedback",
    "TieredRecall",
]
