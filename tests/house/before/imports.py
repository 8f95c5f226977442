"""Imports as users of the version before the move may have them: each has to go on working."""

# ruff: noqa
# fmt: off
# mypy: ignore-errors

# As README and docs had them.
from pyterrier_rewrite import RM3, FakeLLM, Query2Doc
from pyterrier_rewrite.experiments.shop import Shop
from pyterrier_rewrite.pipelines import PisaIndex
from pyterrier_rewrite.classical import RM3
from pyterrier_rewrite import ExamplePool, PastQueries
from pyterrier_rewrite.classical import KL, RM3, Bo1, Rocchio
from pyterrier_rewrite import CHIQ, LLM4CS, LimitHistory, OpenAILLM, TopicShift
from pyterrier_rewrite import AskClarification, FeedbackRewriter, SimulatedAnswer
from pyterrier_rewrite import EntityStore, RememberEntities, SuggestQueries
from pyterrier_rewrite import fit_hqe, train_quretec, train_seq2seq
from pyterrier_rewrite import CSQE, MultiQuery, OpenAILLM, Query2Doc
from pyterrier_rewrite.pipelines import RRF, PisaIndex
from pyterrier_rewrite import AdaptiveRepeat, HyDE, MeanVector, WeightedTerms
from pyterrier_rewrite.pipelines import DenseIndex
from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt, Queries, Several
from pyterrier_rewrite import NewQuery, Rewriter, Rewritten
from pyterrier_rewrite.testing import check_rewriter
import pyterrier_rewrite as pr
from pyterrier_rewrite import RepeatTerms, save_pretrained
from pyterrier_rewrite.rewards import SearchFeedback
from pyterrier_rewrite.training import distant_supervision, grpo, scratch_rewriter, sft
from pyterrier_rewrite.training import Validation
from pyterrier_rewrite.rewards import Copy, Length

# As the examples in docstrings had them.
from pyterrier_rewrite import CHIQ, FakeLLM
from pyterrier_rewrite import DisambiguateQuestion, FakeLLM
from pyterrier_rewrite import DialogueQuery, FakeLLM
from pyterrier_rewrite import FakeLLM, FeedbackRewriter
from pyterrier_rewrite import AskClarification, FakeLLM
from pyterrier_rewrite import FakeLLM, LLM4CS
from pyterrier_rewrite import FakeLLM, MQ4CS
from pyterrier_rewrite import FakeLLM, SimulatedAnswer
from pyterrier_rewrite import FakeLLM, SimulatedComment
from pyterrier_rewrite.testing import sample_results
from pyterrier_rewrite import FakeLLM, SuggestQueries
from pyterrier_rewrite import AppendHistory, TurnByTurn
from pyterrier_rewrite import InstructionPrefix
from pyterrier_rewrite import FakeLLM, MultiQuery
from pyterrier_rewrite import FakeLLM, Q2EDecomposition
from pyterrier_rewrite import FakeLLM, QueryIntents
from pyterrier_rewrite import FakeLLM, RewriteRetrieveRead, Several
from pyterrier_rewrite import FakeLLM, StepBack
from pyterrier_rewrite import FakeLLM, ToolQueries
from pyterrier_rewrite import CSQE, FakeLLM
from pyterrier_rewrite import EventExpansion, FakeLLM
from pyterrier_rewrite import FakeLLM, GenQR
from pyterrier_rewrite import FakeLLM, GenPRF
from pyterrier_rewrite import FakeLLM, GenQREnsemble
from pyterrier_rewrite import FakeLLM, GenQREnsembleRF
from pyterrier_rewrite import FakeLLM, GenQRFusion
from pyterrier_rewrite import FakeLLM, GenQRFusionRF
from pyterrier_rewrite import FakeLLM, HyDE, Repeat
from pyterrier_rewrite import FakeLLM, IntentDescription
from pyterrier_rewrite import FakeLLM, Q2D
from pyterrier_rewrite import FakeLLM, Q2DZS
from pyterrier_rewrite import FakeLLM, Q2DPRF
from pyterrier_rewrite import FakeLLM, Q2E
from pyterrier_rewrite import FakeLLM, Q2EZS
from pyterrier_rewrite import FakeLLM, Q2EPRF
from pyterrier_rewrite import CoT, FakeLLM
from pyterrier_rewrite import CoTPRF, FakeLLM
from pyterrier_rewrite import FakeLLM, LameR
from pyterrier_rewrite import MILL, FakeLLM
from pyterrier_rewrite import FakeLLM, MuGI
from pyterrier_rewrite import FakeLLM, QAExpand
from pyterrier_rewrite import FakeLLM, Query2Doc
from pyterrier_rewrite import FakeLLM, ThinkQE
from pyterrier_rewrite import DistinctQueries, FakeLLM, LLMRewriter, Prompt
from pyterrier_rewrite import Queries, Several
from pyterrier_rewrite import FakeLLM, Guard, Query2Doc
from pyterrier_rewrite import FakeLLM, KeepEntities, LLMRewriter, Prompt
from pyterrier_rewrite import FakeLLM, LengthBudget, Query2Doc
from pyterrier_rewrite import FakeLLM, Query2Doc, Replace, SameLanguage
from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt, Unchanged
from pyterrier_rewrite import Cached, FakeLLM
from pyterrier_rewrite.llm import TransformersLLM
from pyterrier_rewrite.llm import VLLM
from pyterrier_rewrite import FakeLLM, LLMRewriter, Prompt
from pyterrier_rewrite.rewards import Length
from pyterrier_rewrite import Query2Doc
from pyterrier_rewrite.testing import FakeLLM, check_rewriter
from pyterrier_rewrite import FakeLLM
from pyterrier_rewrite.training.synthetic import synthetic_queries
from pyterrier_rewrite import AppendFirstTurn

