"""Rewriters for conversations: the turn, and what was said before it."""

from .appended import AppendFirstTurn, AppendHistory
from .asking import AskClarification, FeedbackRewriter, SimulatedAnswer, SimulatedComment
from .chiq import (
    CHIQ,
    DisambiguateQuestion,
    ExpandResponse,
    PseudoResponse,
    SummarizeHistory,
    SwitchTopic,
)
from .history import LimitHistory, histories, limit_history, show_history, with_history
from .hqe import HQE, fit_hqe
from .learned.quretec import QuReTeC
from .learned.quretec_training import train_quretec
from .learned.seq2seq import Seq2SeqRewriter, train_seq2seq
from .llm4cs import LLM4CS
from .mq4cs import MQ4CS
from .prompted import DialogueQuery
from .suggesting import Entity, EntityStore, RememberEntities, SuggestQueries
from .topic_files import read_conversations
from .topic_shift import TopicShift
from .turn_by_turn import TurnByTurn

__all__ = [
    "CHIQ",
    "HQE",
    "LLM4CS",
    "MQ4CS",
    "AppendFirstTurn",
    "AppendHistory",
    "AskClarification",
    "DialogueQuery",
    "DisambiguateQuestion",
    "Entity",
    "EntityStore",
    "ExpandResponse",
    "FeedbackRewriter",
    "LimitHistory",
    "PseudoResponse",
    "QuReTeC",
    "RememberEntities",
    "Seq2SeqRewriter",
    "SimulatedAnswer",
    "SimulatedComment",
    "SuggestQueries",
    "SummarizeHistory",
    "SwitchTopic",
    "TopicShift",
    "TurnByTurn",
    "fit_hqe",
    "histories",
    "limit_history",
    "read_conversations",
    "show_history",
    "train_quretec",
    "train_seq2seq",
    "with_history",
]
