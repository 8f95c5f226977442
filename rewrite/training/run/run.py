"""One training run: the model, TRL's trainer as we use it, checkpoints, the best weights."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from ...columns import QID
from ...llm.local.loaded import SMALL_MODEL, Engine, load
from ...llm.local.model import need
from ...llm.local.transformers import TransformersLLM
from ...prompting.llm_rewriter import LLMRewriter
from ...saved.artifact import describe
from .errors import TrainingError
from .lora import LoraSettings
from .monitor import Monitor, progress_bar
from .task import Task
from .trl_patch import only_targets
from .validation import Validation

COMPLETE: Final = "complete"
"""A file that is written into a checkpoint last: without it, a run was killed while saving."""

LARGE_MODEL: Final = 300_000_000
"""Parameters from which activations are computed twice to save memory, on a GPU."""

_LEAST: Final = {
    "steps": 1,
    "batch_size": 1,
    "queries_per_step": 1,
    "group_size": 2,
    "num_iterations": 1,
    "checkpoint_every": 1,
    "beta": 0,
}

R = TypeVar("R", bound=LLMRewriter)


@dataclass
class Run:
    """What every method has in common.

    Attributes:
        method: ``sft``, ``dpo``, ``kto`` or ``grpo``.
        rewriter: The rewriter that is trained.
        output_dir: Where everything goes.
        validation: Decides which weights are kept; None keeps the last.
        lora: Train an adapter, or None for all weights.
        seed: Of everything random.
        checkpoint_every: Optimiser steps between two checkpoints.
        resume: Go on from the last checkpoint.
        verbose: Show a progress bar.
        trl: Options for TRL's configuration as it names them; they win over ours.
        summary: What the run was made of, for the saved rewriter.
    """

    method: str
    rewriter: LLMRewriter
    output_dir: Path
    validation: Validation | None
    lora: LoraSettings | None
    seed: int
    checkpoint_every: int
    resume: bool
    verbose: bool
    trl: Mapping[str, Any]
    summary: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for package in ("torch", "transformers", "trl", "peft", "matplotlib"):
            need(package, "train")
        if not isinstance(self.rewriter.llm, TransformersLLM):
            raise TypeError(
                "only the weights of a TransformersLLM can be trained, found "
                f"{type(self.rewriter.llm).__name__}; give the rewriter llm=TransformersLLM(model)"
            )
        if self.lora is not None and self.rewriter.llm.adapter is not None:
            raise ValueError(
                "the model has an adapter already, which would be trained further; leave out lora"
            )
        self.output_dir = Path(self.output_dir)

    @property
    def llm(self) -> TransformersLLM:
        """The model that is trained."""
        llm = self.rewriter.llm
        assert isinstance(llm, TransformersLLM)
        return llm

    @property
    def best(self) -> Path:
        """Where the best weights go."""
        return self.output_dir / "best"

    @property
    def cpu(self) -> bool:
        """Whether the run takes place on the CPU."""
        import torch

        return self.llm.device == "cpu" or not torch.cuda.is_available()

    def engine(self) -> Engine:
        """Load the model in training precision."""
        llm = self.llm
        engine = load(
            llm.model,
            adapter=llm.adapter,
            revision=llm.revision,
            device="cpu",  # the trainer moves it to where it belongs
            dtype=llm.dtype or "float32",
            trust_remote_code=llm.trust_remote_code,
        )
        if llm.adapter is not None:
            for name, weights in engine.model.named_parameters():
                weights.requires_grad_("lora_" in name)
        if engine.tokenizer.pad_token is None:
            engine.tokenizer.pad_token = engine.tokenizer.eos_token
        return engine

    def arguments(self, config: type, engine: Engine, **options: Any) -> Any:
        """Return TRL's configuration."""
        large = engine.model.num_parameters() > LARGE_MODEL
        ours: dict[str, Any] = {
            "output_dir": str(self.output_dir),
            "use_cpu": self.cpu,
            "bf16": not self.cpu,
            "gradient_checkpointing": large and not self.cpu,
            "dataloader_pin_memory": not self.cpu,
            "logging_steps": 1,
            "logging_nan_inf_filter": False,  # it would hide what we stop for
            "save_strategy": "steps",
            "save_steps": self.checkpoint_every,
            "save_total_limit": 2,
            "report_to": "none",
            "disable_tqdm": True,
            "remove_unused_columns": False,
            "seed": self.seed,
        }
        return config(**{**ours, **options, **self.trl})

    def finished(self) -> bool:
        """Look at what is in the folder: nothing, a run to go on with, or a finished one.

        Raises:
            ValueError: If a setting is out of its range, there is a run and ``resume`` is off, or
                the run is another one.
        """
        check_settings(self.summary["settings"])
        mine = json.loads(json.dumps(self.summary, default=str))
        file = self.output_dir / "run.json"
        if not _main_process():
            return file.is_file() and self.resume and bool(_read(file).get("finished"))
        found = _read(file) if file.is_file() else None
        if found is None:
            self.output_dir.mkdir(parents=True, exist_ok=True)
            _write(file, {**mine, "finished": False})
            return False
        if not self.resume:
            raise ValueError(
                f"{self.output_dir} holds a run already; resume=True goes on with it, or take "
                "another output_dir"
            )
        for name in {**found, **mine}:
            if name != "finished" and found.get(name) != mine.get(name):
                raise ValueError(
                    f"the run in {self.output_dir} cannot go on: its {name} was "
                    f"{found.get(name)!r:.200}, now it is {mine.get(name)!r:.200}; take the same "
                    "or another output_dir"
                )
        return bool(found.get("finished"))

    def trained(self, rewriter: R, *, weights: Path | None = None) -> R:
        """Return the rewriter on the best weights, or on those of another folder."""
        llm, weights = self.llm, weights or self.best
        adapted = (weights / "adapter_config.json").is_file()
        trained = TransformersLLM(
            llm.model if adapted else weights,
            adapter=weights if adapted else None,
            revision=llm.revision if adapted else None,
            device=llm.device,
            dtype=llm.dtype,
            batch_size=llm.batch_size,
            trust_remote_code=llm.trust_remote_code,
            verbose=llm.verbose,
        )
        return rewriter.apply_attributes(llm=trained)

    def go(self, trainer: Any, engine: Engine, *, boundary: int = 1) -> None:
        """Train from the start or the last checkpoint to the end, and keep the best weights."""
        from transformers import PrinterCallback, ProgressCallback

        for callback in (PrinterCallback, ProgressCallback):
            trainer.remove_callback(callback)
        if self.checkpoint_every < 1 or self.checkpoint_every % boundary:
            raise ValueError(
                f"checkpoint_every should be a multiple of {boundary}, the steps between two "
                f"generations, or a resumed run would differ; found {self.checkpoint_every}"
            )
        checkpoint = last_checkpoint(self.output_dir) if self.resume else None
        start = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
        monitor = Monitor(self.output_dir, self.validation, start=start)
        live = replace(engine, model=trainer.model, device=trainer.accelerator.device)
        callback = _callback(self, monitor, live, trainer)
        trainer.add_callback(callback)
        if trainer.is_world_process_zero():
            monitor.begin()
        try:
            with _threads(engine, cpu=self.cpu), only_targets():
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
            if self.validation is None:
                keep_best(self, trainer)
        finally:
            if trainer.is_world_process_zero():
                monitor.draw()
        if trainer.is_world_process_zero():
            history = {
                **self.summary,
                "steps": trainer.state.global_step,
                "best_step": monitor.best_step,
                "best": monitor.best,
                "processes": trainer.args.world_size,
            }
            _write(self.best / "training.json", history)
            describe(self.trained(self.rewriter), self.best, training=history)
            file = self.output_dir / "run.json"
            _write(file, {**_read(file), "finished": True})
        trainer.accelerator.wait_for_everyone()


