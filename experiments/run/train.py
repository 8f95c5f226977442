"""Train a rewriter as a config says, and leave it in a folder that experiments can use."""

from __future__ import annotations

import inspect
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from pyterrier_rewrite import LLMRewriter, RepeatTerms
from pyterrier_rewrite.columns import QID
from pyterrier_rewrite.llm import LLM
from pyterrier_rewrite.ranges import check_ranges
from pyterrier_rewrite.rewards import Reward
from pyterrier_rewrite.saved.artifact import save_pretrained
from pyterrier_rewrite.stores.whole import write_whole
from pyterrier_rewrite.training import (
    Validation,
    join_pairs,
    pseudo_judgements,
)
from pyterrier_rewrite.training.run.folder import claim as claim_run
from pyterrier_rewrite.training.scratch import BARE, scratch_rewriter

from ..build.reading import arguments, read
from ..build.workbench import CONFIG, REWRITER, Workbench
from ..config.backends import TransformersConfig
from ..config.errors import ConfigError, blamed_on, check_known
from ..config.training import METHODS, TrainConfig, data_of
from .standins import Data, check_model, rehearsed

_OURS: Final = frozenset(
    "rewriter topics qrels data reward texts statistics output_dir validation seed verbose"
    " resume dry_run analyzer".split()
)
"""What the training itself hands over, and no config can."""

SCRATCH: Final = "scratch"
"""Sub-folder with the model from scratch, as it was before training."""

Notice = Callable[[str, LLMRewriter], None]
"""Called after each method with its name and the rewriter as it is then."""


