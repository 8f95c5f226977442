"""Rewards: scorers of candidate queries, and their composition."""

from .guards.answer_leak import AnswerLeak
from .guards.copy import Copy
from .guards.format import Format
from .guards.guard import Guard
from .guards.language import Language
from .guards.length import Length
from .guards.safety import Safety
from .judgements import Judgements
from .readers.answer import AnswerReward
from .readers.ranking_feedback import RankingFeedback
from .reward import (
    Clipped,
    Gated,
    Normalised,
    Relative,
    Reward,
    RewardWarning,
    WeightedSum,
)
from .search.coverage import Coverage
from .search.novel_documents import NovelDocuments
from .search.rank_reward import RankReward
from .search.search_feedback import SearchFeedback
from .search.tiered_recall import TieredRecall

__all__ = [
    "AnswerLeak",
    "AnswerReward",
    "Clipped",
    "Copy",
    "Coverage",
    "Format",
    "Gated",
    "Guard",
    "Judgements",
    "Language",
    "Length",
    "Normalised",
    "NovelDocuments",
    "RankReward",
    "RankingFeedback",
    "Relative",
    "Reward",
    "RewardWarning",
    "Safety",
    "SearchFeedback",
    "TieredRecall",
    "WeightedSum",
]
