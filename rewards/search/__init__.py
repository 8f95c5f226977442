"""Rewards that search and measure."""

from .coverage import Coverage
from .graded import RankReward, TieredRecall
from .novel_documents import NovelDocuments
from .search_feedback import SearchFeedback

__all__ = ["Coverage", "NovelDocuments", "RankReward", "SearchFeedback", "TieredRecall"]