def trainer_class(base: Any, task: Task) -> Any:
    """Return TRL's trainer, silent, on tokens of ours, and stopped by the first NaN."""
    import torch

    class Trainer(base):  # type: ignore[misc]
        def _send_telemetry(self) -> None:
            """Tell nobody."""

        def create_model_card(self, *args: Any, **kwargs: Any) -> None:
            """Write no README into every checkpoint."""

        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            return dataset  # prompts are rendered and tokenised as in serving

        def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(inputs, dict):
                rows = inputs.pop("row").tolist()
            else:
                rows = [example["row"] for example in inputs]
            loss = super().training_step(model, inputs, *args, **kwargs)
            if not torch.isfinite(loss):
                qids = list(dict.fromkeys(task.topics[QID].iloc[rows]))
                raise TrainingError(
                    f"the loss is {loss.item()} at step {self.state.global_step + 1}, for the "
                    f"queries {qids[:10]}; lower the learning rate, or look at these queries. The "
                    "checkpoints and the best weights so far are intact"
                )
            return loss

    return Trainer


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise a ``ValueError`` if a number is out of its range."""
    for name, least in _LEAST.items():
        value = settings.get(name)
        if value is not None and value < least:
            raise ValueError(f"{name} should be at least {least}, found {value}")
    for name in ("epochs", "learning_rate"):
        value = settings.get(name)
        if value is not None and not value > 0:
            raise ValueError(f"{name} should be over 0, found {value}")


def shown(reward: object) -> str:
    """Return a reward's repr without the address that changes from process to process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(reward))


