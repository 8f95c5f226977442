"""Where modules stood before the rooms were laid out: the old paths work for one release."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any, Final

MOVED: Final = {
    "analysis": "text.analysis",
    "conversation.entity_store": "conversation.suggesting.entity_store",
    "conversation.feedback": "conversation.asking.feedback",
    "conversation.quretec": "conversation.learned.quretec",
    "conversation.quretec_training": "conversation.learned.quretec_training",
    "conversation.seq2seq": "conversation.learned.seq2seq",
    "conversation.seq2seq_training": "conversation.learned.seq2seq_training",
    "conversation.simulator": "conversation.asking.simulator",
    "conversation.suggestion": "conversation.suggesting.suggestion",
    "documents": "prompting.documents",
    "examples": "prompting.examples",
    "experiments.depth": "experiments.measures.depth",
    "experiments.home": "experiments.build.home",
    "experiments.meter": "llm.metered",
    "experiments.methods": "experiments.build.names",
    "experiments.page": "experiments.pages.training",
    "experiments.report": "experiments.run.files experiments.run.table",
    "experiments.runner": "experiments.run.execute experiments.run.compare experiments.run.results",
    "experiments.train": "experiments.run.train",
    "experiments.train_config": "experiments.config.training",
    "experiments.trial": "experiments.run.trial",
    "experiments.workbench": "experiments.build.workbench experiments.build.trained",
    "formulation": "prompting.formulation",
    "from_column": "lookup.from_column",
    "from_file": "lookup.from_file",
    "language": "text.language",
    "llm._batch": "llm.served.batch",
    "llm.openai": "llm.served.openai",
    "llm.transformers": "llm.local.transformers",
    "llm.vllm": "llm.local.vllm",
    "llm_rewriter": "prompting.llm_rewriter",
    "pipelines.bm25": "pipelines.engines.pisa.bm25",
    "pipelines.conversation": "pipelines.recipes.conversation",
    "pipelines.dense": "pipelines.engines.dense.index",
    "pipelines.dense_reranker": "pipelines.engines.dense.reranker",
    "pipelines.dense_retriever": "pipelines.engines.dense.retriever",
    "pipelines.entropy_fusion": "pipelines.fusion.entropy",
    "pipelines.pisa": "pipelines.engines.pisa.index",
    "pipelines.plain_text": "pipelines.engines.terrier.plain_text",
    "pipelines.rerank": "pipelines.reranking",
    "pipelines.statistics": "pipelines.engines.pisa.statistics",
    "pipelines.terrier": "pipelines.engines.terrier.index",
    "pipelines.text_loader": "pipelines.engines.text_loader",
    "prompt": "prompting.prompt",
    "rewards.answer": "rewards.readers.answer",
    "rewards.answer_leak": "rewards.guards.answer_leak",
    "rewards.base": "rewards.reward",
    "rewards.composition": "rewards.reward",
    "rewards.copy": "rewards.guards.copy",
    "rewards.coverage": "rewards.search.coverage",
    "rewards.format": "rewards.guards.format",
    "rewards.guard": "rewards.guards.guard",
    "rewards.language": "rewards.guards.language",
    "rewards.length": "rewards.guards.length",
    "rewards.novel_documents": "rewards.search.novel_documents",
    "rewards.rank_reward": "rewards.search.rank_reward",
    "rewards.ranking_feedback": "rewards.readers.ranking_feedback",
    "rewards.safety": "rewards.guards.safety",
    "rewards.search_feedback": "rewards.search.search_feedback",
    "rewards.tiered_recall": "rewards.search.tiered_recall",
    "similarity": "text.similarity",
    "training.errors": "training.run.errors",
    "training.grpo": "training.methods.grpo",
    "training.lora": "training.run.lora",
    "training.monitor": "training.run.monitor",
    "training.preferences": "training.methods.preferences",
    "training.reward_function": "training.methods.reward_function",
    "training.sampling": "training.data.sampling",
    "training.sft": "training.methods.sft",
    "training.synthetic": "training.data.synthetic",
    "training.task": "training.run.task",
    "training.typical": "training.data.typical_targets",
    "training.validation": "training.run.validation",
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
