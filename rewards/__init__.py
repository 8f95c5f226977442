"""Rewards: scorers of candidate queries, and their composition."""

from .answer import AnswerReward
from .answer_leak import AnswerLeak
from .base import Reward, RewardWarning
from .composition import Clipped, Gated, Normalised, Relative, WeightedSum
from .copy import Copy
from .coverage import Coverage
from .format import Format
from .guard import Guard
from .judgements import Judgements
from .language import Language
from .length import Length
from .novel_documents import NovelDocuments
from .rank_reward import RankReward
from .ranking_feedback import RankingFeedback
from .safety import Safety
from .search_feedback import SearchFeedback
from .tiered_recall import TieredRecall

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