def last_checkpoint(folder: Path) -> Path | None:
    """Return the last checkpoint that was written to its end."""
    found = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def keep_best(run: Run, trainer: Any) -> None:
    """Replace the best weights by the present ones; a kill leaves one or the other."""
    new = run.output_dir / "best.new"
    if trainer.is_world_process_zero():
        shutil.rmtree(new, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    trainer.save_model(str(new))
    trainer.accelerator.wait_for_everyone()
    if trainer.is_world_process_zero():
        (new / "training_args.bin").unlink(missing_ok=True)  # a pickle
        # what a killed run leaves is a rewriter too
        served = run.trained(run.rewriter, weights=new)
        describe(served, new, training={**run.summary, "steps": trainer.state.global_step})
        old = run.output_dir / "best.old"
        shutil.rmtree(old, ignore_errors=True)
        if run.best.exists():
            run.best.rename(old)
        new.rename(run.best)
        shutil.rmtree(old, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()


class LiveLLM(TransformersLLM):
    """The model that is being trained, as it is now."""

    def __init__(self, engine: Engine, *, batch_size: int = 64) -> None:
        super().__init__("live", batch_size=batch_size)
        self._engine = engine

    @property
    def identity(self) -> str:
        """A name that no other object has."""
        return f"live:{id(self)}"


def _callback(run: Run, monitor: Monitor, live: Engine, trainer: Any) -> Any:
    from accelerate.utils import broadcast_object_list
    from transformers import TrainerCallback

    served = run.rewriter.apply_attributes(llm=LiveLLM(live))
    if served.n > 1:  # several samples make a query, the same ones every time
        served = served.apply_attributes(seed=run.seed)
    else:
        served = served.apply_attributes(temperature=0.0)
    main = trainer.is_world_process_zero()

    def validate(step: int) -> bool:
        """Validate on the main process, tell the others, and say whether to stop."""
        assert run.validation is not None
        heard: list[Any] = [None, None]
        if main:
            live.model.eval()
            value = run.validation.score(served)
            live.model.train()
            improved = monitor.validated(step, value)
            heard = [improved, monitor.patience_is_over]
        broadcast_object_list(heard)
        if heard[0]:
            keep_best(run, trainer)
        return bool(heard[1])

    class Callback(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar = progress_bar(state.max_steps, verbose=run.verbose and main)
            self.bar.update(state.global_step)
            if run.validation is not None and state.global_step == 0:
                validate(0)

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            step = state.global_step
            last = step >= state.max_steps
            if run.validation is not None and (step % run.validation.every == 0 or last):
                control.should_training_stop |= validate(step)
            self.bar.update()

        def on_log(self, args: Any, state: Any, control: Any, logs: Any, **_: Any) -> None:
            if "loss" not in logs:  # the summary at the end
                return
            norm = logs.get("grad_norm")
            if norm is not None and norm != norm:
                raise TrainingError(
                    f"the gradient is NaN at step {state.global_step}; lower the learning rate. "
                    "The checkpoints and the best weights so far are intact"
                )
            if main:
                monitor.record(state.global_step, logs)
                shown = {k: v for k, v in monitor.rows[-1].items() if k in ("loss", "reward")}
                self.bar.set_postfix(shown, refresh=False)

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if main:
                (run.output_dir / f"checkpoint-{state.global_step}" / COMPLETE).touch()

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.bar.close()

    return Callback()


@contextmanager
def _threads(engine: Engine, *, cpu: bool) -> Iterator[None]:
    """Keep a small model on one CPU thread: on a busy machine, two wait for each other.

    Whoever sets OMP_NUM_THREADS knows better.
    """
    import torch

    before = torch.get_num_threads()
    small = engine.model.num_parameters() <= SMALL_MODEL
    if cpu and small and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _main_process() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _write(file: Path, content: Mapping[str, Any]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
    new.replace(file)
