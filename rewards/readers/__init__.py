"""Rewards that a model gives as it reads."""

from .answer import AnswerReward
from .ranking_feedback import RankingFeedback

__all__ = ["AnswerReward", "RankingFeedback"]