class Training(Workbench):
    """Everything that a training's config names; nothing is trained before :meth:`run`.

    Args:
        wanted: The config.
        verbose: Whether to show progress.

    Example:
        >>> Training(read_config(TrainConfig, "train-shop")).run("runs/shop")  # doctest: +SKIP
    """

    def __init__(self, wanted: TrainConfig, *, verbose: bool = True) -> None:
        super().__init__(wanted.experiment(), verbose=verbose)
        self.wanted = wanted
        self._resume = False
        self._bare: dict[str, LLM] = {}

    # -- parts ---------------------------------------------------------------------------

    @cached_property
    def splits(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The topics to train on, and those that validate, which are not among the former."""
        train = self.topics()
        wanted = self.wanted.validation
        held = train.iloc[:0]
        if wanted is not None and wanted.hold_out is not None:
            if wanted.hold_out >= len(train):
                raise ConfigError(
                    f"validation.hold_out: expected fewer than the {len(train)} topics there are"
                )
            held = spread(train, wanted.hold_out)
            train = train.drop(held.index)
        elif wanted is not None:
            held = Workbench(self.wanted.experiment(wanted.split), verbose=False).topics()
        if self.wanted.topics is not None:
            train = spread(train, self.wanted.topics)
        return train.reset_index(drop=True), held.reset_index(drop=True)

    @cached_property
    def train_qrels(self) -> pd.DataFrame:
        """The judgements of the topics to train on, and of no others."""
        qrels = self.qrels()
        return qrels[qrels[QID].isin(set(self.splits[0][QID]))].reset_index(drop=True)

    @cached_property
    def validation(self) -> Validation | None:
        """What decides on the weights to keep."""
        wanted = self.wanted.validation
        if wanted is None:
            return None
        bench = self if wanted.hold_out else Workbench(self.wanted.experiment(wanted.split))
        return Validation(
            self.pipeline(wanted.pipeline, "validation.pipeline"),
            self.splits[1],
            bench.qrels(),
            wanted.measure,
            every=wanted.every,
            patience=wanted.patience,
        )

    @cached_property
    def reward(self) -> Reward | None:
        """What is to gain."""
        reward: Reward | None = read(self, self.wanted.reward, Reward | None, "reward")
        return reward

    def start(self, folder: Path) -> LLMRewriter:
        """Return the rewriter to be trained; one from scratch is made in ``folder``."""
        scratch = self.wanted.scratch
        if scratch is None:
            assert self.wanted.rewriter is not None
            return self.trainable(self.wanted.rewriter, "rewriter")
        settings = scratch.model_dump(exclude={"original_weight"})
        analyzer = self.offered("analyzer", "an analyzer")
        return scratch_rewriter(
            folder / SCRATCH,
            self._texts(),
            **settings,
            prompt=BARE,
            formulation=RepeatTerms(scratch.original_weight, analyzer=analyzer, per_part=True),
            seed=self.wanted.seed,
        )

    def trainable(self, stage: Any, where: str) -> LLMRewriter:
        """Return a stage that is a rewriter on a local model."""
        made = self.stages(stage, where)
        if len(made) != 1 or not isinstance(made[0], LLMRewriter):
            raise ConfigError(f"{where}: expected one rewriter on one of the llms, found {stage!r}")
        return made[0]

    def _texts(self) -> Iterator[str]:
        """Yield what a small model reads and writes: the queries and the documents."""
        yield from self.splits[0]["query"]
        for document in self.collection.get_corpus_iter():
            yield f"{document.get('title') or ''} {document.get('text') or ''}"

    # -- the workbench, extended -----------------------------------------------------------

    def llm(self, name: str) -> LLM:
        """Return a model: a local one bare, since it may be trained, others with their cache."""
        wanted = self.config.llms[name]
        if not isinstance(wanted, TransformersConfig):
            return super().llm(name)
        if name not in self._bare:
            self._bare[name] = wanted.make(name, verbose=self.verbose)
        return self._bare[name]

    def judgements(self) -> pd.DataFrame:
        """Return the judgements that rewards see: those of the topics to train on."""
        return self.train_qrels

    # -- training ----------------------------------------------------------------------------

    def steps(self) -> list[tuple[str, Callable[..., LLMRewriter]]]:
        """Return each method with its options bound, all of them checked.

        Each takes the rewriter and the folder to write to, and returns the trained rewriter.

        Raises:
            ConfigError: If an option is unknown or wrong.
        """
        return [
            self._step(*next(iter(step.items())), f"training.{number}")
            for number, step in enumerate(self.wanted.training)
        ]

    def _step(
        self, method: str, options: dict[str, Any], where: str
    ) -> tuple[str, Callable[..., LLMRewriter]]:
        known = METHODS[method]
        own = {key: value for key, value in options.items() if key != "data"}
        bound = self._bound(known.train, own, f"{where}.{method}")
        data = self._data(known.sources, options, where) if known.sources else None

        def train(
            rewriter: LLMRewriter, folder: Path, *, some: pd.DataFrame | None = None
        ) -> LLMRewriter:
            settings: dict[str, Any] = {"validation": self.validation, "resume": self._resume}
            given: tuple[Any, ...]
            if data is None:
                given = (self.splits[0] if some is None else some, self.reward)
            else:
                given = (data(rewriter) if some is None else rehearsed(data, rewriter, some),)
            if some is not None:
                settings["dry_run"] = True
            trained: LLMRewriter = bound(rewriter, *given, output_dir=folder, **settings)
            return trained

        return method, train

    def _data(
        self, sources: Mapping[str, Callable[..., Any]], options: dict[str, Any], where: str
    ) -> Data:
        """Return what makes a method's data, given the rewriter as it is then."""
        source, settings = data_of(options, where)
        samplers = settings.pop("samplers", None) or []
        joined = settings.pop("joined", 0.0)
        if isinstance(joined, bool) or not isinstance(joined, int | float) or joined < 0:
            raise ConfigError(f"{where}.data.joined: expected 0 or more, found {joined!r}")
        first = settings.pop("topics", None)
        if first is not None and (not isinstance(first, int) or first < 1):
            raise ConfigError(f"{where}.data.topics: expected 1 or more, found {first!r}")
        judge = settings.pop("judged_by", None)
        if judge is not None:
            judge = self.pipeline(judge, f"{where}.data.judged_by")
        by = [self.trainable(s, f"{where}.data.samplers.{i}") for i, s in enumerate(samplers)]
        data = self._bound(sources[source], settings, f"{where}.data.{source}")
        wanted = inspect.signature(data).parameters

        def sampled(rewriter: LLMRewriter, topics: pd.DataFrame) -> pd.DataFrame:
            qrels = self.train_qrels if judge is None else pseudo_judgements(topics, judge)
            given = {"rewriter": rewriter, "topics": topics, "qrels": qrels, "reward": self.reward}
            return data(**{k: v for k, v in given.items() if k in wanted})

        def make(
            rewriter: LLMRewriter, *, topics: pd.DataFrame | None = None, llm: LLM | None = None
        ) -> pd.DataFrame:
            if topics is None or "rewriter" not in wanted:  # who asks nobody is quick
                topics = self.splits[0] if first is None else spread(self.splits[0], first)
            writers = by or [rewriter]
            if llm is not None:
                for writer in by:
                    check_model(writer.llm)
                writers = [writer.apply_attributes(llm=llm) for writer in writers]
            frame = pd.concat(sampled(writer, topics) for writer in writers)
            if not joined:
                return frame
            count = round(joined * len(frame))
            return join_pairs(frame, count=count, rewriter=rewriter, seed=self.wanted.seed)

        return make

    def _bound(
        self, function: Callable[..., Any], options: dict[str, Any], where: str
    ) -> Callable[..., Any]:
        """Return a function with its options, and with what is the same for all, filled in."""
        known = inspect.signature(function).parameters
        free = [name for name in known if name not in _OURS]
        for name in options:
            check_known(f"{where}: unknown parameter", name, free)
        for name in free:
            if known[name].default is inspect.Parameter.empty and name not in options:
                raise ConfigError(f"{where}: the parameter {name!r} is missing")
        values = arguments(self, function, options, where)
        with blamed_on(where, TypeError, ValueError):
            check_ranges(function, values)
        if "verbose" in known:
            values["verbose"] = self.verbose
        return partial(function, **values)

    def check(self) -> None:
        """Make everything that can be made without training.

        Raises:
            ConfigError: If something in the config is wrong.
            CollectionError: If the collection is not there.
        """
        try:
            _ = self.steps(), self.reward, self.validation
            if self.wanted.rewriter is not None:
                self.trainable(self.wanted.rewriter, "rewriter")
        except ConfigError as error:
            raise ConfigError(self.wanted.located(str(error))) from error

    def run(
        self, out: str | Path, *, resume: bool = False, notice: Notice = lambda *_: None
    ) -> LLMRewriter:
        """Train.

        Args:
            out: A folder that is empty or not there: each method gets a sub-folder, and the
                trained rewriter is saved as ``rewriter``.
            resume: Go on with what a killed training of the same config left in ``out``: methods
                that ended are not repeated, the one that was killed goes on from its last
                checkpoint. Data are made again, to see that they are the same.
            notice: Called after each method.

        Returns:
            The trained rewriter.

        Raises:
            ConfigError: If something in the config is wrong, or ``out`` holds something else.
        """
        out = Path(out)
        self.claim(out, resume=resume)
        self._resume = resume
        self.check()
        steps = self.steps()
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / CONFIG, self.wanted.as_yaml())
        for made_again in (SCRATCH, REWRITER):
            shutil.rmtree(out / made_again, ignore_errors=True)
        rewriter = self.start(out)
        notice("start", rewriter)
        for number, (method, train) in enumerate(steps, 1):
            rewriter = train(rewriter, out / f"{number}-{method}")
            notice(method, rewriter)
        save_pretrained(rewriter, out / REWRITER)
        return rewriter

    @property
    def _plain(self) -> dict[str, Any]:
        return self.wanted.model_dump(mode="json", exclude_none=True)

    def claim(self, out: Path, *, resume: bool) -> None:
        """See that a folder is free, or holds a run of this very config to go on with.

        Raises:
            ConfigError: If it holds something else.
        """
        if not out.exists() or (out.is_dir() and not any(out.iterdir())):
            return
        file = out / CONFIG
        if not file.is_file():
            raise ConfigError(f"{out} is there and not empty; train into a new folder")
        try:
            claim_run(file, self._plain, resume=resume)
        except ValueError as error:
            raise ConfigError(str(error)) from error


def histories(out: Path) -> dict[str, dict[str, Any]]:
    """Return what the methods of a training left in its folder, in their order."""
    files = out.glob("*/best/training.json")
    ordered = sorted(files, key=lambda file: int(file.parts[-3].partition("-")[0]))
    return {file.parts[-3]: json.loads(file.read_text(encoding="utf-8")) for file in ordered}


def spread(topics: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return so many topics, evenly spread: collections are often sorted by subject."""
    count = min(count, len(topics))
    return topics.iloc[[(2 * i + 1) * len(topics) // (2 * count) for i in range(count)]]