# Every module that a docstring, README or docs referred to, with the names meant there.
from pyterrier_rewrite import (
    AdaptiveRepeat,
    AppendFirstTurn,
    AppendHistory,
    AskClarification,
    CHIQ,
    CSQE,
    Cached,
    CoT,
    CoTPRF,
    DialogueQuery,
    DisambiguateQuestion,
    DistinctQueries,
    EntityStore,
    EventExpansion,
    ExamplePool,
    FakeLLM,
    FeedbackRewriter,
    GenPRF,
    GenQR,
    GenQREnsemble,
    GenQREnsembleRF,
    GenQRFusion,
    GenQRFusionRF,
    Guard,
    HyDE,
    InstructionPrefix,
    IntentDescription,
    KeepEntities,
    LLM,
    LLM4CS,
    LLMRewriter,
    LameR,
    LengthBudget,
    LimitHistory,
    MILL,
    MQ4CS,
    MeanVector,
    MuGI,
    MultiQuery,
    NewQuery,
    OpenAILLM,
    PastQueries,
    Prompt,
    Q2D,
    Q2DPRF,
    Q2DZS,
    Q2E,
    Q2EDecomposition,
    Q2EPRF,
    Q2EZS,
    QAExpand,
    Queries,
    Query2Doc,
    QueryIntents,
    RM3,
    RememberEntities,
    Repeat,
    RepeatTerms,
    Replace,
    RewriteRetrieveRead,
    Rewriter,
    Rewritten,
    SameLanguage,
    Several,
    SimulatedAnswer,
    SimulatedComment,
    StepBack,
    SuggestQueries,
    ThinkQE,
    ToolQueries,
    TopicShift,
    TurnByTurn,
    Unchanged,
    WeightedTerms,
    fit_hqe,
    save_pretrained,
    train_quretec,
    train_seq2seq,
)
from pyterrier_rewrite.base import Rewriter
from pyterrier_rewrite.classical import Bo1, KL, PastQueries, RM3, Rocchio
from pyterrier_rewrite.columns import USAGE_KEYS
from pyterrier_rewrite.conversation import EntityStore, LLM4CS, TopicShift, read_conversations
from pyterrier_rewrite.documents import show_documents
from pyterrier_rewrite.errors import RewriteWarning
from pyterrier_rewrite.examples import ExamplePool, SimilarExamples
from pyterrier_rewrite.experiments.collections import load_collection
from pyterrier_rewrite.experiments.depth import by_depth
from pyterrier_rewrite.formulation import Join, MeanVector, RepeatTerms
from pyterrier_rewrite.guards import DistinctQueries, Guard
from pyterrier_rewrite.guards.keep_entities import entities_in
from pyterrier_rewrite.language import language_change
from pyterrier_rewrite.llm import Completions, FakeLLM, LLM, TransformersLLM, VLLM
from pyterrier_rewrite.llm_rewriter import LLMRewriter
from pyterrier_rewrite.pipelines import (
    BiEncoderReranker,
    DenseIndex,
    Interleave,
    PisaIndex,
    RRF,
    multi_query_search,
)
from pyterrier_rewrite.pipelines.fusion import Fusion
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics
from pyterrier_rewrite.rewards import Copy, Length, RankingFeedback, SearchFeedback
from pyterrier_rewrite.testing import FakeLLM, check_rewriter, sample_results
from pyterrier_rewrite.text import count_tokens
from pyterrier_rewrite.training import (
    Validation,
    distant_supervision,
    grpo,
    labelled_samples,
    preference_pairs,
    scratch_rewriter,
    sft,
)
import pyterrier_rewrite
import pyterrier_rewrite.experiments
import pyterrier_rewrite.pipelines
import pyterrier_rewrite.rewards
import pyterrier_rewrite.testing
import pyterrier_rewrite.training
import pyterrier_rewrite.training.sft

