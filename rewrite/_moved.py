"""Where modules stood before the rooms were laid out: the old paths work for one release."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any, Final

MOVED: Final = {
    "analysis": "text.analysis",
    "conversation.chiq_steps": "conversation.chiq",
    "conversation.dialogue_query": "conversation.prompted",
    "conversation.entity_store": "conversation.suggesting",
    "conversation.feedback": "conversation.asking",
    "conversation.hqe_fit": "conversation.hqe",
    "conversation.limited": "conversation.history",
    "conversation.quretec": "conversation.learned.quretec",
    "conversation.quretec_training": "conversation.learned.quretec_training",
    "conversation.seq2seq": "conversation.learned.seq2seq",
    "conversation.seq2seq_training": "conversation.learned.seq2seq",
    "conversation.simulator": "conversation.asking",
    "conversation.suggestion": "conversation.suggesting",
    "decomposition.multi_query": "decomposition.prompted",
    "decomposition.q2e_decomposition": "decomposition.prompted",
    "decomposition.rewrite_retrieve_read": "decomposition.prompted",
    "decomposition.step_back": "decomposition.prompted",
    "decomposition.tool_queries": "decomposition.prompted",
    "documents": "prompting.documents",
    "examples": "prompting.examples",
    "experiments.depth": "experiments.measures.depth",
    "experiments.home": "experiments.build.resources",
    "experiments.meter": "llm.metered",
    "experiments.methods": "experiments.build.names",
    "experiments.page": "experiments.pages.demo",
    "experiments.report": "experiments.run.files experiments.run.table",
    "experiments.runner": "experiments.run.execute experiments.run.results",
    "experiments.train": "experiments.run.train",
    "experiments.train_config": "experiments.config.training",
    "experiments.trial": "experiments.run.trial",
    "experiments.workbench": "experiments.build.workbench",
    "formulation": "prompting.formulation",
    "from_column": "lookup",
    "from_file": "lookup",
    "guards.keep_entities": "guards.checks",
    "guards.length_budget": "guards.checks",
    "guards.same_language": "guards.checks",
    "guards.unchanged": "guards.checks",
    "language": "text.language",
    "llm._batch": "llm.served.batch",
    "llm.openai": "llm.served.openai",
    "llm.transformers": "llm.local.transformers",
    "llm.vllm": "llm.local.vllm",
    "llm_rewriter": "prompting.llm_rewriter",
    "pipelines.bm25": "pipelines.engines.pisa.bm25",
    "pipelines.conversation": "pipelines.recipes",
    "pipelines.dense": "pipelines.engines.dense.index",
    "pipelines.dense_reranker": "pipelines.engines.dense.search",
    "pipelines.dense_retriever": "pipelines.engines.dense.search",
    "pipelines.entropy_fusion": "pipelines.fusion.by_score",
    "pipelines.pisa": "pipelines.engines.pisa.index",
    "pipelines.plain_text": "pipelines.engines.terrier_bm25",
    "pipelines.rerank": "pipelines.reranking",
    "pipelines.statistics": "pipelines.engines.pisa.statistics",
    "pipelines.terrier": "pipelines.engines.terrier_bm25",
    "pipelines.text_loader": "pipelines.engines.documents",
    "prompt": "prompting.prompt",
    "rewards.answer": "rewards.readers",
    "rewards.answer_leak": "rewards.guards",
    "rewards.base": "rewards.reward",
    "rewards.composition": "rewards.reward",
    "rewards.copy": "rewards.guards",
    "rewards.coverage": "rewards.search.coverage",
    "rewards.format": "rewards.guards",
    "rewards.guard": "rewards.guards",
    "rewards.language": "rewards.guards",
    "rewards.length": "rewards.guards",
    "rewards.novel_documents": "rewards.search.novel_documents",
    "rewards.rank_reward": "rewards.search.graded",
    "rewards.ranking_feedback": "rewards.readers",
    "rewards.safety": "rewards.guards",
    "rewards.search_feedback": "rewards.search.search_feedback",
    "rewards.tiered_recall": "rewards.search.graded",
    "similarity": "text.similarity",
    "training.errors": "training.run.errors",
    "training.grpo": "training.methods.grpo",
    "training.lora": "training.run.settings",
    "training.monitor": "training.run.monitor",
    "training.preferences": "training.methods.preferences",
    "training.reward_function": "training.methods.reward_function",
    "training.sampling": "training.data.sampling",
    "training.sft": "training.methods.sft",
    "training.synthetic": "training.data.synthetic",
    "training.task": "training.run.task",
    "training.typical": "training.data.warm_start",
    "training.validation": "training.run.settings",
    "training.warm_start": "training.data.warm_start",
    "typical": "text.typical",
}
"""Old module and the new one, or those that it was split into, all within the package."""


class _Moved(ModuleType):
    """Stands where a module stood, and hands on its names."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by whoever goes through all modules
            raise AttributeError(name)
        package, _, old = self.__name__.partition(".")
        for new in MOVED[old].split():
            module = importlib.import_module(f"{package}.{new}")
            if hasattr(module, name):
                warnings.warn(
                    f"{self.__name__} is {module.__name__} now; the old path goes with the next "
                    "release",
                    DeprecationWarning,
                    stacklevel=2,
                )
                return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set it where the others now read it, so that a patch still works."""
        package, _, old = self.__name__.partition(".")
        for new in () if name.startswith("__") else MOVED[old].split():
            module = importlib.import_module(f"{package}.{new}")
            if hasattr(module, name):
                setattr(module, name, value)
                return
        super().__setattr__(name, value)


def keep_old_paths(package: str) -> None:
    """Let modules be imported by the paths that they had.

    They are entered as loaded modules, not found by a loader: a loader would set ``sft``, the
    module, over ``sft``, the function, in the package that offers both.
    """
    for old in MOVED:
        name = f"{package}.{old}"
        sys.modules.setdefault(name, _Moved(name))
