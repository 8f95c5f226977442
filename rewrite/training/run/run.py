"""One training run: the model, its trainer, checkpoints, the best weights."""

from __future__ import annotations

import os
import re
import shutil
import warnings
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from ...columns import QCAND
from ...extras import need
from ...llm.local.loaded import LoadedModel
from ...llm.local.transformers import TransformersLLM
from ...prompting.llm_rewriter import LLMRewriter
from ...protocols import Reward
from ...saved.artifact import describe
from ...stores.whole import replace_folder
from .errors import TrainingWarning
from .folder import FACTS, FINISHED, claim, last_checkpoint, read, step_of, write
from .interrupt import TrainingInterrupted, interruptible, stop_when_asked
from .marks import unread
from .monitor import Monitor
from .settings import Common
from .task import Task
from .trainer import as_served, callback, only_targets, reference, threads, trainer_class
from .verdict import judge

LARGE_MODEL: Final = 300_000_000
"""Parameters from which activations are computed twice to save memory, on a GPU."""

_AT_TRL: Final = {
    "batch_size": "per_device_train_batch_size",
    "epochs": "num_train_epochs",
    "group_size": "num_generations",
    "loss": "loss_type",
    "steps": "max_steps",
}
"""What TRL calls our settings, where it has another name for them."""

PROBED: Final = 32
"""Training topics that are asked at the end of a run without a validation."""

_NOT_TRLS: Final = frozenset({"queries_per_step", "unparsable", "weights"})
"""Settings that methods hand over in another form."""

R = TypeVar("R", bound=LLMRewriter)


