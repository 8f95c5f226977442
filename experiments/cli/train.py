"""``pt-rewrite train`` and ``pt-rewrite demo``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .options import ConfigArgument, OverwriteOption, QuietOption, SetOption, make_folder


def train(
    config: ConfigArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new folder, for the trained rewriter.")
    ] = None,
    set_: SetOption = None,
    check: Annotated[
        bool, typer.Option("--check", help="Go as far as the first step, train nothing.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that a kill left in OUT.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Train a rewriter; pt-rewrite run takes it as the stage {Trained: {path: OUT}}."""
    from pyterrier_rewrite.training import TrainingError
    from pyterrier_rewrite.training.run.verdict import worse_than_raw

    from ..config.file import read_config
    from ..config.training import TrainConfig
    from ..run.rehearsal import rehearse
    from ..run.train import Training, histories

    training = Training(read_config(TrainConfig, config, set_ or []), verbose=not quiet)
    if check:
        rehearse(training, out, resume=resume)
        Console().print(f"{training.wanted.name}: fine", highlight=False)
        return
    if out is None:
        raise typer.BadParameter("expected the folder to train into", param_hint="--out")
    try:
        training.run(out, resume=resume)
    except KeyboardInterrupt as error:
        changes = [part for change in set_ or [] for part in ("--set", change)]
        again = ["pt-rewrite", "train", config, *changes, "--out", str(out), "--resume"]
        saved = f"{error}\n" if str(error) else ""
        told = f"{saved}go on with: {shlex.join(again)}"
        Console(stderr=True).print(told, markup=False, highlight=False, soft_wrap=True)
        raise
    console = Console()
    run: Mapping[str, Any] = {}
    for name, run in histories(out).items():
        kept = "the last weights" if run["best"] is None else f"step {run['best_step']}"
        steps = f"kept {kept} of {run['steps']}{_figures(run)}"
        console.print(f"{name}: {steps}", style="dim", highlight=False)
    console.print(f"trained: {out}", style="dim", highlight=False)
    if worse_than_raw(run):
        raise TrainingError(
            f"{out} is worse than raw queries ({run['best']:.4f} of {run['measure']}, raw "
            f"{run['raw']:.4f}); it is saved all the same"
        )


def _figures(run: Mapping[str, Any]) -> str:
    """Return what a run's validation found, and what it would have found without a rewriter."""
    known = (
        ("best", "validation {:.4f}"),
        ("raw", "raw queries {:.4f}"),
        ("unanswered", "without an answer {:.0%}"),
    )
    values = ((form, run.get(name)) for name, form in known)  # a run of before knows no others
    return "".join(f", {form.format(value)}" for form, value in values if value is not None)


def demo(
    products: Annotated[int, typer.Option(min=100, help="Size of the shop.")] = 3000,
    seed: Annotated[int, typer.Option(help="Decides the shop and the training.")] = 0,
    set_: SetOption = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the results and the page.")] = Path(
        "runs/demo"
    ),
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a small rewriter to search a generated shop, compare it, and tell its story in a page.

    It learns from judged products and then from the search engine alone, in under four minutes
    on two cores, and is compared with raw queries, RM3 and the perfect rewrite on queries it has
    not seen. `pt-rewrite run shop` compares without training, in seconds.
    """
    from ..demo import run_demo

    make_folder(out)
    run_demo(
        Console(),
        out,
        products=products,
        seed=seed,
        verbose=not quiet,
        overrides=set_ or [],
        overwrite=overwrite,
    )
