"""From a config's systems to transformers."""

from __future__ import annotations

import operator
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import Any

import pyterrier as pt

from pyterrier_rewrite.errors import near
from pyterrier_rewrite.pipelines import BiEncoderReranker, CrossEncoderReranker
from pyterrier_rewrite.prompting.llm_rewriter import LLMRewriter
from pyterrier_rewrite.saved.artifact import from_pretrained

from ..config.errors import ConfigError, blamed_on
from ..config.schema import Stage
from .makers import MAKERS
from .names import ENGINE_STAGES, stages
from .reading import Bench, call, own, split_stage

REWRITER = "rewriter"
"""Sub-folder of a training's folder with the trained rewriter."""

CONFIG = "config.yaml"
"""The config that a folder's training was made of."""


def trained(
    path: str,
    device: str | None = None,
    batch_size: int = 128,
    n: int | None = None,
    temperature: float | None = None,
) -> LLMRewriter:
    """Return the rewriter that a training left in a folder."""
    folder = Path(path)
    if (folder / CONFIG).is_file() and not (folder / REWRITER).is_dir():
        raise ValueError(
            f"the training in {folder} has not ended; go on with pt-rewrite train --resume, or "
            "name the folder best of one of its methods"
        )
    changed: dict[str, Any] = {"n": n, "temperature": temperature}
    return from_pretrained(
        folder,
        device=device,
        batch_size=batch_size,
        **{name: value for name, value in changed.items() if value is not None},
    )


class Workbench(Bench):
    """Everything that a config names, made when first asked for and shared from then on."""

    makers = MAKERS

    def __post_init__(self) -> None:
        super().__post_init__()
        self._defining: list[str] = []

    def system(self, name: str) -> list[pt.Transformer]:
        """Return the stages of a system.

        Raises:
            ConfigError: If a stage or a parameter is unknown or wrong.
        """
        try:
            return self.stages(self.config.systems[name], f"systems.{name}")
        except ConfigError as error:
            raise ConfigError(self.config.located(str(error))) from error

    def stages(self, listed: object, where: str) -> list[pt.Transformer]:
        """Return a list of stages as transformers."""
        if isinstance(listed, str | dict):
            listed = [listed]
        if not isinstance(listed, list):
            raise ConfigError(f"{where}: expected a list of stages, found {listed!r}")
        made = [self._stage(stage, f"{where}.{number}") for number, stage in enumerate(listed)]
        return list(chain.from_iterable(made))

    def pipeline(self, listed: object, where: str) -> pt.Transformer:
        """Return a list of stages as one transformer."""
        made = self.stages(listed, where)
        return reduce(operator.rshift, made) if made else pt.Transformer.identity()

    def _stage(self, stage: Stage, where: str) -> list[pt.Transformer]:
        name, options = split_stage(stage, where)
        if name in self.config.define:
            if options:
                raise ConfigError(f"{where}: {name!r} is defined here and takes no parameters")
            if name in self._defining:
                raise ConfigError(f"define.{name}: the definition leads back to itself")
            self._defining.append(name)
            try:
                return self.stages(self.config.define[name], f"define.{name}")
            finally:
                self._defining.pop()
        at = f"{where}.{name}"
        if ":" in name:
            return [own(self, name, options, pt.Transformer, at)]
        if name in ENGINE_STAGES:
            if self.dry_run and name == "dense_reranker":
                return []
            return [self._engine_stage(name, options, at)]
        known = stages()
        if name not in known:
            names = [*known, *ENGINE_STAGES, *self.config.define]
            raise ConfigError(f"{where}: there is no stage {name!r}{near(name, names)}")
        made = call(self, known[name], options, at)
        is_reranker = isinstance(made, (CrossEncoderReranker, BiEncoderReranker))
        return [] if self.dry_run and is_reranker else [made]

    def _engine_stage(self, name: str, options: dict[str, Any], where: str) -> pt.Transformer:
        index = self.config.index
        depth = {"num_results": self.config.depth}
        if name == "bm25":
            preset = {"k1": index.k1, "b": index.b, **depth, "threads": index.threads}
            return call(self, self.index.bm25, {**preset, **options}, where)
        if name == "text":
            return call(self, self.index.text, options, where)
        if name == "Trained":
            return call(self, trained, options, where)
        if self.dry_run:  # an estimate loads no model: any documents will do
            return self.index.bm25(**depth)
        with blamed_on("dense", OSError, ValueError):
            dense = self.dense_index
        if name == "dense_reranker":
            return call(self, dense.reranker, options, where)
        return call(self, dense.retriever, {**depth, **options}, where)