@dataclass
class Run:
    """A method at work on a task.

    Attributes:
        method: ``sft``, ``dpo``, ``kto`` or ``grpo``.
        task: The rewriter that is trained, and its prompts.
        common: What every method takes.
        settings: What only this one takes.
        data: How much data there is, and its fingerprint.
        reward: What teaches, where it is a reward.
    """

    method: str
    task: Task
    common: Common
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    reward: Reward | None = None

    def __post_init__(self) -> None:
        for package in ("torch", "transformers", "trl", "peft", "matplotlib"):
            need(package, "train")
        if not isinstance(self.rewriter.llm, TransformersLLM):
            raise TypeError(
                "only the weights of a TransformersLLM can be trained, found "
                f"{type(self.rewriter.llm).__name__}; give the rewriter llm=TransformersLLM(model)"
            )
        if self.common.lora is not None and self.rewriter.llm.adapter is not None:
            raise ValueError(
                "the model has an adapter already, which would be trained further; leave out lora"
            )
        if not self.adapted and self.llm.dtype in ("bfloat16", "float16"):
            warnings.warn(
                f"all weights are trained in float32 and served in {self.llm.dtype}, as the "
                "dtype of the model says, which rounds small steps away; a validation does not see "
                "that. Leave dtype out to serve what was trained, or train an adapter (lora)",
                TrainingWarning,
                stacklevel=4,
            )

    @property
    def rewriter(self) -> LLMRewriter:
        """The rewriter that is trained."""
        return self.task.rewriter

    @property
    def llm(self) -> TransformersLLM:
        """The model that is trained."""
        llm = self.rewriter.llm
        assert isinstance(llm, TransformersLLM)
        return llm

    @property
    def adapted(self) -> bool:
        """Whether an adapter is trained, and the weights below it stay as they are."""
        return self.common.lora is not None or self.llm.adapter is not None

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What the run is made of, for whoever resumes it and for the saved rewriter."""
        return {
            "method": self.method,
            "settings": {**self.settings, **self.common.facts},
            "start": self.llm.identity,
            **({} if self.reward is None else {"reward": shown(self.reward)}),
            "data": self.data,
        }

    @property
    def cpu(self) -> bool:
        """Whether the run takes place on the CPU."""
        import torch

        return self.llm.device == "cpu" or not torch.cuda.is_available()

    @cached_property
    def engine(self) -> LoadedModel:
        """The model in training precision.

        Weights that are trained are float32: in bfloat16 a step is mostly smaller than the distance
        to the next number, and lost. An adapter is float32 on whatever lies below it.
        """
        llm = self.llm
        engine = llm.load(
            device="cpu",  # the trainer moves it to where it belongs
            dtype=(self.adapted and llm.dtype) or "float32",
            weights=not self.common.dry_run,
        )
        if llm.adapter is not None:
            for name, weights in engine.model.named_parameters():
                weights.requires_grad_("lora_" in name)
        if engine.tokenizer.pad_token is None:
            engine.tokenizer.pad_token = engine.tokenizer.eos_token
        return engine

    def arguments(self, config: type, **options: Any) -> Any:
        """Return TRL's configuration: ours, the settings, the options, and what users gave."""
        large = self.engine.model.num_parameters() > LARGE_MODEL
        ours: dict[str, Any] = {
            "output_dir": str(self.common.folder),
            "use_cpu": self.cpu,
            "bf16": not self.cpu,
            "gradient_checkpointing": large and not self.cpu,
            "dataloader_pin_memory": not self.cpu,
            "logging_steps": 1,
            "logging_nan_inf_filter": False,  # it would hide what we stop for
            "save_strategy": "steps",
            "save_steps": self.common.checkpoint_every,
            "save_total_limit": 2,
            "report_to": "none",
            "disable_tqdm": True,
            "remove_unused_columns": False,
            "seed": self.common.seed,
        }
        settings = {
            _AT_TRL.get(name, name): value
            for name, value in self.settings.items()
            if name not in _NOT_TRLS and value is not None
        }
        return config(**{**ours, **settings, **options, **(self.common.trl or {})})

    def trainer(self, base: Any, arguments: Any, data: Any, **parts: Any) -> Any:
        """Return TRL's trainer of a class on this run's model; in a dry run there is none."""
        from datasets import Dataset

        lora = self.common.lora
        if not self.engine.seq2seq:
            parts["peft_config"] = lora.config() if lora else None
        elif lora is not None:
            raise ValueError("a sequence-to-sequence model trains all its weights; leave out lora")
        if self.common.dry_run:
            if lora is not None:
                from peft import get_peft_model

                get_peft_model(self.engine.model, lora.config())  # it looks for its targets
            if self.common.validation is not None:
                self.common.validation.raw(self.rewriter)
            return None
        with reference(base, lambda: self.llm.load(device="cpu", dtype="float32").model):
            return trainer_class(base, self.task)(
                model=self.engine.model,
                args=arguments,
                train_dataset=Dataset.from_list(data),
                processing_class=self.engine.tokenizer,
                **parts,
            )

    def finished(self) -> bool:
        """Look at what is in the folder: nothing, a run to go on with, or a finished one.

        Raises:
            ValueError: If there is a run and ``resume`` is off, or the run is another one.
        """
        file = self.common.folder / FACTS
        if os.environ.get("RANK", "0") != "0":  # the main process is about to write it
            return file.is_file() and self.common.resume and bool(read(file).get(FINISHED))
        found = claim(file, self.summary, resume=self.common.resume)
        if found is None and not self.common.dry_run:
            file.parent.mkdir(parents=True, exist_ok=True)
            write(file, {**self.summary, FINISHED: False})
        return bool(found and found.get(FINISHED))

    def trained(self, rewriter: R, *, weights: Path | None = None) -> R:
        """Return the rewriter on the best weights, or on those of another folder."""
        llm, weights = copy(self.llm), weights or self.common.best
        if (weights / "adapter_config.json").is_file():
            llm.adapter = weights
        else:
            llm.model, llm.adapter, llm.revision, llm.gguf_file = weights, None, None, None
        return rewriter.apply_attributes(llm=llm)

    def go(self, trainer: Any, *, boundary: int = 1) -> None:
        """Train from the start or the last checkpoint to the end, and keep the best weights.

        Args:
            trainer: TRL's.
            boundary: Steps between two places from which a run goes on to the same end.

        Raises:
            TrainingInterrupted: If Ctrl-C stopped it; a checkpoint is there.
        """
        from transformers import PrinterCallback, ProgressCallback

        common, main = self.common, trainer.is_world_process_zero()
        for silenced in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(silenced)
        checkpoint = last_checkpoint(common.folder) if common.resume else None
        start = step_of(checkpoint) if checkpoint else 0
        raw = common.validation.raw(self.rewriter) if common.validation and main else None
        monitor = Monitor(common.folder, common.validation, raw=raw, start=start)
        live = replace(self.engine, model=trainer.model, device=trainer.accelerator.device)
        trainer.add_callback(
            callback(
                self.rewriter,
                common,
                monitor,
                live,
                main=main,
                keep_best=lambda: self.keep_best(trainer),
            )
        )
        if main:
            monitor.begin()
        try:
            with threads(self.engine, cpu=self.cpu), only_targets(), interruptible() as interrupt:
                trainer.add_callback(stop_when_asked(interrupt, boundary=boundary))
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
                if interrupt.asked:
                    raise TrainingInterrupted(
                        f"stopped after step {trainer.state.global_step} of "
                        f"{trainer.state.max_steps}, which is saved in {common.folder}; "
                        "resume=True goes on"
                    )
                unanswered = monitor.unanswered
                if common.validation is None:
                    self.keep_best(trainer)
                    if trainer.args.world_size == 1:  # others may hold a part of the weights
                        unanswered = self.unanswered(live)
        finally:
            if main:
                monitor.draw()
        if main:
            history = {
                **self.summary,
                "steps": trainer.state.global_step,
                "best_step": monitor.best_step,
                "best": monitor.best,
                "measure": str(common.validation.measure) if common.validation else None,
                "raw": raw,
                "unanswered": unanswered,
                "processes": trainer.args.world_size,
            }
            write(common.best / "training.json", history)
            describe(self.trained(self.rewriter), common.best, training=history)
            file = common.folder / FACTS
            write(file, {**read(file), FINISHED: True})
        trainer.accelerator.wait_for_everyone()

    def unanswered(self, live: LoadedModel) -> float:
        """Return the share of some training topics to which the model answers nothing readable."""
        live.model.eval()
        count = len(self.task.topics)
        rows = range(0, count, -(-count // PROBED))
        served = as_served(self.rewriter, live, seed=self.common.seed)
        answers = served.generate([self.task.prompts[row] for row in rows])
        texts = [(answer.texts or [""])[0] for answer in answers]
        written = self.task.candidates(rows, texts, cut=[answer.cut for answer in answers])
        return float(unread(written.drop_duplicates(QCAND)).mean())

    def result(self, rewriter: R) -> R:
        """Return the rewriter on the best weights, and say if they are worth nothing.

        Raises:
            TrainingError: If they leave nearly every query without an answer.
        """
        if self.common.dry_run:
            return rewriter
        judge(read(self.common.best / "training.json"), self.common.best)
        return self.trained(rewriter)

    def keep_best(self, trainer: Any) -> None:
        """Replace the best weights by the present ones; a kill leaves one or the other."""
        new = self.common.folder / "best.new"
        main = trainer.is_world_process_zero()
        if main:
            shutil.rmtree(new, ignore_errors=True)
        trainer.accelerator.wait_for_everyone()
        trainer.save_model(str(new))
        trainer.accelerator.wait_for_everyone()
        if main:
            (new / "training_args.bin").unlink(missing_ok=True)  # a pickle
            # what a killed run leaves is a rewriter too
            served = self.trained(self.rewriter, weights=new)
            describe(served, new, training={**self.summary, "steps": trainer.state.global_step})
            replace_folder(self.common.best, new)
        trainer.accelerator.wait_for_everyone()


def shown(reward: object) -> str:
    """Return a reward's repr without the address that changes from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(reward))
