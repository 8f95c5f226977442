"""Rewriters for conversations: the turn, and what was said before it."""

from .appended import AppendFirstTurn, AppendHistory
from .asking.feedback import AskClarification, FeedbackRewriter
from .asking.simulator import SimulatedAnswer, SimulatedComment
from .chiq import CHIQ
from .chiq_steps import (
    DisambiguateQuestion,
    ExpandResponse,
    PseudoResponse,
    SummarizeHistory,
    SwitchTopic,
)
from .dialogue_query import DialogueQuery
from .history import histories, limit_history, show_history, with_history
from .hqe import HQE
from .hqe_fit import fit_hqe
from .learned.quretec import QuReTeC
from .learned.quretec_training import train_quretec
from .learned.seq2seq import Seq2SeqRewriter
from .learned.seq2seq_training import train_seq2seq
from .limited import LimitHistory
from .llm4cs import LLM4CS
from .mq4cs import MQ4CS
from .suggesting.entity_store import Entity, EntityStore
from .suggesting.suggestion import RememberEntities, SuggestQueries
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
