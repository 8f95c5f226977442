"""Where modules stood before the rooms were laid out: the old paths work for one release."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any, Final

_SAME_NAME: Final = {
    "conversation.asking": "feedback simulator",
    "conversation.learned": "quretec quretec_training seq2seq seq2seq_training",
    "conversation.suggesting": "entity_store suggestion",
    "experiments.build": "home",
    "experiments.measures": "depth",
    "experiments.run": "train trial",
    "llm.local": "transformers vllm",
    "llm.served": "openai",
    "lookup": "from_column from_file",
    "pipelines.engines": "text_loader",
    "pipelines.recipes": "conversation",
    "prompting": "documents examples formulation llm_rewriter prompt",
    "rewards.guards": "answer_leak copy format guard language length safety",
    "rewards.readers": "answer ranking_feedback",
    "rewards.search": "coverage novel_documents rank_reward search_feedback tiered_recall",
    "text": "analysis language similarity typical",
    "training.data": "sampling synthetic warm_start",
    "training.methods": "grpo preferences reward_function sft",
    "training.run": "errors lora monitor task validation",
}
"""Rooms, and the modules that moved into them from the package around, under their names."""

_NEW_NAME: Final = {
    "experiments.meter": "llm.metered",
    "experiments.methods": "experiments.build.names",
    "experiments.page": "experiments.pages.training",
    "experiments.report": "experiments.run.files experiments.run.table",
    "experiments.runner": "experiments.run.execute experiments.run.compare experiments.run.results",
    "experiments.train_config": "experiments.config.training",
    "experiments.workbench": "experiments.build.workbench experiments.build.trained",
    "pipelines.bm25": "pipelines.engines.pisa.bm25",
    "pipelines.dense": "pipelines.engines.dense.index",
    "pipelines.dense_reranker": "pipelines.engines.dense.reranker",
    "pipelines.dense_retriever": "pipelines.engines.dense.retriever",
    "pipelines.entropy_fusion": "pipelines.fusion.entropy",
    "pipelines.pisa": "pipelines.engines.pisa.index",
    "pipelines.plain_text": "pipelines.engines.terrier.plain_text",
    "pipelines.rerank": "pipelines.reranking",
    "pipelines.statistics": "pipelines.engines.pisa.statistics",
    "pipelines.terrier": "pipelines.engines.terrier.index",
    "rewards.base": "rewards.reward",
    "rewards.composition": "rewards.reward",
    "training.typical": "training.data.typical_targets",
}
"""Old module and the new one, or those that it was split into."""


def _around(room: str) -> str:
    """Return what stood before the modules' names when there was no room yet."""
    package, dot, _ = room.rpartition(".")
    return package + dot


MOVED: Final = _NEW_NAME | {
    f"{_around(room)}{name}": f"{room}.{name}"
    for room, names in _SAME_NAME.items()
    for name in names.split()
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


def keep_old_paths(package: str) -> None:
    """Let modules be imported by the paths that they had.

    They are entered as loaded modules, not found by a loader: a loader would set ``sft``, the
    module, over ``sft``, the function, in the package that offers both.
    """
    for old in MOVED:
        name = f"{package}.{old}"
        sys.modules.setdefault(name, _Moved(name))