# Modules by their own names, with what they offered.
from pyterrier_rewrite.testing import (
    FakeLLM,
    check_rewriter,
    hostile_queries,
    sample_results,
    sample_topics,
)
from pyterrier_rewrite.experiments.shop import QUERIES, Shop
from pyterrier_rewrite.training.scratch import scratch_rewriter
from pyterrier_rewrite.llm_rewriter import LLMRewriter, Published
from pyterrier_rewrite.formulation import (
    AdaptiveRepeat,
    AsTerms,
    Formulation,
    Interleave,
    Join,
    Keep,
    MeanVector,
    Repeat,
    RepeatPerPart,
    RepeatTerms,
    Replace,
    Several,
    WeightedTerms,
)
from pyterrier_rewrite.examples import (
    ExamplePool,
    ExampleSource,
    ExamplesById,
    RandomExamples,
    SimilarExamples,
)
from pyterrier_rewrite.prompt import Prompt
from pyterrier_rewrite.parsing import Parser, Queries, Terms, Text
from pyterrier_rewrite.documents import plain_text, show_documents
from pyterrier_rewrite.text import count_tokens, cut_to_tokens
from pyterrier_rewrite.columns import failed, skipped
from pyterrier_rewrite.base import DOCUMENTS, NewQuery, Rewriter, Rewritten, Usage
from pyterrier_rewrite.errors import LLMError, MissingExtraError, RewriteError, RewriteWarning
from pyterrier_rewrite.saved import SavedRewriter, from_pretrained, save_pretrained
from pyterrier_rewrite.llm import (
    Cached,
    Completions,
    FakeLLM,
    LLM,
    Message,
    Messages,
    OpenAILLM,
    Sampling,
    TransformersLLM,
    VLLM,
)
from pyterrier_rewrite.rewards.base import Reward, RewardWarning
from pyterrier_rewrite.pipelines.fusion import CombMNZ, CombSUM, Interleave, RRF
from pyterrier_rewrite.experiments.config import (
    ConfigError,
    ExperimentConfig,
    builtin_configs,
    load_config,
    read_config,
)
from pyterrier_rewrite.experiments.workbench import Workbench
from pyterrier_rewrite.experiments.runner import Report, compare, evaluate, run_experiment
from pyterrier_rewrite.analysis import EnglishAnalyzer
from pyterrier_rewrite.from_column import FromColumn
from pyterrier_rewrite.from_file import FromFile
from pyterrier_rewrite.language import language_of
from pyterrier_rewrite.protocols import Analyzer, CollectionStatistics, Encoder, Reward, TextSource
from pyterrier_rewrite.similarity import TermVectors
from pyterrier_rewrite.typical import typical_terms
from pyterrier_rewrite.conversation.entity_store import Entity, EntityStore
from pyterrier_rewrite.conversation.history import (
    histories,
    limit_history,
    show_history,
    with_history,
)
from pyterrier_rewrite.conversation.hqe import HQE
from pyterrier_rewrite.conversation.quretec import QuReTeC
from pyterrier_rewrite.conversation.seq2seq import Seq2SeqRewriter
from pyterrier_rewrite.conversation.topic_shift import TopicShift
from pyterrier_rewrite.decomposition.rewrite_retrieve_read import Marked, RewriteRetrieveRead
from pyterrier_rewrite.expansion.jagerman import (
    CoT,
    CoTPRF,
    Q2D,
    Q2DPRF,
    Q2DZS,
    Q2E,
    Q2EPRF,
    Q2EZS,
    ReasonedText,
)
from pyterrier_rewrite.expansion.qa_expand import Items, QAExpand
from pyterrier_rewrite.expansion.csqe import CSQE
from pyterrier_rewrite.expansion.query2doc import Query2Doc
from pyterrier_rewrite.expansion.genqr import GenPRF, GenQR
from pyterrier_rewrite.guards.guard import Guard
from pyterrier_rewrite.selection.best_of import BestOf
from pyterrier_rewrite.classical.rm3 import RM3
from pyterrier_rewrite.classical.past_queries import PastQueries
from pyterrier_rewrite.llm.base import Completions, LLM, Sampling
from pyterrier_rewrite.llm.cache import Cached
from pyterrier_rewrite.llm.fake import FakeLLM
from pyterrier_rewrite.llm.openai import OpenAILLM
from pyterrier_rewrite.llm.transformers import TransformersLLM
from pyterrier_rewrite.llm.vllm import VLLM
from pyterrier_rewrite.pipelines.bm25 import BM25
from pyterrier_rewrite.pipelines.dense import DenseIndex
from pyterrier_rewrite.pipelines.pisa import PisaIndex
from pyterrier_rewrite.pipelines.terrier import TerrierBM25, TerrierIndex
from pyterrier_rewrite.pipelines.rerank import BiEncoderReranker, CrossEncoderReranker
from pyterrier_rewrite.pipelines.statistics import IndexStatistics, PisaAnalyzer
from pyterrier_rewrite.pipelines.text_loader import TextLoader
from pyterrier_rewrite.pipelines.plain_text import PlainText, plain_text
from pyterrier_rewrite.pipelines.entropy_fusion import EntropyFusion
from pyterrier_rewrite.pipelines.conversation import (
    mean_intent_search,
    multi_query_search,
    turn_search,
)
from pyterrier_rewrite.rewards.composition import Clipped, Gated, Normalised, Relative, WeightedSum
from pyterrier_rewrite.rewards.judgements import Judgements
from pyterrier_rewrite.rewards.search_feedback import SearchFeedback
from pyterrier_rewrite.rewards.ranking_feedback import RankingFeedback
from pyterrier_rewrite.rewards.answer import AnswerReward
from pyterrier_rewrite.rewards.coverage import Coverage
from pyterrier_rewrite.rewards.copy import Copy
from pyterrier_rewrite.rewards.length import Length
from pyterrier_rewrite.training.grpo import grpo
from pyterrier_rewrite.training.sft import sft
from pyterrier_rewrite.training.preferences import dpo, kto
from pyterrier_rewrite.training.sampling import (
    labelled_samples,
    preference_pairs,
    rejection_samples,
    sample_candidates,
)
from pyterrier_rewrite.training.task import Task
from pyterrier_rewrite.training.typical import typical_targets
from pyterrier_rewrite.training.validation import Validation
from pyterrier_rewrite.training.warm_start import distant_supervision, join_pairs, pseudo_judgements
from pyterrier_rewrite.training.reward_function import RewardFunction
from pyterrier_rewrite.training.lora import LoraSettings
from pyterrier_rewrite.training.errors import TrainingError, TrainingWarning
from pyterrier_rewrite.experiments.cli import main
from pyterrier_rewrite.experiments.collections.base import (
    Collection,
    CollectionError,
    CollectionWarning,
)
from pyterrier_rewrite.experiments.meter import Budget, Metered
from pyterrier_rewrite.experiments.page import write_page
from pyterrier_rewrite.experiments.report import print_report, write_report
from pyterrier_rewrite.experiments.train import Training
from pyterrier_rewrite.experiments.train_config import ScratchConfig, TrainConfig, ValidationConfig
